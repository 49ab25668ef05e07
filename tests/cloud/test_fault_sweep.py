"""Whatever goes wrong at any call of a deployment: afterwards the account is as it was before, or as it was wanted."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from copilot.cloud.artifacts import Artifacts
from copilot.cloud.engine import Engine, Failed
from copilot.cloud.graph import Resource
from copilot.cloud.journal import Journal, Site, unfinished
from copilot.cloud.providers import providers
from copilot.cloud.serverless import Blueprint, Settings, graph
from copilot.cloud.simulator.account import running, shut_down
from copilot.outside.aws import Session
from copilot.outside.store import Store
from tests.cloud.conftest import Faults, Killed, carry_out, everything, small_blueprint

KINDS = ("refused", "lost", "throttled", "killed", "killed after")
EVERY = [pytest.param(17, id="sample"), pytest.param(1, id="every call", marks=pytest.mark.sweep)]
"""A sample takes one call in so many."""


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    """One account for all tests of this file: each leaves it empty."""
    with running(tmp_path_factory.mktemp("home") / "simulated") as endpoint:
        yield Session("us-east-1", endpoint)
    shut_down()


@pytest.fixture
def faults(session: Session) -> Faults:
    return Faults(Session(session.region, session.endpoint))


@pytest.fixture
def engine(store: Store, faults: Faults, artifacts: Artifacts, blueprint: Blueprint) -> Engine:
    """An engine whose calls go wrong; it never waits."""
    return made_anew(store, faults.session, artifacts, blueprint)


def made_anew(store: Store, session: Session, artifacts: Artifacts, blueprint: Blueprint) -> Engine:
    site = Site("simulated", "us-east-1", blueprint.stack)
    return Engine(Journal(store, "helpdesk-dev"), providers(session, artifacts), site, pause=lambda _: None)


def state(session: Session, engine: Engine) -> tuple[dict[str, list[str]], dict[str, Any]]:
    """Return the names of all that is in the account, and the properties of all that is ours."""
    ours = {r.id: engine.providers[r.type].read(r.physical) for r in engine.journal.resources()}
    return everything(session), ours


def attempt(engine: Engine, wanted: tuple[Resource, ...]) -> bool:
    """Deploy; when the process is killed in between, start another one. Tell whether the deployment came to its end."""
    try:
        carry_out(engine, wanted)
    except Failed as failed:
        assert "Everything is back" in failed.hint  # noqa: PT017
        return False
    except Killed:
        return False
    return True


def recover(engine: Engine, faults: Faults) -> None:
    faults.reset()
    for apply in unfinished(engine.journal.store):
        assert engine.recover(apply) == []


def calls(faults: Faults, every: int, kind: str, what: str) -> range:
    numbers = range(1, faults.count + 1, every)
    print(f"{what}, {kind}: {len(numbers)} of {faults.count} calls")  # noqa: T201 - what a sweep covered
    return numbers


@pytest.mark.parametrize("every", EVERY)
@pytest.mark.parametrize("kind", KINDS)
def test_a_first_deployment_ends_whole_or_leaves_nothing(
    kind: str, every: int, engine: Engine, faults: Faults, session: Session, blueprint: Blueprint
) -> None:
    wanted, before = graph(blueprint), state(session, engine)
    carry_out(engine, wanted)
    whole = state(session, engine)
    numbers = calls(faults, every, kind, "first deployment")
    assert engine.destroy("op") == []
    assert state(session, engine) == before
    for number in numbers:
        faults.reset(kind, number)
        done = attempt(engine, wanted)
        recover(engine, faults)
        if done:
            assert engine.plan(wanted).changes == (), number
            assert everything(session) == whole[0], number
            assert engine.destroy("op") == []
        else:
            assert kind != "throttled"
        assert state(session, engine) == before, number


@pytest.mark.parametrize("every", EVERY)
@pytest.mark.parametrize("kind", KINDS)
def test_an_update_ends_whole_or_restores_what_ran_before(
    kind: str, every: int, engine: Engine, faults: Faults, session: Session, blueprint: Blueprint, artifacts: Artifacts, tmp_path: Path
) -> None:
    first, second = (
        graph(blueprint),
        graph(small_blueprint(artifacts, tmp_path, "other documents", Settings(memory=512, log_days=7, rate=3))),
    )
    carry_out(engine, first)
    before = state(session, engine)
    faults.reset()
    carry_out(engine, second)
    numbers = calls(faults, every, kind, "update")
    carry_out(engine, first)
    assert state(session, engine) == before
    for number in numbers:
        faults.reset(kind, number)
        done = attempt(engine, second)
        recover(engine, faults)
        if done:
            assert engine.plan(second).changes == (), number
            carry_out(engine, first)
        else:
            assert kind != "throttled"
            assert engine.drift() == [], number
        assert state(session, engine) == before, number
    assert engine.destroy("op") == []


def test_a_recovery_that_is_killed_is_ended_by_the_next(engine: Engine, faults: Faults, session: Session, blueprint: Blueprint) -> None:
    before = state(session, engine)
    for number in (1, 4, 9):
        faults.reset("killed after", 20)
        assert not attempt(engine, graph(blueprint))
        faults.reset("killed after", number)
        with pytest.raises(Killed):
            engine.recover(unfinished(engine.journal.store)[0])
        recover(engine, faults)
        assert state(session, engine) == before
