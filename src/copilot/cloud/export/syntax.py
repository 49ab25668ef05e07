"""What both languages of infrastructure code need to know of a graph."""

import re
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import cached_property
from itertools import pairwise
from typing import Any

from copilot.cloud.graph import REFERENCE, Resource, in_order
from copilot.cloud.providers.provider import STACK
from copilot.cloud.rules.rule import Properties

DISK = "/dev/xvda"
NETWORK = "NetworkAddresses"
BLOCKS = ("block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets")


class Writer(ABC):
    """Turns a graph into the text of one language.

    Args:
        resources: The graph.
        account: Number of the account that the graph was made for; it becomes whichever account the code is run in.
        region: AWS region code.
        about: One sentence for people.
    """

    def __init__(self, resources: Iterable[Resource], account: str, region: str, about: str) -> None:
        self.ordered = in_order(resources)
        self.account = account
        self.region = region
        self.about = about

    @abstractmethod
    def render(self) -> dict[str, Any]:
        """Return the document that is written to the file."""

    @abstractmethod
    def string(self, text: str) -> Any:
        """Return a string in the language, with the account and references to other resources."""

    @abstractmethod
    def makers(self) -> Collection[str]:
        """Return the types that can be written."""

    @property
    def left_out(self) -> list[str]:
        """The resources that the language has no form for."""
        return [resource.id for resource in self.ordered if resource.type not in self.makers()]

    @cached_property
    def types(self) -> dict[str, str]:
        return {resource.id: resource.type for resource in self.ordered}

    def split(self, text: str) -> list[str]:
        """Cut a string into references to resources and what is between them."""
        cuts = [0, *(edge for found in REFERENCE.finditer(text) for edge in found.span()), len(text)]
        return [text[start:end] for start, end in pairwise(cuts) if start < end]

    def referred(self, part: str) -> str:
        """Return the type of the resource that a part refers to; empty when it refers to none."""
        found = REFERENCE.fullmatch(part)
        return self.types.get(found[1], "") if found else ""

    def plain(self, value: Any) -> Any:
        """Return a value with all its strings written in the language."""
        if isinstance(value, str):
            return self.string(value)
        if isinstance(value, Mapping):
            return {name: self.plain(part) for name, part in value.items()}
        if isinstance(value, list | tuple):
            return [self.plain(part) for part in value]
        return value

    def after_objects(self) -> set[str]:
        """Return the ids of what can only be made when the objects of the buckets are there."""
        waiting: set[str] = set()
        for resource in self.ordered:
            if any(self.types[need] == "object" or need in waiting for need in resource.needs):
                waiting.add(resource.id)
        return waiting


def camel(name: str) -> str:
    """Return a name of ours as CloudFormation writes them."""
    return "".join(part.capitalize() for part in re.split(r"[^A-Za-z0-9]+", name))


def shut(bucket: Properties) -> dict[str, bool]:
    return dict.fromkeys(BLOCKS, bool(bucket["private"]))


def key_types(table: Properties) -> dict[str, str]:
    """Return the type of every attribute that a key of the table or of its indexes uses."""
    used = dict.fromkeys(key for keyed in (table, *table.get("indexes", ())) for key in keyed["keys"])
    return {key: table.get("types", {}).get(key, "S") for key in used}


def statistic(alarm: Properties) -> tuple[str, str]:
    """Return what kind of statistic an alarm looks at, and which."""
    how = alarm.get("statistic", "Sum")
    return ("statistic" if how.isalpha() else "extended_statistic"), how


def qualified(permission: Properties) -> str:
    """Return the function that a permission is on, with the alias when it is on one."""
    return f"{permission['function']}:{permission['qualifier']}" if permission.get("qualifier") else str(permission["function"])


def cost_tag(budget: Properties) -> str:
    """Return the filter of a budget that counts what one stack costs."""
    return f"user:{STACK}${budget['stack']}"


def ports(group: Properties) -> Iterator[tuple[str, int, int, str]]:
    """Yield protocol, first port, last port and source of each entry of a security group."""
    for entry in group["ingress"]:
        first, _, last = str(entry["port"]).partition("-")
        yield ("-1", 0, 0, entry["source"]) if first == "all" else ("tcp", int(first), int(last or first), entry["source"])
