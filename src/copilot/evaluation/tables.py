"""Rows of a file of questions: CSV, TSV, JSON, JSON lines, YAML or a workbook."""

import csv
import io
import json
from collections.abc import Iterator, Mapping
from datetime import datetime, time
from pathlib import Path
from typing import Any

from copilot.errors import BadArguments, NotFound

FORMAT = "Write a CSV with the columns question,answer (or JSONL with the same keys); leave answer empty where the agent must refuse."
WORKBOOKS = (".xlsx", ".xlsm")
YAML = (".yaml", ".yml")
MOST_BYTES = 64 << 20

Row = tuple[int, Mapping[str, Any]]
"""A line or a position in the file, counted from 1, and what stands there by column."""


def read_rows(path: Path) -> list[Row]:
    """Read the rows of a file.

    Raises:
        NotFound: there is no such file.
        BadArguments: it is empty, too large, not UTF-8, or a line cannot be read.
    """
    if not path.is_file():
        raise NotFound(f"There is no file {path}.", FORMAT)
    if path.stat().st_size > MOST_BYTES:
        raise BadArguments(f"{path.name} has more than {MOST_BYTES >> 20} MiB.", "Split it into several benchmarks.")
    if path.suffix.lower() in WORKBOOKS:
        return list(_workbook_rows(path))
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadArguments(f"{path.name} is not UTF-8 text (byte {error.start}).", "Save it as UTF-8.") from None
    if not text.strip():
        raise BadArguments(f"{path.name} is empty.", FORMAT)
    if path.suffix.lower() in YAML:
        return list(_yaml_rows(text, path.name))
    return list(_json_rows(text, path.name) if text.lstrip()[0] in "[{" else _csv_rows(text, path.name))


def _csv_rows(text: str, name: str) -> Iterator[Row]:
    table = text.lstrip("\r\n")
    above = text.count("\n") - table.count("\n")
    delimiter = max(",;\t", key=table.splitlines()[0].count)
    reader = csv.DictReader(io.StringIO(table, newline=""), delimiter=delimiter, strict=True)
    try:
        for row in reader:
            line, extra = reader.line_num + above, row.pop(None, None)
            if extra:
                problem = f"{name}, line {line}: more values than columns (from '{extra[0]}' on)."
                raise BadArguments(problem, "Put quotes around a value that holds a comma.")
            if any((value or "").strip() for value in row.values()):
                if absent := [column for column, value in row.items() if value is None]:
                    raise BadArguments(
                        f"{name}, line {line}: there is no value for '{absent[0]}'.", "Write the comma, also before nothing."
                    )
                yield line, row
    except csv.Error as error:
        raise BadArguments(f"{name}, after line {reader.line_num + above}: {error}.", FORMAT) from None


def _json_rows(text: str, name: str) -> Iterator[Row]:
    whole = text.lstrip().startswith("[")
    lines = [(1, text)] if whole else [(n, line) for n, line in enumerate(text.split("\n"), 1) if line.strip()]
    for number, line in lines:
        try:
            value = json.loads(line)
        except json.JSONDecodeError as error:
            raise BadArguments(f"{name}, line {number + error.lineno - 1}: not JSON ({error.msg}).", FORMAT) from None
        except RecursionError:
            raise BadArguments(f"{name}, line {number}: nested too deep.", FORMAT) from None
        yield from _objects(value, name) if whole else [(number, _object(value, f"{name}, line {number}"))]


def _yaml_rows(text: str, name: str) -> Iterator[Row]:
    """Read a list, or one under `cases`; aliases are refused, as a few of them can stand for gigabytes.

    What is written is what is expected: `yes`, `007` and `12:30` are no truth, no 7 and no 750.
    """
    import yaml

    class Plain(yaml.SafeLoader):  # type: ignore[misc]  # it comes without types
        yaml_implicit_resolvers = {  # noqa: RUF012  as the base declares it
            first: [rule for rule in rules if rule[0] == "tag:yaml.org,2002:null"]
            for first, rules in yaml.SafeLoader.yaml_implicit_resolvers.items()
        }

    try:
        if any(isinstance(token, yaml.AliasToken) for token in yaml.scan(text, Loader=yaml.SafeLoader)):
            raise BadArguments(f"{name} uses YAML aliases.", "Write each case out.")
        value = yaml.load(text, Loader=Plain)  # noqa: S506  a SafeLoader
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise BadArguments(f"{name} is not YAML: {' '.join(str(error).split())[:200]}", FORMAT) from None
    cases = value.get("cases") if isinstance(value, dict) else value
    if not isinstance(cases, list):
        raise BadArguments(f"{name} holds no list of cases.", FORMAT)
    yield from _objects(cases, name)


def _workbook_rows(path: Path) -> Iterator[Row]:
    """Read the first sheet; its first row names the columns."""
    from zipfile import BadZipFile

    import openpyxl

    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
        try:
            rows = list(book.worksheets[0].iter_rows(values_only=True))
        finally:
            book.close()
    except (BadZipFile, KeyError, ValueError, IndexError, TypeError, OSError, EOFError) as error:
        raise BadArguments(f"{path.name} cannot be read as a workbook: {error}.", "Save it as .xlsx or CSV.") from None
    names = [str(value).strip() if value is not None else "" for value in rows[0]] if rows else []
    for number, row in enumerate(rows[1:], 2):
        if any(value not in (None, "") for value in row):
            yield number, {name: _cell(value) for name, value in zip(names, row, strict=False) if name}


def _cell(value: Any) -> Any:
    """Return a date as it is shown, without the midnight that a workbook keeps beside it."""
    return value.date() if isinstance(value, datetime) and value.time() == time() else value


def _objects(values: list[Any], name: str) -> Iterator[Row]:
    for position, value in enumerate(values, 1):
        yield position, _object(value, f"{name}, case {position}")


def _object(value: Any, place: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise BadArguments(f"{place}: not an object.", FORMAT)
    return value
