"""Question-answer files: what a benchmark asks, and what it expects."""

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from copilot.errors import BadArguments, NotFound

NAMES = {
    "question": ("question", "q", "query", "prompt", "input"),
    "answer": ("answer", "a", "expected", "expected_answer", "ideal", "reference", "ground_truth", "response", "output"),
    "document": ("document", "doc", "source", "file"),
    "answerable": ("answerable", "has_answer", "is_answerable"),
}
FALSE = ("false", "no", "n", "0")
FORMAT = "Write a CSV with the columns question,answer (or JSONL with the same keys); leave answer empty where the agent must refuse."
MOST_CASES = 10_000


@dataclass(frozen=True)
class Case:
    """One question with the expected answer; an empty one means that the agent must refuse. `|` separates answers that are all right."""

    question: str
    answer: str
    document: str = ""

    @property
    def answerable(self) -> bool:
        return bool(self.answer)

    def as_json(self) -> dict[str, str]:
        return asdict(self)


def read_cases(path: Path) -> tuple[Case, ...]:
    """Read a question-answer file (CSV, TSV, JSONL, or a JSON list).

    Raises:
        NotFound: there is no such file.
        BadArguments: it is empty, not UTF-8, lacks a column, has no case, or a line cannot be read.
    """
    if not path.is_file():
        raise NotFound(f"There is no file {path}.", FORMAT)
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadArguments(f"{path.name} is not UTF-8 text (byte {error.start}).", "Save it as UTF-8.") from None
    if not text.strip():
        raise BadArguments(f"{path.name} is empty.", FORMAT)
    rows = _json_rows(text, path.name) if text.lstrip()[0] in "[{" else _csv_rows(text, path.name)
    cases = tuple(_case(row, path.name, line) for line, row in rows)
    if not cases:
        raise BadArguments(f"{path.name} has no cases.", FORMAT)
    if len(cases) > MOST_CASES:
        raise BadArguments(f"{path.name} has {len(cases)} cases; at most {MOST_CASES} are run.", "Split it into several benchmarks.")
    return cases


def _csv_rows(text: str, name: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    header = text.splitlines()[0]
    delimiter = max(",;\t", key=header.count)
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        columns = tuple(reader.fieldnames or ())
        if missing := [field for field in ("question", "answer") if not _key(columns, field)]:
            raise BadArguments(f"{name} has no column '{missing[0]}'; its columns are: {', '.join(columns)}.", FORMAT)
        for row in reader:
            if extra := row.pop(None, None):
                problem = f"{name}, line {reader.line_num}: more values than columns (from '{extra[0]}' on)."
                raise BadArguments(problem, "Put quotes around a value that holds a comma.")
            if any((value or "").strip() for value in row.values()):
                yield reader.line_num, row
    except csv.Error as error:
        raise BadArguments(f"{name}, after line {reader.line_num}: {error}.", FORMAT) from None


def _json_rows(text: str, name: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    whole = text.lstrip().startswith("[")
    lines = [(1, text)] if whole else [(n, line) for n, line in enumerate(text.splitlines(), 1) if line.strip()]
    for number, line in lines:
        try:
            value = json.loads(line)
        except json.JSONDecodeError as error:
            raise BadArguments(f"{name}, line {number + error.lineno - 1}: not JSON ({error.msg}).", FORMAT) from None
        for position, row in enumerate(value if whole else [value], 1):
            if not isinstance(row, dict):
                raise BadArguments(f"{name}, {'case' if whole else 'line'} {position if whole else number}: not an object.", FORMAT)
            yield (position if whole else number), row


def _case(row: Mapping[str, Any], name: str, line: int) -> Case:
    question, answer, document, answerable = (_value(row, field) for field in NAMES)
    if not question:
        raise BadArguments(f"{name}, line {line}: the question is empty.", FORMAT)
    if not _key(tuple(row), "answer"):
        raise BadArguments(f"{name}, line {line}: there is no 'answer'.", FORMAT)
    if answerable.lower() in FALSE:
        answer = ""
    elif answerable and not answer:
        raise BadArguments(f"{name}, line {line}: answerable, but the answer is empty.", FORMAT)
    return Case(question, answer, document)


def _value(row: Mapping[str, Any], field: str) -> str:
    key = _key(tuple(row), field)
    value = row[key] if key else None
    return "" if value is None else str(value).strip()


def _key(columns: Sequence[str], field: str) -> str | None:
    """Return the column that holds a field under one of its names."""
    known = {str(c).strip().lower().replace(" ", "_"): c for c in columns}
    return next((known[name] for name in NAMES[field] if name in known), None)
