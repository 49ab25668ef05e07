"""Pictures of text, and what the camera or scanner wrote about them."""

from pathlib import Path
from typing import Any

from copilot.knowledge.blocks import Block, Content, Unreadable, tidy
from copilot.knowledge.formats import lines, ocr

MAX_PIXELS = 100_000_000
EXIF_DETAILS, DATE_TAKEN = 0x8769, 0x9003
TAGS = {270: "description", 271: "maker", 272: "model", 305: "software", 306: "date", 315: "artist", 33432: "copyright"}
NOTES = ("Title", "Description", "Comment", "Author")
"""What PNG files may say about themselves."""


def preload(kind: str) -> None:
    """Import Pillow."""
    import PIL.Image

    assert PIL.Image


def read(path: Path, kind: str) -> Content:
    """Recognise the text of each frame, turned as it is meant to be seen."""
    from PIL import Image, ImageOps, ImageSequence, UnidentifiedImageError

    blocks: list[Block] = []
    try:
        with Image.open(path) as picture:
            about = _about(picture)
            for number, frame in enumerate(ImageSequence.Iterator(picture), 1):
                if frame.width * frame.height > MAX_PIXELS:
                    raise Unreadable(f"too large: {frame.width} × {frame.height} pixels", "Scale it down.")
                blocks += lines.blocks(ocr.recognise(ImageOps.exif_transpose(frame)), number)
    except (UnidentifiedImageError, OSError, SyntaxError, Image.DecompressionBombError):
        raise Unreadable("damaged, or not a picture", "Open it in a viewer and save it again.") from None
    pages = max((block.page or 1 for block in blocks), default=1)
    said = blocks or any(name in about for name in ("description", "title", "comment"))
    if not said:
        raise Unreadable("a picture without any text that could be recognised")
    return Content((*blocks, Block("; ".join(f"{name}: {value}" for name, value in about.items()), "row", row=0)), pages)


def _about(picture: Any) -> dict[str, str]:
    """Return size, date, device, author and description; places are left out, as they often tell where people live."""
    exif = picture.getexif()
    found = {name: exif.get(tag) for tag, name in TAGS.items()}
    found["taken"] = exif.get_ifd(EXIF_DETAILS).get(DATE_TAKEN)
    found |= {name.lower(): picture.info[name] for name in NOTES if isinstance(picture.info.get(name), str)}
    facts = {name: tidy(str(value)) for name, value in found.items() if value}
    return {"picture": f"{picture.width} × {picture.height} pixels", **{name: value for name, value in facts.items() if value}}
