"""From the domain's values to the rows of results."""

import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from copilot.intents.deployments.results import ChangeRow, Cost, CostRow, EventRow, ResourceRow

if TYPE_CHECKING:
    from copilot.cloud.journal import Apply, Recorded
    from copilot.cloud.plan import Change, Plan
    from copilot.cloud.prices import Estimate

LONGEST_VALUE = 60
WORDS = {"deploy": "deployed", "destroy": "removed"}


def change_rows(plan: "Plan") -> tuple[ChangeRow, ...]:
    return tuple(ChangeRow(action=c.action, resource=c.id, type=c.type, details=_details(c)) for c in plan.changes)


def _details(change: "Change") -> str:
    if change.action in ("create", "delete"):
        return _called(change.after or change.before or {}, change.physical)
    return "; ".join(f"{name}: {_short(before)} → {_short(after)}" for name, (before, after) in change.differences.items()) or "take over"


def _called(properties: Mapping[str, Any], physical: str) -> str:
    return str(properties.get("name") or properties.get("key") or properties.get("sid") or physical)


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, sort_keys=True)
    return text if len(text) <= LONGEST_VALUE else f"{text[: LONGEST_VALUE - 1]}…"


def cost_of(estimate: "Estimate") -> Cost:
    parts = tuple(CostRow(what=c.what, low_usd=c.low, high_usd=c.high) for c in estimate.costs)
    return Cost(
        low_usd=estimate.low,
        high_usd=estimate.high,
        as_of=estimate.as_of,
        assumptions=estimate.assumptions,
        unknown=estimate.unknown,
        parts=parts,
    )


def resource_rows(resources: Iterable["Recorded"], state: Mapping[str, str], otherwise: str) -> tuple[ResourceRow, ...]:
    """Return a row a resource; `state` says what is known of some of them."""
    return tuple(
        ResourceRow(id=r.id, type=r.type, name=_called(r.properties, r.physical), state=state.get(r.id, otherwise)) for r in resources
    )


def event_rows(history: Iterable["Apply"]) -> tuple[EventRow, ...]:
    return tuple(EventRow(at=a.started_at[:19], what=WORDS[a.kind], outcome=a.state.replace("_", " "), error=a.error) for a in history)
