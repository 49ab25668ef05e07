"""IAM roles with inline policies."""

import json
from collections.abc import Iterable
from functools import partial
from typing import Any

from copilot.cloud.providers.provider import STACK, Properties, Provider, absent, existing, pairs, unpaired


class Role(Provider):
    """name, trust (a document), policies (name -> document), tags."""

    @property
    def _iam(self) -> Any:
        return self.session.client("iam")

    def read(self, physical: str) -> dict[str, Any] | None:
        iam = self._iam
        role = absent(lambda: iam.get_role(RoleName=physical)["Role"])
        if role is None:
            return None
        names = iam.list_role_policies(RoleName=physical)["PolicyNames"]
        return {
            "name": physical,
            "trust": role["AssumeRolePolicyDocument"],
            "policies": {name: iam.get_role_policy(RoleName=physical, PolicyName=name)["PolicyDocument"] for name in names},
            "tags": unpaired(role.get("Tags", [])),
        }

    def create(self, properties: Properties) -> str:
        name, trust = properties["name"], properties["trust"]
        existing(lambda: self._iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust), Tags=pairs(properties["tags"])))
        self.update(name, {"trust": trust, "policies": {}, "tags": properties["tags"]}, properties)
        return str(name)

    def update(self, physical: str, before: Properties, after: Properties) -> None:
        iam = self._iam
        if before["trust"] != after["trust"]:
            iam.update_assume_role_policy(RoleName=physical, PolicyDocument=json.dumps(after["trust"]))
        if before["tags"] != after["tags"]:
            iam.tag_role(RoleName=physical, Tags=pairs(after["tags"]))
        for name in sorted(set(before["policies"]) - set(after["policies"])):
            absent(partial(iam.delete_role_policy, RoleName=physical, PolicyName=name))
        for name, document in after["policies"].items():
            if before["policies"].get(name) != document:
                iam.put_role_policy(RoleName=physical, PolicyName=name, PolicyDocument=json.dumps(document))

    def delete(self, physical: str) -> None:
        iam = self._iam
        for name in absent(lambda: iam.list_role_policies(RoleName=physical)["PolicyNames"], []):
            absent(partial(iam.delete_role_policy, RoleName=physical, PolicyName=name))
        absent(lambda: iam.delete_role(RoleName=physical))

    def owned(self, stack: str) -> Iterable[str]:
        for page in self._iam.get_paginator("list_roles").paginate():
            for role in page["Roles"]:
                name = role["RoleName"]
                if name.startswith("copilot-") and (live := self.read(name)) and live["tags"].get(STACK) == stack:
                    yield name
