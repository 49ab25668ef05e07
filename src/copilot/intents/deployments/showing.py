"""See what is deployed."""

from copilot.context import Context
from copilot.intent import intent
from copilot.intents.deployments.preparation import engine_of, hold_account
from copilot.intents.deployments.results import DeploymentRow, Deployments, Environment, ShownDeployment
from copilot.intents.deployments.shown import event_rows, resource_rows
from copilot.intents.deployments.workspace import all_deployments, check_reach, named_deployment

UNCHECKED = "not checked since (--check)"


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
            state=thing.body["state"],
            endpoint=thing.body["endpoint"],
            deployed_at=thing.body["deployed_at"][:19],
        )
        for thing in all_deployments(ctx)
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
    from copilot.cloud.account import LOCAL, warm
    from copilot.cloud.journal import Journal

    thing = named_deployment(ctx, deployment, "show_deployment")
    body, journal = thing.body, Journal(ctx.store, thing.name)
    drift: dict[str, str] = {}
    check = check or body["region"] == LOCAL or (body["simulated"] and not ctx.live and warm(ctx.home))
    if check:
        check_reach(ctx, thing)
        with hold_account(ctx, body["region"]) as (session, _):
            drift = {d.id: str(d) for d in engine_of(ctx, session, thing.name, body["stack"]).drift() if d.kind in ("missing", "changed")}
    resources = journal.resources()
    state = f"{len(resources)} resources deployed {body['deployed_at'][:16]}, {UNCHECKED}"
    if check:
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
        health=state if body["state"] == "deployed" else body["state"],
        resources=resource_rows(resources, drift, "as deployed" if check else "deployed"),
        history=event_rows(journal.history()),
    )
