"""What is measured of each unit of the passages to tell how well it answers a question."""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from copilot.answering.kinds import NUMERAL
from copilot.answering.question import Question, covered, terms
from copilot.answering.rows import Cell, asked_cell
from copilot.answering.units import Unit, units
from copilot.knowledge.search import Encoder, Passage

NEAR_NUMBER = 3
"""How many words after a number the thing may stand that it counts."""


@dataclass(frozen=True)
class Candidate:
    """A unit, the cell that is asked for (in a table row), and what was measured of it."""

    unit: Unit
    cell: Cell | None
    features: Mapping[str, float]

    @property
    def said(self) -> str:
        return self.cell.text if self.cell else self.unit.text

    @property
    def headed(self) -> str:
        """What the reader reads: the text, or of a row what is asked for, under its heading."""
        text = self.cell.row if self.cell else self.unit.text
        return f"{self.unit.topic}. {text}" if self.unit.topic else text


def candidates(question: Question, passages: Sequence[Passage], embedder: Encoder) -> list[Candidate]:
    """Cut the passages into units and measure of each what the words tell."""
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
    }


def _showing(question: Question, candidate: Candidate) -> dict[str, float]:
    shown = question.shown(candidate.said)
    counts = not question.counted or candidate.unit.cells or _counted(question.counted, candidate.unit.text)
    return {
        "cell_found": float(candidate.cell is not None),
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
