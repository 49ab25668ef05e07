"""One file to passages: detect, read, mask, cut. Runs in a process of its own (see sandbox)."""

from pathlib import Path
from typing import Any, TypedDict

from copilot.knowledge import formats
from copilot.knowledge.blocks import Unreadable
from copilot.knowledge.chunk import Chunk, cut
from copilot.knowledge.detect import detect, extension_type


class Extracted(TypedDict):
    """What one file yields, as JSON; with a `reason` there is nothing else."""

    type: str
    pages: int | None
    characters: int
    chunks: list[tuple[Any, ...]]
    notes: list[str]
    masked: dict[str, int]
    reason: str
    hint: str
    skipped: bool


def extract(path: Path, redact: bool) -> Extracted:
    """Read a file and cut it into passages; what makes it unreadable comes back as a reason, not as an exception.

    Args:
        redact: Mask personal data before the text is cut.
    """
    kind = extension_type(path.name)
    try:
        detected = detect(path)
        kind = detected.type
        content = formats.read(path, kind)
        blocks = content.blocks
        masked: dict[str, int] = {}
        if redact:
            from copilot.knowledge.personal import mask_blocks

            blocks, masked = mask_blocks(blocks)
        text, chunks = cut(blocks)
        if not chunks:
            raise Unreadable(
                content.notes[0] if content.notes else "no text", "" if content.notes else "It holds no words that can be read."
            )
    except Unreadable as error:
        return rejected(error.reason, error.hint, kind, error.skipped)
    notes = [*([detected.note] if detected.note else []), *content.notes]
    return Extracted(
        type=kind,
        pages=content.pages,
        characters=len(text),
        chunks=[_row(chunk) for chunk in chunks],
        notes=notes,
        masked=masked,
        reason="",
        hint="",
        skipped=False,
    )


def rejected(reason: str, hint: str = "", kind: str = "", skipped: bool = False) -> Extracted:
    """Say why a file yields nothing."""
    return Extracted(type=kind, pages=None, characters=0, chunks=[], notes=[], masked={}, reason=reason, hint=hint, skipped=skipped)


def _row(chunk: Chunk) -> tuple[Any, ...]:
    return chunk.text, chunk.heading, chunk.page, chunk.row, chunk.start, chunk.end
