"""CSV and TSV, row by row: a file of any length needs the memory of one row."""

import csv
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from copilot.knowledge.blocks import Block, Content, Unreadable, tidy
from copilot.knowledge.formats.table import Table, caption, is_header, named
from copilot.knowledge.formats.text import MIXED, SAMPLE, decode, encoding_of

MAX_CELL = 1_000_000
SAMPLE_LINES = 20
DELIMITERS = {"csv": ",;|\t", "tsv": "\t"}


def preload(kind: str) -> None:
    """Need nothing beyond the standard library."""


def read(path: Path, kind: str) -> Content:
    """Read a table; ragged rows and NUL characters lose nothing."""
    with path.open("rb") as file:
        sample = file.read(SAMPLE)
    decode(sample)  # refuses what is not text
    return Content(_blocks(path, encoding_of(sample), DELIMITERS[kind]))


def _blocks(path: Path, encoding: str, delimiters: str) -> Iterator[Block]:
    csv.field_size_limit(MAX_CELL)
    with path.open(encoding=encoding, errors=MIXED, newline="") as file:
        delimiter = _delimiter(file.read(SAMPLE // 4), delimiters)
        file.seek(0)
        try:
            yield from _records(_rows(_Lines(file), delimiter), path.stem)
        except csv.Error as error:
            raise Unreadable(f"not a table: {error}") from None


class _Lines:
    """The lines of a file, of which those of the last record can be put back."""

    def __init__(self, file: Iterable[str]) -> None:
        self._left = iter(file)
        self._back = deque[str]()
        self.taken: list[str] = []

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        self.taken.append(self._back.popleft() if self._back else next(self._left).replace("\0", ""))
        return self.taken[-1]

    def put_back(self) -> None:
        self._back.extendleft(reversed(self.taken))
        self.taken = []


def _rows(lines: _Lines, delimiter: str) -> Iterator[list[str]]:
    """Yield rows; a quote that nothing closes, as in `5" pipe`, is a character of its line and takes no other line with it."""
    strict, lenient = csv.reader(lines, delimiter=delimiter, strict=True), csv.reader(lines, delimiter=delimiter)
    width = 0
    while True:
        lines.taken = []
        try:
            row = next(strict, None)
        except csv.Error as error:
            swallowed = len(lines.taken) > 1 and (
                "expected after" not in str(error) or all(line.count(delimiter) >= max(1, width - 1) for line in lines.taken)
            )
            lines.put_back()
            row = next(csv.reader([next(lines)], delimiter=delimiter, quoting=csv.QUOTE_NONE) if swallowed else lenient)
        if row is None:
            return
        width = width or len(row)
        yield row


def _records(rows: Iterable[Sequence[str]], name: str) -> Iterator[Block]:
    """Write the rows under their names; a line above them that fills one cell only is the table's title."""
    filled = (row for row in rows if any(cell.strip() for cell in row))
    first = next(filled, None)
    title = [tidy(cell) for cell in first or () if cell.strip()]
    if first and len(first) > 1 and len(title) == 1 and not title[0].isdigit():
        yield caption(title[0])
        first = next(filled, None)
    if first is None:
        return
    header = [tidy(cell) for cell in first] if is_header(first) else []
    table = Table(name, header)
    if not header and (block := table.row(named((), first))):
        yield block
    for row in filled:
        if block := table.row(named(header, row)):
            yield block
    yield table.about()


def _delimiter(text: str, allowed: str) -> str:
    """Take the delimiter that cuts the first lines into the same number of cells, the most cells first."""
    sample = text.splitlines()[:SAMPLE_LINES]

    def steadiness(delimiter: str) -> tuple[float, int]:
        counts = [len(row) for row in csv.reader(sample, delimiter=delimiter) if row]
        usual = max(set(counts), key=counts.count, default=0)
        return (counts.count(usual) / len(counts), usual) if usual > 1 else (0, 0)

    return max(allowed, key=steadiness)
