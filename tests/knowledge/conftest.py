"""Fixtures of the knowledge room: the real embedder, and a way to ingest into the test's store."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from copilot.knowledge.ingest import ingest
from copilot.knowledge.results import Outcome
from copilot.knowledge.shelf import Shelf
from copilot.outside.embed import Embedder
from copilot.outside.store import Store
from copilot.resources import resource

Ingest = Callable[..., dict[str, Outcome]]


@pytest.fixture(scope="session")
def embedder() -> Embedder:
    return Embedder.load()


@pytest.fixture(scope="session")
def company(tmp_path_factory: pytest.TempPathFactory, embedder: Embedder) -> Iterator[Store]:
    """A store that holds the sample documents as 'company'."""
    store = Store(tmp_path_factory.mktemp("company") / "copilot.db", "tester")
    operation = store.begin("ingest_data", {}, undoable=True)
    ingest(Shelf(store, embedder, "company", operation), str(resource("data", "samples", "company")))
    yield store
    store.close()


@pytest.fixture
def read(store: Store, embedder: Embedder) -> Ingest:
    """Ingest a source into the collection 'docs' (or another) under an operation of its own."""

    def run(source: Path | str, collection: str = "docs", redact_pii: bool = False) -> dict[str, Outcome]:
        operation = store.begin("ingest_data", {}, undoable=True)
        outcomes = ingest(Shelf(store, embedder, collection, operation), str(source), redact_pii)
        store.finish(operation, "done")
        return {outcome.name: outcome for outcome in outcomes}

    return run
