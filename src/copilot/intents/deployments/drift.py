"""Compare what runs with what was deployed."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from copilot.context import Context
from copilot.intent import intent
from copilot.intents.deployments.preparation import engine_of, hold_account
from copilot.intents.deployments.shown import leaf_rows
from copilot.intents.deployments.workspace import all_deployments, check_reach, named_deployment
from copilot.outside.store import Thing
from copilot.result import Item, Result

if TYPE_CHECKING:
    from copilot.cloud.drift import Drift


class DriftRow(Item):
    """A resource that is not as it was deployed; a row for each value that changed.

    kind: missing, changed, extra (it carries our tag, and nobody knows why) or ignored (the difference means nothing; `why` says so).
    """

    deployment: str
    resource: str
    type: str
    kind: str
    property: str
    deployed: str
    found: str
    why: str


class Drifted(Result):
    deployments: tuple[str, ...]
    resources: int
    rows: tuple[DriftRow, ...]
    repairs: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def headline(self) -> str:
        if not self.deployments:
            return "Nothing is deployed in this account."
        what = ", ".join(self.deployments)
        differing = len({(row.deployment, row.resource, row.found) for row in self.rows if row.kind == "extra"})
        differing += len({(row.deployment, row.resource) for row in self.rows if row.kind in ("missing", "changed")})
        ignored = sum(row.kind == "ignored" for row in self.rows)
        beside = f"; {ignored} difference{'s' if ignored > 1 else ''} ignored" if ignored else ""
        if not differing:
            return f"{what}: all {self.resources} resources are as deployed{beside}."
        return f"{what}: {differing} of {self.resources} resources {'is' if differing == 1 else 'are'} not as deployed{beside}."

    @property
    def next_steps(self) -> tuple[str, ...]:
        return self.repairs


@intent(
    "read",
    examples=(
        "has anyone changed the helpdesk stack by hand?",
        "is everything still as we deployed it?",
        "check helpdesk in staging for drift",
    ),
)
def detect_drift(ctx: Context, deployment: str | None = None) -> Drifted:
    """Compare what runs with what was deployed.

    Args:
        deployment: Deployment or agent name; all of them unless said.
    """
    if deployment:
        chosen = [named_deployment(ctx, deployment, "detect_drift")]
        check_reach(ctx, chosen[0])
    else:
        chosen = [thing for thing in all_deployments(ctx) if thing.body["simulated"] != ctx.live]
    elsewhere = [] if deployment else [thing.name for thing in all_deployments(ctx) if thing.body["simulated"] == ctx.live]
    rows: list[DriftRow] = []
    resources = 0
    for region in sorted({thing.body["region"] for thing in chosen}):
        with hold_account(ctx, region) as (session, _):
            for thing in (t for t in chosen if t.body["region"] == region):
                engine = engine_of(ctx, session, thing.name, thing.body["stack"])
                resources += len(engine.journal.resources())
                rows += _rows(thing.name, engine.drift())
    broken = {row.deployment for row in rows if row.kind in ("missing", "changed")}
    return Drifted(
        deployments=tuple(thing.name for thing in chosen),
        resources=resources,
        rows=tuple(rows),
        repairs=tuple(_repair(thing) for thing in chosen if thing.name in broken),
        notes=(f"Not looked at, in the other account: {', '.join(elsewhere)}.",) if elsewhere else (),
    )


def _repair(thing: Thing) -> str:
    return f"copilot deployments plan --agent {thing.body['agent']} --environment {thing.body['environment']}"


def _rows(deployment: str, found: Iterable["Drift"]) -> Iterator[DriftRow]:
    for drift in found:
        said: dict[str, Any] = {"deployment": deployment, "resource": drift.id, "type": drift.type, "kind": drift.kind, "why": drift.why}
        if drift.kind in ("missing", "extra"):
            deployed, there = (drift.physical, "") if drift.kind == "missing" else ("", drift.physical)
            yield DriftRow(property="", deployed=deployed, found=there, **said)
        for name, before, after in leaf_rows(drift.differences):
            yield DriftRow(property=name, deployed=before, found=after, **said)
