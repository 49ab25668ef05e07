"""Tables of figures found by position: numbers that stand in columns under their headings, with or without rules."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from copilot.knowledge.formats.columns import YEAR, Column, Line, Row, rows
from copilot.knowledge.formats.printed import Cell, Rule, Word

MAX_BETWEEN = 5
"""Lines without figures that may stand between two rows of a table."""
MAX_LEADING, TITLE_LEADING = 3.2, 2.0
LARGER = 1.08
"""A line that is set larger than a table by this is a heading, of more than the table."""
"""Rows of one table are not further apart than so many line heights."""
HEADER_LINES, CAPTION_LINES = 12, 3

CAPTION_CHARACTERS = 200
OVERLAP, FULL = 0.3, 0.3
NAME_CHARACTERS = 100
"""What is longer than this heads no column."""
TITLE = 0.75
"""A heading over so many of the columns names none of them."""
TIGHT = 0.5
"""Headings over columns that stand close are further apart than this share of the line's height."""


@dataclass(frozen=True)
class Table:
    """A table as it was printed. `stub` heads the labels; `words` are all that it is made of."""

    columns: list[Column]
    rows: list[Row]
    stub: str = ""
    caption: str = ""
    words: list[Word] = field(default_factory=list)

    @property
    def headed(self) -> bool:
        """Whether anything stands above its columns."""
        return any(column.name for column in self.columns)

    def continuing(self, before: "Table | None") -> "Table":
        """Return it under the headings of the table that it goes on with, which ends the page before."""
        if before is None or self.headed or len(self.columns) != len(before.columns):
            return self
        named = [replace(column, name=other.name) for column, other in zip(self.columns, before.columns, strict=True)]
        return replace(self, columns=named, caption=before.caption, stub=self.stub or before.stub)


def tables(found: Sequence[Sequence[Cell]], rules: Sequence[Rule]) -> list[Table]:
    """Find the tables of figures among the lines of a page, from the top."""
    page = [Line(tuple(line)) for line in found]
    made, end = [], 0
    for first, last in _runs(page):
        columns = _columns(page[first : last + 1])
        top = _header_top(page, first, end, columns)
        if not _tabular(page[first : last + 1], columns, top < first):
            continue
        while last + 1 < len(page) and _trails(page[last], page[last + 1], columns):
            last += 1
        caption = _caption(page, top, end)
        made.append(_table(page, (_title_top(page, top, end), top, first, last), columns, rules, caption))
        end = last + 1
    return made


def _runs(page: Sequence[Line]) -> Iterator[tuple[int, int]]:
    """Yield the first and last line of each stretch that may be one table."""
    cores = [i for i, line in enumerate(page) if line.core or line.blank]
    start = last = -1
    for i in cores:
        if last >= 0 and _continues(page, start, last, i):
            last = i
            continue
        if last >= 0:
            yield start, last
        start = last = i
    if last >= 0:
        yield start, last


def _continues(page: Sequence[Line], start: int, last: int, i: int) -> bool:
    between = page[last + 1 : i]
    if len(between) > MAX_BETWEEN or any(line.prose for line in between):
        return False
    stretch = page[last : i + 1]
    if any(above.middle - below.middle > MAX_LEADING * above.height for above, below in pairwise(stretch)):
        return False
    columns = _columns(page[start : last + 1])
    if not any(column.shared(cell.left, cell.right) > OVERLAP for column in columns for cell in page[i].figures):
        return False
    zone = columns[0].left
    return not any(all(cell.centre > zone for cell in line.cells) and not _lone_figures(line, columns) for line in between)


def _trails(line: Line, below: Line, columns: Sequence[Column]) -> bool:
    """Whether the line below a row is the end of its label."""
    inside = all(cell.right < columns[0].left for cell in below.cells)
    close = line.middle - below.middle < 1.4 * line.height
    return inside and close and bool(below.text[0].islower() or YEAR.fullmatch(below.text))


def _lone_figures(line: Line, columns: Sequence[Column]) -> bool:
    """Whether a line is a sum without a label: figures in their columns."""
    return bool(line.figures) and all(any(c.shared(f.left, f.right) > OVERLAP for c in columns) for f in line.figures)


def _columns(block: Sequence[Line]) -> list[Column]:
    """Merge the ranges of figures that overlap, from left to right."""
    columns: list[Column] = []
    for cell in sorted((c for line in block if line.core or line.blank for c in line.figures), key=lambda c: c.left):
        if columns and columns[-1].shared(cell.left, cell.right) > OVERLAP:
            columns[-1] = Column(columns[-1].left, max(columns[-1].right, cell.right))
        else:
            columns.append(Column(cell.left, cell.right))
    return columns


def _tabular(block: Sequence[Line], columns: Sequence[Column], headed: bool) -> bool:
    """Whether a stretch is a table: enough rows, and more than the page numbers of a table of contents."""
    rows = [line for line in block if line.core]
    figures = [cell.text for line in rows for cell in line.figures]
    if len(figures) < FULL * len(rows) * len(columns) or len(rows) + headed < 3:
        return False
    last = [line.figures[-1].text for line in rows]
    numbered = all(re.fullmatch(r"\d{1,3}", text) for text in last) and len(figures) < 1.5 * len(rows)
    rising = sum(int(a) <= int(b) for a, b in pairwise(last)) if numbered else 0
    return not (numbered and rising > 0.8 * (len(last) - 1))


