"""Fixtures of the answering room: the real embedder, and passages as the search returns them."""

from collections.abc import Callable

import pytest

from copilot.knowledge.search import Passage
from copilot.outside.embed import Embedder

Passages = Callable[..., list[Passage]]


@pytest.fixture(scope="session")
def embedder() -> Embedder:
    return Embedder.load()


def passage(text: str, chunk: int = 1, **fields: object) -> Passage:
    given = {
        "document": chunk,
        "name": f"doc{chunk}.txt",
        "source": f"/docs/doc{chunk}.txt",
        "collection": "docs",
        "page": None,
        "row": None,
    }
    given |= {"heading": "", "start": 100, "score": 0.03, "relevance": 0.8} | fields
    return Passage(chunk=chunk, text=text, end=int(str(given["start"])) + len(text), **given)  # type: ignore[arg-type]
