"""Go back to what ran before."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

from annotated_types import Ge

from copilot.context import Context
from copilot.errors import NotFound, Refused
from copilot.intent import Preview, intent
from copilot.intents.deployments.preparation import carry_out, engine_of, hold_account, put_back
from copilot.intents.deployments.results import ChangeRow, Cost
from copilot.intents.deployments.shown import change_rows
from copilot.intents.deployments.workspace import check_reach, named_deployment
from copilot.result import Result

if TYPE_CHECKING:
    from copilot.cloud.engine import Engine
    from copilot.cloud.plan import Plan
    from copilot.cloud.revisions import Revision


class PlannedRollback(Result):
    """What going back would do."""

    deployment: str
    running: int | None
    revision: int
    agent: str
    agent_version: int
    simulated: bool
    plan: str
    changes: tuple[ChangeRow, ...]
    unchanged: int
    cost: Cost
    problems: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def headline(self) -> str:
        what = f"{self.deployment} to revision {self.revision} ({self.agent} version {self.agent_version})"
        if not self.changes:
            return f"{what} is what runs already: nothing to change."
        return f"Going back with {what}: {len(self.changes)} to change, {self.unchanged} as they are."


class RolledBack(Result):
    deployment: str
    before: int | None
    revision: int
    agent: str
    agent_version: int
    endpoint: str
    changed: int

    @property
    def headline(self) -> str:
        return (
            f"{self.deployment} runs revision {self.revision} again ({self.agent} version {self.agent_version}); changed: {self.changed}."
        )

    @property
    def next_steps(self) -> tuple[str, ...]:
        forward = (f"copilot deployments rollback {self.deployment} --revision {self.before}",) if self.before else ()
        return (f"copilot deployments show {self.deployment}", *forward)


@contextmanager
def going_back(
    ctx: Context, deployment: str, number: int | None, given: str | None
) -> Iterator[tuple["Engine", "Revision", "Plan", PlannedRollback]]:
    """Hold the account, and yield what a deployment went back to and the plan for it.

    Raises:
        Refused: nothing ran before, or the plan that was agreed to no longer fits.
        NotFound: there is no such revision or plan.
    """
    from copilot.cloud import revisions, rules
    from copilot.cloud.preflight import obstacles

    thing = named_deployment(ctx, deployment, "rollback_deployment")
    check_reach(ctx, thing)
    target = revisions.revision(ctx.store, thing.name, number)
    with hold_account(ctx, thing.body["region"]) as (session, notes):
        engine = engine_of(ctx, session, thing.name, thing.body["stack"])
        plan = engine.plan(target.wanted)
        _check(engine, plan, given)
        engine.journal.save(plan)
        found = rules.check(target.wanted, session.region, ctx.home)
        blocked, unknown = obstacles(session, target.wanted, plan)
        planned = PlannedRollback(
            deployment=thing.name,
            running=revisions.current(ctx.store, thing.name),
            revision=target.number,
            agent=target.body["agent"],
            agent_version=target.body["agent_version"],
            simulated=thing.body["simulated"],
            plan=plan.id,
            changes=change_rows(plan),
            unchanged=plan.unchanged,
            cost=Cost.model_validate(target.body["cost"]),
            problems=(*(f"{finding.resource}: {finding.problem}" for finding in found), *blocked),
            notes=(*notes, *unknown, "What was stored meanwhile, e.g. the table's items, stays as it is."),
        )
        if planned.problems:
            raise Refused(f"{thing.name} cannot go back to revision {target.number}: {'; '.join(planned.problems)}.", "Deploy it anew.")
        yield engine, target, plan, planned


def _check(engine: "Engine", plan: "Plan", given: str | None) -> None:
    """Raise when the plan is not the one that was agreed to."""
    again = f"Look again: copilot deployments rollback {plan.deployment}"
    if given and not engine.journal.knows(given):
        raise NotFound(f"There is no plan called {given} for {plan.deployment}.", again)
    if given and given != plan.id:
        raise Refused(f"Plan {given} no longer fits: the account is not what it was then.", again)


def preview_rollback(ctx: Context, deployment: str, revision: int | None = None, plan: str | None = None) -> Preview:
    """Show what would change, and bind the yes to that plan."""
    with going_back(ctx, deployment, revision, plan) as (_, target, made, planned):
        return Preview(planned, {"deployment": planned.deployment, "revision": target.number, "plan": made.id}, once=("plan",))


@intent(
    "cloud",
    examples=(
        "roll helpdesk back",
        "go back to the previous version of helpdesk in production",
        "the new release is broken, revert helpdesk-staging",
    ),
    preview=preview_rollback,
    recover=put_back,
)
def rollback_deployment(
    ctx: Context, deployment: str, revision: Annotated[int, Ge(1)] | None = None, plan: str | None = None
) -> RolledBack:
    """Go back to the previous version of a deployment.

    Args:
        deployment: Deployment or agent name.
        revision: Number of the revision to go back to, as in its history; what ran before unless said.
        plan: Id of the plan to carry out; refused when it no longer fits. A fresh one unless said.
    """
    with going_back(ctx, deployment, revision, plan) as (engine, target, made, planned):
        body = carry_out(ctx, engine, made, target.body, target.number)
    return RolledBack(
        deployment=planned.deployment,
        before=planned.running if planned.running != target.number else None,
        revision=target.number,
        agent=planned.agent,
        agent_version=planned.agent_version,
        endpoint=body["endpoint"],
        changed=len(made.changes),
    )
