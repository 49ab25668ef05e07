"""How each type of resource is found, read, created, changed and deleted: one class a type."""

from copilot.cloud.artifacts import Artifacts
from copilot.cloud.providers.api import ApiKey, RestApi, Stage, UsagePlan
from copilot.cloud.providers.compute import InstanceProfile, LaunchTemplate, SecurityGroup, Token
from copilot.cloud.providers.function import Alias, Function, Permission
from copilot.cloud.providers.hosting import AgentRuntime, SageMakerConfig, SageMakerEndpoint, SageMakerModel
from copilot.cloud.providers.machine import MachineFile, Process, ThisMachine
from copilot.cloud.providers.provider import Provider
from copilot.cloud.providers.role import Role
from copilot.cloud.providers.scaling import AutoScalingGroup, ScalingPolicy
from copilot.cloud.providers.storage import Bucket, BucketObject
from copilot.cloud.providers.table import Table
from copilot.cloud.providers.watch import Alarm, Budget, Dashboard, LogGroup
from copilot.outside.aws import Session

TYPES: dict[str, type[Provider]] = {
    "bucket": Bucket,
    "object": BucketObject,
    "table": Table,
    "role": Role,
    "log_group": LogGroup,
    "function": Function,
    "alias": Alias,
    "permission": Permission,
    "rest_api": RestApi,
    "stage": Stage,
    "api_key": ApiKey,
    "usage_plan": UsagePlan,
    "alarm": Alarm,
    "dashboard": Dashboard,
    "budget": Budget,
    "instance_profile": InstanceProfile,
    "security_group": SecurityGroup,
    "token": Token,
    "launch_template": LaunchTemplate,
    "auto_scaling_group": AutoScalingGroup,
    "scaling_policy": ScalingPolicy,
    "agent_runtime": AgentRuntime,
    "sagemaker_model": SageMakerModel,
    "sagemaker_config": SageMakerConfig,
    "sagemaker_endpoint": SageMakerEndpoint,
}


ON_THIS_MACHINE: dict[str, type[Provider]] = {"object": MachineFile, "process": Process}


def providers(session: Session, artifacts: Artifacts) -> dict[str, Provider]:
    """Return a provider for every type there is in an account, acting through `session`."""
    types = ON_THIS_MACHINE if isinstance(session, ThisMachine) else TYPES
    return {name: provider(session, artifacts) for name, provider in types.items()}
