"""Tables in CSV and TSV: one record a row as `column: value; …`, and one block about the whole table."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from pathlib import Path

from copilot.knowledge.blocks import Block, Content, Unreadable, tidy
from copilot.knowledge.formats.text import SAMPLE, decode, encoding_of

MAX_ROWS = 200_000
MAX_CELL = 1_000_000
SUMMARY_VALUES = 12
MAX_VALUE_CHARACTERS = 40
DELIMITERS = {"csv": ",;|\t", "tsv": "\t"}


def preload(kind: str) -> None:
    """Need nothing beyond the standard library."""


def read(path: Path, kind: str) -> Content:
    """Read a table row by row; ragged rows and NUL characters lose nothing."""
    with path.open("rb") as file:
        sample = file.read(SAMPLE)
    decode(sample)  # refuses what is not text
    csv.field_size_limit(MAX_CELL)
    with path.open(encoding=encoding_of(sample), errors="replace", newline="") as file:
        start = file.read(SAMPLE // 4)
        file.seek(0)
        try:
            return _content(csv.reader((line.replace("\0", "") for line in file), delimiter=_delimiter(start, DELIMITERS[kind])), path.stem)
        except csv.Error as error:
            raise Unreadable(f"not a table: {error}") from None


def record(header: Sequence[str], row: Sequence[str]) -> str:
    """Write a row as `column: value; …`; empty cells are left out."""
    named = ((header[i] if i < len(header) else "", tidy(value)) for i, value in enumerate(row))
    return "; ".join(f"{name}: {value}" if name else value for name, value in named if value)


def summary(name: str, header: Sequence[str], rows: Sequence[Sequence[str]], count: int) -> str:
    """Describe a table: its columns, how many rows, and the values of columns that have few."""
    parts = [f"Table {name} with {count} rows. Columns: {', '.join(column for column in header if column)}."]
    for i, column in enumerate(header):
        values = list(dict.fromkeys(tidy(row[i]) for row in rows if i < len(row) and row[i].strip()))
        if column and 1 < len(values) <= SUMMARY_VALUES and all(len(value) <= MAX_VALUE_CHARACTERS for value in values):
            parts.append(f"{column}: {', '.join(values)}.")
    return " ".join(parts)


def _delimiter(text: str, allowed: str) -> str:
    """Take the delimiter that cuts the first lines into the same number of cells, the most cells first."""
    sample = text.splitlines()[:20]

    def steadiness(delimiter: str) -> tuple[float, int]:
        counts = [len(row) for row in csv.reader(sample, delimiter=delimiter) if row]
        usual = max(set(counts), key=counts.count, default=0)
        return (counts.count(usual) / len(counts), usual) if usual > 1 else (0, 0)

    return max(allowed, key=steadiness)


def records(rows: Iterable[Sequence[str]], page: int | None = None) -> Iterator[Block]:
    """Write each row of a table that stands in a document under its column names."""
    header, body = _titled(row for row in rows if any(cell.strip() for cell in row))
    for number, row in enumerate(body, 1):
        if text := record(header, row):
            yield Block(text, "row", page, number)


def _content(rows: Iterable[Sequence[str]], name: str) -> Content:
    header, body = _titled(row for row in rows if any(cell.strip() for cell in row))
    known = list(islice(body, MAX_ROWS))
    if not known and not header:
        return Content(())
    notes = (f"only the first {MAX_ROWS:,} rows were read",) if next(body, None) else ()
    about = Block(summary(name, header, known, len(known)), "row", row=0)
    rest = (Block(record(header, row), "row", row=number) for number, row in enumerate(known, 1))
    return Content((about, *rest), notes=notes)


def _titled(rows: Iterator[Sequence[str]]) -> tuple[list[str], Iterator[Sequence[str]]]:
    """Return the column names, empty when the first row holds data already, and the rows below."""
    first = next(rows, None)
    if first is None:
        return [], iter(())
    if len(first) > 1 and all(cell.strip() and not _numeric(cell) for cell in first):
        return [tidy(cell) for cell in first], rows
    return [], chain([first], rows)


def _numeric(cell: str) -> bool:
    return cell.strip().lstrip("+-").replace(",", "").replace(".", "", 1).isdigit()
