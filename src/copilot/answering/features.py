"""What is measured of each unit of the passages to tell how well it answers a question."""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from copilot.answering.kinds import NUMERAL
from copilot.answering.question import STOP, Question, covered, terms, words
from copilot.answering.rows import Cell, asked_cell, names_row
from copilot.answering.units import Unit, units
from copilot.knowledge.search import Encoder, Passage

NEAR_NUMBER = 3
"""How many words after a number the thing may stand that it counts."""
SAME_THING = 0.45
"""Cosine from which two words may mean the same thing."""


@dataclass(frozen=True)
class Candidate:
    """A unit, the cell that is asked for (in a table row), and what was measured of it."""

    unit: Unit
    cell: Cell | None
    features: Mapping[str, float]

    @property
    def said(self) -> str:
        return self.cell.text if self.cell else self.unit.text


def candidates(question: Question, passages: Sequence[Passage], embedder: Encoder) -> list[Candidate]:
    """Cut the passages into units and measure of each what the words tell; `similarities` adds what the vectors tell."""
    found = [unit for passage in passages for unit in units(passage)]
    if not found or not question.terms:
        return []
    own = [frozenset(terms(unit.text)) for unit in found]
    documents: dict[int, set[str]] = defaultdict(set)
    for unit, stems in zip(found, own, strict=True):
        documents[unit.passage.document] |= stems | set(terms(f"{unit.passage.heading} {unit.passage.name}"))
    named_rows = any(
        unit.cells and question.names and all(covered(t, near) for t in question.names) for unit, near in zip(found, own, strict=True)
    )
    rarity = _rarity(question, own)
    measured = []
    for unit, stems in zip(found, own, strict=True):
        cell = asked_cell(question, unit.cells, unit.topic, embedder) if unit.cells else None
        named_in = stems if unit.cells or named_rows else documents[unit.passage.document]
        candidate = Candidate(unit, cell, {})
        features = (
            _wording(question, stems, rarity) | _naming(question, named_in) | _showing(question, candidate) | _tabling(question, candidate)
        )
        measured.append(Candidate(unit, cell, features))
    return measured


def similarities(question: Question, found: Sequence[Candidate], embedder: Encoder) -> list[Candidate]:
    """Add how near each candidate is to the question, to its clause that asks, and to what a label would say."""
    texts = [f"{c.unit.topic}. {c.unit.text}" if c.unit.topic else c.unit.text for c in found]
    vectors = embedder.encode([question.text, question.clause, question.label, *texts])
    near = vectors[3:] @ vectors[:3].T
    return [
        Candidate(c.unit, c.cell, {**c.features, "near_text": float(text), "near_clause": float(clause), "near_label": float(label)})
        for c, (text, clause, label) in zip(found, near, strict=True)
    ]


def fit(question: Question, candidate: Candidate, embedder: Encoder) -> dict[str, float]:
    """Measure how much of what is asked a candidate takes up, word by word, and how much the question tells beside it."""
    asked = question.asked
    text = f"{candidate.unit.topic} {candidate.unit.text}"
    there = list(dict.fromkeys(w for w in words(text) if w not in STOP))
    stems = frozenset(terms(text))
    met = [0.0] * len(asked)
    if asked and there:
        vectors = embedder.encode([*asked, *there])
        nearest = (vectors[: len(asked)] @ vectors[len(asked) :].T).max(axis=1)
        met = [1.0 if all(covered(t, stems) for t in terms(word)) else float(near) for word, near in zip(asked, nearest, strict=True)]
    return {
        "met": sum(met) / max(1, len(met)),
        "unmet": sum(near < SAME_THING for near in met) / max(1, len(met)),
        "terms": len(question.terms),
        "aside": len(question.terms) - len(terms(question.clause)),
    }


def _rarity(question: Question, own: Sequence[AbstractSet[str]]) -> dict[str, float]:
    """Weigh the question's words: those that few units hold tell most, and what "which" asks for counts twice."""
    seen = Counter(t for t in question.terms for stems in own if covered(t, stems))
    return {t: math.log(1 + len(own) / (0.5 + seen[t])) * (2 if t == question.focus else 1) for t in question.terms}


def _wording(question: Question, stems: AbstractSet[str], rarity: Mapping[str, float]) -> dict[str, float]:
    return {
        "coverage": sum(rarity[t] for t in question.terms if covered(t, stems)) / sum(rarity.values()),
        "length": math.log(1 + len(stems)),
    }


def _naming(question: Question, named_in: AbstractSet[str]) -> dict[str, float]:
    """The question's names have to be among the words `named_in`."""
    missing = sum(not covered(t, named_in) for t in question.names)
    return {
        "name_missing": float(missing > 0),
        "names_missing": missing / max(1, len(question.names)),
        "unanchored": float(bool(question.names) and missing == len(question.names)),
    }


def _showing(question: Question, candidate: Candidate) -> dict[str, float]:
    shown = question.shown(candidate.said)
    counts = not question.counted or candidate.unit.cells or _counted(question.counted, candidate.unit.text)
    return {"kind_shown": float(bool(question.kind) and shown), "kind_missing": float(not shown), "count_missing": float(not counts)}


def _tabling(question: Question, candidate: Candidate) -> dict[str, float]:
    cells = candidate.unit.cells
    return {
        "cell_found": float(candidate.cell is not None),
        "row_unnamed": float(bool(cells) and not names_row(question, cells)),
        "column_missing": float(bool(cells) and candidate.cell is None),
    }


def _counted(things: Sequence[str], text: str) -> bool:
    """Whether a number stands right before what is counted."""
    tokens = re.findall(r"\d[\d.,]*|\w+", text.lower())
    numbers = [i for i, t in enumerate(tokens) if t[0].isdigit() or re.fullmatch(NUMERAL, t)]
    counted = [i for i, t in enumerate(tokens) if any(covered(thing, terms(t)) for thing in things)]
    return any(0 < t - n <= NEAR_NUMBER for n in numbers for t in counted)
