"""Printed pages to blocks: what is set larger than what follows is a heading; what stands on every page is left out."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from copilot.knowledge.blocks import Block
from copilot.knowledge.formats import lines

LARGER = 1.08
MARGIN_LINES, MARGIN_PAGES, MARGIN_SHARE = 2, 3, 0.6
"""A running title stands in the outer lines of at least so many pages, and of that share of all."""


@dataclass(frozen=True)
class Line:
    """A printed line, or a whole table; `size` is its type size in points, 0 when unknown."""

    text: str
    size: float = 0.0
    table: tuple[Block, ...] = ()


def blocks(pages: Sequence[Sequence[Line]]) -> Iterator[Block]:
    """Yield the headings and paragraphs of a document, with their pages from 1."""
    placed = [(number, line) for number, page in enumerate(without_margins(pages), 1) for line in page]
    titles = [_is_title(placed, i) for i in range(len(placed))]
    sizes = sorted({line.size for (_, line), title in zip(placed, titles, strict=True) if title}, reverse=True)
    for (number, size, title, table), group in groupby(zip(placed, titles, strict=True), _kind):
        text = "\n".join(line.text for (_, line), _ in group)
        if table:
            yield from (replace(block, page=number) for block in table)
        elif title:
            yield Block(" ".join(text.split()), "heading", number, level=sizes.index(size) + 1)
        elif sizes:
            yield from (Block(paragraph, page=number) for paragraph in lines.paragraphs(text))
        else:
            yield from lines.blocks(text, number)


def _kind(item: tuple[tuple[int, Line], bool]) -> tuple[int, float, bool, tuple[Block, ...]]:
    """What lines that belong together share."""
    (number, line), title = item
    return number, line.size, title, line.table


def without_margins(pages: Sequence[Sequence[Line]]) -> list[list[Line]]:
    """Drop the lines at the top and bottom that are the same on most pages but for their numbers, all but the first of each."""
    edges = [{_mark(line) for line in (*page[:MARGIN_LINES], *page[-MARGIN_LINES:])} for page in pages if page]
    counts = Counter(mark for marks in edges for mark in marks)
    running = {mark for mark, count in counts.items() if count >= MARGIN_PAGES and count > len(edges) * MARGIN_SHARE}
    seen: set[str] = set()
    kept: list[list[Line]] = []
    for page in pages:
        inner = range(MARGIN_LINES, len(page) - MARGIN_LINES)
        kept.append([line for i, line in enumerate(page) if i in inner or line.table or _mark(line) not in seen])
        seen |= running & {_mark(line) for line in page}
    return kept


def _mark(line: Line) -> str:
    return re.sub(r"\d+", "#", line.text.strip())


def _is_title(placed: Sequence[tuple[int, Line]], i: int) -> bool:
    """Whether a line is short, and set larger than the next line of another size."""
    text, size = placed[i][1].text.strip(), placed[i][1].size
    if (
        not size
        or placed[i][1].table
        or len(text.split()) > lines.HEADING_WORDS
        or text.endswith((".", ",", ";", ":"))
        or not any(c.isalpha() for c in text)
    ):
        return False
    following = next((line.size for _, line in placed[i + 1 : i + 3] if line.size != size), 0)
    return 0 < following * LARGER <= size
