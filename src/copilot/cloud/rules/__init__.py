"""What AWS would refuse, or should never be asked for, although the simulated account accepts it; checked before any call."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from copilot.cloud.graph import Resource
from copilot.cloud.rules.access import check_permission, check_role, check_tags
from copilot.cloud.rules.compute import check_group, check_launch_template, check_scaling, check_security_group
from copilot.cloud.rules.names import check_name
from copilot.cloud.rules.rule import Finding, Rule, Scene
from copilot.cloud.rules.serving import (
    check_agent_runtime,
    check_alarm,
    check_endpoint_config,
    check_function,
    check_logs_first,
    check_rest_api,
    check_usage_plan,
)
from copilot.cloud.rules.storage import check_bucket, check_log_group, check_table

__all__ = ["Finding", "check"]

ALL = (check_name, check_tags, check_logs_first)
"""Rules that look at every resource."""
RULES: dict[str, Rule] = {
    "agent_runtime": check_agent_runtime,
    "alarm": check_alarm,
    "auto_scaling_group": check_group,
    "bucket": check_bucket,
    "function": check_function,
    "launch_template": check_launch_template,
    "log_group": check_log_group,
    "permission": check_permission,
    "rest_api": check_rest_api,
    "role": check_role,
    "sagemaker_config": check_endpoint_config,
    "scaling_policy": check_scaling,
    "security_group": check_security_group,
    "table": check_table,
    "usage_plan": check_usage_plan,
}
"""The rule for each type."""


def check(resources: Iterable[Resource], region: str = "", home: Path | None = None) -> tuple[Finding, ...]:
    """Return what is wrong with a graph.

    Args:
        region: Where it would go; what only some regions have is not checked without.
        home: The workspace's folder, which may have a newer table of instance types.
    """
    scene = Scene(tuple(resources), region, home)
    return tuple(Finding(resource.id, problem) for resource in scene.resources for problem in _problems(resource, scene))


def _problems(resource: Resource, scene: Scene) -> Iterator[str]:
    for rule in ALL:
        yield from rule(resource, scene)
    if resource.type in RULES:
        yield from RULES[resource.type](resource.properties, scene)
