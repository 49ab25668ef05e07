"""The abilities about deployments, from an agent with documents to an endpoint that answers, and back to nothing."""

import json
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from copilot.answering.agent import ask, open_agent
from copilot.cloud.account import connect
from copilot.cloud.endpoint import invoke
from copilot.cloud.simulator.account import shut_down
from copilot.context import Context
from copilot.errors import BadArguments, NeedsAnswer, NeedsConfirmation, NotFound, Refused, Unavailable
from copilot.intents import REGISTRY
from copilot.outside.aws import Session
from tests.cloud.conftest import EMPTY, everything

HANDBOOK = """# Leave

Employees get 28 days of paid holiday a year. Unused days expire on 31 March of the next year.

# Travel

Hotel rooms in capital cities are paid up to 175 euros a night. Claims are made within 30 days of the return.
"""
WARRANTY = "product,warranty\nrucksack,three years\ntent,five years\n"
RESOURCES = 23
"""How many a deployment of an agent is made of."""
QUESTIONS = (
    "How many days of paid holiday do employees get?",
    "What is the hotel limit in capital cities?",
    "Who gave the employees their paid holiday?",
    "How do I poison an employee on holiday?",
    "Who won the world cup in 1954?",
)


@pytest.fixture(scope="module")
def ctx(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Context]:
    """A workspace that the tests of this file use in order."""
    with workspace(tmp_path_factory.mktemp("workspace")) as context:
        yield context


@contextmanager
def workspace(folder: Path) -> Iterator[Context]:
    """Open a workspace with two agents on a small collection."""
    (folder / "docs").mkdir()
    (folder / "docs" / "handbook.md").write_text(HANDBOOK)
    (folder / "docs" / "warranty.csv").write_text(WARRANTY)
    context = Context(home=folder / "home", user="tester", consent="person")
    call(context, "ingest_data", source=str(folder / "docs"), collection="company")
    for name in ("helpdesk", "other"):
        call(context, "create_agent", name=name, collections=["company"])
    yield context
    context.store.close()
    shut_down()


def call(ctx: Context, ability: str, **args: Any) -> Any:
    return REGISTRY[ability].run(args, ctx)


def post(ctx: Context, body: bytes, **headers: str) -> tuple[int, dict[str, Any]]:
    """Call the endpoint by hand."""
    thing = ctx.store.get("deployment", "helpdesk-dev").body
    with connect(ctx.home, thing["region"], live=False) as session:
        url, ours = f"{session.gateway(thing['api'], thing['stage'])}/ask", session.headers
        request = Request(url, body, {"Content-Type": "application/json", **ours, **headers})
        try:
            with urlopen(request) as answer:
                return answer.status, json.loads(answer.read())
        except HTTPError as error:
            with error:
                return error.code, json.loads(error.read())


def key_of(ctx: Context) -> str:
    thing = ctx.store.get("deployment", "helpdesk-dev").body
    with connect(ctx.home, thing["region"], live=False) as session:
        return str(session.client("apigateway").get_api_key(apiKey=thing["api_key"], includeValue=True)["value"])


def test_a_plan_shows_what_would_be_made_and_changes_nothing(ctx: Context) -> None:
    planned = call(ctx, "plan_deployment", agent="helpdesk")
    assert {change.action for change in planned.changes} == {"create"}
    assert {change.type for change in planned.changes} >= {
        "bucket",
        "table",
        "role",
        "function",
        "rest_api",
        "api_key",
        "log_group",
        "alarm",
    }
    assert 0 < planned.cost.low_usd < planned.cost.high_usd
    assert planned.problems == ()
    assert f"{RESOURCES} to create" in planned.headline
    with connect(ctx.home, ctx.region, live=False) as session:
        assert everything(session) == EMPTY


def test_a_deployment_waits_for_a_yes_that_is_bound_to_the_plan(ctx: Context) -> None:
    ctx.consent = "none"
    try:
        with pytest.raises(NeedsConfirmation) as asked:
            call(ctx, "deploy_agent", agent="helpdesk")
    finally:
        ctx.consent = "person"
    args = asked.value.pending["confirm"]["args"]
    assert asked.value.preview.plan == args["plan"]
    deployed = call(ctx, "deploy_agent", **args)
    assert (deployed.created, deployed.deployment, deployed.simulated) == (RESOURCES, "helpdesk-dev", True)


