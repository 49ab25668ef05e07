"""Plan, deploy, watch and remove deployments."""

from collections import Counter

from copilot.context import Context
from copilot.errors import CopilotError
from copilot.intent import Preview, intent
from copilot.intents.deployments.configuration import configure_deployment, estimate_cost, show_config
from copilot.intents.deployments.preparation import check_plan, engine_of, hold_account, prepared, recorded
from copilot.intents.deployments.results import (
    Deployed,
    DeploymentRow,
    Deployments,
    DestroyedDeployment,
    DoomedDeployment,
    Environment,
    PlannedDeployment,
    ShownDeployment,
)
from copilot.intents.deployments.shown import event_rows, resource_rows
from copilot.intents.deployments.workspace import (
    check_gates,
    check_reach,
    chosen_agent,
    named_deployment,
    overridden,
    shut_gates,
)

__all__ = [
    "configure_deployment",
    "deploy_agent",
    "destroy_deployment",
    "estimate_cost",
    "list_deployments",
    "plan_deployment",
    "show_config",
    "show_deployment",
]


@intent(
    "read",
    examples=(
        "what would deploying helpdesk to staging change?",
        "plan it",
        "plan the deployment of legal-bot to production and tell me what it costs",
    ),
)
def plan_deployment(ctx: Context, agent: str | None = None, environment: Environment | None = None) -> PlannedDeployment:
    """Work out what a deployment would create, change and cost.

    Args:
        agent: Agent; the newest unless said.
        environment: Environment; dev unless said.
    """
    shut = tuple(f"A benchmark holds it back: {gate}." for gate in shut_gates(ctx, chosen_agent(ctx, agent)))
    with prepared(ctx, agent, environment) as (_, _, planned):
        return planned.model_copy(update={"notes": (*planned.notes, *shut)})


def preview_deployment(
    ctx: Context,
    agent: str | None = None,
    environment: Environment | None = None,
    plan: str | None = None,
    override_gate: str | None = None,
) -> Preview:
    """Plan it, and bind the yes to that plan."""
    passed = check_gates(ctx, chosen_agent(ctx, agent), override_gate)
    with prepared(ctx, agent, environment) as (ready, _, planned):
        check_plan(ready, planned, plan)
        planned = planned.model_copy(update={"notes": (*planned.notes, *overridden(passed))})
        return Preview(planned, {"agent": planned.agent, "environment": planned.environment, "plan": planned.plan}, once=("plan",))


def put_back(ctx: Context, **_recorded: str | None) -> str:
    """Roll back what a killed process left half-done in the account that this one reaches."""
    from copilot.cloud.journal import unfinished

    said: list[str] = []
    for region in sorted({apply.region for apply in unfinished(ctx.store) if (apply.account == "simulated") != ctx.live}):
        with hold_account(ctx, region) as (_, notes):
            said += notes
    waiting = ", ".join(apply.deployment for apply in unfinished(ctx.store))
    said += [f"{waiting} was cut off in the other account; it is put back when that is reached (--live or without)."] if waiting else []
    return " ".join(said) or "Nothing was left half-done."


@intent(
    "cloud",
    examples=("deploy", "ship helpdesk to production", "put the legal-bot agent into staging"),
    preview=preview_deployment,
    recover=put_back,
)
def deploy_agent(
    ctx: Context,
    agent: str | None = None,
    environment: Environment | None = None,
    plan: str | None = None,
    override_gate: str | None = None,
) -> Deployed:
    """Deploy an agent (or the prepared instances) as planned.

    Args:
        agent: Agent; the newest unless said.
        environment: Environment; dev unless said.
        plan: Id of the plan to carry out; refused when it no longer fits. A fresh one unless said.
        override_gate: Reason to deploy although a benchmark's gate is shut; kept in the audit trail.
    """
    passed = check_gates(ctx, chosen_agent(ctx, agent), override_gate)
    with prepared(ctx, agent, environment) as (ready, made, planned):
        check_plan(ready, planned, plan)

        def commit() -> None:
            ctx.store.put("deployment", planned.deployment, {**recorded(ready, planned), **passed}, ctx.operation)

        with ctx.progress.track(f"Deploying {planned.deployment}", len(made.changes)) as report:
            ready.engine.apply(made, planned.account, planned.region, ctx.operation, report, commit)
        body = ctx.store.get("deployment", planned.deployment).body
    done = Counter(change.action for change in made.changes)
    return Deployed(
        deployment=planned.deployment,
        agent=planned.agent,
        agent_version=body["agent_version"],
        environment=planned.environment,
        account=planned.account,
        region=planned.region,
        simulated=planned.simulated,
        endpoint=body["endpoint"],
        plan=planned.plan,
        created=done["create"],
        updated=done["update"] + done["replace"],
        deleted=done["delete"],
        cost=planned.cost,
        notes=(*planned.notes, *overridden(passed)),
    )


