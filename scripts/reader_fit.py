"""What decides on the built-in model's answers: weights of the measures and of trust, fitted on questions with known answers."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath

import numpy as np
from benchmarks.answers import SETS, find, opened, pages
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import logsumexp

from copilot.answering.answer import Answer
from copilot.answering.evidence import LIKELY, RANKING, READ, TRUST, Evidence, grounds, shortlist
from copilot.answering.extract import ENOUGH, nearest
from copilot.answering.features import Candidate, candidates
from copilot.answering.memory import remembering
from copilot.answering.question import Question, read
from copilot.evaluation.cases import Case, read_cases
from copilot.evaluation.scorers import Bench, score
from copilot.knowledge.search import Passage
from copilot.outside.embed import Embedder

HELD_OUT = ("held-out", "ntsb-blind", "ntsb-blind-2", "ntsb-blind-3")
RIDGE, TRUST_RIDGE = 1.0, 2.0
FOLDS = 5
TELLING = 3
"""An answer of fewer characters also stands in other places, and is looked for on the right page only."""

Table = NDArray[np.float64]
Loss = Callable[[Table], tuple[float, Table]]


@dataclass(frozen=True)
class Asked:
    """A question with its candidates: what the words tell of each, and whether it holds the answer.

    `group` is the document it is about; questions of one group are never on both sides of a fit and its test.
    """

    name: str
    case: Case
    question: Question
    found: tuple[Candidate, ...]
    right: NDArray[np.bool_]
    group: str

    def likeliest(self, count: int) -> "Asked":
        """Return the question with so many of its candidates, the likeliest by their words."""
        where = {id(c): i for i, c in enumerate(self.found)}
        kept = shortlist(self.found)[:count]
        return Asked(self.name, self.case, self.question, tuple(kept), self.right[[where[id(c)] for c in kept]], self.group)

    def table(self, names: Sequence[str]) -> Table:
        return np.array([[c.features[name] for name in names] for c in self.found]).reshape(-1, len(names))


def measure(embedder: Embedder) -> list[Asked]:
    """Ask every question that may be learned from; all units of the passages are candidates."""
    asked = []
    for name, (questions, sources) in SETS.items():
        if name in HELD_OUT or not all(source.exists() for source in sources):
            continue
        page = pages(questions)
        with opened(sources, embedder) as store:
            for case in read_cases(questions):
                asked.append(ask(name, case, page.get(case.question), find(case.question, store, embedder), embedder))
    return [a for a in asked if a.found]


def ask(name: str, case: Case, page: int | None, passages: Sequence[Passage], embedder: Embedder) -> Asked:
    question = read(case.question)
    found = candidates(question, passages, remembering(embedder))
    right = np.array([case.answerable and answers(case, page, c, embedder) for c in found], bool)
    told = case.document or next((c.unit.passage.name for c, r in zip(found, right, strict=True) if r), "")
    group = told or (passages[0].name if passages else "")
    return Asked(name, case, question, tuple(found), right, PurePath(group).name)


def answers(case: Case, page: int | None, candidate: Candidate, embedder: Embedder) -> bool:
    passage = candidate.unit.passage
    if not passage.name.endswith(case.document) or (page != passage.page and page and min(map(len, case.answer.split("|"))) < TELLING):
        return False
    return bool(score("contains", case, Answer(candidate.said), Bench(embedder)).passed)


def folds(asked: Sequence[Asked], count: int) -> NDArray[np.int64]:
    """Put whole documents into folds of about the same size."""
    filled, where = [0] * count, {}
    for group, size in sorted(Counter(a.group for a in asked).items(), key=lambda item: (-item[1], item[0])):
        where[group] = filled.index(min(filled))
        filled[where[group]] += size
    return np.array([where[a.group] for a in asked])


def minimise(loss: Loss, size: int) -> Table:
    return np.asarray(minimize(loss, np.zeros(size), jac=True, method="L-BFGS-B").x)


def fit_ranking(asked: Sequence[Asked], names: Sequence[str]) -> Table:
    """Maximise the share that the right units have of e to the score."""
    tables = [(a.table(names), a.right) for a in asked if a.right.any()]
    scale = np.concatenate([table for table, _ in tables]).std(axis=0) + 1e-6

    def loss(weights: Table) -> tuple[float, Table]:
        total = float(RIDGE * weights @ weights)
        slope = 2 * RIDGE * weights
        for table, right in tables:
            scores = table / scale @ weights
            total += float(logsumexp(scores) - logsumexp(scores[right]))
            gap = np.exp(scores - logsumexp(scores))
            gap[right] -= np.exp(scores[right] - logsumexp(scores[right]))
            slope = slope + gap @ table / scale
        return total, slope

    return np.asarray(minimise(loss, len(names)) / scale)


def fit_trust(table: Table, right: Table) -> tuple[Table, float]:
    middle, scale = table.mean(axis=0), table.std(axis=0) + 1e-6
    normal = (table - middle) / scale

    def loss(weights: Table) -> tuple[float, Table]:
        scores = normal @ weights[:-1] + weights[-1]
        gap = 1 / (1 + np.exp(-scores)) - right
        total = float((np.logaddexp(0, scores) - right * scores).sum() + TRUST_RIDGE * weights[:-1] @ weights[:-1])
        return total, np.append(gap @ normal + 2 * TRUST_RIDGE * weights[:-1], gap.sum())

    weights = minimise(loss, table.shape[1] + 1)
    return weights[:-1] / scale, float(weights[-1] - weights[:-1] / scale @ middle)


def ranked(asked: Asked, weights: Table) -> list[Evidence]:
    scores = asked.table(list(RANKING)) @ weights
    return [Evidence(asked.found[i], float(scores[i])) for i in np.argsort(-scores, kind="stable")]


def holds(asked: Asked, candidate: Candidate) -> bool:
    return any(right and found.unit == candidate.unit for found, right in zip(asked.found, asked.right, strict=True))


def fit(everything: Sequence[Asked], read_ones: Sequence[Asked]) -> None:
    """Print the tables for `copilot/answering/evidence.py`, and what they are worth on documents that they were not fitted on.

    Args:
        everything: Questions with all their candidates.
        read_ones: Questions with their likeliest candidates, and of each what a reader says that was not trained on its document.
    """
    asked = [a.likeliest(READ) for a in read_ones]
    fold, names = folds(asked, FOLDS), list(RANKING)
    weights = [fit_ranking([a for a, mine in zip(asked, fold, strict=True) if mine != left], names) for left in range(FOLDS)]
    order = [ranked(a, weights[mine]) for a, mine in zip(asked, fold, strict=True)]
    table = np.array([[grounds(o).get(name, 0.0) for name in TRUST] for o in order])
    right = np.array([a.case.answerable and holds(a, o[0].candidate) for a, o in zip(asked, order, strict=True)], float)
    sure = np.zeros(len(asked))
    for left in range(FOLDS):
        trust, bias = fit_trust(table[fold != left], right[fold != left])
        sure[fold == left] = 1 / (1 + np.exp(-table[fold == left] @ trust - bias))
    tell(asked, order, right, sure)
    trust, bias = fit_trust(table, right)
    print("LIKELY", written(LIKELY, fit_ranking(everything, list(LIKELY))))
    print("RANKING", written(RANKING, fit_ranking(asked, names)))
    print("TRUST", written(TRUST, trust), "TRUST_BIAS", round(bias, 2))


def tell(asked: Sequence[Asked], order: Sequence[list[Evidence]], right: Table, sure: Table) -> None:
    seen: dict[str, Counter[str]] = {a.name: Counter() for a in asked}
    for a, units, is_right, p in zip(asked, order, right, sure, strict=True):
        outcome = ("right" if is_right else "wrong") if p >= ENOUGH else "refused"
        seen[a.name].update([outcome if a.case.answerable else f"unanswerable {outcome}"])
        if a.case.answerable and p < ENOUGH and any(holds(a, c) for c in nearest(units)):
            seen[a.name].update(["quoted"])
    print("cross-validated by document: right, wrong, refused (fact among the nearest quotes), unanswerable, of these answered")
    for name, n in (*seen.items(), ("all", sum(seen.values(), Counter[str]()))):
        unanswerable = n["unanswerable wrong"] + n["unanswerable refused"]
        print(f"{name:12} {n['right']:4} {n['wrong']:4} {n['refused']:4} ({n['quoted']}) {unanswerable:6} {n['unanswerable wrong']:4}")


def written(weights: Mapping[str, float], values: Table) -> str:
    return str({name: round(float(value), 2) for name, value in zip(weights, values, strict=True)})
