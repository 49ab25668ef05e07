"""Remove a deployment."""

from copilot.context import Context
from copilot.errors import CopilotError
from copilot.intent import Preview, intent
from copilot.intents.deployments.preparation import engine_of, hold_account, put_back
from copilot.intents.deployments.results import DestroyedDeployment, DoomedDeployment
from copilot.intents.deployments.shown import resource_rows
from copilot.intents.deployments.workspace import check_reach, named_deployment


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
    thing = named_deployment(ctx, deployment, "destroy_deployment")
    check_reach(ctx, thing)
    with hold_account(ctx, thing.body["region"]) as (session, _):
        engine = engine_of(ctx, session, thing.name, thing.body["stack"])
        owned = len(engine.journal.resources())
        with ctx.progress.track(f"Removing {thing.name}", owned) as report:
            left = engine.destroy(ctx.operation, report)
        deleted = owned - len(engine.journal.resources())
        if not left and ctx.store.find("deployment", thing.name):
            ctx.store.remove("deployment", thing.name, ctx.operation)
    if left and not deleted:
        raise CopilotError(f"Nothing of {thing.name} could be removed: {left[0].physical}: {left[0].why}", "Mend the cause and try again.")
    return DestroyedDeployment(name=thing.name, deleted=deleted, left=tuple(f"{s.type} {s.physical} ({s.why})" for s in left))
