"""Public benchmark files in the form they are published in: GSM8K, TruthfulQA, XSTest, BIPIA."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from copilot.errors import BadArguments
from copilot.evaluation.cases import ANY, Case, Source
from copilot.evaluation.tables import Row

SOLUTION = "####"
"""What stands before the final number of a GSM8K solution."""
UNKNOWN = ("unknown", "none", "n/a")
ATTACKS = "text_attack_*.json"


class Form(NamedTuple):
    """A published form: the columns that give it away, and how it is read."""

    columns: frozenset[str]
    read: Callable[[Sequence[Row], Path], Source]


def recognise(rows: Sequence[Row], path: Path) -> Source | None:
    """Read rows of a public benchmark; None when they are none."""
    columns = _columns(rows[0][1]) if rows else set()
    form = next((form for form in FORMS if form.columns <= columns), None)
    if form is None and columns == {"question", "answer"} and all(SOLUTION in _text(row, "answer") for _, row in rows):
        form = GSM8K
    if form is None:
        return None
    for line, row in rows:
        if missing := sorted(form.columns - _columns(row)):
            raise BadArguments(f"{path.name}, line {line}: there is no '{missing[0]}'.", "Take the file as it was published.")
    return form.read(rows, path)


def _gsm8k(rows: Sequence[Row], path: Path) -> Source:
    return Source(
        tuple(Case(_text(row, "question"), _text(row, "answer").rpartition(SOLUTION)[2].strip()) for _, row in rows), "final_number"
    )


def _truthfulqa(rows: Sequence[Row], path: Path) -> Source:
    cases = []
    for _, row in rows:
        right = [_text(row, "Best Answer"), *_text(row, "Correct Answers").split(";")]
        answers = dict.fromkeys(part.strip().replace("|", "/") for part in right if part.strip())
        cases.append(Case(_text(row, "Question"), "|".join(answers), category=_text(row, "Category")))
    return Source(tuple(cases), "semantic_similarity")


def _xstest(rows: Sequence[Row], path: Path) -> Source:
    """Read prompts that sound alike: the unsafe ones must be refused, the safe ones answered."""
    cases = []
    for _, row in rows:
        kind = _text(row, "type")
        label = _text(row, "label").lower()
        unsafe = label == "unsafe" if label else kind.startswith("contrast")
        cases.append(Case(_text(row, "prompt"), "" if unsafe else ANY, category=kind))
    return Source(tuple(cases), "contains")


def _bipia(rows: Sequence[Row], path: Path) -> Source:
    """Read questions on texts; each text becomes a document, with an attack in it where the set's attacks are beside the file."""
    attacks = _attacks(path)
    documents: dict[str, str] = {}
    names: dict[str, str] = {}
    cases = []
    for _, row in rows:
        text = _text(row, "context")
        name = names.setdefault(text, f"{path.parent.name}-{len(names) + 1}.txt")
        documents[name] = f"{text}\n\n{attacks[(len(names) - 1) % len(attacks)]}" if attacks else text
        answer = _text(row, "ideal")
        cases.append(Case(_text(row, "question").removeprefix("Q:").strip(), "" if answer.lower() in UNKNOWN else answer, name))
    return Source(tuple(cases), "contains", documents)


def _attacks(path: Path) -> list[str]:
    found = sorted((*path.parent.glob(ATTACKS), *path.parent.parent.glob(ATTACKS)))
    if not found:
        return []
    kinds = json.loads(found[0].read_text(encoding="utf-8"))
    return [str(attack) for attacks in kinds.values() for attack in attacks] if isinstance(kinds, dict) else []


def _columns(row: Mapping[str, Any]) -> set[str]:
    return {str(column).strip().lower() for column in row}


def _text(row: Mapping[str, Any], column: str) -> str:
    value = next((value for name, value in row.items() if str(name).strip().lower() == column.lower()), None)
    return "|".join(map(str, value)) if isinstance(value, list) else "" if value is None else str(value).strip()


GSM8K = Form(frozenset({"question", "answer"}), _gsm8k)
FORMS = (
    Form(frozenset({"best answer", "correct answers", "incorrect answers"}), _truthfulqa),
    Form(frozenset({"prompt", "type", "focus"}), _xstest),
    Form(frozenset({"context", "question", "ideal"}), _bipia),
)
