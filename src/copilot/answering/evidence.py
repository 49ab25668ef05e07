"""How well each unit of the passages answers a question, and how far the best can be trusted."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from copilot.answering.features import Candidate, candidates, fit, similarities
from copilot.answering.question import Question
from copilot.knowledge.search import Encoder, Passage

RANKING: Mapping[str, float] = {
    "near_label": 8.61, "near_text": 3.37, "near_clause": 3.29, "coverage": 4.8, "name_missing": -1.06, "names_missing": -1.42,
    "kind_shown": 1.01, "kind_missing": -1.05, "count_missing": -1.43, "cell_found": 2.5, "row_unnamed": -0.51, "column_missing": -0.49,
    "length": 0.56,
}  # fmt: skip
"""A conditional logit: of all units of a question, the one that answers it; see benchmarks/fit_answers.py."""
TRUST: Mapping[str, float] = {
    "score": 0.23, "aside": 0.2, "unmet": -0.79, "met": 5.41, "names_missing": -1.16, "count_missing": -2.0, "terms": 0.18,
    "column_missing": -1.45, "kind_missing": -0.86, "unanchored": -1.9, "near_clause": 2.69, "near_label": -1.36,
}  # fmt: skip
TRUST_BIAS = -7.9
"""A logistic regression: whether the best unit answers, or there is no answer; fitted with the ranking's score as a feature."""

COMPARED = 24
"""How many units, the best by their words, are also compared as vectors."""


@dataclass(frozen=True)
class Evidence:
    """A candidate and its score, which tells by how much it is better than another for the same question."""

    candidate: Candidate
    score: float


def weigh(question: Question, passages: Sequence[Passage], embedder: Encoder) -> list[Evidence]:
    """Score the units of the passages that may answer, the best first."""
    found = candidates(question, passages, embedder)
    likely = sorted(found, key=lambda c: -_weighted(RANKING, c.features))[:COMPARED]
    if not likely:
        return []
    scored = [Evidence(c, _weighted(RANKING, c.features)) for c in similarities(question, likely, embedder)]
    return sorted(scored, key=lambda e: -e.score)


def trust(question: Question, best: Evidence, embedder: Encoder) -> float:
    """Return how likely the best of the evidence is an answer at all, 0..1."""
    features = {**best.candidate.features, **fit(question, best.candidate, embedder), "score": best.score}
    return 1 / (1 + math.exp(-TRUST_BIAS - _weighted(TRUST, features)))


def _weighted(weights: Mapping[str, float], features: Mapping[str, float]) -> float:
    return sum(weight * features.get(name, 0.0) for name, weight in weights.items())