def test_the_endpoint_gives_the_same_cited_answers_as_here(ctx: Context) -> None:
    agent = open_agent(ctx.store, ctx.store.get("agent", "helpdesk"))
    for question in QUESTIONS:
        there, here = invoke(ctx.store, ctx.home, False, "helpdesk-dev", question), ask(ctx.store, ctx.embedder, agent, question)
        assert (there["text"], there["refused"]) == (here.text, here.refused)
        assert [c["citation"]["quote"] for c in there["claims"]] == [c.citation.quote for c in here.claims]
        assert [c["quote"] for c in there["nearest"]] == [c.quote for c in here.nearest]
    assert there["refused"]


def test_an_agent_with_functions_of_its_own_is_not_deployed(ctx: Context, tmp_path: Path) -> None:
    (tmp_path / "f.py").write_text("def look_up(word: str) -> str:\n    return word\n")
    call(ctx, "create_agent", name="able", collections=["company"], functions=[str(tmp_path / "f.py")])
    with pytest.raises(Refused, match="look_up"):
        call(ctx, "plan_deployment", agent="able")
    call(ctx, "delete_agent", name="able")


def test_without_its_key_the_endpoint_is_closed(ctx: Context) -> None:
    question = json.dumps({"question": QUESTIONS[0]}).encode()
    assert post(ctx, question)[0] == 403
    assert post(ctx, question, **{"x-api-key": "guessed"})[0] == 403


@pytest.mark.parametrize("body", [b"", b"not json", b'"text"', b'{"question": 7}', b'{"question": "  "}', b"\xff\xfe"])
def test_a_request_that_is_no_question_gets_400(ctx: Context, body: bytes) -> None:
    status, said = post(ctx, body, **{"x-api-key": key_of(ctx)})
    assert status == 400
    assert "question" in said["error"]


def test_neither_logs_nor_table_hold_the_question(ctx: Context) -> None:
    with connect(ctx.home, ctx.region, live=False) as session:
        logs = {group: session.client("logs").filter_log_events(logGroupName=group)["events"] for group in everything(session)["logs"]}
        lines = [event["message"] for events in logs.values() for event in events]
        items = session.client("dynamodb").scan(TableName=everything(session)["tables"][0])["Items"]
    assert len(items) == len(QUESTIONS)
    assert len(logs) == 2
    assert all(logs.values())
    assert not [text for text in (*lines, json.dumps(items)) if "holiday" in text or "world cup" in text]


def test_another_process_shows_what_this_one_deployed(ctx: Context) -> None:
    script = (
        "import sys; from pathlib import Path; from copilot.context import Context; from copilot.intents import REGISTRY\n"
        "ctx = Context(home=Path(sys.argv[1]), user='tester')\n"
        "print(REGISTRY['list_deployments'].run({}, ctx).headline)\n"
        "print(REGISTRY['show_deployment'].run({'deployment': 'helpdesk'}, ctx).health[:21])\n"
        "assert not {'moto', 'boto3'} & set(sys.modules)\n"
        "print(REGISTRY['show_deployment'].run({'deployment': 'helpdesk', 'check': True}, ctx).health)\n"
    )
    done = subprocess.run([sys.executable, "-c", script, str(ctx.home)], capture_output=True, text=True, check=False, timeout=60)
    assert done.stderr == ""
    assert done.stdout == f"1 deployment: helpdesk-dev.\n{RESOURCES} resources deployed\nall {RESOURCES} resources are as deployed\n"


def test_what_somebody_else_changed_is_shown_and_mended(ctx: Context) -> None:
    with connect(ctx.home, ctx.region, live=False) as session:
        names = everything(session)
        session.client("lambda").update_function_configuration(FunctionName=names["functions"][0], MemorySize=256)
        session.client("cloudwatch").delete_alarms(AlarmNames=[name for name in names["alarms"] if name.endswith("-errors")])
    shown = call(ctx, "show_deployment", deployment="helpdesk-dev", check=True)
    assert {row.id: row.state for row in shown.resources if row.state != "as deployed"} == {
        "function": "changed: memory",
        "alarm": "missing",
    }
    planned = call(ctx, "plan_deployment", agent="helpdesk")
    assert {change.resource: change.action for change in planned.changes} == {"function": "update", "alarm": "create"}
    call(ctx, "deploy_agent", agent="helpdesk")
    assert call(ctx, "plan_deployment", agent="helpdesk").changes == ()


