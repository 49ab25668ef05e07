"""EC2: security groups and launch templates, and the instance profiles and tokens that instances start with."""

import base64
import re
import secrets
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property, partial
from typing import Any

from copilot.cloud.providers.provider import STACK, Properties, Provider, absent, existing, pairs, patiently, unpaired
from copilot.errors import Unavailable
from copilot.outside.aws import code_of

VPC = "vpc"
"""Where traffic may come from: the network that the instances are in."""
PEERS = {"IpRanges": "CidrIp", "Ipv6Ranges": "CidrIpv6", "UserIdGroupPairs": "GroupId", "PrefixListIds": "PrefixListId"}
PORTS = re.compile(r"(-?\d+)(?:-(-?\d+))?")
"""A port or a range; of ICMP, a type and a code, where -1 is any."""
DISK = "/dev/xvda"
TOKEN_BYTES = 32


class Ec2(Provider):
    """What the types of EC2 have in common."""

    @property
    def _ec2(self) -> Any:
        return self.session.client("ec2")

    @cached_property
    def _network(self) -> tuple[str, str]:
        """The default network: its id and its range of addresses."""
        found = self._ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"]
        if not found:
            raise Unavailable(f"{self.session.region} has no default VPC to put instances in.", "Make one: aws ec2 create-default-vpc")
        return found[0]["VpcId"], found[0]["CidrBlock"]

    def _groups(self, filter_name: str, values: Iterable[str]) -> list[dict[str, Any]]:
        """Return the security groups of the network by `group-name`, `group-id` or a tag."""
        wanted = [{"Name": filter_name, "Values": list(values)}, {"Name": "vpc-id", "Values": [self._network[0]]}]
        return list(self._ec2.describe_security_groups(Filters=wanted)["SecurityGroups"])

    def _tag(self, physical: str, before: Properties, after: Properties) -> None:
        if before["tags"] != after["tags"]:
            self._ec2.create_tags(Resources=[physical], Tags=pairs(after["tags"]))


class SecurityGroup(Ec2):
    """name, description, ingress (list of port and source: `vpc` or a range of addresses), tags; in the region's default network.

    What others let in by another protocol than TCP names its `protocol`.
    """

    identity = frozenset({"name", "description"})

    def _group(self, name: str) -> dict[str, Any] | None:
        return next(iter(self._groups("group-name", [name])), None)

    def read(self, physical: str) -> dict[str, Any] | None:
        group = self._group(physical)
        return group and {
            "name": physical,
            "description": group["Description"],
            "ingress": [entry for entry, _ in self._entries(group["IpPermissions"])],
            "tags": unpaired(group.get("Tags", [])),
        }

    def create(self, properties: Properties) -> str:
        name = str(properties["name"])
        if self._group(name) is None:
            tags = [{"ResourceType": "security-group", "Tags": pairs(properties["tags"])}]
            what = {"GroupName": name, "Description": properties["description"], "VpcId": self._network[0]}
            self.session.client("ec2", once=True).create_security_group(**what, TagSpecifications=tags)
        self.update(name, properties, properties)
        return name

    def update(self, physical: str, before: Properties, after: Properties) -> None:
        group = self._group(physical) or {}
        live, id_ = list(self._entries(group["IpPermissions"])), group["GroupId"]
        for entry, permission in live:
            if entry not in after["ingress"]:
                self._ec2.revoke_security_group_ingress(GroupId=id_, IpPermissions=[permission])
        for entry in after["ingress"]:
            if entry not in [known for known, _ in live]:
                self._ec2.authorize_security_group_ingress(GroupId=id_, IpPermissions=[self._permission(entry)])
        self._tag(id_, before, after)

    def delete(self, physical: str) -> None:
        if group := self._group(physical):
            delete = partial(self._ec2.delete_security_group, GroupId=group["GroupId"])
            patiently(delete, lambda error: code_of(error) == "DependencyViolation")

    def owned(self, stack: str) -> Iterable[str]:
        return [group["GroupName"] for group in self._groups(f"tag:{STACK}", [stack])]

    def _entries(self, permissions: Iterable[Mapping[str, Any]]) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
        """Yield each source of each permission, as the graph says it and as EC2 does."""
        for permission in permissions:
            first, last, protocol = permission.get("FromPort", "all"), permission.get("ToPort", "all"), permission["IpProtocol"]
            other = {} if protocol in ("tcp", "-1") else {"protocol": protocol}
            ports = {name: permission[name] for name in ("IpProtocol", "FromPort", "ToPort") if name in permission}
            for kind, name in PEERS.items():
                for peer in permission.get(kind, []):
                    source = VPC if peer[name] == self._network[1] else peer[name]
                    entry = {"port": first if first == last else f"{first}-{last}", "source": source, **other}
                    yield entry, {**ports, kind: [{name: peer[name]}]}

    def _permission(self, entry: Mapping[str, Any]) -> dict[str, Any]:
        source = self._network[1] if entry["source"] == VPC else entry["source"]
        kind = "UserIdGroupPairs" if source.startswith("sg-") else "Ipv6Ranges" if ":" in source else "IpRanges"
        ports = PORTS.fullmatch(str(entry["port"]))
        if ports is None:
            return {"IpProtocol": entry.get("protocol", "-1"), kind: [{PEERS[kind]: source}]}
        numbers = {"FromPort": int(ports[1]), "ToPort": int(ports[2] or ports[1])}
        return {"IpProtocol": entry.get("protocol", "tcp"), **numbers, kind: [{PEERS[kind]: source}]}


