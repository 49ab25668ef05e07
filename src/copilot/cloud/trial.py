"""A new version on trial: it gets a share of the calls, beside the version that ran before, until it has shown itself."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from copilot.cloud.graph import Resource
from copilot.cloud.journal import Journal
from copilot.errors import Refused
from copilot.outside.aws import Session

PROBES = (
    "What is this about?",
    "Who is responsible?",
    "How long does it take?",
    "What does it cost?",
    "Where can I find out more?",
)
"""Questions that are asked at every look, so that there is something to see also where nobody else asks."""
OF_CLIENTS = "alarm_refused"
"""The alarm that says nothing about a version: clients asked wrongly."""


def on_trial(wanted: Sequence[Resource], running: Sequence[Resource], share: int) -> tuple[Resource, ...]:
    """Return the graph in which the wanted version answers a share of the calls, and the running one all others.

    What the running version needs stays: its objects, and the permissions to read them.

    Args:
        share: Per cent.

    Raises:
        Refused: there is no version to try, or the same one runs.
    """
    before = {resource.id: resource for resource in running}
    aliases = [resource for resource in wanted if resource.type == "alias"]
    if not aliases:
        raise Refused("Only a serverless deployment can be tried on a share of the calls.", "Deploy it without --canary.")
    if all(r.id in before and before[r.id].properties["content"] == r.properties["content"] for r in aliases):
        raise Refused("The function would not change: there is nothing to try.", "Deploy it without --canary.")

    def tried(resource: Resource) -> Resource:
        changes: dict[str, dict[str, Any]] = {"alias": {"share": share}, "role": {"policies": _both(resource, before.get(resource.id))}}
        return replace(resource, properties={**resource.properties, **changes.get(resource.type, {})})

    known = {resource.id for resource in wanted}
    return (*map(tried, wanted), *(resource for resource in running if resource.id not in known))


def _both(role: Resource, before: Resource | None) -> dict[str, Any]:
    """Return the policies of a role together with those it had, under names of their own."""
    now = dict(role.properties.get("policies", {}))
    had = before.properties.get("policies", {}) if before else {}
    return {**now, **{f"{name}-before": document for name, document in had.items() if now.get(name) != document}}


def alarms_on(session: Session, journal: Journal) -> list[str]:
    """Return what the alarms of a deployment say that are on and speak of its version, as `name: reason`."""
    names = [r.physical for r in journal.resources() if r.type == "alarm" and r.id != OF_CLIENTS]
    return alarming(session, names)


def alarming(session: Session, names: Iterable[str]) -> list[str]:
    """Return what those of the alarms say that are on, as `name: reason`."""
    wanted = list(names)
    found = session.client("cloudwatch").describe_alarms(AlarmNames=wanted)["MetricAlarms"] if wanted else []
    return [f"{alarm['AlarmName']}: {alarm['StateReason']}" for alarm in found if alarm["StateValue"] == "ALARM"]
