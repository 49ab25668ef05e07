"""Plan a deployment and carry it out."""

from collections import Counter
from typing import Annotated

from annotated_types import Ge, Le

from copilot.context import Context
from copilot.intent import Duration, Preview, intent
from copilot.intents.deployments.canary import BESIDE, Trial, check_quiet, conclude, recover_deployment, running, tried
from copilot.intents.deployments.preparation import body_of, carry_out, check_plan, prepared, watch
from copilot.intents.deployments.results import Deployed, Environment, PlannedDeployment
from copilot.intents.deployments.workspace import check_gates, chosen_agent, chosen_environment, overridden, shut_gates


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
    shut = tuple(
        f"A benchmark holds it back: {gate}." for gate in shut_gates(ctx, chosen_agent(ctx, agent), chosen_environment(ctx, environment))
    )
    with prepared(ctx, agent, environment) as (_, _, planned):
        return planned.model_copy(update={"notes": (*planned.notes, *shut)})


def preview_deployment(
    ctx: Context,
    agent: str | None = None,
    environment: Environment | None = None,
    plan: str | None = None,
    override_gate: str | None = None,
    canary: Annotated[int, Ge(1), Le(99)] | None = None,
    watch_for: Duration | None = None,
) -> Preview:
    """Plan it, and bind the yes to that plan."""
    passed = check_gates(ctx, chosen_agent(ctx, agent), chosen_environment(ctx, environment), override_gate)
    with prepared(ctx, agent, environment, tried(ctx, canary)) as (ready, _, planned):
        check_plan(ready, planned, plan)
        if canary:
            check_quiet(ready.session, ready.engine.journal)
        planned = planned.model_copy(update={"notes": (*planned.notes, *overridden(passed))})
        return Preview(planned, {"agent": planned.agent, "environment": planned.environment, "plan": planned.plan}, once=("plan",))


@intent(
    "cloud",
    examples=("deploy", "ship helpdesk to production", "put the legal-bot agent into staging"),
    preview=preview_deployment,
    recover=recover_deployment,
)
def deploy_agent(
    ctx: Context,
    agent: str | None = None,
    environment: Environment | None = None,
    plan: str | None = None,
    override_gate: str | None = None,
    canary: Annotated[int, Ge(1), Le(99)] | None = None,
    watch_for: Duration | None = None,
) -> Deployed:
    """Deploy an agent (or the prepared instances) as planned.

    Args:
        agent: Agent; the newest unless said.
        environment: Environment; dev unless said.
        plan: Id of the plan to carry out; refused when it no longer fits. A fresh one unless said.
        override_gate: Reason to deploy although a benchmark's gate is shut; kept in the audit trail.
        canary: Per cent of the calls that a new version gets first; all of them once no alarm went on, none after one.
        watch_for: How long that is watched; 10m unless said, 1m in the simulated account.
    """
    passed = check_gates(ctx, chosen_agent(ctx, agent), chosen_environment(ctx, environment), override_gate)
    trial: Trial | None = None
    with prepared(ctx, agent, environment, tried(ctx, canary)) as (ready, made, planned):
        check_plan(ready, planned, plan)
        wanted = {**body_of(ctx, ready, planned), **passed}
        if canary:
            check_quiet(ready.session, ready.engine.journal)
            before = running(ctx, planned.deployment)
            trial = Trial(planned.deployment, canary, ready.wanted, wanted, before)
            wanted = {**wanted, BESIDE: before.number}
        body = carry_out(ctx, ready.engine, made, wanted)
        console = watch(ctx, ready.session, body) if made.changes else ()
    concluded = (conclude(ctx, trial, watch_for),) if trial else ()
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
        console=console,
        notes=(*planned.notes, *overridden(passed), *concluded),
    )
