"""The EC2 deployment of an agent: a group of instances, each of which fetches the agent and serves it inside the network."""

import json
import time
from collections.abc import Iterator, Mapping
from hashlib import sha256
from string import Template
from typing import Any

from copilot.cloud.configuration import offer
from copilot.cloud.graph import Resource
from copilot.cloud.http import post
from copilot.cloud.offers import Table
from copilot.cloud.prices import Estimate, estimate_instances
from copilot.cloud.providers.compute import VPC
from copilot.cloud.providers.provider import STACK
from copilot.cloud.serverless import Blueprint, bucket_name, described, object_id, object_keys, storage
from copilot.cloud.target import Target
from copilot.errors import Refused, Unavailable
from copilot.outside.aws import Session
from copilot.resources import resource

PORT = 8080
DISK_GIB = 20
IMAGE = "resolve:ssm:/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-{}"
"""Amazon Linux 2023 for an architecture, as it is when an instance starts."""
READY = "the service answers"
CONSOLE_WAITS = (10,) * 30
"""Seconds between looks at the console of an instance: five minutes."""
NOT_RUN = "NotSimulated: the instances of the simulated account do not run, so the service on them cannot be asked."


class Ec2(Target):
    """Instances in an auto scaling group of the region's default network."""

    service = "ec2"

    @property
    def instance_type(self) -> str:
        kind = self.configuration.instances.instance_type
        if not kind:
            raise Refused(
                "No instance type is configured for the ec2 target.",
                "Find one: copilot instances recommend --memory 4. Then: copilot instances configure --instance-type TYPE",
            )
        return kind

    @property
    def machine(self) -> str:
        return {"arm64": "aarch64"}.get(self.architecture, self.architecture)

    @property
    def architecture(self) -> str:
        return offer(self.instance_type, self.region, self.home).architecture

    def graph(self, blueprint: Blueprint) -> tuple[Resource, ...]:
        tags = {STACK: blueprint.stack}
        return (*storage(blueprint, tags), *_identity(blueprint, tags), *self._instances(blueprint, tags))

    def _instances(self, blueprint: Blueprint, tags: dict[str, str]) -> list[Resource]:
        """Return the template of the instances and their group; a new template gets a new group, made before the old one goes."""
        said, prefix = self.configuration.instances, blueprint.prefix
        template = {
            "name": self.configuration.autoscaling.launch_template or f"{prefix}-template",
            "image": said.image_id or IMAGE.format(self.architecture),
            "instance_type": self.instance_type,
            "profile": "${profile}",
            "groups": ["${security_group}"],
            "disk": said.volume_size or DISK_GIB,
            "encrypted": True,
            "tokens": "required",
            "spot": bool(said.spot),
            "key": said.key_name,
            "user_data": user_data(blueprint),
            "tags": tags,
        }
        mark = sha256(json.dumps(template, sort_keys=True).encode()).hexdigest()[:8]
        group = {"name": f"{prefix}-{mark}", "template": "${template}", **self._size(), "tags": tags}
        if zones := self.configuration.autoscaling.availability_zones:
            group["zones"] = sorted(zones)
        first = ("role", *map(object_id, object_keys(blueprint.content).values()))
        made = [
            Resource("template", "launch_template", template, first),
            Resource(f"group_{mark}", "auto_scaling_group", group),
        ]
        target = self.configuration.autoscaling.target_cpu
        if self.configuration.autoscaling.enabled and target:
            policy = {"group": group["name"], "name": f"{group['name']}-cpu", "target_cpu": target}
            made.append(Resource(f"policy_{mark}", "scaling_policy", policy, (f"group_{mark}",)))
        return made

    def _size(self) -> dict[str, int]:
        low, high = self.configuration.group_size
        group = self.configuration.autoscaling
        wanted = group.desired_capacity if group.enabled and group.desired_capacity is not None else low
        return {"min": low, "desired": wanted, "max": high}

    def estimate(self, blueprint: Blueprint, stored_bytes: int) -> Estimate:
        day = Table.of(self.home).price_date(self.region)
        return estimate_instances(offer(self.instance_type, self.region, self.home), self.configuration.group_size, day)

    @staticmethod
    def record(region: str, physical: Mapping[str, str]) -> dict[str, str]:
        group = next(name for id_, name in physical.items() if id_.startswith("group_"))
        return {"endpoint": f"port {PORT} of the instances in {group}", "group": group, "token": physical["token"]}

    @staticmethod
    def ask(session: Session, body: Mapping[str, Any], question: str) -> tuple[int, dict[str, Any]]:
        if session.simulated:
            raise Unavailable(NOT_RUN, "Ask the agent here, or deploy it to the serverless or the local target.")
        addresses = _addresses(session, body["group"])
        if not addresses:
            raise Unavailable(f"No instance of {body['group']} is running.", "See: copilot deployments show")
        key = session.client("ssm").get_parameter(Name=body["token"], WithDecryption=True)["Parameter"]["Value"]
        return post(f"http://{addresses[0]}:{PORT}/ask", {"question": question}, {"x-api-key": key})

    @staticmethod
    def watch(session: Session, body: Mapping[str, Any]) -> Iterator[str]:
        """Yield the lines of one instance's console."""
        ids = _running(session, body["group"])
        shown = 0
        for wait in CONSOLE_WAITS if ids else ():
            lines = session.client("ec2").get_console_output(InstanceId=ids[0], Latest=True).get("Output", "").splitlines()
            yield from lines[shown:]
            shown = len(lines)
            if any(READY in line for line in lines):
                return
            time.sleep(wait)


