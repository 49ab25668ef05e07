"""Fit the parts of the router that is no encoder: the lexicon, the weights of the readings, and how far they can be trusted."""

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression

from copilot.intent import Ability
from copilot.routing.clues import CLUES
from copilot.routing.corpus import Labelled
from copilot.routing.names import bare
from copilot.routing.tokens import tokenize
from copilot.routing.values import LONGEST_CUE, is_listed

CUE_PRECISION = 0.85
NEVER = 1.01  # a limit that nothing passes


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


def threshold(sure: np.ndarray, right: np.ndarray, precision: float) -> float:
    """Return the lowest limit above which at least `precision` are right; more than 1 when there is none."""
    order = np.argsort(-sure)
    shares = np.cumsum(right[order]) / np.arange(1, len(order) + 1)
    good = np.nonzero(shares >= precision)[0]
    return round(float(sure[order][good[-1]]), 4) if len(good) else NEVER
