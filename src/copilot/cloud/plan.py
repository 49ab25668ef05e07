"""What an apply would do, and the id that binds a yes to it."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from typing import Any, Literal

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
    """

    action: Action
    id: str
    type: str
    position: int
    physical: str = ""
    before: Mapping[str, Any] | None = None
    after: Mapping[str, Any] | None = None

    @property
    def differences(self) -> dict[str, tuple[Any, Any]]:
        """The properties that change, as (before, after); empty for a create or a delete."""
        return different(self.before, self.after) if self.before and self.after else {}

    def resolved(self, after: Mapping[str, Any] | None) -> "Change":
        return replace(self, after=after)


@dataclass(frozen=True)
class Plan:
    """The changes that make an account look as wanted.

    Args:
        id: Hash over what is wanted and what is there: the same plan made twice has the same id.
        order: Ids of all wanted resources, each after what it needs.
    """

    id: str
    deployment: str
    changes: tuple[Change, ...]
    order: tuple[str, ...]

    @property
    def unchanged(self) -> int:
        """Number of resources that are as wanted."""
        return len(set(self.order) - {change.id for change in self.changes})

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def different(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Compare the properties that both sides have: some can be written and not read.

    Of the tags only those that `after` has count: anybody may add others.
    """
    if "tags" in before and "tags" in after:
        before = {**before, "tags": {name: value for name, value in before["tags"].items() if name in after["tags"]}}
    return {name: (before[name], after[name]) for name in before if name in after and before[name] != after[name]}


def plan_id(deployment: str, wanted: tuple[Resource, ...], live: Mapping[str, Any]) -> str:
    seen = json.dumps([deployment, [asdict(resource) for resource in wanted], live], sort_keys=True, default=str)
    return sha256(seen.encode()).hexdigest()[:12]
