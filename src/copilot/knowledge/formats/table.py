"""Tables of any format: one record a row as `column: value; …`, and one block about each whole table."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from copilot.knowledge.blocks import Block, tidy
from copilot.knowledge.personal import find

SUMMARY_VALUES = 12
SUMMARY_COLUMNS = 200
MAX_VALUE_CHARACTERS = 40
MAX_CAPTION = 200
NUMBER = re.compile(r"[-+(]?\s?[$€£¥]?\s?\d[\d,. ]*(?:e[-+]?\d+)?\s?(?:[%€£)]|\b[A-Z]{3}\b)?", re.IGNORECASE)
PLAIN_NUMBER = re.compile(r"[-+]?(?:\d+|\d{1,3}(?:,\d{3})+)(?:\.\d+)?(?:[eE][-+]?\d+)?")
DATE = re.compile(r"\d{4}-\d{2}-\d{2}(?:[ T]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)?(?:Z|[-+]\d{2}:?\d{2})?")
YEAR = re.compile(r"(?:19|20)\d{2}")

Pairs = Sequence[tuple[str, str]]
"""Column names and values of one row."""


class Table:
    """A table whose rows pass by once; what it remembers of them does not grow with their number."""

    def __init__(self, name: str, columns: Iterable[str] = ()) -> None:
        self.name = name
        self.rows = 0
        self._columns = {column: _Column() for column in list(columns)[:SUMMARY_COLUMNS] if column}

    def row(self, pairs: Pairs, number: int | None = None, page: int | None = None) -> Block | None:
        """Take the next row and write it as a block; None when it holds nothing.

        Args:
            number: Its number in the source, where that is not its place in the table.
        """
        self.rows += 1
        shown = [(name, text) for name, value in pairs if (text := tidy(value))]
        for name, text in shown:
            if name and (name in self._columns or len(self._columns) < SUMMARY_COLUMNS):
                self._columns.setdefault(name, _Column()).take(text)
        text = "; ".join(f"{name}: {value}" if name else value for name, value in shown)
        return Block(text, "row", page, number or self.rows) if text else None

    def about(self) -> Block:
        """Describe the table: how many rows, its columns, and of each its few values, the type and range, or that it is text.

        Values that are personal data are not repeated: without the name of their column nothing would tell them from others.
        """
        parts = [f"Table {self.name} with {self.rows} rows."]
        parts += [f"Columns: {', '.join(self._columns)}."] if self._columns else []
        described = {name: column.described(name) for name, column in self._columns.items()}
        parts += [f"{name}: {said}." for name, said in described.items() if said]
        plain = [name for name, column in self._columns.items() if column.type == "text" and not described[name]]
        parts += [f"Text: {', '.join(plain)}."] if plain else []
        return Block(" ".join(parts), "row", row=0)


class _Column:
    """What is known of a column: the type that all its values fit, their range, and the values while they are few."""

    def __init__(self) -> None:
        self.type = ""
        self._values: Counter[str] | None = Counter()
        self._low: tuple[float | str, str] | None = None
        self._high: tuple[float | str, str] | None = None

    def take(self, value: str) -> None:
        if self._values is not None:
            self._values[value] += 1
            if len(self._values) > SUMMARY_VALUES or len(value) > MAX_VALUE_CHARACTERS:
                self._values = None
        if self.type == "text":
            return
        kind = "number" if PLAIN_NUMBER.fullmatch(value) else "date" if DATE.fullmatch(value) else "text"
        self.type = kind if self.type in ("", kind) else "text"
        if self.type != "text":
            place = (float(value.replace(",", "")) if kind == "number" else value, value)
            self._low = min(self._low or place, place)
            self._high = max(self._high or place, place)

    def described(self, name: str) -> str:
        values, said = list(self._values or ()), ", ".join(self._values or ())
        if self.type in ("number", "date") and self._values is None and self._low and self._high:
            values = [self._low[1], self._high[1]]
            said = f"{self.type}s from {values[0]} to {values[1]}"
        told = len(set(values)) > 1 and not any(find(f"{name}: {value}") for value in values)
        return said if told else ""


def caption(text: str) -> Block:
    """Return the title of a table as a heading, unless it is too long for one."""
    return Block(text, "heading" if len(text) <= MAX_CAPTION else "text")


def records(rows: Iterable[Sequence[str]], page: int | None = None) -> Iterator[Block]:
    """Write each row of a table that stands in a document under its column names; names with nothing below them last."""
    header, body = titled(row for row in rows if any(cell.strip() for cell in row))
    table, unused = Table(""), set(header)
    for row in body:
        unused -= {name for name, value in named(header, row) if value.strip()}
        if block := table.row(named(header, row), page=page):
            yield block
    if left := [name for name in header if name and name in unused]:
        yield Block(f"Empty: {', '.join(left)}." if table.rows else "; ".join(left), "row", page, row=0 if table.rows else 1)


def named(header: Sequence[str], row: Sequence[str]) -> Pairs:
    """Put the names of the columns to the cells of a row; cells beyond the last name have none."""
    return [(header[i] if i < len(header) else "", value) for i, value in enumerate(row)]


def titled(rows: Iterator[Sequence[str]]) -> tuple[list[str], Iterator[Sequence[str]]]:
    """Return the column names, empty when the first row holds data already, and the rows below."""
    first = next(rows, None)
    if first is None:
        return [], iter(())
    if is_header(first):
        return [tidy(cell) for cell in first], rows
    return [], _again(first, rows)


def is_header(row: Sequence[str]) -> bool:
    """Whether a row names columns: at least two names, hardly a gap, and no figure but years."""
    names = [cell.strip() for cell in row if cell.strip()]
    figures = [name for name in names if numeric(name) and not YEAR.fullmatch(name)]
    return len(names) > 1 and len(names) >= len(row) - 1 and not figures and not all(map(numeric, names))


def numeric(cell: str) -> bool:
    return bool(NUMBER.fullmatch(cell.strip()))


def _again(first: Sequence[str], rows: Iterator[Sequence[str]]) -> Iterator[Sequence[str]]:
    yield first
    yield from rows
