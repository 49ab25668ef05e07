"""Fit the weights in `copilot/answering/evidence.py` on every set of `benchmarks/answers.py` that is not held out.

Prints first what the choice of features, ridges and thresholds is worth on documents that were not fitted on, then the tables to put
there. Run: python -m benchmarks.fit_answers
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import logsumexp

from benchmarks.answers import SETS, find, opened, pages
from copilot.answering.answer import Answer
from copilot.answering.evidence import RANKING, TRUST, Evidence, grounds, shortlist
from copilot.answering.extract import ENOUGH, nearest
from copilot.answering.features import Candidate, candidates, similarities
from copilot.answering.question import Question, read
from copilot.evaluation.cases import Case, read_cases
from copilot.evaluation.scorers import Bench, score
from copilot.knowledge.search import Encoder, Passage
from copilot.outside.embed import Embedder

HELD_OUT = ("held-out", "ntsb-blind", "ntsb-blind-2")
RANKING_RIDGE, TRUST_RIDGE = 1.0, 2.0
FOLDS = 8
TELLING = 3
"""An answer of fewer characters also stands in other places, and is looked for on the right page only."""

Table = NDArray[np.float64]
Loss = Callable[[Table], tuple[float, Table]]


@dataclass(frozen=True)
class Asked:
    """A question with its candidates: what was measured of each, and whether it holds the answer.

    `group` is the document it is about; questions of one group are never on both sides of a fit and its test.
    """

    name: str
    case: Case
    question: Question
    found: tuple[Candidate, ...]
    right: NDArray[np.bool_]
    group: str

    @property
    def table(self) -> Table:
        return np.array([[c.features[name] for name in RANKING] for c in self.found]).reshape(-1, len(RANKING))

    def ranked(self, weights: Table) -> list[Evidence]:
        scores = self.table @ weights
        return [Evidence(self.found[i], float(scores[i])) for i in np.argsort(-scores)]

    def holds(self, candidate: Candidate) -> bool:
        return any(right and found.unit == candidate.unit for found, right in zip(self.found, self.right, strict=True))


def measure(embedder: Embedder) -> list[Asked]:
    """Ask every question that may be learned from."""
    asked = []
    for name, (questions, sources) in SETS.items():
        if name in HELD_OUT or not all(source.exists() for source in sources):
            continue
        page = pages(questions)
        with opened(sources, embedder) as store:
            for case in read_cases(questions):
                asked.append(ask(name, case, page.get(case.question), find(case.question, store, embedder), embedder))
    return asked


def ask(name: str, case: Case, page: int | None, passages: Sequence[Passage], embedder: Encoder) -> Asked:
    question = read(case.question)
    found = similarities(question, shortlist(candidates(question, passages, embedder)), embedder)
    right = np.array([case.answerable and answers(case, page, c, embedder) for c in found], bool)
    told = case.document or next((c.unit.passage.name for c, r in zip(found, right, strict=True) if r), "")
    group = told or (passages[0].name if passages else "")
    return Asked(name, case, question, tuple(found), right, PurePath(group).name)


def answers(case: Case, page: int | None, candidate: Candidate, embedder: Encoder) -> bool:
    passage = candidate.unit.passage
    if not passage.name.endswith(case.document) or (page != passage.page and page and min(map(len, case.answer.split("|"))) < TELLING):
        return False
    return bool(score("contains", case, Answer(candidate.said), Bench(embedder)).passed)


def folds(asked: Sequence[Asked]) -> list[int]:
    """Put whole documents into folds of about the same size."""
    filled, where = [0] * FOLDS, {}
    for group, size in sorted(Counter(a.group for a in asked).items(), key=lambda item: (-item[1], item[0])):
        where[group] = filled.index(min(filled))
        filled[where[group]] += size
    return [where[a.group] for a in asked]


def minimise(loss: Loss, size: int) -> Table:
    return np.asarray(minimize(loss, np.zeros(size), jac=True, method="L-BFGS-B").x)


def fit_ranking(asked: Sequence[Asked]) -> Table:
    """Maximise the share that the right units have of e to the score."""
    tables = [(a.table, a.right) for a in asked if a.right.any()]
    scale = np.concatenate([table for table, _ in tables]).std(axis=0) + 1e-6

    def loss(weights: Table) -> tuple[float, Table]:
        total = float(RANKING_RIDGE * weights @ weights)
        slope = 2 * RANKING_RIDGE * weights
        for table, right in tables:
            scores = table / scale @ weights
            total += float(logsumexp(scores) - logsumexp(scores[right]))
            gap = np.exp(scores - logsumexp(scores)) - right * np.exp(scores - logsumexp(scores[right]))
            slope = slope + gap @ table / scale
        return total, slope

    return np.asarray(minimise(loss, len(RANKING)) / scale)


def fit_trust(table: Table, right: Table) -> tuple[Table, float]:
    middle, scale = table.mean(axis=0), table.std(axis=0) + 1e-6
    normal = (table - middle) / scale

    def loss(weights: Table) -> tuple[float, Table]:
        scores = normal @ weights[:-1] + weights[-1]
        gap = 1 / (1 + np.exp(-scores)) - right
        total = float((np.logaddexp(0, scores) - right * scores).sum() + TRUST_RIDGE * weights[:-1] @ weights[:-1])
        return total, np.append(gap @ normal + 2 * TRUST_RIDGE * weights[:-1], gap.sum())

    weights = minimise(loss, len(TRUST) + 1)
    return weights[:-1] / scale, float(weights[-1] - weights[:-1] / scale @ middle)


def judge(asked: Sequence[Asked], embedder: Encoder) -> tuple[Table, Table, list[list[Evidence]]]:
    """Rank the units of every question by weights of other documents; return what tells whether the best is right, and if it is."""
    fold = folds(asked)
    weights = [fit_ranking([a for a, mine in zip(asked, fold, strict=True) if mine != left]) for left in range(FOLDS)]
    ranked = [a.ranked(weights[mine]) for a, mine in zip(asked, fold, strict=True)]
    rows = [grounds(a.question, r, embedder) for a, r in zip(asked, ranked, strict=True)]
    right = [a.holds(r[0].candidate) for a, r in zip(asked, ranked, strict=True)]
    return np.array([[row[name] for name in TRUST] for row in rows]), np.array(right, float), ranked


def cross_validate(asked: Sequence[Asked], table: Table, right: Table, ranked: Sequence[list[Evidence]]) -> None:
    """Print what the answers to questions about documents that were not fitted on would have been."""
    fold = np.array(folds(asked))
    sure = np.zeros(len(asked))
    for left in range(FOLDS):
        weights, bias = fit_trust(table[fold != left], right[fold != left])
        sure[fold == left] = 1 / (1 + np.exp(-table[fold == left] @ weights - bias))
    seen: dict[str, Counter[str]] = {a.name: Counter() for a in asked}
    for a, p, holds, units in zip(asked, sure, right, ranked, strict=True):
        quoted = nearest(units)
        outcome = ("right" if holds else "wrong") if p >= ENOUGH else "refused"
        seen[a.name].update([outcome if a.case.answerable else f"unanswerable {outcome}"])
        if a.case.answerable and p < ENOUGH:
            seen[a.name].update(["quoted"] if any(a.holds(c) for c in quoted) else [])
    print("cross-validated by document: right, wrong, refused (fact among the nearest quotes), unanswerable, of these answered")
    for name, n in (*seen.items(), ("all", sum(seen.values(), Counter[str]()))):
        unanswerable = n["unanswerable wrong"] + n["unanswerable refused"]
        print(f"{name:12} {n['right']:4} {n['wrong']:4} {n['refused']:4} ({n['quoted']}) {unanswerable:6} {n['unanswerable wrong']:4}")


def written(weights: Mapping[str, float], values: Table) -> str:
    return str({name: round(float(value), 2) for name, value in zip(weights, values, strict=True)})


def main() -> None:
    embedder = Embedder.load()
    report([a for a in measure(embedder) if a.found], embedder)


def report(asked: Sequence[Asked], embedder: Encoder) -> None:
    table, right, ranked = judge(asked, embedder)
    cross_validate(asked, table, right, ranked)
    trust, bias = fit_trust(table, right)
    print(len(asked), "questions,", sum(not a.case.answerable for a in asked), "without an answer")
    print("RANKING", written(RANKING, fit_ranking(asked)))
    print("TRUST", written(TRUST, trust), "TRUST_BIAS", round(bias, 2))


if __name__ == "__main__":
    main()
