"""Mark the words of an utterance that give an argument: the best sequence of labels, limited to the ability's arguments."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from copilot.routing.encoder import OUTSIDE
from copilot.routing.tokens import Token


@dataclass(frozen=True)
class Marked:
    """Words that give an argument (`text[start:end]`); `margin` is how much better than leaving them out."""

    arg: str
    start: int
    end: int
    margin: float


def mark(words: Sequence[Token], scores: np.ndarray, labels: Sequence[str]) -> tuple[list[Marked], tuple[float, float]]:
    """Return the marked words in order, and the log-probability of their labels: of the least sure word, and of all together.

    Args:
        words: The utterance.
        scores: One row a word, one column a label.
        labels: Names of the columns; the first is outside.
    """
    if not words or len(labels) < 2:
        return [], (0.0, 0.0)
    path = best_path(scores, labels)
    chosen = scores[np.arange(len(path)), path]
    highest = scores.max(axis=1)
    sure = chosen - highest - np.log(np.exp(scores - highest[:, None]).sum(axis=1))
    return spans(words, [labels[p] for p in path], chosen - scores[:, 0]), (float(sure.min()), float(sure.sum()))


def best_path(scores: np.ndarray, labels: Sequence[str]) -> list[int]:
    """Find the best sequence of labels (Viterbi); label 0 is outside, `I-x` follows only `B-x` or `I-x`.

    Args:
        scores: One row a word, one column a label.
        labels: Names of the columns.
    """
    steps = _forbidden(labels)
    best = scores[0] + np.array([-1e9 if label.startswith("I-") else 0 for label in labels], np.float32)
    back = []
    for row in scores[1:]:
        options = best[:, None] + steps
        origin = options.argmax(axis=0)
        back.append(origin)
        best = options[origin, np.arange(len(labels))] + row
    path = [int(best.argmax())]
    for origin in reversed(back):
        path.append(int(origin[path[-1]]))
    return path[::-1]


def _forbidden(labels: Sequence[str]) -> np.ndarray:
    """Return -1e9 where a label cannot follow another, else 0."""
    steps = np.zeros((len(labels), len(labels)), np.float32)
    for j, label in enumerate(labels):
        if label.startswith("I-"):
            for i, before in enumerate(labels):
                steps[i, j] = 0 if before[2:] == label[2:] and before != OUTSIDE else -1e9
    return steps


def spans(tokens: Sequence[Token], labels: Sequence[str], margins: np.ndarray) -> list[Marked]:
    """Join labelled words into spans; a span's margin is the mean of its words'."""
    found: list[Marked] = []
    first = 0
    for i, label in enumerate(labels):
        if label.startswith("B-"):
            first = i
        if label != OUTSIDE and (i + 1 == len(labels) or not labels[i + 1].startswith("I-")):
            found.append(Marked(label[2:], tokens[first].start, tokens[i].end, float(margins[first : i + 1].mean())))
    return found
