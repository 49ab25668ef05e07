"""Why something failed is told from what the workspace and the account know, with the next command."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from copilot.cloud.account import connect
from copilot.cloud.endpoint import invoke
from copilot.cloud.engine import Failed
from copilot.cloud.providers.watch import Dashboard
from copilot.cloud.simulator.account import shut_down
from copilot.context import Context
from copilot.errors import CopilotError, NotFound, Refused, Unavailable
from copilot.intents import REGISTRY
from copilot.outside.aws import ClientError


@pytest.fixture(scope="module")
def ctx(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Context]:
    """A workspace with an agent; tests of this file use it in order."""
    folder = tmp_path_factory.mktemp("workspace")
    context = Context(home=folder / "home", user="tester", consent="person")
    (folder / "docs").mkdir()
    (folder / "docs" / "handbook.md").write_text("# Leave\n\nEmployees get 28 days of paid holiday a year.\n")
    call(context, "ingest_data", source=str(folder / "docs"), collection="company")
    call(context, "create_agent", name="helpdesk", collections=["company"])
    yield context
    context.store.close()
    shut_down()


def call(ctx: Context, ability: str, **args: Any) -> Any:
    return REGISTRY[ability].run(args, ctx)


def test_where_nothing_failed_that_is_said(ctx: Context) -> None:
    assert call(ctx, "explain_failure").headline == "Nothing has failed in this workspace."
    assert call(ctx, "explain_failure", subject="helpdesk").headline == "Nothing about helpdesk has failed."
    with pytest.raises(NotFound, match="Did you mean 'helpdesk'"):
        call(ctx, "explain_failure", subject="helpdesc")


def test_a_call_that_failed_is_told_with_its_reason_and_the_command_to_try_again(ctx: Context) -> None:
    with pytest.raises(CopilotError):
        call(ctx, "create_agent", name="helpdesk", collections=["company"])
    told = call(ctx, "explain_failure")
    assert told.why == "The agent name 'helpdesk' is taken."
    assert told.put_back == "It had changed nothing."
    assert told.next_steps == ("copilot agents create helpdesk --collections company",)


def test_a_file_that_could_not_be_read_is_told(ctx: Context, tmp_path: Path) -> None:
    (tmp_path / "ok.md").write_text("# Canteen\n\nThe canteen opens at 11:30 on weekdays.\n")
    (tmp_path / "broken.pdf").write_bytes(b"%PDF-1.7\nnot really")
    call(ctx, "ingest_data", source=str(tmp_path), collection="news")
    told = call(ctx, "explain_failure", subject="news")
    assert (told.first, told.put_back) == ("broken.pdf", "The other files are in the collection.")
    assert told.why
    assert told.next_steps[-1] == "copilot data show-collection news"


def test_a_benchmark_that_was_not_passed_is_told_with_the_case(ctx: Context, tmp_path: Path) -> None:
    (tmp_path / "questions.csv").write_text("question,answer\nHow many days of paid holiday do employees get?,99 days\n")
    call(ctx, "create_benchmark", name="strict", source=str(tmp_path / "questions.csv"), threshold=1.0)
    call(ctx, "run_benchmark", agent="helpdesk", benchmark="strict")
    told = call(ctx, "explain_failure", subject="strict")
    assert "0% of 1 cases passed" in told.why
    assert told.evidence[0].startswith("How many days")
    with pytest.raises(Refused):
        call(ctx, "deploy_agent", agent="helpdesk")
    told = call(ctx, "explain_failure", subject="helpdesk")
    assert (told.what, told.why.partition(":")[0]) == ("deploy agent", "'helpdesk' may not be deployed")
    ctx.store.remove("benchmark", "strict", "op")


def test_a_deployment_that_failed_is_told_by_its_first_failing_step(ctx: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> str:
        raise ClientError({"Error": {"Code": "LimitExceeded", "Message": "too many dashboards"}}, "PutDashboard")

    monkeypatch.setattr(Dashboard, "create", refuse)
    with pytest.raises(Failed):
        call(ctx, "deploy_agent", agent="helpdesk")
    told = call(ctx, "explain_failure")
    assert told.what == "The deployment of helpdesk-dev"
    assert told.first == "create dashboard dashboard"
    assert "too many dashboards" in told.why
    assert told.put_back == "Every step was taken back: the account is as it was before."
    assert "create bucket bucket: undone" in told.evidence
    assert told.next_steps == ("copilot deployments plan --agent helpdesk",)


def test_a_deployment_that_does_not_answer_is_told_from_its_logs_and_alarms(ctx: Context) -> None:
    call(ctx, "deploy_agent", agent="helpdesk")
    with connect(ctx.home, ctx.region, live=False) as session:
        client = session.client("iam")
        role = next(r["RoleName"] for r in client.list_roles()["Roles"])
        client.delete_role_policy(RoleName=role, PolicyName="ask")
        logs = {"Effect": "Allow", "Action": ["logs:CreateLogStream", "logs:PutLogEvents"], "Resource": "*"}
        client.put_role_policy(RoleName=role, PolicyName="ask", PolicyDocument=_document(logs))
    with pytest.raises(Unavailable):
        invoke(ctx.store, ctx.home, False, "helpdesk-dev", "How many days of paid holiday do employees get?")
    told = call(ctx, "explain_failure", subject="helpdesk")
    assert told.what == "Answering from helpdesk-dev"
    assert "403" in told.why or "AccessDenied" in told.why
    assert any("-errors: Threshold crossed" in line for line in told.evidence)
    assert "copilot deployments detect-drift --deployment helpdesk-dev" in told.next_steps


def _document(statement: dict[str, Any]) -> str:
    import json

    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})
