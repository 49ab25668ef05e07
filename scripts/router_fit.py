"""Fit the parts of the router: the linear heads, the lexicon, the weights of the readings, and how far they can be trusted."""

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import scipy.sparse as sp
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression

from copilot.intent import Ability
from copilot.routing.clues import CLUES
from copilot.routing.corpus import Labelled
from copilot.routing.features import BUCKETS
from copilot.routing.linear import Linear
from copilot.routing.names import bare
from copilot.routing.tokens import tokenize
from copilot.routing.values import LONGEST_CUE, is_listed

STRENGTH = 10.0  # inverse regularisation of the linear heads, chosen by cross-validation
ROUNDS = 150
CUE_PRECISION = 0.85
UNCOUNTED = {"reason", "goal", "topic"}
FREE_TEXT = {"purpose", "question", "query", "instructions", "comment", "action", "tone", "contains", "subject", "source"}


def gram_matrix(counts: Sequence[Mapping[int, float]]) -> sp.csr_matrix:
    """Stack n-gram counts, one row an utterance."""
    ends = np.cumsum([0] + [len(c) for c in counts])
    columns = np.concatenate([np.fromiter(c, np.int64, len(c)) for c in counts])
    values = np.concatenate([np.fromiter(c.values(), np.float64, len(c)) for c in counts])
    return sp.csr_matrix((values, columns, ends), (len(counts), BUCKETS))


def fit_idf(matrix: sp.csr_matrix) -> np.ndarray:
    seen = np.bincount(matrix.indices, minlength=BUCKETS)
    return np.where(seen > 0, np.log((1 + matrix.shape[0]) / (1 + seen)) + 1, 0.0)


def weighted(matrix: sp.csr_matrix, idf: np.ndarray) -> sp.csr_matrix:
    """Multiply by the inverse document frequencies and scale every row to length 1."""
    scaled = matrix.multiply(idf).tocsr()
    lengths = np.sqrt(np.asarray(scaled.multiply(scaled).sum(axis=1)).ravel())
    return sp.diags(1 / np.where(lengths > 0, lengths, 1)) @ scaled


def fit_linear(dense: np.ndarray, grams: sp.csr_matrix, idf: np.ndarray, labels: Sequence[str]) -> Linear:
    """Fit the classifier of abilities."""
    head = LogisticRegression(C=STRENGTH, max_iter=ROUNDS, tol=1e-4)
    head.fit(sp.hstack([sp.csr_matrix(dense), weighted(grams, idf)]).tocsr(), np.array(labels))
    width = dense.shape[1]
    return Linear(list(head.classes_), head.coef_.T[:width], head.coef_.T[width:], idf, head.intercept_)


def fit_hints(
    dense: np.ndarray, grams: sp.csr_matrix, idf: np.ndarray, lines: Sequence[Labelled], abilities: Mapping[str, Ability]
) -> Linear:
    """Fit, for each argument with few values, a softmax over them and none, on the utterances of abilities that have it."""
    features = sp.hstack([sp.csr_matrix(dense), weighted(grams, idf)]).tocsr()
    names = sorted({a.name for ability in abilities.values() for a in ability.args if a.choices or a.type == "boolean"})
    labels: list[str] = []
    weights, biases = [], []
    for name in names:
        rows = [i for i, line in enumerate(lines) if (a := abilities[line.intent].argument(name)) and (a.choices or a.type == "boolean")]
        values = [_label(lines[i].args.get(name)) for i in rows]
        if len(set(values)) < 2:
            continue
        head = LogisticRegression(C=STRENGTH, max_iter=ROUNDS, tol=1e-4).fit(features[rows], np.array(values))
        binary = len(head.classes_) == 2
        coefficients = np.vstack([-head.coef_ / 2, head.coef_ / 2]) if binary else head.coef_
        intercepts = np.concatenate([-head.intercept_ / 2, head.intercept_ / 2]) if binary else head.intercept_
        labels += [f"{name}={value}" for value in head.classes_]
        weights.append(coefficients)
        biases.append(intercepts)
    stacked, width = np.vstack(weights).T, dense.shape[1]
    return Linear(labels, stacked[:width], stacked[width:], idf, np.concatenate(biases))


def _label(value: Any) -> str:
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def fit_lexicon(lines: Sequence[Labelled], abilities: Mapping[str, Ability]) -> dict[str, dict[str, Any]]:
    """Collect the words that say a value other than themselves, when they nearly always say the same one."""
    said: dict[tuple[str, str], Counter[Any]] = defaultdict(Counter)
    for line in lines:
        for span in line.spans:
            argument = abilities[line.intent].argument(span.arg)
            words = line.text[span.start : span.end]
            regular = argument is not None and (argument.choices or argument.type in ("boolean", "region", "duration", "integer", "number"))
            if regular or span.arg in ("provider", "gpu_name"):
                said[span.arg, bare(words)][span.value] += 1
    lexicon: dict[str, dict[str, Any]] = defaultdict(dict)
    for (name, words), values in sorted(said.items()):
        value, count = values.most_common(1)[0]
        if words and count / values.total() >= 0.75 and not re.fullmatch(r"\d+", words) and bare(str(value)) != words:
            lexicon[name][words] = value
    return dict(lexicon)


