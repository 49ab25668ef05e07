"""What a rule is, and what it may look at."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from copilot.cloud.graph import Resource

Properties = Mapping[str, Any]


@dataclass(frozen=True)
class Finding:
    """One thing that has to change before a plan can be carried out."""

    resource: str
    problem: str


@dataclass(frozen=True)
class Scene:
    """What surrounds a resource.

    Args:
        resources: The whole graph.
        region: Where it would go; empty where that does not matter.
        home: The workspace's folder, which may have a newer table of instance types.
    """

    resources: tuple[Resource, ...]
    region: str = ""
    home: Path | None = None

    def of(self, type: str) -> Iterator[Properties]:  # noqa: A002 - the word of the domain
        """Yield the properties of every resource of a type."""
        return (resource.properties for resource in self.resources if resource.type == type)


Rule = Callable[[Properties, Scene], Iterator[str]]
"""Yields what is wrong with a resource, each in one clause."""


def many(value: Any) -> list[Any]:
    """Return a value that AWS lets stand alone as a list."""
    return list(value) if isinstance(value, list | tuple) else [value]