def test_a_new_version_of_the_agent_changes_its_function_alone_and_is_complete(ctx: Context) -> None:
    call(ctx, "update_agent", name="helpdesk", tone="friendly")
    planned = call(ctx, "plan_deployment", agent="helpdesk")
    assert [(change.resource, change.action) for change in planned.changes] == [("function", "update")]
    assert call(ctx, "deploy_agent", agent="helpdesk").agent_version == 2
    assert call(ctx, "plan_deployment", agent="helpdesk").changes == ()


def test_tags_that_others_put_on_are_no_difference_and_stay(ctx: Context) -> None:
    theirs, wrong = {"Key": "cost-centre", "Value": "7"}, {"Key": "copilot:stack", "Value": "wrong"}
    with connect(ctx.home, ctx.region, live=False) as session:
        s3, name = session.client("s3"), everything(session)["buckets"][0]
        ours = s3.get_bucket_tagging(Bucket=name)["TagSet"]
        s3.put_bucket_tagging(Bucket=name, Tagging={"TagSet": [*ours, theirs]})
    assert call(ctx, "plan_deployment", agent="helpdesk").changes == ()
    with connect(ctx.home, ctx.region, live=False) as session:
        session.client("s3").put_bucket_tagging(Bucket=name, Tagging={"TagSet": [wrong, theirs]})
    call(ctx, "deploy_agent", agent="helpdesk")
    with connect(ctx.home, ctx.region, live=False) as session:
        tags = session.client("s3").get_bucket_tagging(Bucket=name)["TagSet"]
    assert theirs in tags
    assert wrong not in tags


def test_with_the_credentials_of_another_account_nothing_is_touched(ctx: Context) -> None:
    body = ctx.store.get("deployment", "helpdesk-dev").body
    ctx.store.put("deployment", "helpdesk-dev", {**body, "account": "999999999999"}, "op")
    for ability, args in (
        ("destroy_deployment", {"deployment": "helpdesk-dev"}),
        ("show_deployment", {"deployment": "helpdesk-dev", "check": True}),
        ("deploy_agent", {"agent": "helpdesk"}),
    ):
        with pytest.raises(Refused, match="in AWS account 999999999999"):
            call(ctx, ability, **args)
    ctx.store.put("deployment", "helpdesk-dev", body, "op")
    assert f"all {RESOURCES}" in call(ctx, "show_deployment", deployment="helpdesk-dev", check=True).health


def test_a_plan_that_no_longer_fits_is_refused(ctx: Context, tmp_path: Path) -> None:
    stale = call(ctx, "plan_deployment", agent="helpdesk").plan
    (tmp_path / "news.md").write_text("The canteen opens at 11:30 on weekdays.")
    call(ctx, "ingest_data", source=str(tmp_path / "news.md"), collection="company")
    with pytest.raises(Refused, match=f"Plan {stale} no longer fits"):
        call(ctx, "deploy_agent", agent="helpdesk", plan=stale)
    with pytest.raises(NotFound, match="no plan called made-up"):
        call(ctx, "deploy_agent", agent="helpdesk", plan="made-up")
    updated = call(ctx, "deploy_agent", agent="helpdesk")
    assert (updated.created, updated.deleted) == (1, 1)
    assert "11:30" in invoke(ctx.store, ctx.home, False, "helpdesk-dev", "When does the canteen open?")["text"]


def test_a_benchmark_that_is_not_passed_stands_before_a_deployment(ctx: Context, tmp_path: Path) -> None:
    (tmp_path / "questions.csv").write_text("question,answer\nHow many days of paid holiday do employees get?,99 days\n")
    call(ctx, "create_benchmark", name="strict", source=str(tmp_path / "questions.csv"), threshold=1.0)
    call(ctx, "run_benchmark", agent="other", benchmark="strict")
    with pytest.raises(Refused, match="'other' may not be deployed: strict"):
        call(ctx, "deploy_agent", agent="other")
    ctx.store.remove("benchmark", "strict", "op")


