"""What was done, and undoing it."""

import json
from typing import Annotated, Any

from annotated_types import Ge

from copilot.context import Context
from copilot.errors import NeedsConfirmation, Refused
from copilot.intent import Duration, intent
from copilot.outside.store import ago
from copilot.result import Item, Result


class Entry(Item):
    at: str
    user: str
    ability: str
    args: dict[str, Any]
    outcome: str
    detail: str
    account: str


class History(Result):
    entries: tuple[Entry, ...]
    intact: bool

    @property
    def headline(self) -> str:
        count = f"{len(self.entries)} {'entry' if len(self.entries) == 1 else 'entries'}" if self.entries else "Nothing was recorded"
        return f"{count}, newest first." if self.intact else f"{count}. The audit trail has been tampered with; see: copilot doctor"


class Undone(Result):
    ability: str
    args: dict[str, Any]
    at: str

    @property
    def headline(self) -> str:
        given = " ".join(f"{k}={v}" for k, v in self.args.items())
        return f"Undone: {self.ability} {given}".rstrip() + "."


@intent("read", examples=("what did I do today?", "show all deletions in the last 7 days", "who deployed helpdesk"))
def show_history(
    ctx: Context, query: str | None = None, since: Duration | None = None, limit: Annotated[int, Ge(1)] | None = None
) -> History:
    """Search the audit trail of what was done, by whom, and why.

    Args:
        query: Words to look for.
        since: How far back.
        limit: Number of entries; 20 unless said.
    """
    rows = ctx.audit.search(query or "", ago(since) if since else "", limit or 20)
    entries = tuple(
        Entry(
            at=row["at"][:19],
            user=row["owner"],
            ability=row["intent"],
            args=json.loads(row["args"]),
            outcome=row["outcome"],
            detail=row["detail"],
            account=row["account"],
        )
        for row in rows
    )
    return History(entries=entries, intact=not ctx.audit.broken())


@intent("write", examples=("undo that", "take back the last change", "oops, revert what I just did"))
def undo(ctx: Context) -> Undone:
    """Undo the last change."""
    last = ctx.store.last_operation()
    args = json.loads(last["args"])
    if last["state"] in ("running", "recovering") and last not in ctx.store.interrupted():
        raise Refused(f"The last change, {last['intent']}, is still running.", "Wait for it, or stop it with Ctrl-C where it runs.")
    if last["intent"] in ("deploy_agent", "rollback_deployment"):
        raise _propose(ctx, last["id"])
    if not last["undoable"]:
        raise Refused(f"The last change, {last['intent']}, cannot be undone.", "See what was done: copilot operations show-history")
    _check_access(ctx, last["id"])
    ctx.store.revert(last["id"])
    return Undone(ability=last["intent"], args=args, at=last["at"][:19])


def _check_access(ctx: Context, operation: str) -> None:
    """Raise NotFound or Refused when it changed an agent of another user's that one may no longer change."""
    from copilot.outside.access import changed_for_others, reach

    for owner, name in changed_for_others(ctx.store, operation):
        reach(ctx.store, f"{owner}/{name}").require("editor", "change it")


def _propose(ctx: Context, operation: str) -> NeedsConfirmation:
    """Undoing a deployment changes AWS, so it is only ever proposed."""
    from copilot.cloud.journal import deployed_by
    from copilot.cloud.revisions import ran
    from copilot.intents.deployments.removal import preview_removal
    from copilot.intents.deployments.rollback import preview_rollback

    name = deployed_by(ctx.store, operation)
    past = ran(ctx.store, name) if name else []
    if name is None or past[-2:-1] == past[-1:]:
        raise Refused("The last deployment changed nothing that can be gone back from.", "See: copilot deployments list")
    if len(past) > 1:
        intent, what, preview = "rollback_deployment", f"goes back to revision {past[-2]}", preview_rollback(ctx, name, past[-2])
    else:
        intent, what, preview = "destroy_deployment", "tears that deployment down", preview_removal(ctx, name)
    return NeedsConfirmation(
        f"The last change deployed {name}. Undoing it {what}.",
        "Answer yes or no.",
        {"confirm": {"intent": intent, "args": dict(preview.args)}, **({"once": list(preview.once)} if preview.once else {})},
        preview.shown,
    )
