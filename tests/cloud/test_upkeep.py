"""Drift, going back and what a failed deployment leaves: a workspace of its own, used by the tests in order."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from copilot.cloud import engine as engine_module
from copilot.cloud.account import connect
from copilot.cloud.endpoint import invoke
from copilot.cloud.engine import Failed
from copilot.context import Context
from copilot.errors import CopilotError, NeedsConfirmation, NotFound, Refused
from copilot.outside.aws import ClientError
from tests.cloud.conftest import everything
from tests.cloud.test_deployments import QUESTIONS, call, workspace


@pytest.fixture(scope="module")
def ctx(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Context]:
    with workspace(tmp_path_factory.mktemp("workspace")) as context:
        yield context


def account_file(ctx: Context) -> bytes:
    return (ctx.home / "simulated" / "account.jsonl").read_bytes()


def test_nothing_differs_after_a_deployment(ctx: Context) -> None:
    assert call(ctx, "detect_drift").headline == "Nothing is deployed in this account."
    call(ctx, "deploy_agent", agent="helpdesk")
    drifted = call(ctx, "detect_drift", deployment="helpdesk")
    assert drifted.rows == ()
    assert "are as deployed" in drifted.headline


def test_what_others_change_is_found_with_its_values_and_deploying_again_repairs_it(ctx: Context) -> None:
    with connect(ctx.home, ctx.region, live=False) as session:
        names = everything(session)
        function, bucket = names["functions"][0], names["buckets"][0]
        logs = f"/aws/lambda/{function}"
        errors = next(name for name in names["alarms"] if name.endswith("-errors"))
        session.client("lambda").update_function_configuration(FunctionName=function, MemorySize=256)
        session.client("logs").put_retention_policy(logGroupName=logs, retentionInDays=1)
        session.client("s3").put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})
        session.client("cloudwatch").delete_alarms(AlarmNames=[errors])
    untouched = account_file(ctx)
    drifted = call(ctx, "detect_drift", deployment="helpdesk")
    assert account_file(ctx) == untouched
    found = {(row.type, row.kind, row.property, row.deployed, row.found) for row in drifted.rows}
    assert found == {
        ("function", "changed", "memory", "1769", "256"),
        ("log_group", "changed", "days", "7", "1"),
        ("bucket", "changed", "versioned", "true", "false"),
        ("alarm", "missing", "", errors, ""),
    }
    assert "4 of" in drifted.headline
    assert drifted.next_steps == ("copilot deployments plan --agent helpdesk --environment dev",)
    planned = call(ctx, "plan_deployment", agent="helpdesk")
    assert sorted((change.type, change.action) for change in planned.changes) == [
        ("alarm", "create"),
        ("bucket", "update"),
        ("function", "update"),
        ("log_group", "update"),
    ]
    assert "memory: 256 → 1769" in {change.details for change in planned.changes}
    call(ctx, "deploy_agent", agent="helpdesk")
    assert call(ctx, "plan_deployment", agent="helpdesk").changes == ()
    assert call(ctx, "detect_drift").rows == ()


def test_noise_is_ignored_and_said_and_what_nobody_knows_of_is_found(ctx: Context) -> None:
    stack = ctx.store.get("deployment", "helpdesk-dev").body["stack"]
    with connect(ctx.home, ctx.region, live=False) as session:
        dynamodb, logs = session.client("dynamodb"), session.client("logs")
        table = dynamodb.describe_table(TableName=everything(session)["tables"][0])["Table"]
        dynamodb.tag_resource(ResourceArn=table["TableArn"], Tags=[{"Key": "cost-centre", "Value": "7"}])
        logs.create_log_group(logGroupName="/aws/lambda/copilot-stray", tags={"copilot:stack": stack})
    drifted = call(ctx, "detect_drift")
    assert {(row.type, row.kind, row.property, row.found) for row in drifted.rows} == {
        ("table", "ignored", "tags.cost-centre", "7"),
        ("log_group", "extra", "", "/aws/lambda/copilot-stray"),
    }
    assert next(row.why for row in drifted.rows if row.kind == "ignored").startswith("others may tag")
    with connect(ctx.home, ctx.region, live=False) as session:
        session.client("logs").delete_log_group(logGroupName="/aws/lambda/copilot-stray")
    assert "all" in call(ctx, "detect_drift").headline


def test_undoing_a_first_deployment_proposes_its_removal(ctx: Context) -> None:
    call(ctx, "deploy_agent", agent="other", environment="staging")
    with pytest.raises(NeedsConfirmation) as asked:
        call(ctx, "undo")
    assert asked.value.pending["confirm"] == {"intent": "destroy_deployment", "args": {"deployment": "other-staging"}}
    call(ctx, "destroy_deployment", deployment="other-staging")


def test_a_deployment_goes_back_to_what_ran_before_and_answers_as_then(ctx: Context) -> None:
    with pytest.raises(Refused, match="Nothing ran before"):
        call(ctx, "rollback_deployment", deployment="helpdesk")
    call(ctx, "update_agent", name="helpdesk", tone="friendly")
    (ctx.home / "news.md").write_text("The canteen opens at 11:30 on weekdays.")
    call(ctx, "ingest_data", source=str(ctx.home / "news.md"), collection="company")
    call(ctx, "deploy_agent", agent="helpdesk")
    assert "11:30" in invoke(ctx.store, ctx.home, False, "helpdesk-dev", "When does the canteen open?")["text"]
    ctx.consent = "none"
    with pytest.raises(NeedsConfirmation) as asked:
        call(ctx, "rollback_deployment", deployment="helpdesk")
    ctx.consent = "person"
    args = asked.value.pending["confirm"]["args"]
    assert (args["revision"], asked.value.pending["once"]) == (1, ["plan"])
    assert {change.action for change in asked.value.preview.changes} >= {"create", "update", "delete"}
    back = call(ctx, "rollback_deployment", **args)
    assert (back.revision, back.before, back.agent_version) == (1, 2, 1)
    assert "11:30" not in invoke(ctx.store, ctx.home, False, "helpdesk-dev", "When does the canteen open?")["text"]
    assert "28 days" in invoke(ctx.store, ctx.home, False, "helpdesk-dev", QUESTIONS[0])["text"]
    assert call(ctx, "detect_drift").rows == () or {row.kind for row in call(ctx, "detect_drift").rows} == {"ignored"}
    with pytest.raises(Refused, match=f"Plan {args['plan']} no longer fits"):
        call(ctx, "rollback_deployment", **args)


def test_the_history_says_which_revision_and_version_ran_when(ctx: Context) -> None:
    shown = call(ctx, "show_deployment", deployment="helpdesk")
    assert [(event.what, event.revision, event.agent_version) for event in shown.history][::-1] == [
        ("deployed", 1, 1),
        ("deployed", 1, 1),  # the repair
        ("deployed", 2, 2),
        ("went back", 1, 1),
    ]
    assert shown.agent_version == 1


def test_undoing_proposes_what_ran_just_before_and_changes_nothing_by_itself(ctx: Context) -> None:
    untouched = account_file(ctx)
    with pytest.raises(NeedsConfirmation) as asked:
        call(ctx, "undo")
    assert account_file(ctx) == untouched
    confirm = asked.value.pending["confirm"]
    assert (confirm["intent"], confirm["args"]["revision"]) == ("rollback_deployment", 2)
    assert asked.value.preview.revision == 2
    assert call(ctx, confirm["intent"], **confirm["args"]).agent_version == 2
    assert "11:30" in invoke(ctx.store, ctx.home, False, "helpdesk-dev", "When does the canteen open?")["text"]


def test_a_revision_that_nobody_made_is_refused_with_those_there_are(ctx: Context) -> None:
    with pytest.raises(NotFound, match="no revision 7") as refused:
        call(ctx, "rollback_deployment", deployment="helpdesk", revision=7)
    assert "2, 1" in refused.value.hint


def test_one_cannot_go_back_to_documents_that_were_deleted_for_good(ctx: Context) -> None:
    (ctx.home / "secret.md").write_text("The vault opens with the number 4711 on Sundays.")
    call(ctx, "ingest_data", source=str(ctx.home / "secret.md"), collection="vault")
    (ctx.home / "secret.md").unlink()
    call(ctx, "update_agent", name="helpdesk", add_collection="vault")
    call(ctx, "deploy_agent", agent="helpdesk")
    call(ctx, "update_agent", name="helpdesk", remove_collection="vault")
    call(ctx, "deploy_agent", agent="helpdesk")
    call(ctx, "delete_collection", collection="vault")
    call(ctx, "plan_deployment", agent="helpdesk")
    with pytest.raises(NotFound, match="no revision 3"):
        call(ctx, "rollback_deployment", deployment="helpdesk")
    files = [path for folder in ("cache", "simulated") for path in (ctx.home / folder).rglob("*") if path.is_file()]
    assert not [path for path in files if b"vault opens" in path.read_bytes()]
    assert call(ctx, "rollback_deployment", deployment="helpdesk", revision=2).revision == 2


def test_a_plan_says_what_it_costs_more_than_what_runs(ctx: Context) -> None:
    call(ctx, "configure_deployment", memory_mb=3538)
    planned = call(ctx, "plan_deployment", agent="helpdesk")
    assert planned.more_high_usd > planned.more_low_usd > 0
    assert f"+{planned.more_low_usd:.2f} to +{planned.more_high_usd:.2f} against what runs" in planned.headline
    call(ctx, "undo")


@contextmanager
def denied(ctx: Context, *calls: str) -> Iterator[None]:
    """Let IAM and Lambda refuse some calls while the block runs."""

    def refuse(model: Any, **_: Any) -> None:
        if model.name in calls:
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": "denied"}}, model.name)

    with connect(ctx.home, ctx.region, live=False) as session:
        clients = [session.client(service) for service in ("iam", "lambda")]
    for client in clients:
        client.meta.events.register("before-call.*.*", refuse)
    yield
    for client in clients:
        client.meta.events.unregister("before-call.*.*", refuse)


def test_what_a_failed_first_deployment_left_is_listed_and_can_be_removed(ctx: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_module, "ROLLBACK_WAITS", (0.0,))
    with denied(ctx, "CreateFunction", "DeleteRole"), pytest.raises(Failed, match="denied") as failed:
        call(ctx, "deploy_agent", agent="other")
    assert "copilot deployments destroy other-dev" in failed.value.hint
    listed = {row.name: row.state for row in call(ctx, "list_deployments").deployments}
    assert listed == {"helpdesk-dev": "deployed", "other-dev": "left over by a deployment that failed"}
    shown = call(ctx, "show_deployment", deployment="other")
    assert [row.type for row in shown.resources] == ["role"]
    assert "left over" in shown.headline
    with denied(ctx, "DeleteRole"), pytest.raises(CopilotError, match="Nothing of other-dev could be removed"):
        call(ctx, "destroy_deployment", deployment="other")
    assert [row.agent for row in call(ctx, "list_deployments").deployments] == ["helpdesk", "other"]
    gone = call(ctx, "destroy_deployment", deployment="other")
    assert (gone.deleted, gone.left) == (1, ())
    assert [row.name for row in call(ctx, "list_deployments").deployments] == ["helpdesk-dev"]


def test_what_a_failed_first_deployment_left_is_taken_over_by_the_next(ctx: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_module, "ROLLBACK_WAITS", (0.0,))
    with denied(ctx, "CreateFunction", "DeleteRole"), pytest.raises(Failed):
        call(ctx, "deploy_agent", agent="other")
    call(ctx, "configure_deployment", region="eu-central-1")
    with pytest.raises(Refused, match="is deployed in us-east-1"):
        call(ctx, "plan_deployment", agent="other")
    call(ctx, "undo")
    call(ctx, "deploy_agent", agent="other")
    assert call(ctx, "plan_deployment", agent="other").changes == ()
    assert call(ctx, "destroy_deployment", deployment="other").left == ()


def test_what_is_partly_removed_says_so_until_the_rest_is_gone(ctx: Context) -> None:
    with denied(ctx, "DeleteRole"):
        assert [left.split()[0] for left in call(ctx, "destroy_deployment", deployment="helpdesk").left] == ["role"]
    assert {row.name: row.state for row in call(ctx, "list_deployments").deployments} == {"helpdesk-dev": "partly removed"}
    assert "partly removed" in call(ctx, "show_deployment", deployment="helpdesk").headline
    assert call(ctx, "destroy_deployment", deployment="helpdesk").left == ()
    assert call(ctx, "list_deployments").deployments == ()
