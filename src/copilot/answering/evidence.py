"""How well each unit of the passages answers a question, and how far the best can be trusted."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from copilot.answering.features import Candidate, candidates
from copilot.answering.memory import Memory
from copilot.answering.question import Question
from copilot.knowledge.search import Passage

LIKELY: Mapping[str, float] = {
    "coverage": 7.84, "relevance": 8.17, "name_missing": 0.23, "names_missing": -1.8, "kind_shown": 1.65, "kind_missing": -1.46,
    "count_missing": -2.63, "cell_found": 0.83,
}  # fmt: skip
"""A conditional logit on what the words tell: of all units of a question, the one that answers it; see scripts/train_reader.py."""
RANKING: Mapping[str, float] = {
    "coverage": 3.68, "relevance": 4.47, "name_missing": -2.31, "names_missing": 0.93, "kind_shown": 0.75, "kind_missing": -1.3,
    "count_missing": -0.39, "cell_found": 0.05, "read": 0.48,
}  # fmt: skip
"""The same with what the reader says, of the likely ones."""
TRUST: Mapping[str, float] = {"read": 0.2, "margin": 0.36}
"""A logistic regression: whether the best unit answers, or there is no answer."""
TRUST_BIAS = -1.01

ALONE = 3.0
"""By how much a unit is better than the next where there is no other."""
READ = 12
"""How many units, the likeliest by their words, are read."""


@dataclass(frozen=True)
class Evidence:
    """A candidate and its score, which tells by how much it is better than another for the same question."""

    candidate: Candidate
    score: float


def weigh(question: Question, passages: Sequence[Passage], memory: Memory) -> list[Evidence]:
    """Score the units of the passages that may answer, the best first."""
    likely = shortlist(candidates(question, passages, memory))
    found = [Evidence(c, _weighted(RANKING, c.features)) for c in read_with(question, likely, memory)]
    return sorted(found, key=lambda e: -e.score)


def shortlist(found: Sequence[Candidate]) -> list[Candidate]:
    """Return the candidates that are worth reading."""
    return sorted(found, key=lambda c: -_weighted(LIKELY, c.features))[:READ]


def read_with(question: Question, found: Sequence[Candidate], memory: Memory) -> list[Candidate]:
    """Add what the reader says of each candidate."""
    scores = memory.read(question.text, [c.headed for c in found]) if found else []
    return [replace(c, features={**c.features, "read": score}) for c, score in zip(found, scores, strict=True)]


def trust(ranked: Sequence[Evidence]) -> float:
    """Return how likely the best of the evidence is an answer at all, 0..1."""
    return 1 / (1 + math.exp(-TRUST_BIAS - _weighted(TRUST, grounds(ranked))))


def grounds(ranked: Sequence[Evidence]) -> dict[str, float]:
    """Return what tells whether the best of the evidence answers: beside its own features, its lead over the next that says
    something else."""
    best = ranked[0]
    next_score = next((e.score for e in ranked[1:] if not e.candidate.unit.repeats(best.candidate.unit)), best.score - ALONE)
    return {**best.candidate.features, "margin": best.score - next_score}


def _weighted(weights: Mapping[str, float], features: Mapping[str, float]) -> float:
    return sum(weight * features.get(name, 0.0) for name, weight in weights.items())
