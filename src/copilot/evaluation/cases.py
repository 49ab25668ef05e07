"""Question-answer files: what a benchmark asks, and what it expects."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from copilot.errors import BadArguments
from copilot.evaluation.tables import FORMAT, read_rows

NAMES = {
    "question": ("question", "q", "query", "prompt", "input"),
    "answer": ("answer", "a", "expected", "expected_answer", "ideal", "reference", "ground_truth", "response", "output"),
    "document": ("document", "doc", "source", "file"),
    "category": ("category", "kind", "type", "topic"),
    "forbidden": ("forbidden", "must_not_say", "not"),
    "answerable": ("answerable", "has_answer", "is_answerable"),
}
FALSE = ("false", "no", "n", "0")
MOST_CASES = 10_000
ANY = "*"
"""Expected where any answer will do, as long as there is one."""


@dataclass(frozen=True)
class Case:
    """One question with what is expected.

    Args:
        answer: Empty where the agent must refuse; `|` separates answers that are all right; `*` is any answer.
        document: The documents that answer it, `|` between them.
        forbidden: What the answer must not say, `|` between alternatives.
    """

    question: str
    answer: str
    document: str = ""
    category: str = ""
    forbidden: str = ""

    @property
    def answerable(self) -> bool:
        return bool(self.answer)

    def says_forbidden(self, text: str) -> str:
        """Return what a text says that it must not; empty when it says nothing of it."""
        alternatives = (part.strip() for part in self.forbidden.split("|") if part.strip())
        return next((part for part in alternatives if part.casefold() in text.casefold()), "")

    def as_json(self) -> dict[str, str]:
        return {name: value for name, value in asdict(self).items() if value or name in ("question", "answer")}


@dataclass(frozen=True)
class Source:
    """What a file holds: cases, the metric its form asks for, and documents of its own that the cases are about, by name."""

    cases: tuple[Case, ...]
    metric: str = ""
    documents: Mapping[str, str] = field(default_factory=dict)


def read_cases(path: Path) -> tuple[Case, ...]:
    """Read the cases of a file; raises as `read_source`."""
    return read_source(path).cases


def read_source(path: Path) -> Source:
    """Read a question-answer file (CSV, TSV, JSON, JSONL, YAML, XLSX), or a public benchmark as it is published.

    Raises:
        NotFound: there is no such file.
        BadArguments: it is empty, not UTF-8, lacks a column, has no case, or a line cannot be read.
    """
    from copilot.evaluation.public import recognise

    rows = read_rows(path)
    found = recognise(rows, path) or Source(tuple(_case(row, path.name, line) for line, row in rows))
    if not found.cases:
        raise BadArguments(f"{path.name} has no cases.", FORMAT)
    if len(found.cases) > MOST_CASES:
        raise BadArguments(f"{path.name} has {len(found.cases)} cases; at most {MOST_CASES} are run.", "Split it into several benchmarks.")
    for (line, _), case in zip(rows, found.cases, strict=True):
        if problem := _wrong(case):
            raise BadArguments(f"{path.name}, line {line}: {problem}.", FORMAT)
    return found


def _wrong(case: Case) -> str:
    """Say what keeps a case from being run; empty when nothing does."""
    if not case.question:
        return "the question is empty"
    if case.answer and not case.answer.strip("| "):
        return "the answer is empty"
    try:
        "".join(case.as_json().values()).encode()
    except UnicodeEncodeError:
        return "half of a character that takes two (a lone surrogate)"
    return ""


def _case(row: Mapping[str, Any], name: str, line: int) -> Case:
    columns = tuple(map(str, row))
    if missing := [field for field in ("question", "answer") if not _key(columns, field)]:
        problem = f"{name}, line {line}: there is no '{missing[0]}'; there is: {', '.join(columns)}."
        raise BadArguments(problem, FORMAT)
    if nested := [field for field in NAMES if (key := _key(tuple(row), field)) and isinstance(row[key], dict)]:
        raise BadArguments(f"{name}, line {line}: the {nested[0]} is an object, not a text.", FORMAT)
    question, answer, document, category, forbidden, answerable = (_value(row, field) for field in NAMES)
    if answerable.lower() in FALSE:
        answer = ""
    elif answerable and not answer:
        raise BadArguments(f"{name}, line {line}: answerable, but the answer is empty.", FORMAT)
    return Case(question, answer, document, category, forbidden)


def _value(row: Mapping[str, Any], field: str) -> str:
    key = _key(tuple(row), field)
    value = row[key] if key else None
    if isinstance(value, list):
        return "|".join(str(part).strip() for part in value if part not in (None, ""))
    return "" if value is None else str(value).strip()


def _key(columns: Sequence[str], field: str) -> str | None:
    """Return the column that holds a field under one of its names."""
    known = {str(c).strip().lower().replace(" ", "_"): c for c in columns}
    return next((known[name] for name in NAMES[field] if name in known), None)