def _header_top(page: Sequence[Line], first: int, end: int, columns: Sequence[Column]) -> int:
    """Return the first line of the headings above a table, which reach no further than `end`."""
    zone, top, headed = columns[0].left, first, False
    for i in range(first - 1, max(end, first - HEADER_LINES) - 1, -1):
        line, below = page[i], page[i + 1]
        crossing = [cell for cell in line.cells if cell.left < zone - line.height and cell.right > zone + line.height]
        above = [cell for cell in line.cells if cell.centre >= zone - line.height]
        if line.middle - below.middle > MAX_LEADING * line.height or line.prose or (crossing and len(line.cells) == 1):
            break
        if headed and not above and not _unit(line):
            break
        headed = headed or bool(above)
        top = i if headed or line.text.endswith(":") or _unit(line) else top
        if not headed and i < first - MAX_BETWEEN:
            break
    return top


def _unit(line: Line) -> bool:
    return line.text.startswith("(") and line.text.endswith(")")


def _caption(page: Sequence[Line], top: int, end: int) -> str:
    """Return the sentence or title that stands right above a table."""
    text, below = "", page[top]
    for line in reversed(page[max(end, top - CAPTION_LINES) : top]):
        if line.middle - below.middle > MAX_LEADING * line.height or (text and line.text.endswith((".", ";"))):
            break
        text, below = f"{line.text} {text}".strip(), line
    last_sentence = re.split(r"(?<=[a-z)]\.)\s+(?=[A-Z])", text)[-1]
    return last_sentence[-CAPTION_CHARACTERS:].partition(" ")[2] if len(last_sentence) > CAPTION_CHARACTERS else last_sentence


def _title_top(page: Sequence[Line], top: int, end: int) -> int:
    """Return the first of the title lines above a table, which say nothing without it."""
    for i in range(top - 1, max(end, top - CAPTION_LINES) - 1, -1):
        line, below = page[i], page[i + 1]
        apart = line.middle - below.middle > TITLE_LEADING * line.height
        if apart or len(line.cells) > 1 or line.prose or line.text.endswith((".", ":", ",")) or line.height > LARGER * page[top].height:
            return i + 1
    return max(end, top - CAPTION_LINES)


def _table(page: Sequence[Line], span: tuple[int, int, int, int], columns: list[Column], rules: Sequence[Rule], caption: str) -> Table:
    start, top, first, last = span
    header, body = list(page[top:first]), list(page[first : last + 1])
    zone = columns[0].left
    while header and all(cell.centre < zone for cell in header[-1].cells) and not _unit(header[-1]):
        body.insert(0, header.pop())
    names, stub, title = _headings(header, columns, rules)
    titled = [replace(column, name=name) for column, name in zip(columns, names, strict=True)]
    taken = [word for line in page[start : last + 1] for cell in line.cells for word in cell.words]
    read = rows(body, titled)
    if len(titled) > 1 and not any(row.label for row in read):  # the labels are figures themselves, as years are
        stub, titled = titled[0].name or stub, titled[1:]
        read = [replace(row, label=row.values[0], values=row.values[1:]) for row in read]
    return Table(titled, read, stub, f"{caption} {title}".strip(), taken)


def _headings(header: Sequence[Line], columns: Sequence[Column], rules: Sequence[Rule]) -> tuple[list[str], str, str]:
    """Return what stands above each column, above the labels, and above all columns together."""
    names: list[list[str]] = [[] for _ in columns]
    stub: list[str] = []
    title: list[str] = []
    pitch = min((b.centre - a.centre for a, b in pairwise(columns)), default=100.0)
    for line in header:
        parts = [part for cell in line.cells for part in _parted(cell, columns)]
        for cell in parts:
            left, right = _underlined(cell, parts, rules)
            over = [i for i, column in enumerate(columns) if column.shared(left, right) > 0.1]
            if not over:
                over = [i for i, column in enumerate(columns) if abs(column.centre - cell.centre) <= 0.6 * pitch]
            if cell.centre < columns[0].left and not over:
                stub.append(cell.text)
            elif not over:
                over = [min(range(len(columns)), key=lambda i: abs(columns[i].centre - cell.centre))]
            if len(over) > 2 and len(over) >= TITLE * len(columns):
                title.append(cell.text)
                continue
            for i in over:
                names[i].append(cell.text)
    joined = [" ".join(parts) for parts in names]
    return joined if all(len(name) <= NAME_CHARACTERS for name in joined) else [""] * len(names), " ".join(stub), " ".join(title)


def _parted(cell: Cell, columns: Sequence[Column]) -> list[Cell]:
    """Part what looks like one heading where its words stand over as many columns, with more than a space between."""
    groups = [[cell.words[0]]]
    for before, word in pairwise(cell.words):
        if word.left - before.right > TIGHT * word.height:
            groups.append([])
        groups[-1].append(word)
    parts = [Cell(tuple(group)) for group in groups]
    over = [column for column in columns if column.shared(cell.left, cell.right) > 0.1]
    each = all(any(column.left - 3 < part.centre < column.right + 3 for part in parts) for column in over)
    return parts if len(parts) >= len(over) > 1 and each else [cell]


def _underlined(cell: Cell, line: Sequence[Cell], rules: Sequence[Rule]) -> tuple[float, float]:
    """Return how far a heading reaches: as far as the rule right below it does that is under no other heading of its line."""
    word = cell.words[0]
    left, right = cell.left, cell.right
    near = [r for r in rules if 0 < word.middle - r.at < 1.3 * word.height]
    for rule in sorted(near, key=lambda r: r.start):
        if rule.start <= cell.centre <= rule.end and not any(rule.start < c.centre < rule.end for c in line if c is not cell):
            left, right = min(left, rule.start), max(right, rule.end)
    return left, right
