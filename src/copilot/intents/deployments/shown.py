"""From the domain's values to the rows of results, and to files."""

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from copilot.errors import CopilotError
from copilot.intents.deployments.results import ChangeRow, Cost, CostRow, EventRow, ResourceRow

if TYPE_CHECKING:
    from copilot.cloud.journal import Apply, Recorded
    from copilot.cloud.plan import Change, Plan
    from copilot.cloud.prices import Estimate

LONGEST_VALUE = 60
WORDS = {"deploy": "deployed", "rollback": "went back", "destroy": "removed"}


def change_rows(plan: "Plan") -> tuple[ChangeRow, ...]:
    return tuple(ChangeRow(action=c.action, resource=c.id, type=c.type, details=_details(c)) for c in plan.changes)


def _details(change: "Change") -> str:
    if change.action in ("create", "delete"):
        return _called(change.after or change.before or {}, change.physical)
    return "; ".join(f"{name}: {before} → {after}" for name, before, after in leaf_rows(change.differences)) or "take over"


def leaf_rows(differences: Mapping[str, tuple[Any, Any]]) -> Iterator[tuple[str, str, str]]:
    """Yield the innermost values that differ, as (path, before, after) for people."""
    from copilot.cloud.comparison import leaves

    for name, pair in differences.items():
        for path, before, after in leaves(*pair, name):
            yield path, _short(before), _short(after)


def _called(properties: Mapping[str, Any], physical: str) -> str:
    return str(properties.get("name") or properties.get("key") or properties.get("sid") or physical)


def _short(value: Any) -> str:
    text = "nothing" if value is None else value if isinstance(value, str) else json.dumps(value, sort_keys=True)
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
    return tuple(
        EventRow(
            at=apply.started_at[:19],
            what=WORDS[apply.kind],
            revision=apply.revision,
            agent_version=apply.body.get("agent_version"),
            outcome=apply.state.replace("_", " "),
            error=apply.error,
        )
        for apply in history
    )


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Raise CopilotError where a file, or one beside it, cannot be written."""
    try:
        yield
    except OSError as error:
        raise CopilotError(f"{error.filename or path} cannot be written: {error.strerror}.", "Choose another path.") from error
