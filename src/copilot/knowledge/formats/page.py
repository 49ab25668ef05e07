"""Web pages and Markdown: every word that a reader would see, in order, under its headings."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from copilot.knowledge.blocks import Block, Content, tidy
from copilot.knowledge.formats import table
from copilot.knowledge.formats.text import decode

HIDDEN = ("script", "style", "template", "noscript", "head")
BLOCKS = frozenset(
    re.findall(
        r"\w+",
        """address article aside blockquote body br button caption dd details dialog div dl dt fieldset figcaption figure footer form
        h1 h2 h3 h4 h5 h6 header hr html iframe label legend li main nav ol option p pre section select summary table tbody td
        textarea tfoot th thead title tr ul""",
    )
)
HEADING = re.compile(r"h([1-6])")
MAX_HEADING = 200
PROSE_CELL = 300
"""A table with a cell longer than this is page layout, not data."""
MAX_SPAN = 50


def preload(kind: str) -> None:
    """Import the parsers."""
    import bs4
    import lxml
    import markdown

    assert bs4
    assert lxml
    assert markdown


def read(path: Path, kind: str) -> Content:
    """Read headings, paragraphs, list items and tables in their order."""
    text = decode(path.read_bytes())
    if kind == "md":
        import markdown

        text = markdown.markdown(text, extensions=["tables", "fenced_code", "sane_lists"])
    return Content(tuple(blocks(text)))


def blocks(source: str) -> Iterator[Block]:
    """Yield what a page says; deep nesting and unclosed elements lose nothing."""
    from bs4 import BeautifulSoup, Tag
    from bs4.element import NavigableString

    soup = BeautifulSoup(source, "lxml")
    for hidden in soup(HIDDEN):
        hidden.decompose()
    run: list[str] = []
    holder: Any = None
    skipped: set[int] = set()
    for node in soup.descendants:
        if id(node.parent) in skipped:
            skipped.add(id(node))
        elif isinstance(node, Tag) and node.name in BLOCKS:
            yield from _block(holder, run)
            run, holder = [], node
            rows = grid(node) if node.name == "table" else []
            if is_data(rows):
                skipped.add(id(node))
                yield from (Block(tidy(title.get_text(" "))) for title in node.find_all("caption", recursive=False))
                yield from table.records(rows)
        elif type(node) is NavigableString:
            block = _holder(node)
            if block is not holder:
                yield from _block(holder, run)
                run, holder = [], block
            run.append(str(node))
    yield from _block(holder, run)


def _holder(node: Any) -> Any:
    """Return the innermost block that a text stands in."""
    parent = node.parent
    while parent is not None and parent.name not in BLOCKS:
        parent = parent.parent
    return parent


def _block(holder: Any, run: list[str]) -> Iterator[Block]:
    text = tidy("".join(run))
    heading = HEADING.fullmatch(holder.name) if holder is not None else None
    if heading and 0 < len(text) <= MAX_HEADING:
        yield Block(text, "heading", level=int(heading[1]))
    elif text:
        yield Block(text)


def grid(element: Any) -> list[list[str]]:
    """Return the cells of a table element; one that spans rows or columns stands in each of them."""
    rows: list[list[str]] = []
    below: dict[tuple[int, int], str] = {}
    lines = [line for line in element("tr") if line.find_parent("table") is element]
    for number, line in enumerate(lines):
        row: list[str] = []
        for cell in line.find_all(["td", "th"], recursive=False):
            while (number, len(row)) in below:
                row.append(below[number, len(row)])
            text, high = tidy(cell.get_text(" ")), _span(cell, "rowspan")
            for _ in range(_span(cell, "colspan")):
                below |= {(number + i, len(row)): text for i in range(1, high)}
                row.append(text)
        while (number, len(row)) in below:
            row.append(below[number, len(row)])
        rows.append(row)
    return rows


def _span(cell: Any, name: str) -> int:
    said = str(cell.get(name, ""))
    return min(max(int(said), 1), MAX_SPAN) if said.isdecimal() else 1


def is_data(rows: list[list[str]]) -> bool:
    """Whether a table holds data; else it arranges a page, and is read cell by cell."""
    return max(map(len, rows), default=0) > 1 and all(len(cell) <= PROSE_CELL for row in rows for cell in row)
