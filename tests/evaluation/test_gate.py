"""Gates before a deployment: failed, stale, missing, and whom they hold."""

from collections.abc import Callable

import pytest

from copilot.evaluation.cases import Case
from copilot.evaluation.gate import failing_gates
from copilot.evaluation.run import Pace, Setup, run
from copilot.evaluation.scorers import Bench
from copilot.outside.embed import Embedder
from copilot.outside.store import Store, now

from .conftest import answering

LEAVE = Case("How many days?", "28 days")


@pytest.fixture
def add_document(store: Store) -> Callable[[str, str], None]:
    def add(collection: str, digest: str) -> None:
        sql = """INSERT INTO documents (owner, collection, source, name, type, bytes, digest, characters, status, added_by, added_at)
            VALUES (?, ?, ?, 'a.txt', 'txt', 1, ?, 1, 'indexed', 'op', ?)"""
        with store.transaction() as connection:
            connection.execute("UPDATE documents SET removed_by = 'op' WHERE collection = ?", (collection,))
            connection.execute(sql, (store.owner, collection, f"/{digest}", digest, now()))

    return add


def made(store: Store, name: str, **body: object) -> None:
    store.put("benchmark", name, {"cases": [LEAVE.as_json()], "metric": "contains", "threshold": 0.9, "source": "qa.csv", **body}, "op")


def passed(store: Store, embedder: Embedder, benchmark: str, agent: str, answer: str = "28 days") -> None:
    setup = Setup(store.get("benchmark", benchmark), store.get("agent", agent))
    run(store, setup, answering({"How many days?": answer}), Bench(embedder), "op")


def verdicts(store: Store, agent: str = "helpdesk") -> list[str]:
    return [gate.verdict for gate in failing_gates(store, store.get("agent", agent))]


def test_a_gate_is_shut_until_its_benchmark_was_run_and_when_the_run_is_taken_back(store: Store, embedder: Embedder) -> None:
    store.put("agent", "helpdesk", {"collections": ["hr"]}, "op")
    made(store, "qa", collections=["hr"])
    assert verdicts(store) == ["missing"]
    passed(store, embedder, "qa", "helpdesk")
    assert verdicts(store) == []
    with store.transaction() as connection:
        connection.execute("DELETE FROM runs")
    assert verdicts(store) == ["missing"]


def test_a_changed_agent_benchmark_model_or_document_makes_a_run_stale(
    store: Store, embedder: Embedder, add_document: Callable[[str, str], None]
) -> None:
    store.put("model", "haiku", {"id": "a"}, "op")
    store.put("agent", "helpdesk", {"collections": ["hr"], "model": "haiku"}, "op")
    made(store, "qa", collections=["hr"])
    changes: dict[str, Callable[[], object]] = {
        "the agent has changed": lambda: store.put("agent", "helpdesk", {"collections": ["hr"], "model": "haiku", "tone": "x"}, "op"),
        "its documents have changed": lambda: add_document("hr", "new"),
        "the agent's model has changed": lambda: store.put("model", "haiku", {"id": "b"}, "op"),
        "the benchmark has changed": lambda: made(store, "qa", collections=["hr"], threshold=0.8),
    }
    for said, change in changes.items():
        passed(store, embedder, "qa", "helpdesk")
        assert verdicts(store) == []
        change()
        (gate,) = failing_gates(store, store.get("agent", "helpdesk"))
        assert str(gate) == f"qa was run, but {said} since"
    passed(store, embedder, "qa", "helpdesk")
    add_document("another", "new")
    assert verdicts(store) == []


def test_a_benchmark_holds_the_agents_that_read_its_collections_and_no_other(store: Store, embedder: Embedder) -> None:
    store.put("agent", "helpdesk", {"collections": ["hr"]}, "op")
    store.put("agent", "legal", {"collections": ["contracts"]}, "op")
    made(store, "qa", collections=["hr"])
    assert (verdicts(store), verdicts(store, "legal")) == (["missing"], [])


def test_a_benchmark_about_nothing_in_particular_holds_every_agent_until_it_was_run_on_one(store: Store, embedder: Embedder) -> None:
    for name in ("helpdesk", "legal"):
        store.put("agent", name, {"collections": ["hr"]}, "op")
    made(store, "qa")
    assert verdicts(store) == verdicts(store, "legal") == ["missing"]
    passed(store, embedder, "qa", "helpdesk")
    assert verdicts(store) == verdicts(store, "legal") == []


def test_a_run_that_was_stopped_half_way_opens_no_gate(store: Store, embedder: Embedder) -> None:
    store.put("agent", "helpdesk", {"collections": ["hr"]}, "op")
    made(store, "qa", collections=["hr"], cases=[LEAVE.as_json()] * 3)
    setup = Setup(store.get("benchmark", "qa"), store.get("agent", "helpdesk"))
    run(store, setup, answering({"How many days?": "28 days"}), Bench(embedder), "op", pace=Pace(seconds=0))
    assert verdicts(store) == ["missing"]
    run(store, setup, answering({"How many days?": "28 days"}), Bench(embedder), "op")
    assert verdicts(store) == []
