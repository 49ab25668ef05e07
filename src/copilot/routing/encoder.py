"""The tuned sentence encoder: what an utterance asks for, which of its words give arguments, and which listed values it suggests."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby

import numpy as np

from copilot.intent import Ability, Argument
from copilot.outside.embed import find_weights, open_states
from copilot.outside.tuned import open_tokenizer
from copilot.routing.corpus import Span
from copilot.routing.mentions import Mention
from copilot.routing.rendering import Pieces, render
from copilot.routing.route import Situation
from copilot.routing.tokens import Token

SHARPNESS = 16.0
"""What the mean state, scaled to length 1, is multiplied by."""
OUTSIDE = "O"
Arrays = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Labels:
    """What the three heads say, one name a column.

    Args:
        abilities: Names of abilities.
        words: `O`, then `B-ARG` and `I-ARG` for every argument.
        values: `ARG=VALUE` for every listed value, those of one argument side by side; `ARG=` says none.
    """

    abilities: list[str]
    words: list[str]
    values: list[str]

    @classmethod
    def of(cls, abilities: Mapping[str, Ability]) -> "Labels":
        """Return the labels of a catalogue."""
        arguments = [argument for ability in abilities.values() for argument in ability.args]
        names = sorted({argument.name for argument in arguments})
        values = {(a.name, value) for a in arguments if is_suggested(a) for value in ("", *(a.choices or ("false", "true")))}
        words = [OUTSIDE, *(f"{place}-{name}" for name in names for place in "BI")]
        return cls(sorted(abilities), words, [f"{name}={value}" for name, value in sorted(values)])

    @cached_property
    def groups(self) -> dict[str, tuple[int, int]]:
        """First column and the one after the last of each argument's values."""
        columns = groupby(range(len(self.values)), lambda column: self.values[column].partition("=")[0])
        found = {name: list(group) for name, group in columns}
        return {name: (group[0], group[-1] + 1) for name, group in found.items()}

    def words_of(self, ability: Ability) -> list[int]:
        """Return the columns that words of this ability can have, that of `O` first."""
        wanted = {OUTSIDE, *(f"{place}-{a.name}" for a in ability.args for place in "BI")}
        return [column for column, label in enumerate(self.words) if label in wanted]


def is_suggested(argument: Argument) -> bool:
    """Say whether the whole of an utterance can suggest the argument's value."""
    return bool(argument.choices) or argument.type == "boolean"


def word_labels(words: Sequence[Token], spans: Sequence[Span]) -> list[str]:
    """Label each word with the span it overlaps."""
    labels = [OUTSIDE] * len(words)
    for span in spans:
        first = True
        for i, word in enumerate(words):
            if word.start < span.end and word.end > span.start and labels[i] == OUTSIDE:
                labels[i] = ("B-" if first else "I-") + span.arg
                first = False
    return labels


@dataclass(frozen=True)
class Seen:
    """Scores of one utterance: by ability; by word and label; by listed value."""

    abilities: np.ndarray
    words: np.ndarray
    values: np.ndarray


class Encoder:
    """Scores utterances, one at a time, so that company never changes a route.

    Args:
        layers: The tuned layers, float32, named as in the published weights.
        heads: `ability`, `word` and `value`, each with `.weight` (labels, 384) and `.bias`.
    """

    def __init__(self, layers: Arrays, heads: Arrays) -> None:
        published = find_weights()
        self.pieces = Pieces(open_tokenizer(published))
        self.heads = heads
        self._states = open_states(published, layers)

    def read(self, words: Sequence[Token], mentions: Sequence[Mention], situation: Situation) -> Seen:
        """Score an utterance, given as its `units` (at least one), in its situation."""
        rendered = render(words, mentions, situation, self.pieces)
        ids = np.array([rendered.ids], np.int64)
        states = self._states(ids, np.ones_like(ids))[0]
        meaning = states[: rendered.spoken].sum(axis=0)
        meaning = meaning * (SHARPNESS / np.linalg.norm(meaning))
        scored = self._head("word", states[[max(place, 0) for place in rendered.places]])
        scored[[place < 0 for place in rendered.places], 1:] = -np.inf  # what was cut off gives no argument
        return Seen(self._head("ability", meaning), scored, self._head("value", meaning))

    def _head(self, name: str, rows: np.ndarray) -> np.ndarray:
        scores: np.ndarray = rows @ self.heads[f"{name}.weight"].T + self.heads[f"{name}.bias"]
        return scores