class LaunchTemplate(Ec2):
    """name, image, instance_type, profile, groups (names), disk (GiB), encrypted, tokens (`required`: IMDSv2), spot, key, user_data, tags.

    A change is a new version; groups take the latest.
    """

    def _template(self, name: str) -> Any:
        wanted = [{"Name": "launch-template-name", "Values": [name]}]
        return next(iter(self._ec2.describe_launch_templates(Filters=wanted)["LaunchTemplates"]), None)

    def read(self, physical: str) -> dict[str, Any] | None:
        template = self._template(physical)
        if template is None:
            return None
        latest = self._ec2.describe_launch_template_versions(LaunchTemplateName=physical, Versions=["$Latest"])["LaunchTemplateVersions"]
        data = latest[0]["LaunchTemplateData"]
        disk = data["BlockDeviceMappings"][0]["Ebs"] if data.get("BlockDeviceMappings") else {}
        return {
            "name": physical,
            "image": data.get("ImageId"),
            "instance_type": data.get("InstanceType"),
            "profile": data.get("IamInstanceProfile", {}).get("Name"),
            "groups": self._names(data.get("SecurityGroupIds", [])),
            "disk": disk.get("VolumeSize"),
            "encrypted": disk.get("Encrypted"),
            "tokens": data.get("MetadataOptions", {}).get("HttpTokens"),
            "spot": data.get("InstanceMarketOptions", {}).get("MarketType") == "spot",
            "key": data.get("KeyName"),
            "user_data": base64.b64decode(data.get("UserData", "")).decode(),
            "tags": unpaired(template.get("Tags", [])),
        }

    def create(self, properties: Properties) -> str:
        name = properties["name"]
        if self._template(name) is None:
            tags = [{"ResourceType": "launch-template", "Tags": pairs(properties["tags"])}]
            self.session.client("ec2", once=True).create_launch_template(
                LaunchTemplateName=name, LaunchTemplateData=self._data(properties), TagSpecifications=tags
            )
        return str(name)

    def update(self, physical: str, before: Properties, after: Properties) -> None:
        if {**before, "tags": {}} != {**after, "tags": {}}:
            self._ec2.create_launch_template_version(LaunchTemplateName=physical, LaunchTemplateData=self._data(after))
        self._tag(self._template(physical)["LaunchTemplateId"], before, after)

    def _names(self, ids: list[str]) -> list[str]:
        """Return the names of security groups; of one that is gone, its id."""
        names = {group["GroupId"]: group["GroupName"] for group in self._groups("group-id", ids)} if ids else {}
        return [names.get(id_, id_) for id_ in ids]

    def _data(self, properties: Properties) -> dict[str, Any]:
        """Return the template's data as EC2 takes it."""
        ids = {group["GroupName"]: group["GroupId"] for group in self._groups("group-name", properties["groups"])}
        return _launch_data(properties, [ids.get(name, name) for name in properties["groups"]])

    def delete(self, physical: str) -> None:
        if self._template(physical):
            self._ec2.delete_launch_template(LaunchTemplateName=physical)

    def owned(self, stack: str) -> Iterable[str]:
        wanted = [{"Name": f"tag:{STACK}", "Values": [stack]}]
        return [template["LaunchTemplateName"] for template in self._ec2.describe_launch_templates(Filters=wanted)["LaunchTemplates"]]