def fit_cues(lines: Sequence[Labelled], abilities: Mapping[str, Ability]) -> dict[str, dict[str, Any]]:
    """Collect the words that give an argument wherever they stand: seen for it, and hardly ever beside another value or none."""
    cues: dict[str, dict[str, Any]] = {}
    for name in sorted({a.name for ability in abilities.values() for a in ability.args if is_listed(a)}):
        having = [line for line in lines if (a := abilities[line.intent].argument(name)) and is_listed(a)]
        texts = [(f" {' '.join(t.lower for t in tokenize(line.text))} ", line) for line in having]
        phrases = {" ".join(t.lower for t in tokenize(line.text[s.start : s.end])) for line in having for s in line.spans if s.arg == name}
        found = {}
        for phrase in sorted(p for p in phrases if re.search(r"[a-z]{2}|p\d\d|[+-]\d", p) and len(p.split()) <= LONGEST_CUE):
            values = Counter(line.args.get(name) for text, line in texts if f" {phrase} " in text)
            value, count = values.most_common(1)[0]
            if value is not None and count / values.total() >= CUE_PRECISION:
                found[phrase] = value
        cues[name] = found
    return cues


def fit_clues(groups: Sequence[tuple[np.ndarray, np.ndarray, int]], strength: float = 1.0) -> dict[str, float]:
    """Fit the weights of the readings: maximise the share of the right ones.

    Args:
        groups: For each utterance the clues of its readings (one row each), which of them are right, and how much it counts.
    """
    groups = [group for group in groups if group[1].any() and not group[1].all()]
    sizes = np.array([len(x) for x, _, _ in groups])
    rows = np.concatenate([x for x, _, _ in groups])
    right = np.concatenate([r for _, r, _ in groups])
    counts = np.array([float(c) for _, _, c in groups])
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    start = np.array([1.0 if name == "score" else 0.0 for name in CLUES])

    def loss(weights: np.ndarray) -> tuple[float, np.ndarray]:
        scores = rows @ weights
        scores = np.exp(scores - np.repeat(np.maximum.reduceat(scores, starts), sizes))
        everything = scores / np.repeat(np.add.reduceat(scores, starts), sizes)
        good = np.where(right, scores, 0)
        wanted = good / np.repeat(np.add.reduceat(good, starts), sizes)
        chance = np.add.reduceat(good, starts) / np.add.reduceat(scores, starts)
        change = ((everything - wanted) * np.repeat(counts, sizes)) @ rows
        return float(-(counts * np.log(chance)).sum() + strength * ((weights - start) ** 2).sum()), change + 2 * strength * (
            weights - start
        )

    best = minimize(loss, start, jac=True, method="L-BFGS-B")
    return {name: round(float(weight), 5) for name, weight in zip(CLUES, best.x, strict=True)}


def fit_trust(features: np.ndarray, right: np.ndarray) -> dict[str, Any]:
    """Fit how likely a best reading is right, arguments included."""
    center, spread = features.mean(axis=0), features.std(axis=0) + 1e-9
    head = LogisticRegression(C=1.0, max_iter=1000).fit((features - center) / spread, right)
    weights = head.coef_[0] / spread
    return {"weights": [round(float(w), 6) for w in weights], "bias": round(float(head.intercept_[0] - weights @ center), 6)}


def threshold(sure: np.ndarray, right: np.ndarray, precision: float, most: float = 0.95) -> float:
    """Return the lowest limit above which at least `precision` are right."""
    order = np.argsort(-sure)
    shares = np.cumsum(right[order]) / np.arange(1, len(order) + 1)
    good = np.nonzero(shares >= precision)[0]
    return round(min(most, float(sure[order][good[-1]])), 4) if len(good) else most


def matches(want: Mapping[str, Any], got: Mapping[str, Any]) -> bool:
    """Say whether two calls are the same in the sense of the router's cases: names without case and punctuation, free text by its words."""
    if want["intent"] != got["intent"]:
        return False
    a, b = ({k: v for k, v in call["args"].items() if k not in UNCOUNTED and v not in (None, "", [])} for call in (want, got))
    return a.keys() == b.keys() and all(_equal(name, a[name], b[name]) for name in a)


def _equal(name: str, want: Any, got: Any) -> bool:
    if isinstance(want, bool) or isinstance(got, bool):
        return want is got
    if isinstance(want, int | float):
        return isinstance(got, int | float) and abs(want - got) <= 1e-6 * max(1.0, abs(want))
    if isinstance(want, list):
        return isinstance(got, list) and sorted(bare(str(w)) for w in want) == sorted(bare(str(g)) for g in got)
    if bare(str(want)) == bare(str(got)):
        return True
    x, y = (Counter(re.findall(r"[a-z0-9]+", str(text).lower())) for text in (want, got))
    return name in FREE_TEXT and bool(x) and bool(y) and 2 * (x & y).total() / (x.total() + y.total()) >= 0.6
