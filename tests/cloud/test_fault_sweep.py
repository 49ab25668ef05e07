"""Whatever goes wrong at any call of a deployment: afterwards the account is as it was before, or as it was wanted."""

from collections.abc import Iterator
from dataclasses import replace
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
from tests.cloud import ministack
from tests.cloud.conftest import Faults, Killed, carry_out, everything, small_blueprint

KINDS = ("refused", "lost", "throttled", "killed", "killed after")
SWEEPS = [
    pytest.param("ours", "a sample", id="a sample"),
    *(pytest.param("ours", kind, id=kind, marks=pytest.mark.sweep) for kind in KINDS),
    pytest.param("MiniStack", "in turn", id="MiniStack", marks=pytest.mark.sweep),
]
"""The simulator, and the kind of fault at every call; in turn: another kind at each; a sample: at one call in five."""
sweeps = pytest.mark.parametrize(("session", "kind"), SWEEPS, indirect=["session"])


@pytest.fixture(scope="module")
def session(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    """One account for all tests of this file on a simulator: each leaves it empty."""
    start = ministack.running if getattr(request, "param", "ours") == "MiniStack" else running
    with start(tmp_path_factory.mktemp("home") / "simulated") as endpoint:
        yield Session("us-east-1", endpoint)
    shut_down()


@pytest.fixture
def blueprint(blueprint: Blueprint, session: Session) -> Blueprint:
    return replace(blueprint, account=session.account)


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


def state(session: Session, engine: Engine) -> tuple[dict[str, list[str]], dict[str, list[str]], dict[str, Any]]:
    """Return the names of all that is in the account, what lies inside of it, and the properties of all that is ours."""
    ours = {r.id: engine.providers[r.type].read(r.physical) for r in engine.journal.resources()}
    return everything(session), inside(session), ours


def inside(session: Session) -> dict[str, list[str]]:
    """Name what has no name of its own in the account: objects in all their versions, deployments of APIs.

    Published versions of a function may stay for a while: their provider decides how many.
    """
    s3, gateway = session.client("s3"), session.client("apigateway")
    buckets = [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]
    apis = [api["id"] for api in gateway.get_rest_apis()["items"]]
    return {
        "objects": [v["Key"] for bucket in buckets for v in s3.list_object_versions(Bucket=bucket).get("Versions", [])],
        "deployments": ["deployment" for api in apis for _ in gateway.get_deployments(restApiId=api)["items"]],
    }


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


def cases(kind: str, faults: Faults) -> list[tuple[str, int]]:
    """Return the faults to try: a kind, and the number of the call."""
    numbers = range(1, faults.count + 1, 5 if kind == "a sample" else 1)
    chosen = [(kind if kind in KINDS else KINDS[turn % len(KINDS)], number) for turn, number in enumerate(numbers)]
    print(f"{kind}: {len(chosen)} of {faults.count} calls")  # noqa: T201 - what a sweep covered
    return chosen


@sweeps
def test_a_first_deployment_ends_whole_or_leaves_nothing(
    kind: str, engine: Engine, faults: Faults, session: Session, blueprint: Blueprint
) -> None:
    wanted, before = graph(blueprint), state(session, engine)
    carry_out(engine, wanted)
    whole, chosen = state(session, engine), cases(kind, faults)
    assert engine.destroy("op") == []
    assert state(session, engine) == before
    for fault, number in chosen:
        faults.reset(fault, number)
        done = attempt(engine, wanted)
        recover(engine, faults)
        if done:
            assert engine.plan(wanted).changes == (), (fault, number)
            assert state(session, engine)[:2] == whole[:2], (fault, number)
            assert engine.destroy("op") == []
        else:
            assert fault != "throttled"
        assert state(session, engine) == before, (fault, number)


@sweeps
def test_an_update_ends_whole_or_restores_what_ran_before(
    kind: str, engine: Engine, faults: Faults, session: Session, blueprint: Blueprint, artifacts: Artifacts, tmp_path: Path
) -> None:
    other = small_blueprint(artifacts, tmp_path, "other documents", Settings(memory=512, log_days=7, rate=3))
    first, second = graph(blueprint), graph(replace(other, account=session.account))
    carry_out(engine, first)
    before = state(session, engine)
    faults.reset()
    carry_out(engine, second)
    chosen = cases(kind, faults)
    carry_out(engine, first)
    assert state(session, engine) == before
    for fault, number in chosen:
        faults.reset(fault, number)
        done = attempt(engine, second)
        recover(engine, faults)
        if done:
            assert engine.plan(second).changes == (), (fault, number)
            carry_out(engine, first)
        else:
            assert fault != "throttled"
            assert engine.drift() == [], (fault, number)
        assert state(session, engine) == before, (fault, number)
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
