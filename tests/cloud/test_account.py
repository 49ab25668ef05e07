"""`copilot account`: what is in the simulated account, and a new one."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from copilot.cloud.simulator.account import shut_down
from copilot.context import Context
from copilot.errors import AlreadyExists, CopilotError, NeedsConfirmation, Refused
from copilot.intents import REGISTRY
from copilot.intents.deployments.account import export_account, reset_account, show_account


@pytest.fixture
def ctx(ctx: Context, tmp_path: Path) -> Iterator[Context]:
    (tmp_path / "handbook.md").write_text("# Leave\n\nEmployees get 28 days of paid holiday a year.\n")
    call(ctx, "ingest_data", source=str(tmp_path / "handbook.md"), collection="company")
    call(ctx, "create_agent", name="helpdesk", collections=["company"])
    call(ctx, "deploy_agent", agent="helpdesk")
    yield ctx
    shut_down()


def call(ctx: Context, ability: str, **args: Any) -> Any:
    return REGISTRY[ability].run(args, ctx)


def test_it_is_shown_exported_and_after_a_yes_gone_with_its_deployments(ctx: Context, tmp_path: Path) -> None:
    shown = show_account(ctx)
    assert shown.deployments == ("helpdesk-dev",)
    assert {row.type: row.resources for row in shown.types}["alarm"] == 5
    path = tmp_path / "account.json"
    assert export_account(ctx, path, force=False).resources == sum(row.resources for row in shown.types)
    held = json.loads(path.read_text())["resources"]
    assert {entry["type"] for entry in held} == {row.type for row in shown.types}
    with pytest.raises(AlreadyExists):
        export_account(ctx, path, force=False)
    with pytest.raises(CopilotError, match=r"no folder.* cannot be written"):
        export_account(ctx, tmp_path / "no folder" / "account.json", force=False)

    ctx.consent = "words"
    with pytest.raises(NeedsConfirmation, match="All of it would be deleted"):
        reset_account(ctx)
    ctx.consent = "person"
    ctx.live = True
    with pytest.raises(Refused):
        reset_account(ctx)
    ctx.live = False
    stranger = Context(home=ctx.home, user="stranger", consent="person")
    with pytest.raises(Refused, match="tester has deployments"):
        reset_account(stranger)
    stranger.store.close()

    assert reset_account(ctx).resources == len(held)
    assert show_account(ctx).headline == "The simulated account is empty."
    assert call(ctx, "list_deployments").deployments == ()
    assert [path.name for path in (ctx.home / "simulated").iterdir()] == ["lock"]
    assert call(ctx, "show_history", query="account reset").entries
    again = call(ctx, "deploy_agent", agent="helpdesk")
    assert again.created == len(held)
