"""Watching a deployment: its logs, its alarms, a new version on trial, and why something failed."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from copilot.cloud import serverless
from copilot.cloud.account import connect
from copilot.cloud.endpoint import invoke
from copilot.cloud.simulator.account import shut_down
from copilot.context import Context
from copilot.errors import BadArguments, CopilotError, Refused, Unavailable
from copilot.intents import REGISTRY
from copilot.intents.deployments import canary, deploying, logs
from copilot.outside.aws import Session

HANDBOOK = "# Leave\n\nEmployees get 28 days of paid holiday a year. Unused days expire on 31 March of the next year.\n"
QUESTION = "How many days of paid holiday do employees get?"


@pytest.fixture(scope="module")
def ctx(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Context]:
    """A workspace with a deployed agent; tests of this file use it in order."""
    folder = tmp_path_factory.mktemp("workspace")
    (folder / "docs").mkdir()
    (folder / "docs" / "handbook.md").write_text(HANDBOOK)
    context = Context(home=folder / "home", user="tester", consent="person")
    call(context, "ingest_data", source=str(folder / "docs"), collection="company")
    call(context, "create_agent", name="helpdesk", collections=["company"])
    call(context, "deploy_agent", agent="helpdesk")
    yield context
    context.store.close()
    shut_down()


def call(ctx: Context, ability: str, **args: Any) -> Any:
    return REGISTRY[ability].run(args, ctx)


def ask(ctx: Context, question: str = QUESTION) -> dict[str, Any]:
    return invoke(ctx.store, ctx.home, False, "helpdesk-dev", question)


@contextmanager
def account(ctx: Context) -> Iterator[Session]:
    with connect(ctx.home, ctx.region, live=False) as session:
        yield session


def test_the_lines_of_real_runs_are_shown_with_their_times_and_without_the_question(ctx: Context) -> None:
    ask(ctx)
    with pytest.raises(BadArguments):
        ask(ctx, "x" * 5000)
    shown = call(ctx, "show_logs", deployment="helpdesk", since="15m")
    assert {line.log.split("/")[2] for line in shown.lines} == {"lambda", "apigateway"}
    texts = [line.text for line in shown.lines if line.log.startswith("/aws/lambda/")]
    own = [json.loads(text) for text in texts if text.startswith("{")]
    assert [line["level"] for line in own] == ["INFO", "WARN"]
    assert own[0]["claims"] == 1
    assert sum(text.startswith("REPORT") for text in texts) == 2
    assert shown.lines[0].at.startswith("20")
    assert "holiday" not in " ".join(texts)
    assert "of helpdesk-dev in the simulated account in the last 15m" in shown.headline


def test_only_lines_with_a_text_are_shown_in_whatever_case(ctx: Context) -> None:
    shown = call(ctx, "show_logs", deployment="helpdesk", contains="warn")
    assert [json.loads(line.text)["level"] for line in shown.lines] == ["WARN"]
    nothing = call(ctx, "show_logs", deployment="helpdesk", contains="no such words")
    assert nothing.headline.startswith("No log lines with 'no such words'")


class Watcher:
    """A person at a terminal who stops after some lines."""

    watched = True

    def __init__(self, ctx: Context, after: int) -> None:
        self.ctx, self.after, self.seen = ctx, after, ""

    @contextmanager
    def track(self, label: str, total: int | None = None) -> Iterator[Any]:
        yield lambda _: None

    def stream(self, text: str) -> None:
        self.seen += text
        if self.seen.count("\n") >= self.after:
            raise KeyboardInterrupt


def test_whoever_follows_sees_new_lines_once_until_they_stop(ctx: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    before = call(ctx, "show_logs", deployment="helpdesk").lines
    watcher = Watcher(ctx, len(before) + 5)
    monkeypatch.setattr(ctx, "progress", watcher)
    monkeypatch.setattr(logs.time, "sleep", lambda _: ask(ctx))
    stopped = call(ctx, "show_logs", deployment="helpdesk", follow=True)
    assert (stopped.followed, stopped.lines) == (len(before) + 5, ())
    assert watcher.seen.count("START") == sum(line.text.startswith("START") for line in before) + 1


def test_nobody_can_follow_without_a_terminal(ctx: Context) -> None:
    with pytest.raises(BadArguments, match="--follow needs a terminal"):
        call(ctx, "show_logs", deployment="helpdesk", follow=True)


def functions_of(session: Session) -> tuple[Any, str]:
    client = session.client("lambda")
    return client, client.list_functions()["Functions"][0]["FunctionName"]


def test_a_new_version_is_tried_on_a_share_of_the_calls_and_then_gets_all(ctx: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    before = call(ctx, "show_deployment", deployment="helpdesk")
    weights: list[Any] = []

    def look(_: float) -> None:
        with account(ctx) as session:
            client, name = functions_of(session)
            weights.append(client.get_alias(FunctionName=name, Name="live").get("RoutingConfig"))

    monkeypatch.setattr(canary.time, "sleep", look)
    call(ctx, "configure_deployment", memory_mb=2048)
    done = call(ctx, "deploy_agent", agent="helpdesk", canary=20)
    assert "tried on 20 % of the calls for 1m" in done.notes[-1]
    assert weights[-1]["AdditionalVersionWeights"] == {"2": 0.2}
    assert "with 25 questions of ours" in done.notes[-1]
    with account(ctx) as session:
        client, name = functions_of(session)
        alias = client.get_alias(FunctionName=name, Name="live")
        used = {v: invocations(session, name, v) for v in ("1", "2")}
    assert (alias["FunctionVersion"], (alias["RoutingConfig"] or {}).get("AdditionalVersionWeights") or {}) == ("2", {})
    assert used["2"] == 5
    assert call(ctx, "plan_deployment", agent="helpdesk").changes == ()
    history = call(ctx, "show_deployment", deployment="helpdesk").history
    assert len(history) == len(before.history) + 2


def invocations(session: Session, name: str, version: str) -> float:
    from datetime import UTC, datetime, timedelta

    now = datetime.now(UTC)
    dimensions = [{"Name": n, "Value": v} for n, v in (("FunctionName", name), ("Resource", f"{name}:live"), ("ExecutedVersion", version))]
    found = session.client("cloudwatch").get_metric_data(
        StartTime=now - timedelta(minutes=10),
        EndTime=now + timedelta(minutes=1),
        MetricDataQueries=[
            {
                "Id": "calls",
                "MetricStat": {
                    "Metric": {"Namespace": "AWS/Lambda", "MetricName": "Invocations", "Dimensions": dimensions},
                    "Period": 3600,
                    "Stat": "Sum",
                },
            }
        ],
    )
    return float(sum(found["MetricDataResults"][0]["Values"]))


def test_a_trial_whose_process_was_killed_ends_at_the_next_start_with_what_ran_before(
    ctx: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deploying, "conclude", lambda *_: "cut off here")
    call(ctx, "configure_deployment", memory_mb=1024)
    call(ctx, "deploy_agent", agent="helpdesk", canary=10)
    call(ctx, "configure_deployment", memory_mb=2048)
    cut_off = ctx.store.rows("SELECT operation FROM applies ORDER BY started_at DESC LIMIT 1")[0]["operation"]
    assert canary.recover_deployment(ctx) == "Nothing was left half-done.", "a trial that somebody else watches goes on"
    monkeypatch.setattr(ctx, "operation", cut_off)
    said = canary.recover_deployment(ctx)
    assert "what ran before has all calls again" in said
    assert canary.recover_deployment(ctx) == "Nothing was left half-done."
    monkeypatch.setattr(ctx, "operation", "")
    assert call(ctx, "plan_deployment", agent="helpdesk").changes == ()


def test_a_trial_needs_something_that_runs_and_something_new(ctx: Context) -> None:
    with pytest.raises(Refused, match="would not change"):
        call(ctx, "deploy_agent", agent="helpdesk", canary=10)
    with pytest.raises(Refused, match="does not run yet"):
        call(ctx, "deploy_agent", agent="helpdesk", environment="staging", canary=10)


def test_a_new_version_that_fails_on_trial_gets_no_calls_and_what_ran_before_runs_again(
    ctx: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = call(ctx, "show_deployment", deployment="helpdesk")
    monkeypatch.setattr(canary.time, "sleep", lambda _: None)
    original = serverless.described
    monkeypatch.setattr(serverless, "described", lambda blueprint: original(blueprint).replace("model/", "lost/"))
    with pytest.raises(CopilotError, match=r"raised an alarm on 50 % of the calls: copilot-helpdesk-dev.*-(errors|5xx)"):
        call(ctx, "deploy_agent", agent="helpdesk", canary=50, watch_for="1m")
    with account(ctx) as session:
        client, name = functions_of(session)
        alias = client.get_alias(FunctionName=name, Name="live")
    assert (alias["FunctionVersion"], (alias["RoutingConfig"] or {}).get("AdditionalVersionWeights") or {}) == ("2", {})
    monkeypatch.undo()
    assert not ask(ctx)["refused"]
    assert call(ctx, "plan_deployment", agent="helpdesk").changes == ()
    assert call(ctx, "show_deployment", deployment="helpdesk").agent_version == ran.agent_version
    assert "raised an alarm" in call(ctx, "explain_failure", subject="helpdesk").why
    call(ctx, "configure_deployment", memory_mb=1024)
    with pytest.raises(Refused, match="is on before the trial begins"):
        call(ctx, "deploy_agent", agent="helpdesk", canary=50)
    call(ctx, "undo")


def test_a_failure_in_the_function_is_logged_without_the_words_of_the_question(ctx: Context) -> None:
    with account(ctx) as session:
        session.client("dynamodb").delete_table(TableName=table_of(session))
    with pytest.raises(Unavailable):
        ask(ctx)
    shown = call(ctx, "show_logs", deployment="helpdesk", contains="ResourceNotFoundException")
    assert any(json.loads(line.text)["level"] == "ERROR" for line in shown.lines if line.text.startswith("{"))
    assert "holiday" not in " ".join(line.text for line in call(ctx, "show_logs", deployment="helpdesk").lines)
    call(ctx, "deploy_agent", agent="helpdesk")
    assert not ask(ctx)["refused"]


def table_of(session: Session) -> str:
    return str(session.client("dynamodb").list_tables()["TableNames"][0])
