"""An agent where AWS runs it whole: SageMaker and AgentCore, as far as the simulated account goes, and no further."""

import json
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from copilot.cloud.account import connect
from copilot.cloud.artifacts import Artifacts
from copilot.cloud.endpoint import invoke
from copilot.cloud.simulator.account import shut_down
from copilot.context import Context
from copilot.errors import Unavailable
from copilot.intents import REGISTRY
from copilot.outside.aws import Session
from tests.cloud.conftest import EMPTY, everything

QUESTION = "How many days of paid holiday do employees get?"
NAME = "helpdesk-dev"


@pytest.fixture(scope="module")
def ctx(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Context]:
    """A workspace with one agent; tests of this file use it in order."""
    folder = tmp_path_factory.mktemp("workspace")
    (folder / "handbook.md").write_text("# Leave\n\nEmployees get 28 days of paid holiday a year.\n")
    context = Context(home=folder / "home", user="tester", consent="person")
    call(context, "ingest_data", source=str(folder / "handbook.md"), collection="company")
    call(context, "create_agent", name="helpdesk", collections=["company"])
    yield context
    context.store.close()
    shut_down()


def call(ctx: Context, ability: str, **args: Any) -> Any:
    return REGISTRY[ability].run(args, ctx)


def hosted(session: Session) -> dict[str, list[str]]:
    """Name what is hosted."""
    sagemaker = session.client("sagemaker")
    return {
        "models": [m["ModelName"] for m in sagemaker.list_models()["Models"]],
        "configs": [c["EndpointConfigName"] for c in sagemaker.list_endpoint_configs()["EndpointConfigs"]],
        "endpoints": [e["EndpointName"] for e in sagemaker.list_endpoints()["Endpoints"]],
        "runtimes": [r["agentRuntimeName"] for r in session.client("bedrock-agentcore-control").list_agent_runtimes()["agentRuntimes"]],
    }


def package_of(ctx: Context) -> Path:
    """Return the archive that was put into the bucket."""
    held = {p["sha256"] for p in objects(ctx)}
    assert len(held) == 1
    return Artifacts(ctx.home / "cache" / "artifacts").path(held.pop())


def objects(ctx: Context) -> list[dict[str, Any]]:
    rows = ctx.store.rows("SELECT properties FROM resources WHERE type = 'object' AND deployment = ?", NAME)
    return [json.loads(row["properties"]) for row in rows]


@pytest.mark.parametrize(("target", "made"), [("sagemaker", ["models", "configs", "endpoints"]), ("agentcore", ["runtimes"])])
def test_it_is_planned_deployed_looked_after_and_removed_and_never_said_to_answer(ctx: Context, target: str, made: list[str]) -> None:
    call(ctx, "configure_deployment", target=target)
    planned = call(ctx, "plan_deployment")
    assert planned.problems == ()
    assert (planned.cost.low_usd, len(planned.cost.unknown)) == (None, 1)
    assert call(ctx, "deploy_agent", plan=planned.plan).created == len(planned.changes)
    assert call(ctx, "plan_deployment").changes == ()
    assert "as deployed" in call(ctx, "show_deployment", deployment=NAME, check=True).health
    with connect(ctx.home, ctx.region, live=False) as session:
        assert {kind: len(names) for kind, names in hosted(session).items() if names} == dict.fromkeys(made, 1)
    with pytest.raises(Unavailable, match="NotSimulated"):
        invoke(ctx.store, ctx.home, False, NAME, QUESTION)
    unpacked = ctx.home.parent / target
    open_package(package_of(ctx), unpacked, target)
    assert call(ctx, "destroy_deployment", deployment=NAME).left == ()
    with connect(ctx.home, ctx.region, live=False) as session:
        assert not any(hosted(session).values())
        assert everything(session) == EMPTY
    files = [path for folder in ("cache", "simulated") for path in (ctx.home / folder).rglob("*") if path.is_file()]
    assert not [path for path in files if b"paid holiday" in path.read_bytes()]


def open_package(package: Path, folder: Path, target: str) -> None:
    if target == "agentcore":
        with zipfile.ZipFile(package) as archive:
            archive.extractall(folder)
    else:
        with tarfile.open(package) as archive:
            archive.extractall(folder, filter="data")


def test_the_archive_for_sagemaker_answers_by_itself(ctx: Context) -> None:
    folder = ctx.home.parent / "sagemaker"
    ask = f"import inference; a = inference.model_fn({str(folder)!r}); print(inference.transform_fn(a, sys.argv[2], '', '')[0])"
    script = f"import sys; sys.path.insert(0, sys.argv[1]); {ask}"
    asked = [sys.executable, "-E", "-s", "-S", "-c", script, str(folder / "code"), json.dumps({"question": QUESTION})]
    done = subprocess.run(asked, capture_output=True, text=True, check=False, timeout=600)
    assert done.stderr == ""
    assert "28 days" in json.loads(done.stdout.splitlines()[-1])["answer"]["text"]


def test_the_archive_for_agentcore_is_for_arm_and_within_its_limits(ctx: Context) -> None:
    folder = ctx.home.parent / "agentcore"
    libraries = [path.name for path in folder.rglob("*.so")]
    assert [name for name in libraries if "aarch64" in name]
    assert not [name for name in libraries if "x86_64" in name]
    assert sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) < 250 * 10**6
    assert (folder / "main.py").exists()
    assert json.loads((folder / "content" / "agent.json").read_text())["collections"] == ["company"]
