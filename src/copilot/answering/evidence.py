"""How well each unit of the passages answers a question, and how far the best can be trusted."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from copilot.answering.features import Candidate, candidates, fit, similarities
from copilot.answering.question import Question
from copilot.knowledge.search import Encoder, Passage

RANKING: Mapping[str, float] = {
    "near_label": 2.68, "near_text": 4.21, "near_clause": 3.62, "near_names": -3.86, "near_middle": -4.12, "coverage": 4.34,
    "relevance": 7.47, "name_missing": -1.37, "names_missing": -1.64, "kind_shown": 1.26, "kind_missing": -3.09,
    "count_missing": -3.5, "cell_found": 2.22, "field": -0.16, "near_field": 2.53,
}  # fmt: skip
"""A conditional logit: of all units of a question, the one that answers it; see benchmarks/fit_answers.py."""
TRUST: Mapping[str, float] = {
    "met": 5.35, "terms": 0.21, "margin": 0.42, "near_text": 2.74, "behind": -7.38, "names_missing": -0.76,
    "unanchored": -2.36, "kind_missing": -2.39, "column_missing": -0.8, "other_row": -5.34,
}  # fmt: skip
TRUST_BIAS = -6.67
"""A logistic regression: whether the best unit answers, or there is no answer."""

ALONE = 3.0
"""By how much a unit is better than the next where there is no other."""
COMPARED = 12
"""How many units, the best by their words, are also compared as vectors."""


@dataclass(frozen=True)
class Evidence:
    """A candidate and its score, which tells by how much it is better than another for the same question."""

    candidate: Candidate
    score: float


def weigh(question: Question, passages: Sequence[Passage], embedder: Encoder) -> list[Evidence]:
    """Score the units of the passages that may answer, the best first."""
    likely = shortlist(candidates(question, passages, embedder))
    if not likely:
        return []
    scored = [Evidence(c, _weighted(RANKING, c.features)) for c in similarities(question, likely, embedder)]
    return sorted(scored, key=lambda e: -e.score)


def shortlist(found: Sequence[Candidate]) -> list[Candidate]:
    """Return the candidates that are worth comparing as vectors."""
    return sorted(found, key=lambda c: -_weighted(RANKING, c.features))[:COMPARED]


def trust(question: Question, ranked: Sequence[Evidence], embedder: Encoder) -> float:
    """Return how likely the best of the evidence is an answer at all, 0..1."""
    return 1 / (1 + math.exp(-TRUST_BIAS - _weighted(TRUST, grounds(question, ranked, embedder))))


def grounds(question: Question, ranked: Sequence[Evidence], embedder: Encoder) -> dict[str, float]:
    """Measure what tells whether the best of the evidence answers.

    Beside what it takes up of the question: by how much it is better than the next that says something else, and by how much the
    best passage has more to do with the question than its own.
    """
    best = ranked[0]
    next_score = next((e.score for e in ranked[1:] if not e.candidate.unit.repeats(best.candidate.unit)), best.score - ALONE)
    most_relevant = max(e.candidate.unit.passage.relevance for e in ranked)
    return {
        **best.candidate.features,
        **fit(question, best.candidate, embedder),
        "margin": best.score - next_score,
        "behind": most_relevant - best.candidate.unit.passage.relevance,
    }


def _weighted(weights: Mapping[str, float], features: Mapping[str, float]) -> float:
    return sum(weight * features.get(name, 0.0) for name, weight in weights.items())
