"""Train the argument tagger: an averaged structured perceptron over the annotated utterances."""

import random
from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np

from copilot.intent import Ability
from copilot.routing.corpus import Labelled
from copilot.routing.mentions import find_mentions
from copilot.routing.route import Situation
from copilot.routing.tagger import OUTSIDE, Tagger, forbidden, hashed, word_features
from copilot.routing.tokens import Token, tokenize

EPOCHS = 6
SMALLEST = 0.02


def gold_labels(line: Labelled, tokens: Sequence[Token]) -> list[str]:
    """Label each word with the span it overlaps."""
    labels = [OUTSIDE] * len(tokens)
    for span in line.spans:
        first = True
        for i, token in enumerate(tokens):
            if token.start < span.end and token.end > span.start and labels[i] == OUTSIDE:
                labels[i] = ("B-" if first else "I-") + span.arg
                first = False
    return labels


def train_tagger(
    samples: Sequence[tuple[Labelled, Situation]], abilities: Mapping[str, Ability], seed: int, epochs: int = EPOCHS
) -> Tagger:
    """Train on labelled utterances in their workspaces."""
    names = sorted({a.name for ability in abilities.values() for a in ability.args})
    labels = [OUTSIDE, *(f"{place}-{name}" for name in names for place in "BI")]
    number = {label: i for i, label in enumerate(labels)}
    keys, sentences = _sentences(samples, abilities, number)
    allowed = {
        name: np.array([0, *sorted(number[f"{place}-{a.name}"] for a in ability.args for place in "BI")])
        for name, ability in abilities.items()
    }
    bans = {name: forbidden([labels[i] for i in columns]) for name, columns in allowed.items()}
    perceptron = _Perceptron(len(keys), len(labels))
    order = list(range(len(sentences)))
    shuffler = random.Random(seed)
    for _ in range(epochs):
        shuffler.shuffle(order)
        for at in order:
            intent, rows, gold = sentences[at]
            perceptron.learn(rows, gold, allowed[intent], bans[intent])
    weights, transitions = perceptron.average()
    return _packed(labels, keys, weights, transitions)


def _sentences(
    samples: Sequence[tuple[Labelled, Situation]], abilities: Mapping[str, Ability], number: Mapping[str, int]
) -> tuple[np.ndarray, list[tuple[str, np.ndarray, np.ndarray]]]:
    raw = []
    for line, situation in samples:
        if not abilities[line.intent].args or not line.text:
            continue
        tokens = tokenize(line.text)
        features = np.array(hashed(abilities[line.intent], word_features(tokens, find_mentions(line.text, situation.names))), np.uint32)
        raw.append((line.intent, features, np.array([number[label] for label in gold_labels(line, tokens)])))
    hashes, counts = np.unique(np.concatenate([r[1].ravel() for r in raw]), return_counts=True)
    keys = hashes[counts > 1]
    sentences = []
    for intent, features, gold in raw:
        places = np.minimum(np.searchsorted(keys, features), len(keys) - 1)
        sentences.append((intent, np.where(keys[places] == features, places, len(keys)), gold))
    return keys, sentences


class _Perceptron:
    def __init__(self, features: int, labels: int) -> None:
        self.weights = np.zeros((features + 1, labels), np.float32)
        self.late = np.zeros_like(self.weights)
        self.steps = np.zeros((labels, labels), np.float32)
        self.late_steps = np.zeros_like(self.steps)
        self.clock = 1.0

    def learn(self, rows: np.ndarray, gold: np.ndarray, allowed: np.ndarray, ban: np.ndarray) -> None:
        scores = self.weights[rows][:, :, allowed].sum(axis=1)
        wanted = np.searchsorted(allowed, gold)
        scores = scores + 1.0
        scores[np.arange(len(gold)), wanted] -= 1.0
        guess = allowed[_decode(scores, self.steps[np.ix_(allowed, allowed)] + ban)]
        self.clock += 1
        if (guess == gold).all():
            return
        for i in np.nonzero(guess != gold)[0]:
            for label, sign in ((gold[i], 1.0), (guess[i], -1.0)):
                self.weights[rows[i], label] += sign
                self.late[rows[i], label] += sign * self.clock
        for path, sign in ((gold, 1.0), (guess, -1.0)):
            for a, b in pairwise(path):
                self.steps[a, b] += sign
                self.late_steps[a, b] += sign * self.clock
        self.weights[-1] = 0

    def average(self) -> tuple[np.ndarray, np.ndarray]:
        return self.weights[:-1] - self.late[:-1] / self.clock, self.steps - self.late_steps / self.clock


def _decode(scores: np.ndarray, steps: np.ndarray) -> np.ndarray:
    """Find the best path; an inside label cannot begin (its column follows its begin label's)."""
    best = scores[0].copy()
    best[np.isclose(steps[0], -1e9, rtol=0.01)] = -1e9
    back = []
    for row in scores[1:]:
        options = best[:, None] + steps
        origin = options.argmax(axis=0)
        back.append(origin)
        best = options[origin, np.arange(len(row))] + row
    path = [int(best.argmax())]
    for origin in reversed(back):
        path.append(int(origin[path[-1]]))
    return np.array(path[::-1])


def _packed(labels: Sequence[str], keys: np.ndarray, weights: np.ndarray, transitions: np.ndarray) -> Tagger:
    weights = np.where(np.abs(weights) < SMALLEST, 0, weights)
    kept = np.abs(weights).any(axis=1)
    keys, weights = keys[kept], weights[kept]
    rows, columns = np.nonzero(weights)
    offsets = np.searchsorted(rows, np.arange(len(keys) + 1))
    return Tagger(labels, keys, offsets.astype(np.uint32), columns.astype(np.uint8), weights[rows, columns].astype(np.float16), transitions)
