"""Fit the weights in `copilot/answering/evidence.py` on every set of `benchmarks/answers.py` that is not held out.

Prints the tables to put there. Run: python -m benchmarks.fit_answers
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize  # type: ignore[import-untyped]
from scipy.special import logsumexp  # type: ignore[import-untyped]

from benchmarks.answers import SETS, find, opened, pages
from copilot.answering.answer import Answer
from copilot.answering.evidence import RANKING, TRUST
from copilot.answering.features import Candidate, candidates, fit, similarities
from copilot.answering.question import Question, read
from copilot.evaluation.cases import Case, read_cases
from copilot.evaluation.scorers import Bench, score
from copilot.outside.embed import Embedder

HELD_OUT = ("held-out", "ntsb-blind")
RIDGE = {"ranking": 3.0, "trust": 2.0}
UNANSWERABLE_WEIGHT = 0.3
"""How much a question counts that was made unanswerable by taking its answers out of the passages."""
FOLDS = 5

Table = NDArray[np.float64]
Loss = Callable[[Table], tuple[float, Table]]


@dataclass(frozen=True)
class Asked:
    """A question with its candidates: what was measured of each, and whether it holds the answer."""

    question: Question
    found: tuple[Candidate, ...]
    right: NDArray[np.bool_]

    @property
    def table(self) -> Table:
        return np.array([[c.features[name] for name in RANKING] for c in self.found])

    def without_answers(self) -> "Asked":
        """The same question, unanswerable."""
        left = [c for c, right in zip(self.found, self.right, strict=True) if not right]
        return Asked(self.question, tuple(left), np.zeros(len(left), bool))


def measure(embedder: Embedder) -> list[Asked]:
    """Ask every question that may be learned from; those whose answer is not among the passages teach nothing."""
    asked = []
    for name, (questions, sources) in SETS.items():
        if name in HELD_OUT or not all(source.exists() for source in sources):
            continue
        page = pages(questions)
        with opened(sources, embedder) as store:
            for case in read_cases(questions):
                question = read(case.question)
                found = similarities(question, candidates(question, find(case.question, store, embedder), embedder), embedder)
                right = np.array([case.answerable and answers(case, page.get(case.question), c, embedder) for c in found], bool)
                if right.any() or not case.answerable:
                    asked.append(Asked(question, tuple(found), right))
    return asked


def answers(case: Case, page: int | None, candidate: Candidate, embedder: Embedder) -> bool:
    passage = candidate.unit.passage
    placed = passage.name.endswith(case.document) and page in (None, passage.page)
    return placed and bool(score("contains", case, Answer(candidate.said), Bench(embedder)).passed)


def minimise(loss: Loss, size: int) -> Table:
    return np.asarray(minimize(loss, np.zeros(size), jac=True, method="L-BFGS-B").x)


def fit_ranking(asked: Sequence[Asked]) -> Table:
    """Maximise the share that the right units have of e to the score."""
    tables = [(a.table, a.right) for a in asked if a.right.any()]
    scale = np.concatenate([table for table, _ in tables]).std(axis=0) + 1e-6

    def loss(weights: Table) -> tuple[float, Table]:
        total = float(RIDGE["ranking"] * weights @ weights)
        slope = 2 * RIDGE["ranking"] * weights
        for table, right in tables:
            scores = table / scale @ weights
            total += float(logsumexp(scores) - logsumexp(scores[right]))
            gap = np.exp(scores - logsumexp(scores)) - right * np.exp(scores - logsumexp(scores[right]))
            slope = slope + gap @ table / scale
        return total, slope

    return np.asarray(minimise(loss, len(RANKING)) / scale)


def best_of(asked: Asked, ranking: Table, embedder: Embedder) -> tuple[list[float], bool]:
    """Measure the best unit as `evidence.trust` does, and say whether it is right."""
    scores = asked.table @ ranking
    best = int(scores.argmax())
    candidate = asked.found[best]
    features = {**candidate.features, **fit(asked.question, candidate, embedder), "score": float(scores[best])}
    return [features[name] for name in TRUST], bool(asked.right[best])


def fit_trust(asked: Sequence[Asked], embedder: Embedder) -> tuple[Table, float]:
    """Fit on units that were ranked by weights from other questions; make hard unanswerable questions of the answerable ones."""
    rows, right, counts = [], [], []
    for fold in range(FOLDS):
        ranking = fit_ranking([a for i, a in enumerate(asked) if i % FOLDS != fold])
        for one in (a for i, a in enumerate(asked) if i % FOLDS == fold):
            for version, weight in ((one, 1.0), (one.without_answers(), UNANSWERABLE_WEIGHT if one.right.any() else 0.0)):
                if version.found and weight:
                    row, holds = best_of(version, ranking, embedder)
                    rows.append(row)
                    right.append(holds)
                    counts.append(weight)
    table, wanted, importance = np.array(rows), np.array(right, float), np.array(counts)
    middle, scale = table.mean(axis=0), table.std(axis=0) + 1e-6
    normal = (table - middle) / scale

    def loss(weights: Table) -> tuple[float, Table]:
        scores = normal @ weights[:-1] + weights[-1]
        gap = importance * (1 / (1 + np.exp(-scores)) - wanted)
        total = float(importance @ (np.logaddexp(0, scores) - wanted * scores) + RIDGE["trust"] * weights[:-1] @ weights[:-1])
        return total, np.append(gap @ normal + 2 * RIDGE["trust"] * weights[:-1], gap.sum())

    weights = minimise(loss, len(TRUST) + 1)
    return weights[:-1] / scale, float(weights[-1] - weights[:-1] / scale @ middle)


def main() -> None:
    embedder = Embedder.load()
    asked = measure(embedder)
    ranking = fit_ranking(asked)
    trust, bias = fit_trust(asked, embedder)
    print(len(asked), "questions,", sum(not a.right.any() for a in asked), "without an answer")
    print("RANKING", {name: round(float(weight), 2) for name, weight in zip(RANKING, ranking, strict=True)})
    print("TRUST", {name: round(float(weight), 2) for name, weight in zip(TRUST, trust, strict=True)}, "TRUST_BIAS", round(bias, 2))


if __name__ == "__main__":
    main()
