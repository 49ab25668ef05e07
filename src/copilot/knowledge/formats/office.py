"""DOCX, PPTX, HTML and Markdown, through `unstructured` without its network and its models."""

import importlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from copilot.knowledge.blocks import Block, Content, tidy
from copilot.knowledge.formats import lines, table, words
from copilot.knowledge.formats.text import decode

MODULES = {"docx": "docx", "pptx": "pptx", "html": "html", "md": "md"}
LEFT_OUT = {"PageBreak", "Image", "Header", "Footer", "PageNumber"}
PROSE_CELL = 300
"""A table with a cell longer than this is page layout, not data."""
LOST_SHARE = 0.3
"""When less than this share of a page's text survives, its plain text is taken instead."""


def preload(kind: str) -> None:
    """Import the partitioner."""
    _partitioner(kind)


def read(path: Path, kind: str) -> Content:
    """Read headings, paragraphs, list items and tables in their order."""
    if kind == "html":
        return html(decode(path.read_bytes()))
    if kind == "md":
        return Content(tuple(_blocks(_partitioner(kind)(text=decode(path.read_bytes()), languages=["eng"]))))
    blocks = tuple(_blocks(_partitioner(kind)(filename=str(path), languages=["eng"])))
    pages = max((block.page or 0 for block in blocks), default=0)
    return Content(blocks, pages if kind == "pptx" else None)


def _partitioner(kind: str) -> Callable[..., list[Any]]:
    words.install()
    module = importlib.import_module(f"unstructured.partition.{MODULES[kind]}")
    partition: Callable[..., list[Any]] = getattr(module, f"partition_{MODULES[kind]}")
    return partition


def _blocks(elements: list[Any]) -> Iterator[Block]:
    for element in elements:
        text, page = tidy(element.text or ""), element.metadata.page_number
        if element.category == "Table" and element.metadata.text_as_html:
            yield from _table(element.metadata.text_as_html, page)
        elif text and element.category not in LEFT_OUT:
            depth = element.metadata.category_depth
            titled = element.category == "Title" and depth is not None
            yield Block(text, "heading", page, level=depth + 1) if titled else Block(text, page=page)


def _table(html: str, page: int | None) -> Iterator[Block]:
    from bs4 import BeautifulSoup

    rows = [[tidy(cell.get_text(" ")) for cell in row(["td", "th"])] for row in BeautifulSoup(html, "lxml")("tr")]
    cells = [cell for row in rows for cell in row if cell]
    if max(map(len, rows), default=0) < 2 or any(len(cell) > PROSE_CELL for cell in cells):
        yield from (Block(cell, page=page) for cell in cells)
    else:
        yield from table.records(rows, page)


def html(source: str) -> Content:
    """Read a web page; when its structure cannot be read, its text is."""
    from bs4 import BeautifulSoup

    blocks = tuple(_blocks(_partitioner("html")(text=source, languages=["eng"])))
    soup = BeautifulSoup(source, "lxml")
    for hidden in soup(["script", "style", "template", "noscript"]):
        hidden.decompose()
    plain = soup.get_text("\n")
    if sum(len(block.text) for block in blocks) < LOST_SHARE * len(tidy(plain)):
        return Content(tuple(lines.blocks(plain)), notes=("its structure could not be read, only its text",))
    return Content(blocks)