def _identity(blueprint: Blueprint, tags: dict[str, str]) -> list[Resource]:
    """Return who the instances are, what they may do, who may reach them, and the token that callers have to show."""
    at, prefix = blueprint, blueprint.prefix
    trust = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
    objects = [f"arn:aws:s3:::{bucket_name(blueprint)}/{key}" for key in object_keys(blueprint.content).values()]
    allowed = [
        {"Effect": "Allow", "Action": "s3:GetObject", "Resource": objects},
        {"Effect": "Allow", "Action": "ssm:GetParameter", "Resource": f"arn:aws:ssm:{at.region}:{at.account}:parameter{token_name(at)}"},
    ]
    role = {
        "name": f"{prefix}-role",
        "trust": {"Version": "2012-10-17", "Statement": [trust]},
        "policies": {"serve": {"Version": "2012-10-17", "Statement": allowed}},
        "tags": tags,
    }
    wall = {
        "name": f"{prefix}-service",
        "description": f"Questions to {prefix}, from inside the network",
        "ingress": [{"port": PORT, "source": VPC}],
        "tags": tags,
    }
    return [
        Resource("role", "role", role),
        Resource("profile", "instance_profile", {"name": f"{prefix}-profile", "role": "${role}", "tags": tags}),
        Resource("security_group", "security_group", wall),
        Resource("token", "token", {"name": token_name(blueprint), "tags": tags}),
    ]


def token_name(blueprint: Blueprint) -> str:
    return f"/copilot/{blueprint.prefix}/token"


def user_data(blueprint: Blueprint) -> str:
    """Return the script that an instance runs when it starts: fetch, prove, start."""
    keys = object_keys(blueprint.content)
    script = Template(resource("data", "user_data.sh").read_text(encoding="utf-8"))
    return script.substitute(
        python=blueprint.runtime,
        region=blueprint.region,
        bucket=bucket_name(blueprint),
        token=token_name(blueprint),
        agent=described(blueprint),
        port=PORT,
        ready=READY,
        **keys,
    )


def _running(session: Session, group: str) -> list[str]:
    """Return the ids of a group's instances that run."""
    found = session.client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[group])["AutoScalingGroups"]
    return sorted(i["InstanceId"] for g in found for i in g["Instances"] if i["LifecycleState"] == "InService")


def _addresses(session: Session, group: str) -> list[str]:
    """Return the private addresses of a group's instances that run."""
    ids = _running(session, group)
    found = session.client("ec2").describe_instances(InstanceIds=ids)["Reservations"] if ids else []
    return sorted(i["PrivateIpAddress"] for reservation in found for i in reservation["Instances"] if i.get("PrivateIpAddress"))
