"""What an apply would do, and the id that binds a yes to it."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from itertools import groupby
from typing import Any, Literal

from copilot.cloud.comparison import Differences, different
from copilot.cloud.graph import Resource

Action = Literal["create", "update", "replace", "delete"]


@dataclass(frozen=True)
class Change:
    """One step of a plan.

    Args:
        position: Where the resource stands in the order of dependencies.
        physical: The id AWS knows it by; empty while it is not made.
        before: Live properties; None when there is nothing.
        after: Wanted properties, in which `${id}` may still stand for something that is not made; None for a delete.
        depth: Changes of the same depth do not need each other.
    """

    action: Action
    id: str
    type: str
    position: int
    physical: str = ""
    before: Mapping[str, Any] | None = None
    after: Mapping[str, Any] | None = None
    depth: int = 0

    @property
    def differences(self) -> Differences:
        """The properties that change, as (before, after); empty for a create or a delete."""
        return different(self.before, self.after) if self.before and self.after else {}

    def resolved(self, after: Mapping[str, Any] | None) -> "Change":
        return replace(self, after=after)


@dataclass(frozen=True)
class Plan:
    """The changes that make an account look as wanted.

    Args:
        id: Hash over what is wanted, what is recorded and what is there: the same plan made twice has the same id.
        wanted: All wanted resources, each after what it needs.
    """

    id: str
    deployment: str
    changes: tuple[Change, ...]
    wanted: tuple[Resource, ...]

    @property
    def unchanged(self) -> int:
        """Number of resources that are as wanted."""
        return len({resource.id for resource in self.wanted} - {change.id for change in self.changes})

    def batches(self, size: int) -> Iterator[tuple[Change, ...]]:
        """Yield the changes in order, up to `size` at a time of those that do not need each other."""
        for _, group in groupby(self.changes, lambda change: change.depth):
            together = tuple(group)
            yield from (together[at : at + size] for at in range(0, len(together), size))

    def as_json(self) -> dict[str, Any]:
        return {"id": self.id, "deployment": self.deployment, "changes": [asdict(change) for change in self.changes]}


def plan_id(deployment: str, wanted: tuple[Resource, ...], recorded: Any, live: Mapping[str, Any]) -> str:
    seen = [deployment, [resource.as_json() for resource in wanted], recorded, live]
    return sha256(json.dumps(seen, sort_keys=True, default=str).encode()).hexdigest()[:12]
