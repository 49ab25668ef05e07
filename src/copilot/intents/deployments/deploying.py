"""Plan a deployment and carry it out."""

from collections import Counter

from copilot.context import Context
from copilot.intent import Preview, intent
from copilot.intents.deployments.preparation import body_of, carry_out, check_plan, prepared, put_back, watch
from copilot.intents.deployments.results import Deployed, Environment, PlannedDeployment
from copilot.intents.deployments.workspace import check_gates, chosen_agent, overridden, shut_gates


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
        body = carry_out(ctx, ready.engine, made, {**body_of(ctx, ready, planned), **passed})
        console = watch(ctx, ready.session, body) if made.changes else ()
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
        notes=(*planned.notes, *overridden(passed)),
    )
