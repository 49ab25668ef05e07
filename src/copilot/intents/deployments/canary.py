"""Try a new version on a share of the calls, and then let it have all of them or none."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from copilot.context import Context
from copilot.errors import CopilotError, Refused
from copilot.intents.deployments.preparation import carry_out, engine_of, hold_account, put_back

if TYPE_CHECKING:
    from copilot.cloud.graph import Resource
    from copilot.cloud.journal import Journal
    from copilot.cloud.revisions import Revision
    from copilot.intents.deployments.preparation import Change
    from copilot.outside.aws import Session

LOOK_SECONDS = 15
"""Between two looks at the alarms."""
WATCHED = {True: "1m", False: "10m"}
"""How long a trial lasts unless said; in a simulated account nobody else asks, so a short one shows as much."""
BESIDE = "on_trial_beside"
"""What the workspace keeps of a deployment while a version is on trial: the revision that ran before."""
SECONDS = {"m": 60, "h": 3600, "d": 86400}


@dataclass(frozen=True)
class Trial:
    """A new version that answers a share of the calls.

    Args:
        share: Per cent.
        wanted: What is deployed when the version shows itself; `body` is what the workspace then keeps of it.
        before: What ran, and runs again when it does not.
    """

    deployment: str
    share: int
    wanted: "tuple[Resource, ...]"
    body: dict[str, Any]
    before: "Revision"


def running(ctx: Context, deployment: str) -> "Revision":
    """Return what a deployment runs now; raise Refused when there is nothing that a new version could be tried beside."""
    from copilot.cloud import revisions

    number = revisions.current(ctx.store, deployment) if ctx.store.find("deployment", deployment) else None
    if number is None:
        raise Refused(f"{deployment} does not run yet: there is nothing to try a new version beside.", "Deploy it without --canary.")
    return revisions.revision(ctx.store, deployment, number)


def tried(ctx: Context, share: int | None) -> "Change":
    """Return what makes the graph of a trial from the one that is wanted in the end; the same graph without a share."""
    from copilot.cloud.trial import on_trial

    return lambda name, wanted: wanted if share is None else on_trial(wanted, running(ctx, name).wanted, share)


def check_quiet(session: "Session", journal: "Journal") -> None:
    """Raise Refused when an alarm is on already: what a new version does could not be told from it."""
    from copilot.cloud.trial import alarms_on

    if alarms := alarms_on(session, journal):
        raise Refused(
            f"An alarm of {journal.deployment} is on before the trial begins: {'; '.join(alarms)}",
            "Wait until it is off, or deploy without --canary.",
        )


def conclude(ctx: Context, trial: Trial, last: str | None) -> str:
    """Watch a version that was just put on trial; let it have all calls, or none when an alarm goes on. Return what to say of it.

    Args:
        last: How long it is watched, e.g. `10m`.

    Raises:
        CopilotError: an alarm went on, and what ran before runs alone again.
    """
    simulated = bool(trial.body["simulated"])
    duration = last or WATCHED[simulated]
    try:
        asked, alarms = _watch(ctx, trial, duration)
    except BaseException:
        _settle(ctx, trial, back=True)
        raise
    _settle(ctx, trial, back=bool(alarms))
    if alarms:
        raise CopilotError(
            f"The new version of {trial.deployment} raised an alarm on {trial.share} % of the calls: {'; '.join(alarms)}",
            f"What ran before has all calls again. See: copilot operations explain-failure --subject {trial.deployment}",
        )
    return f"It was tried on {trial.share} % of the calls for {duration}, with {asked} questions of ours: no alarm went on."


def _watch(ctx: Context, trial: Trial, duration: str) -> tuple[int, list[str]]:
    """Ask and look until the time is over or an alarm is on; return how many questions were asked, and the alarms."""
    from copilot.cloud.journal import Journal
    from copilot.cloud.trial import PROBES, alarms_on

    asked, looks = 0, int(duration[:-1]) * SECONDS[duration[-1]] // LOOK_SECONDS + 1
    with ctx.progress.track(f"Watching {trial.deployment} on {trial.share} % of the calls", looks) as report:
        for look in range(looks):
            time.sleep(LOOK_SECONDS if look else 0)
            asked += _probe(ctx, trial.deployment, PROBES)
            with hold_account(ctx, trial.body["region"]) as (session, _):
                alarms = alarms_on(session, Journal(ctx.store, trial.deployment))
            report(alarms[0] if alarms else "no alarm")
            if alarms:
                break
    return asked, alarms


def _probe(ctx: Context, deployment: str, questions: Sequence[str]) -> int:
    """Ask a deployment; whether it answers is for the alarms to say."""
    from copilot.cloud.endpoint import invoke

    for question in questions:
        try:
            invoke(ctx.store, ctx.home, ctx.live, deployment, question)
        except CopilotError:
            continue
    return len(questions)


def _settle(ctx: Context, trial: Trial, back: bool) -> None:
    """End a trial: everything goes to the new version, or back to the one before."""
    from copilot.cloud import revisions

    tried = revisions.current(ctx.store, trial.deployment)
    body, number = (trial.before.body, trial.before.number) if back else (trial.body, None)
    with hold_account(ctx, trial.body["region"]) as (session, _):
        engine = engine_of(ctx, session, trial.deployment, trial.body["stack"])
        carry_out(ctx, engine, engine.plan(trial.before.wanted if back else trial.wanted), body, number)
    if tried is not None:
        revisions.absorb(ctx.store, trial.deployment, tried)


def recover_deployment(ctx: Context, **recorded: str | None) -> str:
    """Put back what a killed process left half-done: a deployment that was cut off, or a version that it still had on trial."""
    from copilot.cloud import revisions
    from copilot.cloud.journal import deployed_by

    said = [put_back(ctx, **recorded)]
    name = deployed_by(ctx.store, ctx.operation)  # the trials of others go on
    thing = ctx.store.find("deployment", name) if name else None
    if thing and BESIDE in thing.body and thing.body["simulated"] != ctx.live:
        before = revisions.revision(ctx.store, thing.name, thing.body[BESIDE])
        _settle(ctx, Trial(thing.name, 0, (), thing.body, before), back=True)
        said.append(f"The new version of {thing.name} was still on trial: what ran before has all calls again.")
    return " ".join(said)
