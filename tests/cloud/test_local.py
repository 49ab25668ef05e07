"""An agent in a process of its own on this machine: it answers as elsewhere, outlives the command, and ends without a trace."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from copilot.answering.agent import ask, open_agent
from copilot.cloud.artifacts import Artifacts
from copilot.cloud.endpoint import invoke
from copilot.cloud.providers.machine import MachineFile, ThisMachine
from copilot.context import Context
from copilot.errors import NotFound
from copilot.intents import REGISTRY
from copilot.outside.process import started

HANDBOOK = "# Leave\n\nEmployees get 28 days of paid holiday a year. Unused days expire on 31 March of the next year.\n"
QUESTION = "How many days of paid holiday do employees get?"
NAME = "helpdesk-dev-local"


@pytest.fixture(scope="module")
def ctx(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Context]:
    """A workspace with one agent that goes to this machine; tests of this file use it in order."""
    folder = tmp_path_factory.mktemp("workspace")
    (folder / "handbook.md").write_text(HANDBOOK)
    context = Context(home=folder / "home", user="tester", consent="person")
    call(context, "ingest_data", source=str(folder / "handbook.md"), collection="company")
    call(context, "create_agent", name="helpdesk", collections=["company"])
    call(context, "configure_deployment", target="local")
    yield context
    for thing in context.store.all("deployment"):
        call(context, "destroy_deployment", deployment=thing.name)
    context.store.close()


def call(ctx: Context, ability: str, **args: Any) -> Any:
    return REGISTRY[ability].run(args, ctx)


def folder_of(ctx: Context) -> Path:
    return Path(ctx.store.get("deployment", NAME).body["process"])


def state_of(ctx: Context) -> dict[str, Any]:
    return dict(json.loads((folder_of(ctx) / "state.json").read_text()))


def test_it_is_deployed_without_aws_and_answers_as_the_agent_does_here(ctx: Context) -> None:
    planned = call(ctx, "plan_deployment")
    assert (planned.deployment, planned.account, planned.simulated) == (NAME, "local", False)
    assert planned.cost.high_usd == 0
    deployed = call(ctx, "deploy_agent", plan=planned.plan)
    assert "on this machine" in deployed.headline
    assert not (ctx.home / "simulated").exists()
    agent = open_agent(ctx.store, ctx.store.get("agent", "helpdesk"))
    there, here = invoke(ctx.store, ctx.home, False, NAME, QUESTION), ask(ctx.store, ctx.embedder, agent, QUESTION)
    assert there["text"] == here.text
    assert "28 days" in there["text"]
    assert call(ctx, "ask_agent", agent="helpdesk", question=QUESTION, deployment="dev-local").text == here.text
    assert call(ctx, "plan_deployment").changes == ()


def test_without_the_token_nobody_is_answered_and_only_this_machine_reaches_it(ctx: Context) -> None:
    url = ctx.store.get("deployment", NAME).body["endpoint"]
    assert url.startswith("http://127.0.0.1:")
    for headers in ({}, {"x-api-key": "guessed"}):
        with pytest.raises(HTTPError) as refused, urlopen(Request(url, b'{"question": "?"}', headers)):
            pass
        refused.value.close()
        assert refused.value.code == 403
    secret = [folder_of(ctx) / name for name in ("token", "state.json", "log")]
    assert {path.stat().st_mode & 0o77 for path in secret} == {0}
    assert (folder_of(ctx) / "token").read_text() not in ctx.store.path.read_bytes().decode("latin-1")


def test_it_outlives_the_command_that_started_it(ctx: Context) -> None:
    call(ctx, "destroy_deployment", deployment=NAME)
    script = (
        "import sys; from pathlib import Path; from copilot.context import Context; from copilot.intents import REGISTRY\n"
        "ctx = Context(home=Path(sys.argv[1]), user='tester', consent='person')\n"
        "REGISTRY['deploy_agent'].run({}, ctx)\n"
        "assert 'moto' not in sys.modules\n"
    )
    done = subprocess.run([sys.executable, "-c", script, str(ctx.home)], capture_output=True, text=True, check=False, timeout=60)
    assert done.stderr == ""
    assert started(state_of(ctx)["pid"])
    assert "28 days" in invoke(ctx.store, ctx.home, False, NAME, QUESTION)["text"]


def test_one_that_was_killed_is_seen_and_started_again_by_a_question_or_a_deployment(ctx: Context) -> None:
    for mend in (lambda: invoke(ctx.store, ctx.home, False, NAME, QUESTION), lambda: call(ctx, "deploy_agent")):
        kill(state_of(ctx)["pid"])
        assert "running" in str(call(ctx, "plan_deployment").changes)
        assert "1 of 5 resources differ" in call(ctx, "show_deployment", deployment=NAME).health
        mend()
        assert call(ctx, "plan_deployment").changes == ()


def test_another_process_with_its_number_is_left_alone(ctx: Context) -> None:
    kill(state_of(ctx)["pid"])
    stranger = subprocess.Popen(["sleep", "60"])
    try:
        path = folder_of(ctx) / "state.json"
        path.write_text(json.dumps({**state_of(ctx), "pid": stranger.pid}))
        assert "running" in str(call(ctx, "plan_deployment").changes)
        call(ctx, "deploy_agent")
        assert stranger.poll() is None
        assert state_of(ctx)["pid"] != stranger.pid
    finally:
        stranger.kill()
        stranger.wait()


def test_one_that_nobody_asks_ends_by_itself(ctx: Context) -> None:
    folder, state = folder_of(ctx), state_of(ctx)
    kill(state["pid"])
    (folder / "state.json").write_text(json.dumps({**state, "properties": {**state["properties"], "idle": 0.5}}))
    invoke(ctx.store, ctx.home, False, NAME, QUESTION)
    gone(state_of(ctx)["pid"])


def test_new_documents_come_with_a_new_process_and_going_back_brings_the_old_ones(ctx: Context, tmp_path: Path) -> None:
    (tmp_path / "news.md").write_text("The canteen opens at 11:30 on weekdays.")
    call(ctx, "deploy_agent")
    call(ctx, "ingest_data", source=str(tmp_path / "news.md"), collection="company")
    call(ctx, "deploy_agent")
    assert "11:30" in invoke(ctx.store, ctx.home, False, NAME, "When does the canteen open?")["text"]
    call(ctx, "rollback_deployment", deployment=NAME)
    assert invoke(ctx.store, ctx.home, False, NAME, "When does the canteen open?")["refused"]


def test_a_file_whose_copy_was_cut_off_leaves_nothing_when_it_is_taken_back(tmp_path: Path) -> None:
    artifacts, folder = Artifacts(tmp_path / "artifacts"), tmp_path / "local"
    (tmp_path / "index").write_text(HANDBOOK)
    digest = artifacts.add(tmp_path / "index")
    files = MachineFile(ThisMachine(folder), artifacts)
    made = folder / files.create({"bucket": "helpdesk", "key": f"index/{digest}", "sha256": digest})
    made.rename(f"{made}.part")  # as far as a process came that was killed
    files.delete(str(made.relative_to(folder)))
    assert list(folder.iterdir()) == []


def test_when_it_is_removed_neither_process_nor_document_is_left(ctx: Context) -> None:
    pid = state_of(ctx)["pid"]
    assert call(ctx, "destroy_deployment", deployment=NAME).left == ()
    gone(pid)
    assert not list((ctx.home / "local").glob("*"))
    files = [path for path in (ctx.home / "cache").rglob("*") if path.is_file()]
    assert not [path for path in files if b"paid holiday" in path.read_bytes()]
    with pytest.raises(NotFound):
        invoke(ctx.store, ctx.home, False, NAME, QUESTION)


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
    gone(pid)


def gone(pid: int) -> None:
    """Wait until a process has ended."""
    until = time.monotonic() + 120
    while started(pid):
        assert time.monotonic() < until
        time.sleep(0.02)
