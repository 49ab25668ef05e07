"""The reader scores texts the same wherever it runs, and in any company."""

import numpy as np
import pytest

from copilot.answering.reader import Reader
from copilot.outside.embed import Embedder, find_weights
from copilot.outside.embed_numpy import NumpyEmbedder

QUESTION = "How long is the hydraulic hose kept?"
TEXTS = ["Hoses are kept for six years.", "The canteen opens at eight.", "Hose: part 7; kept: six years; " * 12]


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader(Embedder.load())


def test_a_text_scores_the_same_in_the_deployed_function(reader: Reader) -> None:
    np.testing.assert_allclose(Reader(NumpyEmbedder(find_weights())).read(QUESTION, TEXTS), reader.read(QUESTION, TEXTS), atol=1e-3)


def test_a_text_scores_the_same_alone_and_in_company(reader: Reader) -> None:
    alone = [reader.read(QUESTION, [text])[0] for text in TEXTS]
    np.testing.assert_allclose(alone, reader.read(QUESTION, TEXTS), atol=1e-4)


def test_what_answers_scores_higher_than_what_does_not(reader: Reader) -> None:
    answers, other, _ = reader.read(QUESTION, TEXTS)
    assert answers > other
    assert not reader.read(QUESTION, [])
