"""What stands before a change in production, and what keeps deployments apart."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from copilot.cloud.account import connect
from copilot.cloud.deploy import prepare
from copilot.cloud.serverless import Settings
from copilot.context import Context
from copilot.errors import NeedsAnswer, NeedsConfirmation, Refused
from copilot.outside.store import Store
from tests.cloud.conftest import everything
from tests.cloud.test_deployments import call, workspace
from tests.routing.test_conversation import act, talk

NAME = "helpdesk-production"


@pytest.fixture(scope="module")
def ctx(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Context]:
    with workspace(tmp_path_factory.mktemp("workspace")) as context:
        yield context


def table(ctx: Context) -> dict[str, Any]:
    with connect(ctx.home, ctx.region, live=False) as session:
        dynamodb = session.client("dynamodb")
        return dict(dynamodb.describe_table(TableName=everything(session)["tables"][0])["Table"])


def test_an_agent_with_benchmarks_goes_to_production_only_through_one_with_a_threshold(ctx: Context, tmp_path: Path) -> None:
    (tmp_path / "questions.csv").write_text("question,answer\nHow many days of paid holiday do employees get?,28 days\n")
    call(ctx, "create_benchmark", name="easy", source=str(tmp_path / "questions.csv"))
    call(ctx, "run_benchmark", agent="helpdesk", benchmark="easy")
    assert call(ctx, "plan_deployment", agent="helpdesk").problems == ()
    with pytest.raises(Refused, match="production takes a benchmark with a threshold, and easy has none"):
        call(ctx, "deploy_agent", agent="helpdesk", environment="production")
    assert call(ctx, "list_deployments").deployments == ()
    ctx.store.remove("benchmark", "easy", "op")


def test_production_keeps_logs_for_longer_and_protects_its_tables(ctx: Context) -> None:
    call(ctx, "deploy_agent", agent="helpdesk", environment="production")
    with connect(ctx.home, ctx.region, live=False) as session:
        groups = session.client("logs").describe_log_groups()["logGroups"]
    assert {group["retentionInDays"] for group in groups} == {365}
    assert table(ctx)["DeletionProtectionEnabled"]


def test_what_is_in_production_is_removed_only_when_its_name_is_typed(ctx: Context) -> None:
    for typed in ({}, {"name_again": "helpdesk"}, {"name_again": "yes"}):
        with pytest.raises(NeedsAnswer, match="Type its whole name") as asked:
            call(ctx, "destroy_deployment", deployment="helpdesk", **typed)
        assert asked.value.pending["ask"] == "name_again"
    ctx.consent = "none"
    try:
        with pytest.raises(NeedsAnswer, match="Type its whole name"):
            call(ctx, "destroy_deployment", deployment=NAME)
        with pytest.raises(NeedsConfirmation) as confirm:
            call(ctx, "destroy_deployment", deployment=NAME, name_again=NAME)
    finally:
        ctx.consent = "person"
    assert confirm.value.pending["confirm"]["args"] == {"deployment": NAME, "name_again": NAME}
    assert "all" in call(ctx, "show_deployment", deployment=NAME, check=True).health


def test_in_a_conversation_the_typed_name_is_taken_as_it_is_and_then_confirmed(ctx: Context) -> None:
    conversation, _ = talk(ctx, act("destroy_deployment", deployment=NAME))
    try:
        assert isinstance(conversation.say("destroy helpdesk in production").error, NeedsAnswer)
        assert isinstance(conversation.say(NAME).error, NeedsConfirmation)
        conversation.say("no")
    finally:
        ctx.consent = "person"
    assert [row.name for row in call(ctx, "list_deployments").deployments] == [NAME]


def test_its_data_is_backed_up_first_and_the_backup_stays(ctx: Context) -> None:
    arn = table(ctx)["TableArn"]
    gone = call(ctx, "destroy_deployment", deployment=NAME, name_again=NAME)
    assert gone.left == ()
    assert len(gone.backups) == 1
    assert "backup of its data" in gone.headline
    with connect(ctx.home, ctx.region, live=False) as session:
        backup = session.client("dynamodb").describe_backup(BackupArn=gone.backups[0])["BackupDescription"]
        assert everything(session)["tables"] == []
    assert backup["SourceTableDetails"]["TableArn"] == arn


def test_elsewhere_a_yes_is_enough_and_nothing_is_kept(ctx: Context) -> None:
    call(ctx, "deploy_agent", agent="helpdesk", environment="staging")
    assert not table(ctx)["DeletionProtectionEnabled"]
    assert call(ctx, "destroy_deployment", deployment="helpdesk-staging").backups == ()


def test_the_same_agent_of_two_workspaces_is_two_deployments_in_one_account(ctx: Context, tmp_path: Path) -> None:
    agent = ctx.store.get("agent", "helpdesk")
    other = Store(tmp_path / "other.db", ctx.user)
    with connect(ctx.home, ctx.region, live=False) as session:
        one, two = (prepare(store, session, ctx.home, agent, "helpdesk-dev", "dev", Settings()) for store in (ctx.store, other))
    assert one.engine.site.stack != two.engine.site.stack
    names = [{r.properties["name"] for r in ready.wanted if "name" in r.properties and r.type != "stage"} for ready in (one, two)]
    assert names[0] & names[1] <= {"live"}
    other.close()
