"""Pictures of text."""

from pathlib import Path

from copilot.knowledge.blocks import Block, Content, Unreadable
from copilot.knowledge.formats import lines, ocr

MAX_PIXELS = 100_000_000


def preload(kind: str) -> None:
    """Import Pillow."""
    import PIL.Image

    assert PIL.Image


def read(path: Path, kind: str) -> Content:
    """Recognise the text of each frame."""
    from PIL import Image, ImageSequence, UnidentifiedImageError

    blocks: list[Block] = []
    try:
        with Image.open(path) as picture:
            if picture.width * picture.height > MAX_PIXELS:
                raise Unreadable(f"too large: {picture.width} × {picture.height} pixels", "Scale it down.")
            for number, frame in enumerate(ImageSequence.Iterator(picture), 1):
                blocks += lines.blocks(ocr.recognise(frame), number)
    except (UnidentifiedImageError, OSError, SyntaxError, Image.DecompressionBombError):
        raise Unreadable("damaged, or not a picture", "Open it in a viewer and save it again.") from None
    return Content(tuple(blocks), max((block.page or 1 for block in blocks), default=1))
