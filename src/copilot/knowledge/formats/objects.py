"""JSON and NDJSON: lists of objects are tables, what stands beside them is one record."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from copilot.knowledge.blocks import Block, Content, Unreadable, tidy
from copilot.knowledge.formats import lines
from copilot.knowledge.formats.table import Table, caption
from copilot.knowledge.formats.text import MIXED, SAMPLE, decode, encoding_of

PROSE = 300
"""A value longer than this is text of its own, not a cell."""


def preload(kind: str) -> None:
    """Need nothing beyond the standard library."""


def read(path: Path, kind: str) -> Content:
    """Read every value under the names that lead to it."""
    if kind == "ndjson":
        with path.open("rb") as file:
            encoding = encoding_of(file.read(SAMPLE))
        notes: list[str] = []
        return Content(_lines(path, encoding, notes), notes=notes)
    text = decode(path.read_bytes())
    try:
        return Content(_blocks(_parsed(text), path.stem))
    except json.JSONDecodeError as error:
        if error.msg == "Extra data" and error.lineno > 1:
            return read(path, "ndjson")
        cut = error.pos >= len(text.rstrip())
        reason = "cut off: it ends before its JSON does" if cut else f"not JSON: {error.msg} in line {error.lineno}"
        raise Unreadable(reason, "Write it again, or save it as .txt.") from None


def _parsed(text: str) -> Any:
    """Parse JSON; numbers stay as they are written, whatever their length."""
    return json.loads(text, parse_int=str, parse_float=str)


def _lines(path: Path, encoding: str, notes: list[str]) -> Iterator[Block]:
    table, broken = Table(path.stem), 0
    with path.open(encoding=encoding, errors=MIXED) as file:
        for number, line in enumerate(file, 1):
            try:
                value = _parsed(line) if line.strip() else None
            except json.JSONDecodeError:
                broken += 1
                value = line
            yield from _record(table, value, number)
    if broken == table.rows:
        raise Unreadable("not NDJSON: no line of it is JSON", "Save it as .txt.")
    if broken:
        notes.append(f"{broken} lines are not JSON and were read as text")
    yield table.about()


def _blocks(value: Any, name: str, level: int = 1) -> Iterator[Block]:
    """Write a value: lists of objects and named parts under headings, the rest as one record."""
    if isinstance(value, list):
        table = Table(name)
        for item in value:
            yield from _record(table, item, table.rows + 1)
        if table.rows:
            yield table.about()
    elif isinstance(value, dict):
        nested = {key: part for key, part in value.items() if _is_table(part)}
        yield from _record(Table(name), {key: part for key, part in value.items() if key not in nested}, 1)
        for key, part in nested.items():
            if title := tidy(key):
                yield caption(title)
            yield from _blocks(part, title or name, level + 1)
    else:
        yield from _record(Table(name), value, 1)


def _is_table(value: Any) -> bool:
    return isinstance(value, list) and len(value) > 1 and any(isinstance(item, dict) for item in value)


def _record(table: Table, value: Any, number: int) -> Iterator[Block]:
    """Write an object as a row, and the long texts in it as paragraphs."""
    pairs = list(_flat(value, ""))
    if block := table.row([(name, text) for name, text in pairs if len(text) <= PROSE], number):
        yield block
    for name, text in pairs:
        if len(text) > PROSE:
            for paragraph in lines.paragraphs(text):
                yield Block(f"{name}: {paragraph}" if name else paragraph, row=number)


def _flat(value: Any, name: str) -> Iterator[tuple[str, str]]:
    """Yield every scalar of a value with its name, e.g. `address.city`; what a list holds shares the name of the list."""
    waiting = [(name, value)]
    while waiting:
        name, value = waiting.pop()
        if isinstance(value, Mapping):
            waiting += [(f"{name}.{key}" if name else str(key), part) for key, part in reversed(list(value.items()))]
        elif isinstance(value, list):
            if all(isinstance(item, str | int | float) for item in value) and value:
                yield name, ", ".join(map(_scalar, value))
            else:
                waiting += [(name, item) for item in reversed(value)]
        elif value is not None:
            yield name, _scalar(value)


def _scalar(value: Any) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)
