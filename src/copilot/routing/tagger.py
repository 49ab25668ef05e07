"""Mark the words of an utterance that give an argument: a linear chain over hashed features, labels limited to the ability's arguments."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from zlib import crc32

import numpy as np

from copilot.intent import Ability
from copilot.routing.mentions import Mention
from copilot.routing.tokens import Token

OUTSIDE = "O"
Rows = list[list[int]]


@dataclass(frozen=True)
class Marked:
    """Words that give an argument (`text[start:end]`); `margin` is how much better than leaving them out."""

    arg: str
    start: int
    end: int
    margin: float


def shape(word: str) -> str:
    """Reduce a word to its shape: `gpt-4o` is `a-0a`, `Frankfurt` is `Aa`."""
    kinds = ("0" if c.isdigit() else "A" if c.isupper() else "a" if c.isalpha() else c for c in word)
    reduced = ""
    for kind in kinds:
        reduced += "" if reduced.endswith(kind) else kind
    return reduced[:8]


def word_features(tokens: Sequence[Token], mentions: Sequence[Mention]) -> list[list[str]]:
    """Return what is seen of each word, whatever the ability."""
    things = _things(tokens, mentions)
    words = [thing.split("/")[0] if thing else token.lower for token, thing in zip(tokens, things, strict=True)]
    quoted = _quoted(tokens)
    padded = ["<<", "<", *words, ">", ">>"]
    rows = []
    for i, token in enumerate(tokens):
        before2, before, word, after, after2 = padded[i : i + 5]
        plain = token.lower
        rows.append([
            "w=" + word, "p=" + before, "n=" + after, "pp=" + before2, "nn=" + after2, f"pw={before} {word}", f"wn={word} {after}",
            f"ppp={before2} {before}", f"nnn={after} {after2}", f"pn={before} {after}", "s=" + shape(token.text), "t=" + things[i],
            f"tp={things[i]} {before}", f"tn={things[i]} {after}", "x=" + plain[-3:], "y=" + plain[:3], "q=" + quoted[i],
            f"e={min(i, 3)} {min(len(tokens) - i, 3)}", "k=" + _known_letters(word),
        ])  # fmt: skip
    return rows


def hashed(ability: Ability, rows: Sequence[Sequence[str]]) -> Rows:
    """Return the hashed features of each word, alone and seen as a call of `ability`."""
    return [
        [crc32(f.encode()) for f in (*own, *(f"{ability.name} {f}" for f in (*own[:8], *own[11:14], "any", own[10], own[16])))]
        for own in rows
    ]


def _known_letters(word: str) -> str:
    return word if len(word) <= 2 else ""


def _things(tokens: Sequence[Token], mentions: Sequence[Mention]) -> list[str]:
    """Say for each word which recognised thing it belongs to: kind, first or later word, and which one of its kind it is."""
    labels = [""] * len(tokens)
    seen: Counter[str] = Counter()
    for mention in mentions:
        kind = "_" + (".".join(mention.of) if mention.kind == "names" else mention.kind) + "_"
        seen[kind] += 1
        first = True
        for i, token in enumerate(tokens):
            if token.start < mention.end and token.end > mention.start:
                labels[i] = f"{kind}/{'b' if first else 'i'}{min(seen[kind], 3)}"
                first = False
    return labels


def _quoted(tokens: Sequence[Token]) -> list[str]:
    marks = {'"', "'", "“", "”", "‘", "’", "`"}
    inside, flags = False, []
    for token in tokens:
        if token.text in marks:
            inside = not inside
        flags.append("1" if inside and token.text not in marks else "")
    return flags


class Tagger:
    """Trained weights, inference only.

    Args:
        labels: `O`, then `B-ARG` and `I-ARG` for every argument name.
        keys: Hashes of the known features, ascending, uint32.
        offsets: Where each feature's entries begin in `columns` and `weights`; one longer than `keys`.
        columns: Label of each entry.
        weights: Weight of each entry.
        transitions: Score of label j after label i.
    """

    def __init__(
        self,
        labels: Sequence[str],
        keys: np.ndarray,
        offsets: np.ndarray,
        columns: np.ndarray,
        weights: np.ndarray,
        transitions: np.ndarray,
    ) -> None:
        self.labels = list(labels)
        self.keys, self.offsets, self.columns = keys, offsets.astype(np.int64), columns
        self.weights = weights.astype(np.float32)
        self.transitions = transitions.astype(np.float32)
        self._allowed: dict[str, np.ndarray] = {}

    def mark(self, ability: Ability, tokens: Sequence[Token], seen: Sequence[Sequence[str]]) -> list[Marked]:
        """Return the marked words in order; `seen` is what `word_features` says of them."""
        if not tokens or not ability.args:
            return []
        allowed = self._labels_of(ability)
        if len(allowed) < 2:
            return []
        scores = self._scores(hashed(ability, seen))[:, allowed]
        path = best_path(scores, self.transitions[np.ix_(allowed, allowed)], [self.labels[a] for a in allowed])
        return spans(tokens, [self.labels[allowed[p]] for p in path], scores[np.arange(len(path)), path] - scores[:, 0])

    def _labels_of(self, ability: Ability) -> np.ndarray:
        if ability.name not in self._allowed:
            wanted = {OUTSIDE} | {f"{place}-{a.name}" for a in ability.args for place in "BI"}
            self._allowed[ability.name] = np.array([i for i, label in enumerate(self.labels) if label in wanted])
        return self._allowed[ability.name]

    def _scores(self, rows: Rows) -> np.ndarray:
        wanted = np.array(rows, np.uint32)
        places = np.minimum(np.searchsorted(self.keys, wanted), len(self.keys) - 1)
        words, found = np.nonzero(self.keys[places] == wanted)
        first = self.offsets[places[words, found]]
        counts = self.offsets[places[words, found] + 1] - first
        ends = np.cumsum(counts)
        entries = np.repeat(first - (ends - counts), counts) + np.arange(ends[-1] if len(ends) else 0)
        cells = np.repeat(words, counts) * len(self.labels) + self.columns[entries]
        total = np.bincount(cells, self.weights[entries], len(rows) * len(self.labels))
        return total.reshape(len(rows), len(self.labels)).astype(np.float32)


def best_path(scores: np.ndarray, transitions: np.ndarray, labels: Sequence[str]) -> list[int]:
    """Find the best sequence of labels (Viterbi); label 0 is outside, `I-x` follows only `B-x` or `I-x`.

    Args:
        scores: One row a word, one column a label.
        transitions: Score of column j after row i.
    """
    steps = transitions + forbidden(labels)
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


def forbidden(labels: Sequence[str]) -> np.ndarray:
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
