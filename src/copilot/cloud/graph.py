"""What an account should contain: resources as plain data, and the order in which they depend on each other."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

REFERENCE = re.compile(r"\$\{([a-z_]+)\}")


@dataclass(frozen=True)
class Resource:
    """One thing that should exist.

    Args:
        id: Its name inside the graph.
        type: Which provider looks after it.
        properties: JSON data; `${id}` in a string stands for the physical id of another resource.
        after: Further ids that have to exist first.
    """

    id: str
    type: str
    properties: Mapping[str, Any]
    after: tuple[str, ...] = ()

    @property
    def needs(self) -> set[str]:
        return {*self.after, *references(self.properties)}

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> "Resource":
        return cls(body["id"], body["type"], body["properties"], tuple(body["after"]))


def references(value: Any) -> Iterator[str]:
    """Yield every id that a value refers to."""
    if isinstance(value, str):
        yield from REFERENCE.findall(value)
    elif isinstance(value, Mapping):
        for part in value.values():
            yield from references(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from references(part)


def resolve(value: Any, physical: Mapping[str, str]) -> Any:
    """Return a copy with references replaced by physical ids; those that are not known yet stay as they are."""
    if isinstance(value, str):
        return REFERENCE.sub(lambda found: physical.get(found[1], found[0]), value)
    if isinstance(value, Mapping):
        return {name: resolve(part, physical) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [resolve(part, physical) for part in value]
    return value


def in_order(resources: Iterable[Resource]) -> tuple[Resource, ...]:
    """Return the resources so that each comes after everything it needs; raise ValueError when that is impossible."""
    left = {resource.id: resource for resource in resources}
    known, ordered = set(left), []
    while left:
        ready = [r for r in left.values() if not (r.needs & known) & set(left)]
        missing = {name for r in left.values() for name in r.needs - known}
        if missing or not ready:
            raise ValueError(f"unknown resources {sorted(missing)}" if missing else f"resources need each other: {sorted(left)}")
        ordered += ready
        for resource in ready:
            del left[resource.id]
    return tuple(ordered)


def depths(ordered: Iterable[Resource]) -> dict[str, int]:
    """Return how many resources in a row have to exist before each of those given, which are in order."""
    found: dict[str, int] = {}
    for resource in ordered:
        found[resource.id] = 1 + max((found[name] for name in resource.needs), default=-1)
    return found
