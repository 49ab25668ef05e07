"""What every provider offers, and how they treat what AWS says."""

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar, TypeVar

from copilot.cloud.artifacts import Artifacts
from copilot.outside.aws import MISSING, ClientError, Session, code_of

STACK = "copilot:stack"
"""The tag that says which deployment a resource belongs to."""

EXISTS = {
    "BucketAlreadyOwnedByYou", "ConflictException", "DuplicateRecordException", "EntityAlreadyExists", "EntityAlreadyExistsException",
    "ResourceAlreadyExistsException", "ResourceConflictException", "ResourceInUseException",
}  # fmt: skip

PATIENCE = (1, 2, 4, 8, 15, 15, 15)
"""Seconds between tries of a call that has to wait for something else in AWS."""

Properties = Mapping[str, Any]
Answer = TypeVar("Answer")


class Provider(ABC):
    """Looks after one type of resource.

    Every method can be repeated: a create that finds the resource already made, and a delete that finds nothing, succeed.

    Args:
        session: Where the resources are.
        artifacts: Content of the objects that are put into buckets.
    """

    identity: ClassVar[frozenset[str]] = frozenset({"name"})
    """Properties that cannot be changed in place."""
    stateful: ClassVar[bool] = False
    """Whether deleting it loses data that no plan can bring back."""

    def __init__(self, session: Session, artifacts: Artifacts) -> None:
        self.session = session
        self.artifacts = artifacts

    def find(self, properties: Properties) -> str | None:
        """Return the physical id that a resource with these properties has or would have; None when only AWS can tell and does not."""
        return str(properties["name"])

    @abstractmethod
    def read(self, physical: str) -> dict[str, Any] | None:
        """Return the live properties under the names the graph uses; None when there is no such resource."""

    @abstractmethod
    def create(self, properties: Properties) -> str:
        """Make it and return its physical id."""

    @abstractmethod
    def update(self, physical: str, before: Properties, after: Properties) -> None:
        """Change it in place."""

    @abstractmethod
    def delete(self, physical: str) -> None: ...

    def back_up(self, physical: str, label: str) -> str:
        """Copy what would be lost with it to where it outlives it, and return where that is; nothing where there is nothing to copy."""
        return ""

    def owned(self, stack: str) -> Iterable[str]:
        """Return the physical ids of all that carry this stack's tag; nothing for types that live inside tagged ones."""
        return ()


def absent(call: Callable[[], Answer], otherwise: Any = None) -> Any:
    """Make a call; where AWS says that the thing does not exist, return `otherwise`."""
    try:
        return call()
    except ClientError as error:
        if code_of(error) in MISSING:
            return otherwise
        raise


def existing(call: Callable[[], Answer]) -> Answer | None:
    """Make a create; where AWS says that it is there already, return None: names are ours, so an earlier try made it."""
    try:
        return call()
    except ClientError as error:
        if code_of(error) in EXISTS:
            return None
        raise


def patiently(call: Callable[[], Answer], not_yet: Callable[[ClientError], bool]) -> Answer:
    """Repeat a call, for a minute at most, while its error says that something is not ready yet."""
    for wait in PATIENCE:
        try:
            return call()
        except ClientError as error:
            if not not_yet(error):
                raise
        time.sleep(wait)
    return call()


def pairs(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": name, "Value": value} for name, value in tags.items()]


def unpaired(tags: Iterable[Mapping[str, str]]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in tags}
