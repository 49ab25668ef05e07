"""How results, questions and errors look in a terminal; the same objects as JSON."""

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from copilot.errors import CopilotError, NeedsAnswer, NeedsConfirmation
from copilot.result import Item, Result
from copilot.routing.route import Route

INDENT = (0, 0, 0, 2)
LONG = 60
"""Characters from which a value gets lines of its own when a table does not fit."""


def consoles() -> tuple[Console, Console]:
    """Return the consoles for stdout and stderr; both follow NO_COLOR, pipes and narrow terminals."""
    return Console(highlight=False, soft_wrap=False), Console(stderr=True, highlight=False)


def view(result: Any) -> RenderableType:
    """Return what a person sees of a result."""
    if not isinstance(result, Result):
        return Text(str(result))
    special = VIEWS.get(type(result).__name__)
    body = special(result) if special else _fields(result)
    return Group(Text(result.headline, style="bold"), *(Padding(part, INDENT) for part in body), *_next(result))


def view_error(error: CopilotError) -> RenderableType:
    """Return what a person sees of an error: what happened, then what to type next."""
    style = "yellow" if isinstance(error, NeedsAnswer) else "red"
    parts: list[RenderableType] = []
    if isinstance(error, NeedsConfirmation) and error.preview is not None:
        parts.append(view(error.preview))
    parts.append(Text(error.problem, style=style))
    if error.hint:
        parts.append(Text(error.hint, style="dim"))
    return Group(*parts)


def view_route(route: Route) -> RenderableType:
    """Return the readings that were considered, with their scores and the reason."""
    table = _table("reading", "arguments", "confidence")
    table.add_row(Text(route.intent, style="bold"), _arguments(route.args), f"{route.confidence:.2f}")
    for reading in route.alternatives:
        table.add_row(reading.intent, _arguments(reading.args), f"{reading.confidence:.2f}")
    decided = f"{route.decision}{f' for {route.ask}' if route.ask else ''}, by {route.via}. {route.why}"
    return Group(table, Text(decided, style="dim"))


def call_line(route: Route) -> Text:
    """Return the one line that says which call an utterance became."""
    return Text(f"→ {route.intent} {_arguments(route.args)}".rstrip(), style="cyan")


def document(intent: str, args: Mapping[str, Any], result: Any = None, error: CopilotError | None = None) -> str:
    """Return the one JSON document of a call."""
    if error:
        said: dict[str, Any] = {"problem": error.problem, "hint": error.hint, "code": error.code}
        pending = error.pending or None if isinstance(error, NeedsAnswer) else None
        body: dict[str, Any] = {"ok": False, "intent": intent, "args": dict(args), "error": said, "pending": pending}
        if isinstance(error, NeedsConfirmation) and isinstance(error.preview, Result):
            body["preview"] = error.preview.as_json()
    else:
        body = {"ok": True, "intent": intent, "args": dict(args), "result": result.as_json() if isinstance(result, Result) else result}
    return json.dumps(body, ensure_ascii=False, default=str)


def print_document(text: str) -> None:
    """Write a JSON document to stdout, untouched by the console."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _fields(result: Item) -> list[RenderableType]:
    """Lay out any result: single values as a list, rows as tables."""
    parts: list[RenderableType] = []
    singles = Table.grid(padding=(0, 2))
    singles.add_column(style="dim", no_wrap=True)
    singles.add_column(overflow="fold")
    hidden = result.hidden if isinstance(result, Result) else frozenset()
    for name in type(result).model_fields:
        value = getattr(result, name)
        if name in hidden:
            continue
        if isinstance(value, tuple | list) and value and isinstance(value[0], Item):
            parts.append(Rows(value))
        elif isinstance(value, Item):
            parts += [Text(name.replace("_", " "), style="dim"), *(Padding(part, INDENT) for part in _fields(value))]
        elif value not in (None, "", (), [], {}):
            singles.add_row(name.replace("_", " "), escape(_cell(value)))
    return [singles, *parts] if singles.row_count else parts


def _table(*columns: str) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", show_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


class Rows:
    """Items of one type: a table where it fits the terminal, else a few lines an item."""

    def __init__(self, items: Sequence[Item]) -> None:
        self.items = items
        self.names = [n for n in type(items[0]).model_fields if any(getattr(i, n) not in (None, "", (), {}) for i in items)]
        self.cells = [[_cell(getattr(item, n)) for n in self.names] for item in items]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        columns = zip(self.names, *self.cells, strict=True)
        wide = sum(max(len(line) for cell in column for line in cell.split("\n")) + 2 for column in columns)
        if wide <= options.max_width:
            yield self._aligned()
        else:
            yield from self._cards()

    def _aligned(self) -> Table:
        table = _table()
        for name in self.names:
            numeric = all(isinstance(getattr(i, name), int | float) or getattr(i, name) is None for i in self.items)
            table.add_column(name.replace("_", " "), justify="right" if numeric else "left", no_wrap=True)
        for cells in self.cells:
            table.add_row(*(escape(cell) for cell in cells))
        return table

    def _cards(self) -> Iterator[RenderableType]:
        for cells in self.cells:
            title, *rest = cells
            named = list(zip(self.names[1:], rest, strict=True))
            short = " · ".join(f"{name.replace('_', ' ')} {cell}" for name, cell in named if cell and len(cell) <= LONG)
            yield Text.assemble((title, "bold"), ("  " + short if short else "", "dim"))
            for _, cell in named:
                if len(cell) > LONG:
                    yield Padding(Text(cell), INDENT)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:,.4f}".rstrip("0").rstrip(".")
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, Mapping):
        return " ".join(f"{k}={_cell(v)}" for k, v in value.items())
    if isinstance(value, tuple | list):
        return ", ".join(_cell(v) for v in value)
    return str(value)


def _arguments(args: Mapping[str, Any]) -> str:
    return " ".join(f"{name}={_cell(value)}" for name, value in args.items())


def _next(result: Result) -> list[RenderableType]:
    return [Text(f"Next: {step}", style="dim") for step in result.next_steps]


VIEWS: dict[str, Any] = {}
"""Results that deserve more than their fields, by class name: a function from the result to its renderables."""
