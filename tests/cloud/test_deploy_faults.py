"""What happens when AWS says no, or its answer is lost, anywhere in a deployment."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from copilot.cloud import engine as engine_module
from copilot.cloud.artifacts import Artifacts
from copilot.cloud.engine import Engine, Failed
from copilot.cloud.journal import Journal
from copilot.cloud.providers import providers
from copilot.cloud.serverless import Blueprint, Settings, graph
from copilot.cloud.simulator.account import running, shut_down
from copilot.outside.aws import Session
from copilot.outside.store import Store
from tests.cloud.conftest import EMPTY, Faults, carry_out, everything, small_blueprint

CALLS = range(1, 29)
"""The calls of a first deployment that change something."""
SAMPLE = {1, 5, 9, 14, 19, 22, 28}
UPDATE_CALLS = range(1, 7)
UPDATE_SAMPLE = {3, 5}


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    """One account for all tests of this file: each leaves it empty."""
    with running(tmp_path_factory.mktemp("home") / "simulated") as endpoint:
        session = Session("us-east-1", endpoint)
        yield session
        assert everything(session) == EMPTY
    shut_down()


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_module, "ROLLBACK_WAITS", (0.0,))


def each(calls: range, sample: set[int]) -> pytest.MarkDecorator:
    """Run a test for the calls of a sample, and in a sweep for all of them."""
    return pytest.mark.parametrize("number", [pytest.param(n, marks=() if n in sample else pytest.mark.sweep) for n in calls])


def fresh(store: Store, session: Session, artifacts: Artifacts, blueprint: Blueprint) -> tuple[Engine, Faults]:
    """Return an engine on a session of its own, whose calls can go wrong."""
    faulty = Session(session.region, session.endpoint)
    return Engine(Journal(store, "helpdesk-dev"), providers(faulty, artifacts), blueprint.stack), Faults(faulty)


@each(CALLS, SAMPLE)
def test_a_refused_call_leaves_nothing_behind(
    number: int, store: Store, session: Session, artifacts: Artifacts, blueprint: Blueprint
) -> None:
    engine, faults = fresh(store, session, artifacts, blueprint)
    faults.refuse = lambda n, name: n == number
    with pytest.raises(Failed) as failed:
        carry_out(engine, graph(blueprint))
    assert "Everything is back" in failed.value.hint
    assert everything(session) == EMPTY
    assert engine.journal.resources() == []
    assert engine.journal.history()[0].state == "rolled_back"


@each(CALLS, SAMPLE)
def test_a_lost_answer_makes_no_duplicate(number: int, store: Store, session: Session, artifacts: Artifacts, blueprint: Blueprint) -> None:
    engine, faults = fresh(store, session, artifacts, blueprint)
    faults.lose = lambda n, name: n == number
    try_to_deploy(engine, blueprint, session)


@pytest.mark.parametrize("name", ["CreateRestApi", "CreateApiKey", "CreateUsagePlan", "CreateBucket", "CreateFunction", "PutObject"])
def test_answers_that_are_lost_again_and_again_make_none_either(
    name: str, store: Store, session: Session, artifacts: Artifacts, blueprint: Blueprint
) -> None:
    engine, faults = fresh(store, session, artifacts, blueprint)
    faults.lose = lambda n, called: called == name
    try_to_deploy(engine, blueprint, session)


def test_the_sweep_covers_every_call(store: Store, session: Session, artifacts: Artifacts, blueprint: Blueprint) -> None:
    engine, faults = fresh(store, session, artifacts, blueprint)
    carry_out(engine, graph(blueprint))
    assert faults.count == CALLS.stop - 1
    assert engine.destroy("simulated", "us-east-1", "op") == []


def try_to_deploy(engine: Engine, blueprint: Blueprint, session: Session) -> None:
    """Deploy, and expect each resource once, or nothing at all."""
    try:
        carry_out(engine, graph(blueprint))
    except Failed:
        assert everything(session) == EMPTY
    else:
        assert engine.plan(graph(blueprint)).changes == ()
        assert all(len(names) == 1 for names in everything(session).values())
        assert engine.destroy("simulated", "us-east-1", "op") == []


@each(UPDATE_CALLS, UPDATE_SAMPLE)
@pytest.mark.parametrize("kind", ["refuse", "lose"])
def test_a_fault_in_an_update_restores_what_ran_before(
    kind: str, number: int, store: Store, session: Session, artifacts: Artifacts, blueprint: Blueprint, tmp_path: Path
) -> None:
    engine, faults = fresh(store, session, artifacts, blueprint)
    carry_out(engine, graph(blueprint))
    changed = graph(small_blueprint(artifacts, tmp_path, "other documents", Settings(memory=512, log_days=7, rate=3)))
    start = faults.count
    setattr(faults, kind, lambda n, name: n == start + number)
    try:
        carry_out(engine, changed)
    except Failed:
        assert engine.plan(graph(blueprint)).changes == ()
        assert engine.drift() == {}
    else:
        assert engine.plan(changed).changes == ()
    assert engine.destroy("simulated", "us-east-1", "op") == []


def test_a_removal_that_is_refused_says_what_is_left_and_can_be_repeated(
    store: Store, session: Session, artifacts: Artifacts, blueprint: Blueprint
) -> None:
    engine, faults = fresh(store, session, artifacts, blueprint)
    carry_out(engine, graph(blueprint))
    faults.refuse = lambda n, name: name == "DeleteTable"
    left = engine.destroy("simulated", "us-east-1", "op")
    assert [survivor.type for survivor in left] == ["table"]
    assert "refused" in left[0].why
    faults.refuse = lambda n, name: False
    assert engine.destroy("simulated", "us-east-1", "op") == []
    assert everything(session) == EMPTY