@intent("read", examples=("what's running in production?", "list deployments", "what have I deployed so far"))
def list_deployments(ctx: Context, environment: Environment | None = None) -> Deployments:
    """List deployments.

    Args:
        environment: Only this environment.
    """
    rows = tuple(
        DeploymentRow(
            name=thing.name,
            agent=thing.body["agent"],
            environment=thing.body["environment"],
            region=thing.body["region"],
            account=thing.body["account"],
            state="deployed",
            endpoint=thing.body["endpoint"],
            deployed_at=thing.body["deployed_at"][:19],
        )
        for thing in ctx.store.all("deployment")
        if environment in (None, thing.body["environment"])
    )
    return Deployments(deployments=rows)


@intent(
    "read",
    examples=("status of helpdesk in staging", "is the helpdesk deployment healthy?", "show me the legal-bot deployment with its endpoint"),
)
def show_deployment(ctx: Context, deployment: str, check: bool = False) -> ShownDeployment:
    """Show one deployment's state: resources, endpoint, health, history.

    Args:
        deployment: Deployment or agent name.
        check: Read every resource in the account and say what is missing or changed.
    """
    from copilot.cloud.account import warm
    from copilot.cloud.journal import Journal

    thing = named_deployment(ctx, deployment, "show_deployment")
    body, journal = thing.body, Journal(ctx.store, thing.name)
    drift: dict[str, str] = {}
    check = check or (body["simulated"] and not ctx.live and warm(ctx.home))
    if check:
        check_reach(ctx, thing)
        with hold_account(ctx, body["region"]) as (session, _):
            drift = engine_of(ctx, session, thing.name, body["stack"]).drift()
    resources = journal.resources()
    state = f"{len(drift)} of {len(resources)} resources differ" if drift else f"all {len(resources)} resources are as deployed"
    return ShownDeployment(
        name=thing.name,
        agent=body["agent"],
        agent_version=body["agent_version"],
        environment=body["environment"],
        region=body["region"],
        account=body["account"],
        simulated=body["simulated"],
        endpoint=body["endpoint"],
        health=state if check else f"{len(resources)} resources deployed {body['deployed_at'][:16]}, not checked since (--check)",
        resources=resource_rows(resources, drift, "as deployed" if check else "deployed"),
        history=event_rows(journal.history()),
    )


def preview_removal(ctx: Context, deployment: str) -> Preview:
    """Show what would go."""
    from copilot.cloud.journal import Journal

    thing = named_deployment(ctx, deployment, "destroy_deployment")
    check_reach(ctx, thing)
    resources = Journal(ctx.store, thing.name).resources()
    doomed = DoomedDeployment(
        name=thing.name,
        account=thing.body["account"],
        region=thing.body["region"],
        resources=resource_rows(resources, {}, "would be deleted"),
    )
    return Preview(doomed, {"deployment": thing.name})


@intent(
    "destructive",
    examples=("tear down the helpdesk deployment", "destroy helpdesk-staging", "remove everything we deployed for legal-bot"),
    preview=preview_removal,
    recover=put_back,
)
def destroy_deployment(ctx: Context, deployment: str) -> DestroyedDeployment:
    """Tear a deployment down, removing only what it created.

    Args:
        deployment: Deployment or agent name.
    """
    from copilot.cloud.deploy import account_of

    thing = named_deployment(ctx, deployment, "destroy_deployment")
    check_reach(ctx, thing)
    with hold_account(ctx, thing.body["region"]) as (session, _):
        engine = engine_of(ctx, session, thing.name, thing.body["stack"])
        owned = len(engine.journal.resources())
        with ctx.progress.track(f"Removing {thing.name}", owned) as report:
            left = engine.destroy(account_of(session), session.region, ctx.operation, report)
        deleted = owned - len(engine.journal.resources())
        if not left:
            ctx.store.remove("deployment", thing.name, ctx.operation)
    if left and not deleted:
        raise CopilotError(f"Nothing of {thing.name} could be removed: {left[0].physical}: {left[0].why}", "Mend the cause and try again.")
    return DestroyedDeployment(name=thing.name, deleted=deleted, left=tuple(f"{s.type} {s.physical} ({s.why})" for s in left))
