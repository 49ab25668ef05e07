"""Watching a deployment: its logs, its alarms, a new version on trial, and why something failed."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from copilot.cloud.account import connect
from copilot.cloud.endpoint import invoke
from copilot.cloud.simulator.account import shut_down
from copilot.context import Context
from copilot.errors import BadArguments, Unavailable
from copilot.intents import REGISTRY
from copilot.intents.deployments import logs
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
