"""A stack that is not ours: the four tables of a five-agent system, as data, through the same engine."""

from dataclasses import replace
from typing import Any

import pytest

from copilot.cloud.artifacts import Artifacts
from copilot.cloud.engine import Engine, Failed
from copilot.cloud.graph import Resource
from copilot.cloud.journal import Journal, Site
from copilot.cloud.providers import providers
from copilot.cloud.providers.provider import STACK
from copilot.cloud.rules import check
from copilot.outside.aws import Session
from copilot.outside.store import Store
from tests.cloud.conftest import EMPTY, Faults, carry_out, everything

TAGS = {STACK: "tester/workflow/prod"}
PREFIX = "copilot-workflow"


def table(name: str, keys: list[str], types: dict[str, str], indexes: list[dict[str, Any]], stream: str | None = None) -> Resource:
    body = {"name": f"{PREFIX}-{name.replace('_', '-')}", "keys": keys, "types": types, "indexes": indexes, "stream": stream}
    return Resource(name, "table", {**body, "expiry": None, "recovery": True, "tags": TAGS})


def index(name: str, keys: list[str], projection: str = "ALL", include: tuple[str, ...] = ()) -> dict[str, Any]:
    return {"name": name, "keys": keys, "projection": projection, **({"include": sorted(include)} if include else {})}


TABLES = (
    table(
        "processing_state",
        ["session_id", "timestamp"],
        {"session_id": "S", "timestamp": "N", "workflow_id": "S", "processing_stage": "S"},
        [
            index("processing-stage-index", ["processing_stage", "timestamp"], "KEYS_ONLY"),
            index("workflow-id-index", ["workflow_id", "timestamp"]),
        ],
        "NEW_AND_OLD_IMAGES",
    ),
    table(
        "performance_metrics",
        ["agent_name", "metric_timestamp"],
        {"agent_name": "S", "metric_timestamp": "N", "session_id": "S", "quality_score": "N"},
        [
            index("quality-score-index", ["agent_name", "quality_score"], "INCLUDE", ("session_id", "execution_time_ms")),
            index("session-metrics-index", ["session_id", "metric_timestamp"]),
        ],
    ),
    table(
        "optimization_results",
        ["workflow_id", "optimization_timestamp"],
        {"workflow_id": "S", "optimization_timestamp": "N", "inefficiency_score": "N"},
        [
            index(
                "inefficiency-score-index",
                ["inefficiency_score", "optimization_timestamp"],
                "INCLUDE",
                ("optimization_potential", "session_id"),
            )
        ],
    ),
    table("system_configuration", ["config_category", "config_key"], {"config_category": "S", "config_key": "S"}, []),
)


@pytest.fixture
def engine(store: Store, session: Session, artifacts: Artifacts) -> Engine:
    return Engine(Journal(store, "workflow-prod"), providers(session, artifacts), Site("simulated", "us-east-1", TAGS[STACK]))


def changed(name: str, **properties: Any) -> tuple[Resource, ...]:
    return tuple(replace(t, properties={**t.properties, **properties}) if t.id == name else t for t in TABLES)


def indexes(session: Session, name: str) -> dict[str, list[str]]:
    found = session.client("dynamodb").describe_table(TableName=f"{PREFIX}-{name.replace('_', '-')}")["Table"]
    return {i["IndexName"]: [k["AttributeName"] for k in i["KeySchema"]] for i in found.get("GlobalSecondaryIndexes", [])}


def test_its_tables_are_valid_made_with_their_indexes_and_gone_in_the_end(engine: Engine, session: Session) -> None:
    assert check(TABLES) == ()
    carry_out(engine, TABLES)
    assert len(everything(session)["tables"]) == 4
    described = session.client("dynamodb").describe_table(TableName=f"{PREFIX}-processing-state")["Table"]
    assert described["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    assert described["StreamSpecification"]["StreamViewType"] == "NEW_AND_OLD_IMAGES"
    assert set(indexes(session, "processing_state")) == {"processing-stage-index", "workflow-id-index"}
    assert engine.plan(TABLES).changes == ()
    assert not engine.drift()
    assert engine.destroy("op") == []
    assert everything(session) == EMPTY


def test_indexes_are_added_changed_and_dropped_in_place_and_the_items_stay(engine: Engine, session: Session) -> None:
    carry_out(engine, TABLES)
    item = {"config_category": {"S": "quality"}, "config_key": {"S": "minimum_quality_score"}, "environment": {"S": "prod"}}
    session.client("dynamodb").put_item(TableName=f"{PREFIX}-system-configuration", Item=item)
    by_environment = [index("environment-index", ["environment", "config_key"], "KEYS_ONLY")]
    types = {"config_category": "S", "config_key": "S", "environment": "S"}
    by_stage = [index("processing-stage-index", ["processing_stage", "session_id"])]
    fewer = {"session_id": "S", "timestamp": "N", "processing_stage": "S"}
    for wanted, table, left in (
        (
            changed("system_configuration", indexes=by_environment, types=types),
            "system_configuration",
            {"environment-index": ["environment", "config_key"]},
        ),
        (
            changed("processing_state", indexes=by_stage, types=fewer),
            "processing_state",
            {"processing-stage-index": ["processing_stage", "session_id"]},
        ),
        (changed("processing_state", stream=None), "system_configuration", {}),
        (changed("processing_state", stream="KEYS_ONLY"), "system_configuration", {}),
    ):
        assert {change.action for change in engine.plan(wanted).changes} == {"update"}
        carry_out(engine, wanted)
        assert engine.plan(wanted).changes == ()
        assert indexes(session, table) == left
    assert session.client("dynamodb").scan(TableName=f"{PREFIX}-system-configuration")["Items"] == [item]


def test_an_index_that_somebody_dropped_is_found_and_made_again(engine: Engine, session: Session) -> None:
    carry_out(engine, TABLES)
    dropped = [{"Delete": {"IndexName": "session-metrics-index"}}]
    session.client("dynamodb").update_table(TableName=f"{PREFIX}-performance-metrics", GlobalSecondaryIndexUpdates=dropped)
    assert [(change.id, change.action) for change in engine.plan(TABLES).changes] == [("performance_metrics", "update")]
    carry_out(engine, TABLES)
    assert engine.plan(TABLES).changes == ()


@pytest.mark.parametrize("kind", ["refuse", "lose"])
def test_a_fault_while_indexes_change_brings_the_old_ones_back(
    kind: str, store: Store, session: Session, artifacts: Artifacts, monkeypatch: pytest.MonkeyPatch
) -> None:
    faulty = Session(session.region, session.endpoint)
    engine = Engine(
        Journal(store, "workflow-prod"), providers(faulty, artifacts), Site("simulated", "us-east-1", TAGS[STACK]), pause=lambda _: None
    )
    faults = Faults(faulty)
    carry_out(engine, TABLES)
    other = changed(
        "processing_state",
        indexes=[index("workflow-id-index", ["workflow_id"])],
        types={"session_id": "S", "timestamp": "N", "workflow_id": "S"},
    )
    for number in (1, 2, 3):
        start = faults.count
        setattr(faults, kind, lambda n, name, at=start + number: n == at)
        try:
            carry_out(engine, other)
        except Failed:
            assert engine.plan(TABLES).changes == ()
        else:
            assert engine.plan(other).changes == ()
            carry_out(engine, TABLES)
    assert engine.destroy("op") == []
    assert everything(session) == EMPTY
