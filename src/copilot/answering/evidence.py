"""How well each unit of the passages answers a question, and how far the best can be trusted."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from copilot.answering.features import Candidate, candidates, fit, similarities
from copilot.answering.question import Question
from copilot.knowledge.search import Encoder, Passage

RANKING: Mapping[str, float] = {
    "near_label": 8.56, "near_text": 3.7, "near_clause": 2.84, "coverage": 4.91, "name_missing": -1.06, "names_missing": -1.42,
    "kind_shown": 1.18, "kind_missing": -1.22, "count_missing": -1.62, "cell_found": 2.57, "row_unnamed": -0.52, "column_missing": -0.5,
    "length": 0.44,
}  # fmt: skip
"""A conditional logit: of all units of a question, the one that answers it; see scripts/fit_answerer.py."""
TRUST: Mapping[str, float] = {
    "score": 0.27, "aside": 0.16, "unmet": -1.57, "met": 4.36, "names_missing": -2.54, "count_missing": -2.15, "terms": 0.21,
    "column_missing": -1.73, "kind_missing": -0.75,
}  # fmt: skip
TRUST_BIAS = -6.87
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
