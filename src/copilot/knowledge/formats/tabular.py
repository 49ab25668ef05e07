"""What is printed in tables and forms, as blocks: a row as `column: value; …`, a form as a line for each label."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from copilot.knowledge.blocks import Block, tidy
from copilot.knowledge.formats.figures import NAME_CHARACTERS, Table, tables
from copilot.knowledge.formats.grid import Grid, grids
from copilot.knowledge.formats.lines import HEADING_WORDS
from copilot.knowledge.formats.printed import NUMBER, Cell, Rules, Word, cells, lines, sides

STUB = "Item"
"""What the first column is called where nothing stands above it."""
BLANK = "—"
SUMMARY_CHARACTERS = 500
FORM_LEVEL = 9
"""How deep a heading inside a form stands; any other heading ends it."""
MIN_FIGURES, PROSE_CELL, HEADER_ROWS = 0.4, 300, 3


@dataclass(frozen=True)
class Region:
    """A part of a page that is a table: its blocks take the place of its words."""

    blocks: tuple[Block, ...]
    words: tuple[Word, ...]


class Reader:
    """Reads the pages of a document in order, so that a table may go on from one page to the next."""

    def __init__(self) -> None:
        self._last: Table | None = None

    def regions(self, found: Sequence[Word], rules: Rules) -> list[Region]:
        """Find the tables and forms of the next page; no word of theirs is lost."""
        made, left = _drawings(found, rules)
        page = [cells(line) for line in lines(left)]
        rest: list[list[Cell]] = []
        for form, group in groupby(page, _labelled):
            block = list(group)
            if form and len(block) > 1:
                made.append(_whole(_form([[cell.text for cell in line] for line in block]), _words(block)))
            else:
                rest += block
        read = [table for side in sides(rest) for table in tables(side, rules.across)]
        if read and not made:
            read[0] = read[0].continuing(self._last)
        self._last = read[-1] if read else None
        return [*made, *(_whole(_figures(table), table.words) for table in read)]


def _drawings(found: Sequence[Word], rules: Rules) -> tuple[list[Region], list[Word]]:
    """Return the drawn tables and forms of a page, and the words outside of them."""
    made: list[Region] = []
    left = list(found)
    for grid in grids(found, rules):
        if grid.form or not _figured(grid):
            made.append(_whole(_form(grid.rows) if grid.form else _drawn(grid), grid.words))
            left = _without(left, grid.words)
    return made, left


def _without(words: Sequence[Word], taken: Iterable[Word]) -> list[Word]:
    gone = {word.start for word in taken}
    return [word for word in words if word.start not in gone]


def _whole(blocks: Sequence[Block], words: Sequence[Word]) -> Region:
    """Put what the blocks do not say yet at the end of the first one."""
    said = {part for block in blocks for part in re.findall(r"\w+", block.text)}
    unsaid = [word.text for word in words if not said.issuperset(re.findall(r"\w+", word.text))]
    first = Block(f"{blocks[0].text} {' '.join(unsaid)}", blocks[0].kind, row=blocks[0].row, under=blocks[0].under)
    return Region((first if unsaid else blocks[0], *blocks[1:]), tuple(words))


def _figured(grid: Grid) -> bool:
    """Whether a drawn table is mostly figures, which are read better by their columns."""
    parts = [part for row in grid.rows for cell in row[1:] for part in cell.split()]
    return sum(bool(NUMBER.fullmatch(part)) for part in parts) > MIN_FIGURES * len(parts)


def _figures(table: Table) -> list[Block]:
    stub = _name(table.stub) or STUB
    names = [_name(column.name) for column in table.columns]
    caption = f"{table.caption} {table.stub}" if table.stub.startswith("(") else table.caption
    stub = STUB if stub.startswith("(") else stub
    records = []
    for row in table.rows:
        label = " > ".join((*row.sections, row.label)).strip()
        records.append(_record((stub, *names), (label, *row.values)))
    labels = [row.label for row in table.rows]
    return _table(caption, [*([table.stub] if table.stub else []), *(c.name for c in table.columns)], labels, records)


def _drawn(grid: Grid) -> list[Block]:
    """Read a drawn table under its column names; what is set in long paragraphs is text beside its label."""
    rows = list(zip(grid.rows, grid.spans, strict=True))
    if any(len(cell) > PROSE_CELL for row in grid.rows for cell in row) or (len(grid.rows[0]) == 2 and not _figured(grid)):
        return [Block(": ".join(filter(None, (row[0].rstrip(":"), " ".join(filter(None, row[1:])))))) for row in grid.rows]
    caption = "".join(rows.pop(0)[0]) if sum(map(bool, grid.rows[0])) == 1 else ""
    names = [""] * len(grid.rows[0])
    for row, spans in rows[:HEADER_ROWS]:
        rows = rows[1:]
        for i, (cell, span) in enumerate(zip(row, spans, strict=True)):
            for column in range(i, min(i + span, len(names)) if cell else i):
                names[column] = f"{names[column]} {cell}".strip()
        if all(span == 1 for cell, span in zip(row, spans, strict=True) if cell):
            break
    if any(not 1 < len(name) <= NAME_CHARACTERS for name in names[1:]):  # ticks, blanks and sentences head nothing
        names, rows = [names[0] and STUB] + [""] * (len(names) - 1), list(zip(grid.rows, grid.spans, strict=True))
    records = [_record([_name(name) for name in names], row) for row, _ in rows]
    return _table(caption, list(dict.fromkeys(filter(None, names))), [row[0] for row, _ in rows], records)


def _table(caption: str, columns: Sequence[str], labels: Sequence[str], records: Sequence[str]) -> list[Block]:
    """Put a block about the whole table before its rows."""
    caption = tidy(caption)
    listed = ", ".join(filter(None, labels))[:SUMMARY_CHARACTERS]
    named = f"Columns: {', '.join(filter(None, columns))}" if any(columns) else ""
    parts = (caption.rstrip(":."), named, f"Rows: {listed}" if listed else "")
    about = Block(tidy(". ".join(filter(None, parts))), "row", row=0, under=caption)
    return [about, *(Block(text, "row", row=number, under=caption) for number, text in enumerate(records, 1) if text)]


def _record(names: Sequence[str], values: Sequence[str]) -> str:
    named = ((name, tidy(value).replace(";", ",")) for name, value in zip(names, values, strict=True))
    return "; ".join(f"{name}: {value}" if name else value for name, value in named if value)


def _name(text: str) -> str:
    """Make a heading the name of a column: without what parts a column from its value."""
    return tidy(text.replace(":", " ").replace(";", ","))


def _form(rows: Iterable[Sequence[str]]) -> list[Block]:
    """Write each label with its value; a cell alone on its row heads what follows, other cells go to the label before."""
    pairs: list[list[str]] = []
    for row in rows:
        alone = sum(map(bool, row)) == 1
        for cell in filter(None, row):
            if cell.endswith(":") or not pairs or alone:
                pairs.append([cell])
            else:
                pairs[-1].append(cell)
    return [_pair(pair) for pair in pairs]


def _pair(cells: Sequence[str]) -> Block:
    text = tidy(" ".join(cells))
    if text.endswith(":"):
        return Block(f"{text} {BLANK}")
    headed = len(cells) == 1 and len(text.split()) <= HEADING_WORDS
    return Block(text, "heading", level=FORM_LEVEL) if headed else Block(text)


def _labelled(line: Sequence[Cell]) -> bool:
    """Whether a line is of a form without rules: a label stands apart from its value."""
    return len(line) > 1 and line[0].text.endswith(":")


def _words(block: Sequence[Sequence[Cell]]) -> list[Word]:
    return [word for line in block for cell in line for word in cell.words]
