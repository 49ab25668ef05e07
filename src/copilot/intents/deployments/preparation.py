"""Hold an account and prepare a deployment in it: what planning, deploying, looking and removing have in common."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from copilot.context import Context
from copilot.errors import NotFound, Refused
from copilot.intents.deployments.results import Cost, PlannedDeployment
from copilot.intents.deployments.shown import change_rows, cost_of
from copilot.intents.deployments.workspace import (
    check_model,
    check_region,
    chosen_agent,
    chosen_environment,
    chosen_region,
    configured,
    deployment_name,
    known_deployment,
    settings,
    taken,
)
from copilot.outside.store import now

if TYPE_CHECKING:
    from copilot.cloud.deploy import Prepared
    from copilot.cloud.engine import Engine
    from copilot.cloud.graph import Resource
    from copilot.cloud.plan import Plan
    from copilot.outside.aws import Session

    Change = Callable[[str, tuple[Resource, ...]], tuple[Resource, ...]]


@contextmanager
def hold_account(ctx: Context, region: str = "") -> Iterator[tuple["Session", tuple[str, ...]]]:
    """Hold the account, put back what a crash cut off, and yield a session and what there is to say about that.

    Files that were prepared meanwhile and are not in use afterwards are dropped.

    Raises:
        Unavailable: AWS cannot be reached, or does not accept the credentials.
        Refused: a permission is missing.
    """
    from copilot.cloud.account import connect
    from copilot.cloud.deploy import clean, recover
    from copilot.outside.aws import BotoCoreError, ClientError, explain

    try:
        with connect(ctx.home, region or ctx.region, ctx.live) as session:
            try:
                yield session, tuple(recover(ctx.store, session, ctx.home))
            finally:
                clean(ctx.store, session, ctx.home)
    except (BotoCoreError, ClientError) as error:
        raise explain(error) from error


@contextmanager
def prepared(
    ctx: Context, agent: str | None, environment: str | None, change: "Change" = lambda _, wanted: wanted
) -> Iterator[tuple["Prepared", "Plan", PlannedDeployment]]:
    """Hold the account, and yield what a deployment would be made of and the plan for it.

    Args:
        change: Makes the graph that is planned from the deployment's name and the graph that is wanted in the end.
    """
    from copilot.cloud.deploy import account_of, prepare
    from copilot.cloud.preflight import obstacles

    thing, place = chosen_agent(ctx, agent), chosen_environment(ctx, environment)
    name = deployment_name(ctx, thing, place)
    check_model(ctx, thing)
    check_region(ctx, name)
    with hold_account(ctx, chosen_region(ctx)) as (session, notes):
        check_account(ctx, session, name)
        ready = prepare(ctx.store, session, ctx.home, thing, name, place, settings(configured(ctx), place))
        plan = ready.engine.plan(change(name, ready.wanted))
        ready.engine.journal.save(plan)
        cost, (blocked, unknown) = cost_of(ready.cost), obstacles(session, ready.wanted, plan)
        yield (
            ready,
            plan,
            PlannedDeployment(
                deployment=name,
                agent=thing.name,
                environment=place,
                account=account_of(session),
                region=session.region,
                simulated=session.simulated,
                plan=plan.id,
                changes=change_rows(plan),
                unchanged=plan.unchanged,
                cost=cost,
                **_more(ctx, name, cost),
                problems=(*(f"{finding.resource}: {finding.problem}" for finding in ready.findings), *blocked),
                notes=(*notes, *unknown, *taken(ctx, agent, environment)),
            ),
        )


def _more(ctx: Context, name: str, cost: Cost) -> dict[str, float]:
    """Return what a deployment costs more than what runs of it; nothing where that is not known."""
    thing = ctx.store.find("deployment", name)
    before = thing.body["cost"] if thing else None
    if before is None or None in (before["low_usd"], cost.low_usd):
        return {}
    return {f"more_{end}": round(getattr(cost, end) - before[end], 2) for end in ("low_usd", "high_usd")}


def check_account(ctx: Context, session: "Session", name: str) -> None:
    """Raise Refused when a deployment is in another account than the one that is held: there, nothing of it would be found."""
    from copilot.cloud.deploy import account_of

    thing, here = known_deployment(ctx, name), account_of(session)
    if thing and thing.body["account"] != here:
        raise Refused(
            f"{thing.name} is in AWS account {thing.body['account']}, and the credentials are for {here}.",
            "Use the credentials of its account, e.g. with AWS_PROFILE.",
        )


def check_plan(ready: "Prepared", planned: PlannedDeployment, given: str | None) -> None:
    """Raise Refused when the plan breaks a rule, or is not the one that was agreed to."""
    again = f"copilot deployments plan --agent {planned.agent} --environment {planned.environment}"
    if planned.problems:
        raise Refused(planned.headline, "Change the agent or the settings. See: copilot deployments show-config")
    if given and not ready.engine.journal.knows(given):
        raise NotFound(f"There is no plan called {given} for {planned.deployment}.", f"Make one: {again}")
    if given and given != planned.plan:
        raise Refused(
            f"Plan {given} no longer fits: the agent, its documents, the settings or the account are not what they were then.",
            f"Look at the new plan: {again}",
        )


def body_of(ctx: Context, ready: "Prepared", planned: PlannedDeployment) -> dict[str, Any]:
    """Return what the workspace keeps about a deployment, as far as it is known before; nothing secret is in it."""
    return {
        "agent": planned.agent,
        "agent_version": ready.blueprint.version,
        "environment": planned.environment,
        "account": planned.account,
        "region": planned.region,
        "simulated": planned.simulated,
        "stack": ready.blueprint.stack,
        "target": configured(ctx).target or "serverless",
        "collections": list(ready.blueprint.collections),
        "cost": planned.cost.model_dump(mode="json"),
    }


def carry_out(ctx: Context, engine: "Engine", plan: "Plan", body: dict[str, Any], revision: int | None = None) -> dict[str, Any]:
    """Apply a plan, keep in the workspace what runs then, and return that.

    Args:
        revision: The one that is gone back to; None for a deployment.
    """
    kept: dict[str, Any] = {}

    def commit() -> None:
        kept.update({**body, **_reached(engine, body), "plan": plan.id, "deployed_at": now()})
        ctx.store.put("deployment", plan.deployment, kept, ctx.operation)

    with ctx.progress.track(f"{'Rolling back' if revision else 'Deploying'} {plan.deployment}", len(plan.changes)) as report:
        engine.apply(plan, ctx.operation, body, revision, report, commit)
    return kept


def watch(ctx: Context, session: "Session", body: Mapping[str, Any]) -> tuple[str, ...]:
    """Show what happens in a deployment until it is ready; return the lines where nobody saw them come."""
    from copilot.cloud.targets import target_of

    lines = []
    for line in target_of(body).watch(session, body):
        ctx.progress.stream(f"{line}\n")
        lines.append(line)
    return () if ctx.progress.watched else tuple(lines)


def _reached(engine: "Engine", body: Mapping[str, Any]) -> dict[str, str]:
    """Return where a deployment answers."""
    from copilot.cloud.targets import target_of

    physical = {resource.id: resource.physical for resource in engine.journal.resources()}
    return target_of(body).record(engine.site.region, physical)


def engine_of(ctx: Context, session: "Session", name: str, stack: str) -> "Engine":
    """Return the engine of a deployment in the account that is held; raise Refused when it is in another."""
    from copilot.cloud.deploy import open_engine

    check_account(ctx, session, name)
    return open_engine(ctx.store, session, ctx.home, name, stack)


def put_back(ctx: Context, **_recorded: str | None) -> str:
    """Roll back what a killed process left half-done in the account that this one reaches."""
    from copilot.cloud.account import reachable
    from copilot.cloud.journal import unfinished

    said: list[str] = []
    sites = {apply.site for apply in unfinished(ctx.store)}
    for region in sorted({at.region for at in sites if reachable(at.account == "simulated", at.region, ctx.live)}):
        with hold_account(ctx, region) as (_, notes):
            said += notes
    waiting = ", ".join(apply.deployment for apply in unfinished(ctx.store))
    said += [f"{waiting} was cut off in the other account; it is put back when that is reached (--live or without)."] if waiting else []
    return " ".join(said) or "Nothing was left half-done."
