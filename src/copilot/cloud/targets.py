"""The targets that an agent can be deployed to: the one place that knows them all."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from copilot.cloud.agentcore import AgentCore
from copilot.cloud.configuration import read
from copilot.cloud.ec2 import Ec2
from copilot.cloud.gateway import Serverless
from copilot.cloud.local import Local
from copilot.cloud.sagemaker import SageMaker
from copilot.cloud.target import Target
from copilot.outside.store import Store

TARGETS: dict[str, type[Target]] = {"serverless": Serverless, "ec2": Ec2, "local": Local, "sagemaker": SageMaker, "agentcore": AgentCore}
DEFAULT = "serverless"


def chosen(store: Store, region: str, home: Path) -> Target:
    """Return the target of the next deployment, with all that was configured."""
    said = read(store)
    return TARGETS[said.deployment.target or DEFAULT](said, region, home)


def target_of(body: Mapping[str, Any]) -> type[Target]:
    """Return the target of a deployment, by what the workspace keeps about it."""
    return TARGETS[body["target"]]
