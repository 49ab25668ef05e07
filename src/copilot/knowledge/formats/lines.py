"""Lines of plain text to paragraphs and headings, for formats that only have lines."""

import re
from collections.abc import Iterator, Sequence

from copilot.knowledge.blocks import Block, tidy

BULLET = re.compile(r"(?:[•▪◦‣*–—-]|\(?\d{1,3}(?:\.\d+)*[.)]|\(?[a-zA-Z][.)])\s")
NUMBERED = re.compile(r"(?:§\s*)?(\d{1,2}(?:\.\d{1,2})*)\.?\s+[A-Z]")
UNDERLINE = re.compile(r"([=~*-])\1{2,}\s*")
FULL_SHARE = 0.75
"""A line shorter than this share of the usual width may be the last of its paragraph."""
HEADING_WORDS = 12
LETTER_SHARE = 0.6


def blocks(text: str, page: int | None = None) -> Iterator[Block]:
    """Join wrapped lines to paragraphs and tell headings from them."""
    found = list(paragraphs(text))
    levels = [heading_level(paragraph) for paragraph in found]
    for i, paragraph in enumerate(found):
        level = 0 if _in_list(levels, i) or i == len(found) - 1 else levels[i]
        yield Block(paragraph, "heading", page, level=level) if level else Block(paragraph, page=page)


def heading_level(paragraph: str) -> int:
    """Return 1 and up for a heading, 0 for anything else."""
    if len(paragraph.split()) > HEADING_WORDS or paragraph[-1] in ".,;:?!":
        return 0
    if numbered := NUMBERED.match(paragraph):
        return 2 + numbered.group(1).count(".")
    letters = [c for c in paragraph if c.isalpha()]
    shouted = len(letters) > len(paragraph) * LETTER_SHARE and all(c.isupper() for c in letters)
    return int(shouted and len(letters) > 3 and not BULLET.match(paragraph))


def _in_list(levels: Sequence[int], i: int) -> bool:
    """Whether a numbered line stands beside another one, as in a list."""
    return levels[i] > 1 and levels[i] in (*levels[max(0, i - 1) : i], *levels[i + 1 : i + 2])


def paragraphs(text: str) -> Iterator[str]:
    """Join the lines of each paragraph.

    A line opens a new paragraph after a blank line, as a list item, after a line that is short and ends a sentence,
    or after a short line when it starts like a sentence.
    """
    lines = [line.strip() for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n")]
    widths = sorted(len(line) for line in lines if line)
    full = widths[int(len(widths) * 0.8)] * FULL_SHARE if widths else 0
    current: list[str] = []
    for line in lines:
        if UNDERLINE.fullmatch(line):
            line = ""
        if current and (not line or _opens(line, current[-1], full)):
            yield tidy("\n".join(current))
            current = []
        if line:
            _continue(current, line)
    if last := tidy("\n".join(current)):
        yield last


def _opens(line: str, last: str, full: float) -> bool:
    short = len(last) < full and (last[-1] in ".:!?" or line[0].isupper() or line[0].isdigit())
    return short or bool(BULLET.match(line))


def _continue(current: list[str], line: str) -> None:
    """Append a line; a word broken at the line's end is put together again."""
    last = current[-1] if current else ""
    if last.endswith("\ufffe") or (last.endswith("-") and last[-2:-1].isalpha() and line[0].islower()):
        current[-1] = last[:-1] + line
    else:
        current.append(line)
