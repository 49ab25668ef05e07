"""The simulated account as a whole; no abilities, since nobody says this by mistake: `copilot account` calls them."""

import json
from pathlib import Path
from typing import Any

from copilot.context import Context
from copilot.errors import AlreadyExists, NeedsConfirmation, Refused
from copilot.intents.deployments.shown import writing
from copilot.result import Item, Result


class TypeRow(Item):
    type: str
    resources: int


class Account(Result):
    """What is in the simulated account."""

    folder: str
    calls: int
    megabytes: float
    deployments: tuple[str, ...]
    types: tuple[TypeRow, ...]

    @property
    def headline(self) -> str:
        if not self.calls:
            return "The simulated account is empty."
        count = sum(row.resources for row in self.types)
        what = f"{count} resources of {', '.join(self.deployments)}" if count else "no resources of ours"
        return f"The simulated account holds {what}: {self.calls} changes, {self.megabytes:.1f} MB in {self.folder}."


class AccountReset(Result):
    resources: int

    @property
    def headline(self) -> str:
        return f"The simulated account is new: {self.resources} resources of deployments are gone with the old one."


class AccountExported(Result):
    path: str
    resources: int

    @property
    def headline(self) -> str:
        return f"Wrote {self.resources} resources of the simulated account to {self.path}."


def show_account(ctx: Context) -> Account:
    """Say what is in the simulated account, without starting it."""
    from copilot.cloud.simulated import inventory

    held = inventory(ctx.store, ctx.home)
    types = tuple(TypeRow(type=name, resources=count) for name, count in sorted(held.types.items()))
    size = held.bytes / 10**6
    return Account(folder=str(held.folder), calls=held.calls, megabytes=size, deployments=held.deployments, types=types)


def reset_account(ctx: Context) -> AccountReset:
    """Start a new simulated account.

    Raises:
        NeedsConfirmation: nobody has agreed yet.
        Refused: the command acts on real AWS.
    """
    from copilot.cloud.simulated import reset

    if ctx.live:
        raise Refused("Only the simulated account can be reset.", "Leave out --live.")
    if ctx.consent != "person":
        problem = f"{show_account(ctx).headline} All of it would be deleted, and cannot be brought back."
        raise NeedsConfirmation(problem, "Answer yes or no; in a script, add --yes.")
    operation = ctx.store.begin("account_reset", {}, undoable=False)
    outcome = "failed"
    try:
        gone = reset(ctx.store, ctx.home, operation)
        outcome = "done"
    finally:
        ctx.store.finish(operation, outcome)
        ctx.audit.append("account_reset", {}, outcome, "", operation, ctx.account)
    return AccountReset(resources=gone)


def export_account(ctx: Context, path: Path, force: bool) -> AccountExported:
    """Write what the ledger has in the simulated account as JSON; raise AlreadyExists where the file is and nobody said `--force`."""
    from copilot.cloud.simulated import exported

    if path.exists() and not force:
        raise AlreadyExists(f"{path} is there already.", "Name another file, or add --force.")
    held: list[dict[str, Any]] = exported(ctx.store)
    with writing(path):
        path.write_text(json.dumps({"account": "simulated", "resources": held}, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    return AccountExported(path=str(path), resources=len(held))
