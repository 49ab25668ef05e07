"""XLSX: every sheet, row by row, under the names of its columns."""

import datetime
import re
import zipfile
from collections.abc import Iterable, Iterator
from itertools import chain, pairwise
from pathlib import Path
from typing import Any

from copilot.knowledge.blocks import Block, Content, Unreadable, tidy
from copilot.knowledge.formats.table import Table, caption, is_header, named, numeric

MAX_WHOLE = 10**18
"""Whole numbers below this are written out: account and card numbers are found by their digits."""
Row = tuple[int, list[str]]
"""The number of a row in its sheet, from 1, and its cells."""


def preload(kind: str) -> None:
    """Import the reader."""
    import openpyxl

    assert openpyxl


def read(path: Path, kind: str) -> Content:
    """Read the values that the workbook was saved with; formulas are not calculated."""
    import openpyxl

    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    except (zipfile.BadZipFile, KeyError, ValueError, TypeError, SyntaxError) as error:
        raise Unreadable(f"damaged, or not a workbook ({type(error).__name__})", "Open it and save it again.") from None
    notes = [f"the chart on sheet {sheet.title} was not read" for sheet in book.chartsheets]
    return Content(_sheets(book, notes), notes=notes)


def _sheets(book: Any, notes: list[str]) -> Iterator[Block]:
    for sheet in book.worksheets:
        sheet.reset_dimensions()  # what a file claims about its size is often wrong
        title = tidy(sheet.title)
        blocks = _tables(_rows(sheet), title)
        first = next(blocks, None)
        if first is None:
            notes.append(f"sheet {title} holds no cells")
        else:
            yield from chain((Block(title, "heading"), first), blocks)


def _rows(sheet: Any) -> Iterator[Row]:
    for number, cells in enumerate(sheet.iter_rows(), 1):
        row = [_text(cell) for cell in cells]
        while row and not row[-1]:
            row.pop()
        yield number, row


def _text(cell: Any) -> str:
    """Write a value as the sheet shows it, as far as its meaning goes: whole numbers, per cents, dates without a midnight."""
    value, shape = cell.value, cell.number_format if cell.value is not None else ""
    if value is None:
        return ""
    if isinstance(value, float | int) and not isinstance(value, bool):
        if "%" in re.sub(r'"[^"]*"', "", shape or ""):
            return f"{round(value * 100, 6):.15g}%"
        return str(int(value)) if abs(value) < MAX_WHOLE and value == int(value) else f"{value:.15g}"
    if isinstance(value, datetime.datetime):
        return value.isoformat(" ", "seconds").removesuffix(" 00:00:00")
    return str(value)


def _tables(rows: Iterable[Row], sheet: str) -> Iterator[Block]:
    """Tell the tables of a sheet apart: after an empty row a line of names begins a new one, a lone cell is its title."""
    table, header, fresh = Table(sheet), list[str](), True
    for (number, row), (_, below) in pairwise(chain(rows, [(0, [])])):
        filled = [cell for cell in row if cell]
        if not filled:
            fresh = True
        elif fresh and len(filled) == 1 and not numeric(filled[0]) and len(below) > 1:
            yield caption(tidy(filled[0]))
        elif fresh and is_header(filled) and _begins(row, below, header):
            if table.rows or header:
                yield table.about()
            header, fresh = [tidy(cell) for cell in row], False
            table = Table(sheet, header)
        else:
            fresh = fresh and len(filled) == 1
            if block := table.row(named(header, row), number):
                yield block
    if table.rows or header:
        yield table.about()


def _begins(row: list[str], below: list[str], header: list[str]) -> bool:
    """Whether a line of names stands over data, and is no line of the table above."""
    return sum(map(bool, below)) > 1 and (not header or len(row) != len(header) or any(map(numeric, below)))
