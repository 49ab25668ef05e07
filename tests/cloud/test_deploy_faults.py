"""What happens when AWS says no, or its answer is lost, anywhere in a deployment."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

import pytest

from copilot.cloud import engine as engine_module
from copilot.cloud.artifacts import Artifacts
from copilot.cloud.engine import Engine, Failed
from copilot.cloud.journal import Journal, Site
from copilot.cloud.providers import provider, providers
from copilot.cloud.serverless import Blueprint, graph
from copilot.cloud.simulator.account import running, shut_down
from copilot.outside.aws import ClientError, Session
from copilot.outside.store import Store
from tests.cloud.conftest import EMPTY, Faults, carry_out, everything


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


def fresh(store: Store, session: Session, artifacts: Artifacts, blueprint: Blueprint) -> tuple[Engine, Faults]:
    """Return an engine on a session of its own, whose calls can go wrong."""
    faulty = Session(session.region, session.endpoint)
    return Engine(Journal(store, "helpdesk-dev"), providers(faulty, artifacts), Site("simulated", "us-east-1", blueprint.stack)), Faults(
        faulty
    )


@pytest.mark.parametrize("name", ["CreateRestApi", "CreateApiKey", "CreateUsagePlan", "CreateBucket", "CreateFunction", "PutObject"])
def test_answers_that_are_lost_again_and_again_make_none_either(
    name: str, store: Store, session: Session, artifacts: Artifacts, blueprint: Blueprint
) -> None:
    engine, faults = fresh(store, session, artifacts, blueprint)
    faults.lose = lambda n, called: called == name
    try_to_deploy(engine, blueprint, session)


def try_to_deploy(engine: Engine, blueprint: Blueprint, session: Session) -> None:
    """Deploy, and expect each resource once, or nothing at all."""
    try:
        carry_out(engine, graph(blueprint))
    except Failed:
        assert everything(session) == EMPTY
    else:
        assert engine.plan(graph(blueprint)).changes == ()
        assert all(len(set(names)) == len(names) for names in everything(session).values())
        assert engine.destroy("op") == []


def test_a_removal_that_is_refused_says_what_is_left_and_can_be_repeated(
    store: Store, session: Session, artifacts: Artifacts, blueprint: Blueprint
) -> None:
    engine, faults = fresh(store, session, artifacts, blueprint)
    carry_out(engine, graph(blueprint))
    faults.refuse = lambda n, name: name == "DeleteTable"
    left = engine.destroy("op")
    assert [survivor.type for survivor in left] == ["table"]
    assert "refused" in left[0].why
    faults.refuse = lambda n, name: False
    assert engine.destroy("op") == []
    assert everything(session) == EMPTY


def deny(session: Session, call: str, code: str = "AccessDenied", times: int = 1000, about: str = "") -> list[str]:
    """Let AWS refuse a call (`service.Call`) the first times, where its URL holds `about`; return the list of the refused URLs."""
    denied: list[str] = []

    def before(model: Any, params: Any, **_: Any) -> None:
        if len(denied) < times and about in params["url"]:
            denied.append(params["url"])
            raise ClientError({"Error": {"Code": code, "Message": "denied"}}, model.name)

    session.boto.events.register(f"before-call.{call}", before)
    return denied


def test_a_removal_looks_at_nothing_whose_name_is_not_ours(
    store: Store, session: Session, artifacts: Artifacts, blueprint: Blueprint
) -> None:
    session.client("s3").create_bucket(Bucket="somebody-elses")
    engine, _ = fresh(store, session, artifacts, blueprint)
    deny(engine.providers["bucket"].session, "s3.GetBucketTagging", about="somebody-elses")
    carry_out(engine, graph(blueprint))
    assert engine.destroy("op") == []
    session.client("s3").delete_bucket(Bucket="somebody-elses")


def test_a_removal_that_may_not_look_for_leftovers_removes_what_the_ledger_has_and_says_so(
    store: Store, session: Session, artifacts: Artifacts, blueprint: Blueprint
) -> None:
    engine, _ = fresh(store, session, artifacts, blueprint)
    deny(engine.providers["role"].session, "iam.ListRoles")
    carry_out(engine, graph(blueprint))
    left = engine.destroy("op")
    assert [(survivor.type, "cannot be looked for" in survivor.why) for survivor in left] == [("role", True)]
    assert everything(session) == EMPTY
    assert engine.journal.resources() == []


def test_calls_that_come_too_soon_for_api_gateway_are_repeated(
    store: Store, session: Session, artifacts: Artifacts, blueprint: Blueprint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(provider, "PATIENCE", (0.0,) * 8)
    calls = ("CreateRestApi", "CreateUsagePlan", "UpdateUsagePlan", "DeleteUsagePlan", "DeleteRestApi")
    engine, _ = fresh(store, session, artifacts, blueprint)
    denied = [deny(engine.providers["rest_api"].session, f"api-gateway.{c}", "TooManyRequestsException", times=2) for c in calls]
    carry_out(engine, graph(blueprint))
    assert engine.destroy("op") == []
    assert [len(urls) for urls in denied] == [2] * len(calls)


def test_a_bucket_is_used_only_when_this_account_owns_it_and_nothing_unmade_is_asked_for(
    store: Store, session: Session, artifacts: Artifacts, blueprint: Blueprint
) -> None:
    engine, _ = fresh(store, session, artifacts, blueprint)
    owners, paths = [], []
    events = engine.providers["bucket"].session.client("s3").meta.events
    for call in ("HeadBucket", "PutObject"):
        events.register(f"before-call.s3.{call}", lambda params, **_: owners.append(params["headers"].get("x-amz-expected-bucket-owner")))
    gateway = engine.providers["rest_api"].session.client("apigateway").meta.events
    gateway.register("before-call.api-gateway.*", lambda params, **_: paths.append(params["url_path"]))
    carry_out(engine, graph(blueprint))
    assert set(owners) == {"123456789012"}
    assert paths
    assert not [path for path in paths if "$" in path or "%24" in path]
    assert engine.destroy("op") == []


def test_tags_of_an_api_its_key_and_its_plan_are_written(
    store: Store, session: Session, artifacts: Artifacts, blueprint: Blueprint
) -> None:
    engine, _ = fresh(store, session, artifacts, blueprint)
    tagged: list[str] = []

    def answer(params: Any, **_: Any) -> tuple[Any, dict[str, Any]]:  # the simulated account cannot do it
        tagged.append(params["url_path"])
        return type("Response", (), {"status_code": 204})(), {}

    engine.providers["rest_api"].session.boto.events.register("before-call.api-gateway.TagResource", answer)
    carry_out(engine, graph(blueprint))
    for known in engine.journal.resources():
        if known.type in ("rest_api", "api_key", "usage_plan"):
            before = engine.providers[known.type].read(known.physical) or {}
            engine.providers[known.type].update(known.physical, {**before, "tags": {}}, before)
    assert sorted(unquote(path).split("/")[-2] for path in tagged) == ["apikeys", "restapis", "usageplans"]
    assert engine.destroy("op") == []


def test_a_deployment_that_a_person_stops_is_rolled_back_and_says_by_what(
    store: Store, session: Session, artifacts: Artifacts, blueprint: Blueprint
) -> None:
    engine, faults = fresh(store, session, artifacts, blueprint)

    def stop(number: int, name: str) -> bool:
        if number == 14:
            raise KeyboardInterrupt
        return False

    faults.refuse = stop
    with pytest.raises(KeyboardInterrupt):
        carry_out(engine, graph(blueprint))
    assert everything(session) == EMPTY
    assert engine.journal.history()[0].error.endswith("KeyboardInterrupt")


def test_a_bucket_that_keeps_an_object_is_said_to_be_left(
    store: Store, session: Session, artifacts: Artifacts, blueprint: Blueprint
) -> None:
    """S3 refuses single objects in an answer that says that all went well."""
    engine, _ = fresh(store, session, artifacts, blueprint)
    carry_out(engine, graph(blueprint))
    events = engine.providers["bucket"].session.client("s3").meta.events
    bucket = next(r.physical for r in engine.journal.resources() if r.type == "bucket")
    session.client("s3").put_object(Bucket=bucket, Key="theirs", Body=b"x")
    asked = []

    def refuse(parsed: dict[str, Any], **_: Any) -> None:
        asked.append(1)
        assert len(asked) < 9, "it asks again and again"
        parsed["Errors"] = [{"Key": "theirs", "Code": "AccessDenied", "Message": "it is locked"}]

    def keep(params: dict[str, Any], **_: Any) -> None:
        params["Delete"]["Objects"] = [{"Key": "none", "VersionId": "null"}]

    events.register("provide-client-params.s3.DeleteObjects", keep)
    events.register("after-call.s3.DeleteObjects", refuse)
    left = engine.destroy("op")
    assert [survivor.type for survivor in left] == ["bucket"]
    assert "locked" in left[0].why
    events.unregister("provide-client-params.s3.DeleteObjects", keep)
    events.unregister("after-call.s3.DeleteObjects", refuse)
    assert engine.destroy("op") == []
