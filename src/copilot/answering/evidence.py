"""How well each unit of the passages answers a question."""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from copilot.answering.kinds import NUMERAL
from copilot.answering.question import Question, covered, stem, terms, words
from copilot.answering.rows import Cell, asked_cell, names_row
from copilot.answering.units import Unit, units
from copilot.knowledge.search import Encoder, Passage

WEIGHTS = {
    "similarity": 4.8,
    "coverage": 3.6,
    "missing_name": -2.3,
    "nothing_new": -1.0,
    "kind_shown": 0.5,
    "kind_missing": -1.4,
    "answers_heading": 0.5,
    "cell_found": 0.8,
    "label_asked": 1.6,
    "row_unnamed": -3.0,
    "column_missing": -1.4,
    "count_missing": -1.6,
}
BIAS = -4.15
"""A logistic regression over every unit found for 209 questions (four made-up documents, the sample company, the NTSB reports;
55 of them without an answer), rounded; what was too rare to fit (`nothing_new`, `answers_heading`, `label_asked`, `row_unnamed`) is set
by hand."""

PER_WORD, LONG = -0.01, 40
"""Of two units that answer as well, the shorter is taken."""

TOPIC_CREDIT = 0.6
"""How much a word in the heading above a sentence counts, where one in the sentence counts 1."""

LABEL = re.compile(r"((?:[^\s:;]+\s){0,3}[^\s:;]+):\s+(?=\S)")
NEAR_NUMBER = 3
"""How many words after a number the thing may stand that it counts."""


@dataclass(frozen=True)
class Evidence:
    """A unit, the cell that is asked for (in a table row), and how sure it is the answer, 0..1."""

    unit: Unit
    cell: Cell | None
    score: float


@dataclass(frozen=True)
class _Words:
    """Stems of a unit, of its heading, of its passage with headings and document name, and of all that was found of its document."""

    own: AbstractSet[str]
    topic: AbstractSet[str]
    passage: AbstractSet[str]
    document: AbstractSet[str]


def weigh(question: Question, passages: Sequence[Passage], embedder: Encoder) -> list[Evidence]:
    """Score every unit of the passages, the best first."""
    found = [unit for passage in passages for unit in units(passage)]
    if not found or not question.terms:
        return []
    around = _surroundings(found)
    weights = _weights(question, [near.own for near in around])
    texts = [f"{u.topic}. {u.text}" if u.topic else u.text for u in found]
    vectors = embedder.encode([question.text, question.bare, *texts])
    similarity = vectors[2:] @ (vectors[0] + vectors[1]) / 2
    named_rows = any(unit.cells and all(covered(t, near.own) for t in question.names) for unit, near in zip(found, around, strict=True))
    evidence = []
    for unit, near, similar in zip(found, around, similarity, strict=True):
        cell = asked_cell(question, unit.cells, unit.topic, embedder) if unit.cells else None
        named_in = near.own if unit.cells or named_rows else near.document
        features = _features(question, unit, near, cell, named_in)
        coverage = sum(weights[t] * _credit(t, question, near) for t in question.terms) / sum(weights.values())
        length = min(len(unit.text.split()), LONG)
        z = (
            BIAS
            + PER_WORD * length
            + WEIGHTS["similarity"] * float(similar)
            + WEIGHTS["coverage"] * coverage
            + sum(WEIGHTS[name] for name in features)
        )
        evidence.append(Evidence(unit, cell, 1 / (1 + math.exp(-z))))
    return sorted(evidence, key=lambda e: -e.score)


def _surroundings(found: Sequence[Unit]) -> list[_Words]:
    own = [frozenset(terms(unit.text)) for unit in found]
    passages: dict[int, set[str]] = defaultdict(set)
    documents: dict[int, set[str]] = defaultdict(set)
    for unit, stems in zip(found, own, strict=True):
        passages[unit.passage.chunk] |= stems | set(terms(f"{unit.passage.heading} {unit.passage.name}"))
        documents[unit.passage.document] |= passages[unit.passage.chunk]
    return [
        _Words(stems, frozenset(terms(unit.topic)), passages[unit.passage.chunk], documents[unit.passage.document])
        for unit, stems in zip(found, own, strict=True)
    ]


def _weights(question: Question, stems: Sequence[AbstractSet[str]]) -> dict[str, float]:
    """Weigh the question's words: those that few units hold tell most, and what "which" asks for counts twice."""
    seen = Counter(t for t in question.terms for own in stems if covered(t, own))
    return {t: math.log(1 + len(stems) / (0.5 + seen[t])) * (2 if t == question.focus else 1) for t in question.terms}


def _credit(term: str, question: Question, near: _Words) -> float:
    """How much of a word is covered: a name may stand nearby, other words should stand in the unit itself."""
    if covered(term, near.own):
        return 1.0
    nearby, far = (0.95, 0.85) if term in question.names else (0.3, 0.1)
    if covered(term, near.topic):
        return max(TOPIC_CREDIT, nearby)
    return nearby if covered(term, near.passage) else far if covered(term, near.document) else 0.0


def _features(question: Question, unit: Unit, near: _Words, cell: Cell | None, named_in: AbstractSet[str]) -> list[str]:
    """Name the yes-or-no features that hold; the question's names have to be among the words `named_in`."""
    shown = question.shown(cell.text if cell else unit.text)
    holds = {
        "missing_name": any(not covered(t, named_in) for t in question.names),
        "nothing_new": all(covered(t, question.terms) for t in near.own),
        "kind_shown": bool(question.kind) and shown,
        "kind_missing": not shown,
        "answers_heading": unit.topic.endswith("?") and unit.first and len(set(question.terms) & near.topic) >= 0.6 * len(question.terms),
        "cell_found": cell is not None,
        "label_asked": not unit.cells and _labelled(question, unit.text),
        "row_unnamed": bool(unit.cells) and not names_row(question, unit.cells),
        "column_missing": bool(unit.cells) and cell is None,
        "count_missing": bool(question.counted) and not unit.cells and not _counted(question.counted, unit.text),
    }
    return [name for name, held in holds.items() if held]


def _labelled(question: Question, text: str) -> bool:
    """Whether a label before a colon names what is asked for: `Registration: N5921D`."""
    hints = question.kind.columns if question.kind else ()
    labels = [words(label) for label in LABEL.findall(text)]
    return any(question.focus in map(stem, label) or (len(label) <= 2 and label[0] in hints) for label in labels if label)


def _counted(things: Sequence[str], text: str) -> bool:
    """Whether a number stands right before what is counted."""
    tokens = re.findall(r"\d[\d.,]*|\w+", text.lower())
    numbers = [i for i, t in enumerate(tokens) if t[0].isdigit() or re.fullmatch(NUMERAL, t)]
    counted = [i for i, t in enumerate(tokens) if any(covered(thing, terms(t)) for thing in things)]
    return any(0 < t - n <= NEAR_NUMBER for n in numbers for t in counted)
