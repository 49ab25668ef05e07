"""DOCX and PPTX, through `unstructured` without its network and its models."""

import importlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from copilot.knowledge.blocks import Block, Content, tidy
from copilot.knowledge.formats import page, table, words

LEFT_OUT = {"PageBreak", "Image", "Header", "Footer", "PageNumber"}


def preload(kind: str) -> None:
    """Import the partitioner."""
    _partitioner(kind)


def read(path: Path, kind: str) -> Content:
    """Read headings, paragraphs, list items and tables in their order."""
    blocks = tuple(_blocks(_partitioner(kind)(filename=str(path), languages=["eng"])))
    pages = max((block.page or 0 for block in blocks), default=0)
    return Content(blocks, pages if kind == "pptx" else None)


def _partitioner(kind: str) -> Callable[..., list[Any]]:
    words.install()
    module = importlib.import_module(f"unstructured.partition.{kind}")
    partition: Callable[..., list[Any]] = getattr(module, f"partition_{kind}")
    return partition


def _blocks(elements: list[Any]) -> Iterator[Block]:
    for element in elements:
        text, number = tidy(element.text or ""), element.metadata.page_number
        if element.category == "Table" and element.metadata.text_as_html:
            yield from _table(element.metadata.text_as_html, number)
        elif text and element.category not in LEFT_OUT:
            depth = element.metadata.category_depth
            titled = element.category == "Title" and depth is not None
            yield Block(text, "heading", number, level=depth + 1) if titled else Block(text, page=number)


def _table(html: str, number: int | None) -> Iterator[Block]:
    from bs4 import BeautifulSoup

    for element in BeautifulSoup(html, "lxml").find_all("table", limit=1):
        rows = page.grid(element)
        if page.is_data(rows):
            yield from table.records(rows, number)
        else:
            yield from (Block(cell, page=number) for row in rows for cell in row if cell)
