"""Printed lines as cells, the columns that figures stand in, and the rows of a table that they make."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from statistics import pstdev

from copilot.knowledge.formats.printed import Cell

YEAR = re.compile(r"(?:19|20)\d\d\*?")
LIST_MARK = re.compile(r"\(?\d{1,3}[.)]?|\d{1,2}(?:\.\d{1,2}){1,4}\.?")
PROSE_WORDS = 13


@dataclass(frozen=True)
class Line:
    """One printed line as cells; `heights` of a line are what distances are measured in."""

    cells: tuple[Cell, ...]

    @cached_property
    def middle(self) -> float:
        return self.cells[0].words[0].middle

    @cached_property
    def height(self) -> float:
        return self.cells[0].words[0].height

    @cached_property
    def text(self) -> str:
        return " ".join(cell.text for cell in self.cells)

    @cached_property
    def prose(self) -> bool:
        """Whether it is part of running text."""
        return max(len(cell.words) for cell in self.cells) >= PROSE_WORDS

    @cached_property
    def figures(self) -> tuple[Cell, ...]:
        """Its numbers, but for years, which are headings more often, and what marks a list item."""
        if any(cell.text.endswith(":") for cell in self.cells[:-1]):
            return ()  # a form
        own = self.cells[1:] if self._labelled else self.cells
        numeric = tuple(cell for cell in own if cell.numeric)
        return numeric if any(not YEAR.fullmatch(cell.text) for cell in numeric) else ()

    @property
    def _labelled(self) -> bool:
        """Whether the first of its numbers is a label: the mark of a list item, or a year before what it came to."""
        if len(self.cells) < 2:
            return False
        first, second = self.cells[0].text, self.cells[1]
        if YEAR.fullmatch(first):
            return not any(YEAR.fullmatch(cell.text) for cell in self.cells[1:])
        return bool(LIST_MARK.fullmatch(first)) and not second.numeric

    @cached_property
    def core(self) -> bool:
        """Whether it can be a row by itself: figures beside a label or beside each other."""
        return len(self.cells) > 1 and not self.prose and any(c.isdigit() for cell in self.figures for c in cell.text)

    @property
    def blank(self) -> bool:
        """Whether it is a row with dashes only."""
        return len(self.cells) > 1 and bool(self.figures) and not self.core


@dataclass(frozen=True)
class Column:
    """A range across the page that figures share, and what stands above it."""

    left: float
    right: float
    name: str = ""

    @property
    def centre(self) -> float:
        return (self.left + self.right) / 2

    def shared(self, left: float, right: float) -> float:
        """How much of the narrower of two ranges lies in the other."""
        common = min(self.right, right) - max(self.left, left)
        return common / max(min(self.right - self.left, right - left), 0.1)


@dataclass(frozen=True)
class Row:
    """A label with the headings above it inside the table, and its figures by column."""

    sections: tuple[str, ...]
    label: str
    values: tuple[str, ...]


def rows(body: Sequence[Line], columns: Sequence[Column]) -> list[Row]:
    """Read the lines of a table below its headings: labels, what stands above several of them, and figures."""
    made: list[Row] = []
    sections: list[tuple[float, str]] = []
    carried: list[str] = []
    before = 0.0
    owed = 0  # lines of a label that stand below figures that are set at its middle
    centred = _centred(body, columns)
    for i, line in enumerate(body):
        labels, values = _split(line, columns)
        label = " ".join(cell.text for cell in labels)
        left = labels[0].left if labels and not centred else 0.0
        if any(values):
            whole = " ".join(filter(None, (*carried, label)))
            owed, carried = 0 if label else len(carried), []
            if made and sections and _summed(made[-1], sections):
                sections = sections[:-1]
            elif _ends_section(before, sections, left, whole):
                sections = [(at, name) for at, name in sections if at < left - 1]
            before = left
            made.append(Row(tuple(name for _, name in sections), whole, tuple(values)))
        elif made and not carried and (owed or _goes_on(made[-1].label, label)):
            owed -= owed > 0
            made[-1] = replace(made[-1], label=f"{made[-1].label} {label}")
        elif _leads_on(label, body[i + 1 :], columns):
            carried.append(label)
        else:
            name = " ".join((*carried, label)).rstrip(":")
            sections, carried, before = [*((at, other) for at, other in sections if at < left - 1), (left, name)], [], 0.0
    return made


def _summed(row: Row, sections: Sequence[tuple[float, str]]) -> bool:
    """Whether a row closes the innermost section by its sum."""
    return row.label.startswith("Total") and row.sections[-1:] == (sections[-1][1],)


def _centred(body: Sequence[Line], columns: Sequence[Column]) -> bool:
    """Whether labels are set around a middle, so that where they start says nothing."""
    labels = [labels[0] for labels, _ in (_split(line, columns) for line in body) if labels]
    return len(labels) > 3 and pstdev(cell.centre for cell in labels) < 0.5 * pstdev(cell.left for cell in labels)


def _goes_on(label: str, text: str) -> bool:
    """Whether a line without figures is the rest of the label above it."""
    return text[:1].islower() or bool(YEAR.fullmatch(text)) or label.endswith((",", "–"))


def _ends_section(before: float, sections: Sequence[tuple[float, str]], left: float, label: str) -> bool:
    """Whether a row stands outside the section above it: further out than the section or the row `before`, or a sum."""
    if not sections or not label:
        return False
    at = sections[-1][0]
    return left < at - 1 or (left <= at + 1 and (before > at + 1 or label.startswith("Total")))


def _leads_on(label: str, after: Sequence[Line], columns: Sequence[Column]) -> bool:
    """Whether a line without figures is the first part of the next row's label."""
    if not after or label.endswith(":"):
        return False
    labels, values = _split(after[0], columns)
    following = labels[0].text if labels else ""
    if not any(values):
        return following[:1].islower() or following.startswith("(")
    return not following or following[0].islower() or label.endswith((",", "–", "-", " of", " and", " to", " the", " for"))


def _split(line: Line, columns: Sequence[Column]) -> tuple[list[Cell], list[str]]:
    """Return the cells of a line that stand left of the figures, and the text in each column."""
    values: list[list[str]] = [[] for _ in columns]
    labels = []
    for cell in line.cells:
        shares = [column.shared(cell.left, cell.right) for column in columns]
        best = max(range(len(columns)), key=shares.__getitem__)
        if cell.left < columns[0].left - cell.words[0].height and not cell.numeric:
            labels.append(cell)
        elif shares[best] > 0.05:
            values[best].append(cell.text)
        elif cell.centre < columns[0].left:
            labels.append(cell)
        else:
            nearest = min(range(len(columns)), key=lambda i: abs(columns[i].centre - cell.centre))
            values[nearest].append(cell.text)
    return labels, [" ".join(parts) for parts in values]
