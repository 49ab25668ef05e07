"""EC2 Auto Scaling: groups of instances, and what makes them grow and shrink."""

import time
from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

from copilot.cloud.providers.provider import STACK, Properties, Provider, patiently, unpaired
from copilot.errors import Unavailable
from copilot.outside.aws import ClientError, code_of

DESIRED = "copilot:desired"
"""The tag with the number of instances that was wanted: how many a group runs between its bounds is its own affair."""
WAITS = (5,) * 12 + (15,) * 16
"""Seconds between looks while instances start or stop: five minutes."""


class AutoScalingGroup(Provider):
    """name, template (name), min, desired (instances at first), max, tags; `zones` (names): any of the region while it is not said."""

    identity = frozenset({"name", "template"})

    @property
    def _scaling(self) -> Any:
        return self.session.client("autoscaling")

    def _group(self, name: str) -> Any:
        return next(iter(self._scaling.describe_auto_scaling_groups(AutoScalingGroupNames=[name])["AutoScalingGroups"]), None)

    def read(self, physical: str) -> dict[str, Any] | None:
        group = self._group(physical)
        if group is None or group.get("Status"):  # it is being deleted
            return None
        tags = unpaired(group["Tags"])
        return {
            "name": physical,
            "template": group.get("LaunchTemplate", {}).get("LaunchTemplateName"),
            "min": group["MinSize"],
            "desired": int(tags.pop(DESIRED, group["DesiredCapacity"])),
            "max": group["MaxSize"],
            "zones": sorted(group["AvailabilityZones"]),
            "tags": tags,
        }

    def create(self, properties: Properties) -> str:
        name = str(properties["name"])
        if self._group(name) is None:
            create = partial(
                self._scaling.create_auto_scaling_group,
                AutoScalingGroupName=name,
                LaunchTemplate={"LaunchTemplateName": properties["template"], "Version": "$Latest"},
                AvailabilityZones=list(properties.get("zones") or self._zones(properties["template"])),
                Tags=_tags(properties),
                **_size(properties),
            )
            patiently(create, _profile_is_new)
        self._await(name, properties["desired"])
        return name

    def update(self, physical: str, before: Properties, after: Properties) -> None:
        zones = {"AvailabilityZones": list(after["zones"])} if after.get("zones") else {}
        self._scaling.update_auto_scaling_group(AutoScalingGroupName=physical, **_size(after), **zones)
        self._scaling.create_or_update_tags(Tags=_tags(after))
        self._await(physical, after["min"])

    def delete(self, physical: str) -> None:
        if self._group(physical) is None:
            return
        self._scaling.delete_auto_scaling_group(AutoScalingGroupName=physical, ForceDelete=True)
        for wait in WAITS:
            if self._group(physical) is None:
                return
            time.sleep(wait)
        raise Unavailable(f"The group {physical} is still ending its instances.", "Wait some minutes, and try again.")

    def owned(self, stack: str) -> Iterable[str]:
        for page in self._scaling.get_paginator("describe_auto_scaling_groups").paginate():
            for group in page["AutoScalingGroups"]:
                if unpaired(group["Tags"]).get(STACK) == stack:
                    yield group["AutoScalingGroupName"]

    def _zones(self, template: str) -> list[str]:
        """Return the zones of the region that offer the instance type."""
        ec2 = self.session.client("ec2")
        latest = ec2.describe_launch_template_versions(LaunchTemplateName=template, Versions=["$Latest"])["LaunchTemplateVersions"]
        wanted = [{"Name": "instance-type", "Values": [latest[0]["LaunchTemplateData"]["InstanceType"]]}]
        offered = ec2.describe_instance_type_offerings(LocationType="availability-zone", Filters=wanted)["InstanceTypeOfferings"]
        return sorted(offer["Location"] for offer in offered)

    def _await(self, name: str, count: int) -> None:
        """Wait until so many instances run.

        Raises:
            Unavailable: they do not start; says why.
        """
        for wait in WAITS:
            running = [i for i in self._group(name)["Instances"] if i["LifecycleState"] == "InService"]
            if len(running) >= count:
                return
            for activity in self._scaling.describe_scaling_activities(AutoScalingGroupName=name, MaxRecords=5)["Activities"]:
                if activity["StatusCode"] == "Failed":
                    raise Unavailable(f"{name} cannot start instances: {activity.get('StatusMessage')}", "Choose another type or zone.")
            time.sleep(wait)
        raise Unavailable(f"{name} runs {len(running)} of {count} instances after five minutes.", "Choose another type or zone.")


class ScalingPolicy(Provider):
    """group (name), name, target_cpu (percent that the group's processors are kept at)."""

    identity = frozenset({"group", "name"})

    @property
    def _scaling(self) -> Any:
        return self.session.client("autoscaling")

    def find(self, properties: Properties) -> str | None:
        return f"{properties['group']}/{properties['name']}"

    def read(self, physical: str) -> dict[str, Any] | None:
        group, _, name = physical.partition("/")
        for policy in self._scaling.describe_policies(AutoScalingGroupName=group, PolicyNames=[name])["ScalingPolicies"]:
            return {"group": group, "name": name, "target_cpu": policy.get("TargetTrackingConfiguration", {}).get("TargetValue")}
        return None

    def create(self, properties: Properties) -> str:
        self._scaling.put_scaling_policy(
            AutoScalingGroupName=properties["group"],
            PolicyName=properties["name"],
            PolicyType="TargetTrackingScaling",
            TargetTrackingConfiguration={
                "PredefinedMetricSpecification": {"PredefinedMetricType": "ASGAverageCPUUtilization"},
                "TargetValue": properties["target_cpu"],
            },
        )
        return f"{properties['group']}/{properties['name']}"

    def update(self, physical: str, before: Properties, after: Properties) -> None:
        self.create(after)

    def delete(self, physical: str) -> None:
        if self.read(physical):
            group, _, name = physical.partition("/")
            self._scaling.delete_policy(AutoScalingGroupName=group, PolicyName=name)


def _size(properties: Properties) -> dict[str, int]:
    return {"MinSize": properties["min"], "DesiredCapacity": properties["desired"], "MaxSize": properties["max"]}


def _tags(properties: Properties) -> list[Mapping[str, Any]]:
    tags = {**properties["tags"], DESIRED: str(properties["desired"])}
    place = {"ResourceId": properties["name"], "ResourceType": "auto-scaling-group"}
    return [{**place, "Key": key, "Value": value, "PropagateAtLaunch": False} for key, value in tags.items()]


def _profile_is_new(error: ClientError) -> bool:
    """Tell whether a launch is refused because the instance profile is not known everywhere yet."""
    return code_of(error) == "ValidationError" and "nstance" in str(error) and "rofile" in str(error)
