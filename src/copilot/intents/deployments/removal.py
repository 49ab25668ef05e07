"""Remove a deployment."""

from copilot.context import Context
from copilot.errors import CopilotError, NeedsAnswer
from copilot.intent import Preview, intent
from copilot.intents.deployments.preparation import engine_of, hold_account, put_back
from copilot.intents.deployments.results import DestroyedDeployment, DoomedDeployment
from copilot.intents.deployments.shown import resource_rows
from copilot.intents.deployments.workspace import check_reach, named_deployment
from copilot.outside.store import Thing


def check_name(ctx: Context, thing: Thing, typed: str | None) -> None:
    """Raise when a deployment that is protected is to be removed, and nobody has typed its name for that."""
    from copilot.cloud.environments import ENVIRONMENTS

    if not ENVIRONMENTS[thing.body["environment"]].protected or typed == thing.name:
        return
    said = f"That is not it: '{typed}'. " if typed else ""
    pending = {"ask": "name_again", "intent": "destroy_deployment", "args": {"deployment": thing.name}, "verbatim": True}
    hint = f"In a script: copilot deployments destroy {thing.name} --name-again {thing.name}"
    raise NeedsAnswer(f"{said}Removing {thing.name} cannot be undone. Type its whole name to go on.", hint, pending)


def preview_removal(ctx: Context, deployment: str, name_again: str | None = None) -> Preview:
    """Show what would go."""
    from copilot.cloud.journal import Journal

    thing = named_deployment(ctx, deployment, "destroy_deployment")
    check_reach(ctx, thing)
    check_name(ctx, thing, name_again)
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
def destroy_deployment(ctx: Context, deployment: str, name_again: str | None = None) -> DestroyedDeployment:
    """Tear a deployment down, removing only what it created.

    Args:
        deployment: Deployment or agent name.
        name_again: In production, the whole name of the deployment once more.
    """
    from copilot.cloud.environments import ENVIRONMENTS, back_up

    thing = named_deployment(ctx, deployment, "destroy_deployment")
    check_reach(ctx, thing)
    check_name(ctx, thing, name_again)
    with hold_account(ctx, thing.body["region"]) as (session, _):
        engine = engine_of(ctx, session, thing.name, thing.body["stack"])
        resources = engine.journal.resources()
        guarded = ENVIRONMENTS[thing.body["environment"]].protected
        backups = back_up(resources, engine.providers, f"{thing.name}-{ctx.operation}") if guarded else []
        owned = len(resources)
        with ctx.progress.track(f"Removing {thing.name}", owned) as report:
            left = engine.destroy(ctx.operation, thing.body, report)
        deleted = owned - len(engine.journal.resources())
        if not left and ctx.store.find("deployment", thing.name):
            ctx.store.remove("deployment", thing.name, ctx.operation)
    if left and not deleted:
        raise CopilotError(f"Nothing of {thing.name} could be removed: {left[0].physical}: {left[0].why}", "Mend the cause and try again.")
    remains = tuple(f"{s.type} {s.physical} ({s.why})" for s in left)
    return DestroyedDeployment(name=thing.name, deleted=deleted, left=remains, backups=tuple(backups))
