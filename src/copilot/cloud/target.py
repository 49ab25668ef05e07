"""What every target of a deployment says: what it is made of, what it costs, where it answers."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from copilot.cloud.artifacts import Artifacts
from copilot.cloud.configuration import Configuration
from copilot.cloud.graph import Resource
from copilot.cloud.prices import Estimate
from copilot.cloud.serverless import Blueprint
from copilot.outside.aws import Session


@dataclass(frozen=True)
class Target(ABC):
    """A kind of place where an agent can run.

    Args:
        configuration: What was said about the next deployment.
        region: Where it goes.
        home: The workspace's folder, which may have prices of its own.
    """

    service: ClassVar[str]
    """Name of the AWS service that the region has to have; empty for this machine."""

    configuration: Configuration
    region: str
    home: Path

    @property
    def machine(self) -> str:
        """The processor that the code is packed for; raise CopilotError when the configuration does not say enough."""
        return "x86_64"

    def seal(self, blueprint: Blueprint, artifacts: Artifacts) -> Blueprint:
        """Return the blueprint with code and content in one archive, where the target takes only that."""
        return blueprint

    @abstractmethod
    def graph(self, blueprint: Blueprint) -> tuple[Resource, ...]:
        """Return every resource of the deployment."""

    @abstractmethod
    def estimate(self, blueprint: Blueprint, stored_bytes: int) -> Estimate:
        """Return what it costs a month.

        Args:
            stored_bytes: Size of everything that is put into the bucket.
        """

    @staticmethod
    @abstractmethod
    def record(region: str, physical: Mapping[str, str]) -> dict[str, str]:
        """Return what the workspace keeps to find the endpoint again, with `endpoint` for people; nothing secret.

        Args:
            physical: The id in the account of every resource.
        """

    @staticmethod
    @abstractmethod
    def ask(session: Session, body: Mapping[str, Any], question: str) -> tuple[int, dict[str, Any]]:
        """Put a question to a deployment; return an HTTP status and the document that came back.

        Args:
            body: What the workspace keeps about the deployment.
        """

    @staticmethod
    def watch(session: Session, body: Mapping[str, Any]) -> Iterator[str]:
        """Yield lines of what happens in the deployment after it was made, until it is ready."""
        return iter(())
