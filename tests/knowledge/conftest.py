"""Fixtures of the knowledge room: the real embedder, and a way to ingest into the test's store."""

from collections.abc import Callable
from pathlib import Path

import pytest

from copilot.knowledge.ingest import ingest
from copilot.knowledge.results import Outcome
from copilot.outside.embed import Embedder
from copilot.outside.store import Store

Ingest = Callable[..., dict[str, Outcome]]


@pytest.fixture(scope="session")
def embedder() -> Embedder:
    return Embedder.load()


@pytest.fixture
def read(store: Store, embedder: Embedder) -> Ingest:
    """Ingest a source into the collection 'docs' (or another) under an operation of its own."""

    def run(source: Path | str, collection: str = "docs", redact_pii: bool = False) -> dict[str, Outcome]:
        operation = store.begin("ingest_data", {}, undoable=True)
        outcomes = ingest(store, embedder, str(source), collection, operation, redact_pii)
        store.finish(operation, "done")
        return {outcome.name: outcome for outcome in outcomes}

    return run
