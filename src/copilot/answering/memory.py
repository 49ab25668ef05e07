"""What was encoded and read lately: questions about the same documents compare the same words and units."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from copilot.answering.reader import Reader
from copilot.outside.embed_numpy import SentenceEncoder

KEPT = 8192
"""How many vectors are kept, of 1.5 kB each, and how many scores; then all are forgotten."""


class Memory:
    """An encoder and its reader that remember. A text always has the same vector and score, so nothing that is remembered can be wrong."""

    def __init__(self, encoder: SentenceEncoder) -> None:
        self.encoder = encoder
        self.reader = Reader(encoder)
        self.known: dict[str, Any] = {}
        self.scores: dict[tuple[str, str], float] = {}

    def encode(self, texts: Sequence[str]) -> Any:
        """Return one vector a text, as (len(texts), width)."""
        known = self.known
        new = [text for text in dict.fromkeys(texts) if text not in known]
        fresh = dict(zip(new, self.encoder.encode(new), strict=True)) if new else {}
        vectors = np.stack([fresh[text] if text in fresh else known[text] for text in texts])
        self.known = (known if len(known) + len(fresh) <= KEPT else {}) | fresh
        return vectors

    def read(self, question: str, texts: Sequence[str]) -> list[float]:
        """Return how well each text answers the question; see `Reader.read`."""
        known = self.scores
        new = [text for text in dict.fromkeys(texts) if (question, text) not in known]
        fresh = {(question, text): score for text, score in zip(new, self.reader.read(question, new), strict=True)} if new else {}
        scores = {**known, **fresh}
        self.scores = scores if len(scores) <= KEPT else fresh
        return [scores[question, text] for text in texts]


_last: list[Memory] = []
"""The memory of the encoder that was used last: a process has one encoder."""


def remembering(encoder: SentenceEncoder) -> Memory:
    """Return an encoder's memory."""
    memory = next((memory for memory in _last if memory.encoder is encoder), None) or Memory(encoder)
    _last[:] = [memory]
    return memory