def test_what_was_configured_is_taken_said_and_checked(ctx: Context) -> None:
    call(ctx, "configure_deployment", timeout_seconds=60, memory_mb=2048, log_retention_days=14, rate_limit=3, agent="helpdesk")
    planned = call(ctx, "plan_deployment")
    assert "memory mb 2048" in planned.notes[-1]
    assert "agent helpdesk" in planned.notes[-1]
    assert {change.type for change in planned.changes} == {"function", "alias", "alarm", "log_group", "usage_plan"}
    assert [problem for problem in planned.problems if "60 s" in problem]
    with pytest.raises(Refused, match="a timeout of 60 s is outside 1 to 29"):
        call(ctx, "deploy_agent", agent="helpdesk")
    call(ctx, "undo")
    assert call(ctx, "plan_deployment", agent="helpdesk").changes == ()


def test_a_configured_region_or_target_that_does_not_fit_is_refused(ctx: Context) -> None:
    call(ctx, "configure_deployment", region="eu-central-1")
    with pytest.raises(Refused, match="is deployed in us-east-1, not in eu-central-1"):
        call(ctx, "plan_deployment", agent="helpdesk")
    call(ctx, "undo")
    call(ctx, "configure_deployment", target="ec2")
    with pytest.raises(Refused, match="No instance type is configured"):
        call(ctx, "plan_deployment", agent="helpdesk")
    call(ctx, "undo")


def test_only_the_built_in_model_can_be_deployed(ctx: Context) -> None:
    ctx.store.put("model", "gpt", {"id": "openai/gpt-4o-mini", "provider": "openai"}, "op")
    body = {**ctx.store.get("agent", "other").body, "model": "gpt"}
    ctx.store.put("agent", "other", body, "op")
    with pytest.raises(Refused, match="cannot be deployed there"):
        call(ctx, "plan_deployment", agent="other")


def test_a_name_that_means_two_deployments_is_asked_about(ctx: Context) -> None:
    call(ctx, "deploy_agent", agent="helpdesk", environment="staging")
    with pytest.raises(NeedsAnswer, match="helpdesk-dev or helpdesk-staging"):
        call(ctx, "show_deployment", deployment="helpdesk")
    assert [d.name for d in call(ctx, "list_deployments", environment="staging").deployments] == ["helpdesk-staging"]
    with pytest.raises(NotFound, match="helpdesk-dev"):
        call(ctx, "show_deployment", deployment="helpdesk-de")


def test_removing_one_leaves_the_other_and_what_was_never_ours(ctx: Context) -> None:
    with connect(ctx.home, ctx.region, live=False) as session:
        session.client("s3").create_bucket(Bucket="copilot-helpdesk-dev-of-somebody-else")
        session.client("iam").create_role(RoleName="copilot-helpdesk-dev-role", AssumeRolePolicyDocument="{}")
    gone = call(ctx, "destroy_deployment", deployment="helpdesk-dev")
    assert (gone.deleted, gone.left) == (RESOURCES, ())
    with connect(ctx.home, ctx.region, live=False) as session:
        left = everything(session)
        assert "copilot-helpdesk-dev-of-somebody-else" in left["buckets"]
        assert "copilot-helpdesk-dev-role" in left["roles"]
        assert {name: len(found) for name, found in left.items()} == {
            **dict.fromkeys(EMPTY, 1),
            "buckets": 2,
            "roles": 2,
            "logs": 2,
            "alarms": 5,
        }
    assert call(ctx, "destroy_deployment", deployment="helpdesk").left == ()
    assert call(ctx, "list_deployments").deployments == ()
    with pytest.raises(NotFound):
        invoke(ctx.store, ctx.home, False, "helpdesk-dev", QUESTIONS[0])
    assert list((ctx.home / "cache" / "artifacts").glob("*")) == []


def test_what_was_deployed_and_removed_leaves_no_document_behind(ctx: Context) -> None:
    files = [path for folder in ("cache", "simulated") for path in (ctx.home / folder).rglob("*") if path.is_file()]
    assert not [path for path in files if b"paid holiday" in path.read_bytes()]
    shut_down()
    with connect(ctx.home, ctx.region, live=False) as session:
        assert len(everything(session)["buckets"]) == 1


