"""Undo and history, called as every face calls them."""

import subprocess
import sys
from typing import Any

import pytest

from copilot.context import Context
from copilot.errors import BadArguments, Refused
from copilot.intents import REGISTRY


def run(ctx: Context, ability: str, **args: Any) -> Any:
    return REGISTRY[ability].run(args, ctx)


def test_what_another_process_is_still_doing_is_not_undone(ctx: Context) -> None:
    operation = ctx.store.begin("ingest_data", {}, undoable=True)
    ctx.store.add("collection", "docs", {"sources": []}, operation)
    with pytest.raises(Refused, match="ingest_data, is still running"):
        run(ctx, "undo")
    assert ctx.store.names("collection") == ["docs"]
    ctx.store.finish(operation, "done")
    assert run(ctx, "undo").ability == "ingest_data"
    assert ctx.store.names("collection") == []


def test_what_a_dead_process_left_is_undone(ctx: Context) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    operation = ctx.store.begin("ingest_data", {}, undoable=True)
    ctx.store.add("collection", "docs", {"sources": []}, operation)
    ctx.store.connection.execute("UPDATE operations SET process = ? WHERE id = ?", (gone.pid, operation))
    assert run(ctx, "undo").ability == "ingest_data"
    assert ctx.store.interrupted() == []


def test_history_goes_back_as_far_as_there_is_time(ctx: Context) -> None:
    with pytest.raises(Refused):
        run(ctx, "undo")
    assert [entry.outcome for entry in run(ctx, "show_history", since="7d").entries] == ["failed"]
    assert run(ctx, "show_history", since="9" * 20 + "d").intact
    with pytest.raises(BadArguments):
        run(ctx, "show_history", since="soon")
