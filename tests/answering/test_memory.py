"""Vectors that are remembered are those that the encoder gives."""

import numpy as np
import pytest

from copilot.answering import memory
from copilot.answering.memory import Memory, remembering
from copilot.outside.embed import Embedder


def test_a_remembered_text_has_the_vector_that_the_encoder_gives(embedder: Embedder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "KEPT", 3)
    remembered = Memory(embedder)
    for texts in (["a bearing", "a gearbox"], ["a gearbox", "a ferry", "a ferry"], ["noon", "a bearing", ""]):
        assert np.allclose(remembered.encode(texts), embedder.encode(texts), atol=1e-5)
        assert len(remembered.known) <= 3


def test_another_encoder_has_a_memory_of_its_own(embedder: Embedder) -> None:
    class Other:
        encode = embedder.encode

    other = Other()
    assert remembering(embedder) is remembering(embedder)
    assert remembering(other).encoder is other
