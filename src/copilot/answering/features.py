"""What is measured of each unit of the passages to tell how well it answers a question."""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from copilot.answering.kinds import NUMERAL
from copilot.answering.question import STOP, Question, covered, terms, words
from copilot.answering.rows import Cell, asked_cell
from copilot.answering.units import Unit, units
from copilot.knowledge.search import Encoder, Passage

Vectors = NDArray[np.float32]

NEAR_NUMBER = 3
"""How many words after a number the thing may stand that it counts."""
LONE = 0.4
"""How near units of a document are to each other; stands for the only one of its document."""


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
            {"relevance": unit.passage.relevance, "coverage": _coverage(question, stems, rarity)}
            | _naming(question, unit, named_in)
            | _showing(question, candidate)
        )
        measured.append(Candidate(unit, cell, features))
    return measured


def similarities(question: Question, found: Sequence[Candidate], embedder: Encoder) -> list[Candidate]:
    """Add what the vectors tell.

    How near each candidate is to the question, to its clause that asks, to what a label would say, and to its names alone, which
    every unit about the same thing is near to; how near to the rest of its document; and its label to the question's.
    """
    texts = [f"{c.unit.topic}. {c.unit.text}" if c.unit.topic else c.unit.text for c in found]
    labels = [c.unit.label for c in found]
    asked = [question.text, question.clause, question.label, question.named]
    vectors = embedder.encode([*asked, *texts, *labels])
    wanted, own, labelled = np.split(vectors, [len(asked), len(asked) + len(texts)])
    near, like, fields = own @ wanted.T, _middle(found, own), labelled @ wanted[2]
    return [
        Candidate(
            c.unit,
            c.cell,
            {
                **c.features,
                "near_text": float(near[i, 0]),
                "near_clause": float(near[i, 1]),
                "near_label": float(near[i, 2]),
                "near_names": float(near[i, 3]) if question.named else 0.0,
                "near_middle": like[i],
                "field": float(bool(labels[i])),
                "near_field": float(fields[i]) if labels[i] else 0.0,
            },
        )
        for i, c in enumerate(found)
    ]


def _middle(found: Sequence[Candidate], vectors: Vectors) -> list[float]:
    """How near each candidate is to the middle of the others of its document: what is, says what the document is about."""
    documents = np.array([c.unit.passage.document for c in found])
    near = []
    for i, (document, vector) in enumerate(zip(documents, vectors, strict=True)):
        rest = vectors[(documents == document) & (np.arange(len(vectors)) != i)].sum(axis=0)
        length = float(np.linalg.norm(rest))
        near.append(float(rest @ vector) / length if length > 0 else LONE)
    return near


def fit(question: Question, candidate: Candidate, embedder: Encoder) -> dict[str, float]:
    """Measure how much of what is asked a candidate takes up, word by word, and how much is asked."""
    asked = question.asked
    text = f"{candidate.unit.topic} {candidate.unit.text}"
    there = list(dict.fromkeys(w for w in words(text) if w not in STOP))
    stems = frozenset(terms(text))
    met = [0.0] * len(asked)
    if asked and there:
        vectors = embedder.encode([*asked, *there])
        nearest = (vectors[: len(asked)] @ vectors[len(asked) :].T).max(axis=1)
        met = [1.0 if all(covered(t, stems) for t in terms(word)) else float(near) for word, near in zip(asked, nearest, strict=True)]
    return {"met": sum(met) / max(1, len(met)), "terms": len(question.terms)}


def _rarity(question: Question, own: Sequence[AbstractSet[str]]) -> dict[str, float]:
    """Weigh the question's words: those that few units hold tell most, and what "which" asks for counts twice."""
    seen = Counter(t for t in question.terms for stems in own if covered(t, stems))
    return {t: math.log(1 + len(own) / (0.5 + seen[t])) * (2 if t == question.focus else 1) for t in question.terms}


def _coverage(question: Question, stems: AbstractSet[str], rarity: Mapping[str, float]) -> float:
    return sum(rarity[t] for t in question.terms if covered(t, stems)) / sum(rarity.values())


def _naming(question: Question, unit: Unit, named_in: AbstractSet[str]) -> dict[str, float]:
    """The question's names have to be among the words `named_in`."""
    missing = sum(not covered(t, named_in) for t in question.names)
    return {
        "name_missing": float(missing > 0),
        "names_missing": missing / max(1, len(question.names)),
        "other_row": float(bool(unit.cells)) * missing / max(1, len(question.names)),
        "unanchored": float(bool(question.names) and missing == len(question.names)),
    }


def _showing(question: Question, candidate: Candidate) -> dict[str, float]:
    shown = question.shown(candidate.said)
    counts = not question.counted or candidate.unit.cells or _counted(question.counted, candidate.unit.text)
    return {
        "cell_found": float(candidate.cell is not None),
        "column_missing": float(bool(candidate.unit.cells) and candidate.cell is None),
        "kind_shown": float(bool(question.kind) and shown),
        "kind_missing": float(not shown),
        "count_missing": float(not counts),
    }


def _counted(things: Sequence[str], text: str) -> bool:
    """Whether a number stands right before what is counted."""
    tokens = re.findall(r"\d[\d.,]*|\w+", text.lower())
    numbers = [i for i, t in enumerate(tokens) if t[0].isdigit() or re.fullmatch(NUMERAL, t)]
    counted = [i for i, t in enumerate(tokens) if any(covered(thing, terms(t)) for thing in things)]
    return any(0 < t - n <= NEAR_NUMBER for n in numbers for t in counted)