class InstanceProfile(Provider):
    """name, role (name), tags."""

    @property
    def _iam(self) -> Any:
        return self.session.client("iam")

    def read(self, physical: str) -> dict[str, Any] | None:
        found = absent(lambda: self._iam.get_instance_profile(InstanceProfileName=physical)["InstanceProfile"])
        roles = [role["RoleName"] for role in found["Roles"]] if found else []
        return found and {"name": physical, "role": next(iter(roles), None), "tags": unpaired(found.get("Tags", []))}

    def create(self, properties: Properties) -> str:
        name = properties["name"]
        existing(lambda: self._iam.create_instance_profile(InstanceProfileName=name, Tags=pairs(properties["tags"])))
        self.update(name, self.read(name) or {}, properties)
        return str(name)

    def update(self, physical: str, before: Properties, after: Properties) -> None:
        if before["role"] != after["role"]:
            self._take(physical, before["role"])
            self._iam.add_role_to_instance_profile(InstanceProfileName=physical, RoleName=after["role"])
        if before["tags"] != after["tags"]:
            self._iam.tag_instance_profile(InstanceProfileName=physical, Tags=pairs(after["tags"]))

    def delete(self, physical: str) -> None:
        live = self.read(physical)
        if live:
            self._take(physical, live["role"])
            absent(lambda: self._iam.delete_instance_profile(InstanceProfileName=physical))

    def _take(self, physical: str, role: str | None) -> None:
        if role:
            absent(lambda: self._iam.remove_role_from_instance_profile(InstanceProfileName=physical, RoleName=role))

    def owned(self, stack: str) -> Iterable[str]:
        for page in self._iam.get_paginator("list_instance_profiles").paginate():
            for profile in page["InstanceProfiles"]:
                name = profile["InstanceProfileName"]
                if name.startswith("copilot-") and (live := self.read(name)) and live["tags"].get(STACK) == stack:
                    yield name


class Token(Provider):
    """name, tags: an encrypted parameter with a random value, made here and never read or kept."""

    @property
    def _ssm(self) -> Any:
        return self.session.client("ssm")

    def read(self, physical: str) -> dict[str, Any] | None:
        wanted = [{"Key": "Name", "Option": "Equals", "Values": [physical]}]
        if not self._ssm.describe_parameters(ParameterFilters=wanted)["Parameters"]:
            return None
        tags = self._ssm.list_tags_for_resource(ResourceType="Parameter", ResourceId=physical)["TagList"]
        return {"name": physical, "tags": unpaired(tags)}

    def create(self, properties: Properties) -> str:
        name = properties["name"]
        if self.read(name) is None:
            value = secrets.token_urlsafe(TOKEN_BYTES)
            self._ssm.put_parameter(Name=name, Type="SecureString", Value=value, Tags=pairs(properties["tags"]))
        return str(name)

    def update(self, physical: str, before: Properties, after: Properties) -> None:
        if before["tags"] != after["tags"]:
            self._ssm.add_tags_to_resource(ResourceType="Parameter", ResourceId=physical, Tags=pairs(after["tags"]))

    def delete(self, physical: str) -> None:
        self._ssm.delete_parameters(Names=[physical])

    def owned(self, stack: str) -> Iterable[str]:
        wanted = [{"Key": f"tag:{STACK}", "Values": [stack]}]
        for page in self._ssm.get_paginator("describe_parameters").paginate(ParameterFilters=wanted):
            yield from (parameter["Name"] for parameter in page["Parameters"])


def _launch_data(properties: Properties, groups: list[str]) -> dict[str, Any]:
    ours = {name: value for name, value in properties["tags"].items() if name == STACK}
    disk = {"VolumeSize": properties["disk"], "VolumeType": "gp3", "Encrypted": properties["encrypted"], "DeleteOnTermination": True}
    data: dict[str, Any] = {
        "ImageId": properties["image"],
        "InstanceType": properties["instance_type"],
        "IamInstanceProfile": {"Name": properties["profile"]},
        "SecurityGroupIds": groups,
        "BlockDeviceMappings": [{"DeviceName": DISK, "Ebs": disk}],
        "MetadataOptions": {"HttpEndpoint": "enabled", "HttpTokens": properties["tokens"], "HttpPutResponseHopLimit": 1},
        "UserData": base64.b64encode(properties["user_data"].encode()).decode(),
        "TagSpecifications": [{"ResourceType": kind, "Tags": pairs(ours)} for kind in ("instance", "volume")],
    }
    if properties["spot"]:
        data["InstanceMarketOptions"] = {"MarketType": "spot"}
    if properties["key"]:
        data["KeyName"] = properties["key"]
    return data