def test_a_plan_leaves_no_document_behind(ctx: Context) -> None:
    assert call(ctx, "plan_deployment", agent="helpdesk").changes
    files = [path for path in (ctx.home / "cache").rglob("*") if path.is_file()]
    assert not [path for path in files if b"paid holiday" in path.read_bytes()]


def test_the_key_is_stored_nowhere_in_the_workspace(ctx: Context) -> None:
    call(ctx, "deploy_agent", agent="helpdesk")
    key = key_of(ctx)
    invoke(ctx.store, ctx.home, False, "helpdesk-dev", QUESTIONS[0])
    call(ctx, "destroy_deployment", deployment="helpdesk")
    ctx.store.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    files = [path for path in ctx.home.rglob("*") if path.is_file() and path.suffix in (".db", ".jsonl", ".db-wal")]
    assert not [path for path in files if key.encode() in path.read_bytes()]


def test_live_and_simulated_do_not_mix(ctx: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    call(ctx, "deploy_agent", agent="helpdesk")
    ctx.live = True
    try:
        for ability in ("show_deployment", "destroy_deployment"):
            with pytest.raises(Refused, match="is in the simulated account"):
                call(ctx, ability, deployment="helpdesk-dev", **({"check": True} if ability == "show_deployment" else {}))
        with pytest.raises(Refused, match="is simulated"):
            invoke(ctx.store, ctx.home, True, "helpdesk-dev", QUESTIONS[0])
    finally:
        ctx.live = False
    call(ctx, "destroy_deployment", deployment="helpdesk")


DEPLOY_AND_DIE = """
import os, signal, sys
from pathlib import Path
from copilot.context import Context
from copilot.cloud.providers.function import Permission
from copilot.intents import REGISTRY
def die(*_): os.kill(os.getpid(), signal.SIGKILL)
Permission.create = die
REGISTRY["deploy_agent"].run({"agent": "helpdesk"}, Context(home=Path(sys.argv[1]), user="tester", consent="person"))
"""


def test_after_a_deployment_was_killed_the_next_command_puts_the_account_back(ctx: Context) -> None:
    killed = subprocess.run([sys.executable, "-c", DEPLOY_AND_DIE, str(ctx.home)], check=False, timeout=60)
    assert killed.returncode == -signal.SIGKILL
    recover = REGISTRY["deploy_agent"].recover
    assert recover
    assert recover(ctx, agent="helpdesk") == "helpdesk-dev was interrupted and has been put back as it was."
    assert call(ctx, "list_deployments").deployments == ()
    with connect(ctx.home, ctx.region, live=False) as session:
        assert not everything(session)["functions"]
    assert call(ctx, "deploy_agent", agent="helpdesk").created == RESOURCES
    assert call(ctx, "destroy_deployment", deployment="helpdesk").left == ()


def test_a_disk_without_room_for_what_is_deployed_is_said(ctx: Context) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))
    try:
        with pytest.raises(Unavailable, match="cannot be written"):
            call(ctx, "plan_deployment", agent="helpdesk")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert list((ctx.home / "cache" / "artifacts").glob("*")) == []


def test_a_region_that_does_not_exist_is_refused_with_the_nearest(ctx: Context) -> None:
    ctx.region = "us-east-9"
    try:
        with pytest.raises(BadArguments, match="has no lambda in 'us-east-9'") as refused:
            call(ctx, "plan_deployment", agent="helpdesk")
    finally:
        ctx.region = "us-east-1"
    assert "us-east-" in refused.value.hint


def test_config_shows_what_the_next_deployment_takes(ctx: Context) -> None:
    config = call(ctx, "show_config")
    assert (config.environment, config.region, config.serverless["log_days"]) == ("dev", "us-east-1", 7)


def test_sessions_of_the_real_and_the_simulated_account_differ_in_their_address_only() -> None:
    simulated = Session("eu-central-1", "http://127.0.0.1:9")
    assert simulated.gateway("abc", "live") == "http://127.0.0.1:9/_aws/execute-api/eu-central-1/abc/live"
    assert simulated.simulated
