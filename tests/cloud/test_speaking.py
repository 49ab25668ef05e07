"""A deployed agent that answers with a model of Bedrock, which the simulated account stands in for and says so."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from copilot.cloud.account import connect
from copilot.cloud.endpoint import invoke
from copilot.cloud.models import invoked
from copilot.cloud.simulator.account import shut_down
from copilot.context import Context
from copilot.errors import Refused, Unavailable
from copilot.intents import REGISTRY

MODEL = "us.anthropic.claude-3-5-haiku-20241022-v1:0"
QUESTION = "How many days of paid holiday do employees get?"


@pytest.fixture
def ctx(ctx: Context, tmp_path: Path) -> Iterator[Context]:
    (tmp_path / "handbook.md").write_text("# Leave\n\nEmployees get 28 days of paid holiday a year.\n")
    call(ctx, "ingest_data", source=str(tmp_path / "handbook.md"), collection="company")
    ctx.store.put("model", "haiku", {"id": f"bedrock/{MODEL}", "provider": "bedrock"}, "op")
    call(ctx, "create_agent", name="helpdesk", collections=["company"], model="haiku")
    yield ctx
    shut_down()


def call(ctx: Context, ability: str, **args: Any) -> Any:
    return REGISTRY[ability].run(args, ctx)


def test_the_function_may_ask_its_model_and_no_other_and_a_simulated_answer_says_so(ctx: Context) -> None:
    call(ctx, "deploy_agent", agent="helpdesk")
    said = invoke(ctx.store, ctx.home, False, "helpdesk-dev", QUESTION)
    assert "28 days" in said["text"]
    assert said["claims"][0]["citation"]["document"] == "handbook.md"
    assert said["tokens_in"] > 100
    assert said["reported"] == ["no language model was called: the account is simulated"]
    with connect(ctx.home, ctx.region, live=False) as session:
        iam = session.client("iam")
        role = iam.list_roles()["Roles"][0]["RoleName"]
        policy = iam.get_role_policy(RoleName=role, PolicyName="ask")["PolicyDocument"]
        asks = [s for s in policy["Statement"] if s["Action"] == "bedrock:InvokeModel"]
        assert asks[0]["Resource"] == invoked(MODEL, "us-east-1", "123456789012")
        assert {arn.split(":")[3] for arn in asks[0]["Resource"]} == {"us-east-1", "us-east-2", "us-west-2"}
        policy["Statement"] = [s for s in policy["Statement"] if s["Action"] != "bedrock:InvokeModel"]
        iam.put_role_policy(RoleName=role, PolicyName="ask", PolicyDocument=json.dumps(policy))
    with pytest.raises(Unavailable):
        invoke(ctx.store, ctx.home, False, "helpdesk-dev", QUESTION)
    told = call(ctx, "explain_failure", subject="helpdesk")
    assert "AccessDeniedException" in told.why
    assert "is not authorized to perform: bedrock:InvokeModel" in told.why
    call(ctx, "configure_deployment", target="local")
    with pytest.raises(Refused, match="cannot be deployed there"):
        call(ctx, "plan_deployment", agent="helpdesk")
