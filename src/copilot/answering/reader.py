"""How well a text answers a question, as an encoder tuned for it reads both together; see scripts/train_reader.py."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile

import numpy as np

from copilot.errors import Unavailable
from copilot.outside.embed_numpy import Ids, SentenceEncoder, States, batches, padded
from copilot.outside.tuned import restored

if TYPE_CHECKING:
    from tokenizers import Tokenizer

MODEL = Path(__file__).with_name("model") / "reader.npz"
QUESTION, TEXT = 48, 84
"""Word pieces that are read of each."""
END = 102
"""The word piece that closes the question and the text."""


def lay_out(tokenizer: "Tokenizer", question: str, texts: Sequence[str]) -> list[list[int]]:
    """Return the word pieces of the question and of each text, one row a text."""
    asked = [*tokenizer.encode(question).ids[:-1][: QUESTION - 1], END]
    return [[*asked, *tokenizer.encode(text).ids[1:-1][: TEXT - 1], END] for text in texts]


class Reader:
    """Reads texts with a question.

    Args:
        encoder: Its network is taken, with layers of the reader's own.
        model: The layers, and the head that turns the first state into a score.
    """

    def __init__(self, encoder: SentenceEncoder, model: Path = MODEL) -> None:
        self.encoder = encoder
        self.model = model

    @cached_property
    def _stored(self) -> Mapping[str, Any]:
        try:
            with np.load(self.model, allow_pickle=False) as arrays:
                return restored({name: arrays[name] for name in arrays.files})
        except (OSError, ValueError, BadZipFile) as error:
            raise Unavailable(f"The built-in model's reader cannot be read: {error}.", "Install copilot again.") from error

    @cached_property
    def _states(self) -> States:
        return self.encoder.tuned({name: array for name, array in self._stored.items() if not name.startswith("head.")})

    def read(self, question: str, texts: Sequence[str]) -> list[float]:
        """Return a score for each text: the more it answers the question, the higher; around 0 it is open whether it does."""
        rows = lay_out(self.encoder.tokenizer, question, texts)
        scores = np.empty(len(rows), np.float32)
        for batch in batches([len(row) for row in rows]):
            scores[batch] = self._score(*padded([rows[i] for i in batch]))
        return [float(score) for score in scores]

    def _score(self, ids: Ids, mask: Ids) -> Any:
        return self._states(ids, mask)[:, 0] @ self._stored["head.weight"] + self._stored["head.bias"]
