"""Laying out any result: single values as a list, items as a table where it fits and as short blocks where it does not."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from copilot.result import Item

INDENT = (0, 0, 0, 2)
LONG = 60
"""Characters from which a value gets lines of its own when a table does not fit."""


def fields(item: Item, only: Sequence[str] | None = None) -> list[RenderableType]:
    """Lay out an item's fields.

    Args:
        only: The fields to show; all of them when None.
    """
    parts: list[RenderableType] = []
    singles = Table.grid(padding=(0, 2))
    singles.add_column(style="dim", no_wrap=True)
    singles.add_column(overflow="fold")
    for name in type(item).model_fields:
        value = getattr(item, name)
        if only is not None and name not in only:
            continue
        if isinstance(value, tuple | list) and value and isinstance(value[0], Item):
            parts.append(Rows(value))
        elif isinstance(value, Item):
            parts += [Text(spaced(name), style="dim"), *(Padding(part, INDENT) for part in fields(value))]
        elif value not in (None, "", (), [], {}):
            singles.add_row(spaced(name), escape(cell(value)))
    return [singles, *parts] if singles.row_count else parts


class Rows:
    """Items of one type: a table where it fits the terminal, else a few lines an item.

    Args:
        only: The fields to show; those that are not empty everywhere when None.
    """

    def __init__(self, items: Sequence[Item], only: Sequence[str] | None = None) -> None:
        self.items = items
        wanted = [n for n in type(items[0]).model_fields if only is None or n in only]
        self.names = [n for n in wanted if any(getattr(i, n) not in (None, "", (), {}) for i in items)]
        self.cells = [[cell(getattr(item, n)) for n in self.names] for item in items]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        columns = zip(self.names, *self.cells, strict=True)
        wide = sum(max(len(line) for value in column for line in value.split("\n")) + 2 for column in columns)
        if wide <= options.max_width:
            yield self._aligned()
        else:
            yield from self._blocks()

    def _aligned(self) -> Table:
        table = plain_table()
        for name in self.names:
            numeric = all(isinstance(getattr(i, name), int | float) or getattr(i, name) is None for i in self.items)
            table.add_column(spaced(name), justify="right" if numeric else "left", no_wrap=True)
        for cells in self.cells:
            table.add_row(*(escape(value) for value in cells))
        return table

    def _blocks(self) -> Iterator[RenderableType]:
        columns = zip(self.names, zip(*self.cells, strict=True), strict=True)
        wordy = {name for name, values in columns if any(len(value) > LONG for value in values)}
        for title, *rest in self.cells:
            named = [(name, value) for name, value in zip(self.names[1:], rest, strict=True) if value]
            short = " · ".join(f"{spaced(name)} {value}" for name, value in named if name not in wordy)
            yield Text.assemble((title, "bold"), ("  " + short if short else "", "dim"))
            yield from (Padding(Text(value), INDENT) for name, value in named if name in wordy)


def plain_table(*columns: str) -> Table:
    """Return a table without lines."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", show_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def spaced(name: str) -> str:
    return name.replace("_", " ")


def cell(value: Any) -> str:
    """Write one value for people."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:,.4f}".rstrip("0").rstrip(".")
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, Mapping):
        return " ".join(f"{k}={cell(v)}" for k, v in value.items())
    if isinstance(value, tuple | list):
        return ", ".join(cell(v) for v in value)
    return str(value)
