"""Vectors of texts that were encoded lately: questions about the same documents compare the same units and words."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from copilot.knowledge.search import Encoder

KEPT = 8192
"""How many vectors are kept, of 1.5 kB each; then all are forgotten."""


class Memory:
    """An encoder that remembers. A text always has the same vector, so nothing that it remembers can be wrong."""

    def __init__(self, encoder: Encoder) -> None:
        self.encoder = encoder
        self.known: dict[str, Any] = {}

    def encode(self, texts: Sequence[str]) -> Any:
        """Return one vector a text, as (len(texts), width)."""
        known = self.known
        new = [text for text in dict.fromkeys(texts) if text not in known]
        fresh = dict(zip(new, self.encoder.encode(new), strict=True)) if new else {}
        vectors = np.stack([fresh[text] if text in fresh else known[text] for text in texts])
        self.known = (known if len(known) + len(fresh) <= KEPT else {}) | fresh
        return vectors


_last: list[Memory] = []
"""The memory of the encoder that was used last: a process has one encoder."""


def remembering(encoder: Encoder) -> Memory:
    """Return an encoder's memory."""
    memory = next((memory for memory in _last if memory.encoder is encoder), None) or Memory(encoder)
    _last[:] = [memory]
    return memory
