"""Lambda functions, the aliases under which their versions are called, and who may invoke them."""

import base64
import json
from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

from copilot.cloud.providers.provider import STACK, Properties, Provider, absent, existing, patiently
from copilot.outside.aws import ClientError, code_of

KEPT_VERSIONS = 5
"""Published versions that stay, so that the one before can be had again."""


class Function(Provider):
    """name, role (ARN), runtime, handler, memory (MB), timeout (s), environment, code_bucket, code_key, code_sha256, tags.

    AWS does not tell where the code came from: `code_bucket` and `code_key` are written, and never read.
    """

    @property
    def _lambda(self) -> Any:
        return self.session.client("lambda")

    def read(self, physical: str) -> dict[str, Any] | None:
        found = absent(lambda: self._lambda.get_function(FunctionName=physical))
        if found is None:
            return None
        settings = found["Configuration"]
        return {
            "name": physical,
            "role": settings["Role"],
            "runtime": settings["Runtime"],
            "handler": settings["Handler"],
            "memory": settings["MemorySize"],
            "timeout": settings["Timeout"],
            "environment": settings.get("Environment", {}).get("Variables", {}),
            "code_sha256": base64.b64decode(settings["CodeSha256"]).hex(),
            "tags": found.get("Tags", {}),
        }

    def create(self, properties: Properties) -> str:
        name, client = properties["name"], self._lambda
        code = {"S3Bucket": properties["code_bucket"], "S3Key": properties["code_key"]}
        create = partial(client.create_function, FunctionName=name, Code=code, Tags=dict(properties["tags"]), **_settings(properties))
        existing(lambda: patiently(create, _role_is_new))
        client.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 2})
        return str(name)

    def update(self, physical: str, before: Properties, after: Properties) -> None:
        client = self._lambda
        if before["code_sha256"] != after["code_sha256"]:
            client.update_function_code(FunctionName=physical, S3Bucket=after["code_bucket"], S3Key=after["code_key"])
            client.get_waiter("function_updated_v2").wait(FunctionName=physical, WaiterConfig={"Delay": 2})
        if _settings(before) != _settings(after):
            patiently(partial(client.update_function_configuration, FunctionName=physical, **_settings(after)), _role_is_new)
            client.get_waiter("function_updated_v2").wait(FunctionName=physical, WaiterConfig={"Delay": 2})
        if before["tags"] != after["tags"]:
            arn = client.get_function_configuration(FunctionName=physical)["FunctionArn"]
            client.tag_resource(Resource=arn, Tags=dict(after["tags"]))

    def delete(self, physical: str) -> None:
        absent(lambda: self._lambda.delete_function(FunctionName=physical))

    def owned(self, stack: str) -> Iterable[str]:
        for page in self._lambda.get_paginator("list_functions").paginate():
            for function in page["Functions"]:
                if not function["FunctionName"].startswith("copilot-"):
                    continue
                found = absent(partial(self._lambda.list_tags, Resource=function["FunctionArn"]), {"Tags": {}})
                if found["Tags"].get(STACK) == stack:
                    yield function["FunctionName"]


class Alias(Provider):
    """function, name, content (of the version that it names), share (per cent of the calls that this version gets).

    A version is published when there is none of that content yet. With a share below 100 the version that was named
    before answers the other calls.
    """

    identity = frozenset({"function", "name"})

    @property
    def _lambda(self) -> Any:
        return self.session.client("lambda")

    def find(self, properties: Properties) -> str | None:
        return f"{properties['function']}:{properties['name']}"

    def read(self, physical: str) -> dict[str, Any] | None:
        function, _, name = physical.partition(":")
        alias = absent(lambda: self._lambda.get_alias(FunctionName=function, Name=name))
        if alias is None:
            return None
        weights = (alias.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {}
        version, weight = next(iter(weights.items()), (alias["FunctionVersion"], 1))
        named = absent(lambda: self._lambda.get_function_configuration(FunctionName=function, Qualifier=version), {})
        return {"function": function, "name": name, "content": named.get("Description"), "share": round(weight * 100)}

    def create(self, properties: Properties) -> str:
        function, name = properties["function"], properties["name"]
        version = self._publish(function, properties["content"])
        existing(lambda: self._lambda.create_alias(FunctionName=function, Name=name, FunctionVersion=version))
        return f"{function}:{name}"

    def update(self, physical: str, before: Properties, after: Properties) -> None:
        function, name, share = after["function"], after["name"], after["share"]
        version = self._publish(function, after["content"])
        if share < 100:
            weights = {"AdditionalVersionWeights": {version: share / 100}}
            self._lambda.update_alias(FunctionName=function, Name=name, RoutingConfig=weights)
            return
        alone: dict[str, Any] = {"AdditionalVersionWeights": {}}
        self._lambda.update_alias(FunctionName=function, Name=name, FunctionVersion=version, RoutingConfig=alone)
        for old in self._versions(function)[:-KEPT_VERSIONS]:
            if old["Version"] != version:
                absent(partial(self._lambda.delete_function, FunctionName=function, Qualifier=old["Version"]))

    def delete(self, physical: str) -> None:
        function, _, name = physical.partition(":")
        absent(lambda: self._lambda.delete_alias(FunctionName=function, Name=name))

    def _publish(self, function: str, content: str) -> str:
        """Return the number of the version with that content, published now when there is none."""
        known = [v["Version"] for v in self._versions(function) if v.get("Description") == content]
        if known:
            return str(known[-1])
        version = str(self._lambda.publish_version(FunctionName=function, Description=content)["Version"])
        waiter = self._lambda.get_waiter("published_version_active")
        waiter.wait(FunctionName=function, Qualifier=version, WaiterConfig={"Delay": 2})
        return version

    def _versions(self, function: str) -> list[Mapping[str, Any]]:
        """Return what is published, the oldest first."""
        pages = self._lambda.get_paginator("list_versions_by_function").paginate(FunctionName=function)
        versions = [version for page in pages for version in page["Versions"] if version["Version"] != "$LATEST"]
        return sorted(versions, key=lambda version: int(version["Version"]))


class Permission(Provider):
    """function, qualifier (an alias), sid, principal (a service), source (ARN pattern of who may call)."""

    identity = frozenset({"function", "qualifier", "sid"})

    @property
    def _lambda(self) -> Any:
        return self.session.client("lambda")

    def find(self, properties: Properties) -> str | None:
        return f"{properties['function']}:{properties['qualifier']}/{properties['sid']}"

    def read(self, physical: str) -> dict[str, Any] | None:
        where, sid = _place(physical)
        policy = absent(lambda: self._lambda.get_policy(**where)["Policy"])
        for statement in json.loads(policy)["Statement"] if policy else []:
            if statement["Sid"] == sid:
                source = statement.get("Condition", {}).get("ArnLike", {}).get("AWS:SourceArn")
                named = {"function": where["FunctionName"], "qualifier": where["Qualifier"], "sid": sid}
                return {**named, "principal": statement["Principal"]["Service"], "source": source}
        return None

    def create(self, properties: Properties) -> str:
        existing(
            lambda: self._lambda.add_permission(
                FunctionName=properties["function"],
                Qualifier=properties["qualifier"],
                StatementId=properties["sid"],
                Action="lambda:InvokeFunction",
                Principal=properties["principal"],
                SourceArn=properties["source"],
            )
        )
        return str(self.find(properties))

    def update(self, physical: str, before: Properties, after: Properties) -> None:
        self.delete(physical)
        self.create(after)

    def delete(self, physical: str) -> None:
        where, sid = _place(physical)
        absent(lambda: self._lambda.remove_permission(**where, StatementId=sid))


def _place(physical: str) -> tuple[dict[str, str], str]:
    """Split the physical id of a permission into what it is on, and its statement."""
    target, _, sid = physical.partition("/")
    function, _, qualifier = target.partition(":")
    return {"FunctionName": function, "Qualifier": qualifier}, sid


def _settings(properties: Properties) -> Mapping[str, Any]:
    return {
        "Role": properties["role"],
        "Runtime": properties["runtime"],
        "Handler": properties["handler"],
        "MemorySize": properties["memory"],
        "Timeout": properties["timeout"],
        "Environment": {"Variables": dict(properties["environment"])},
    }


def _role_is_new(error: ClientError) -> bool:
    """Tell whether Lambda says that it cannot assume a role: a new one takes seconds to be known everywhere."""
    return code_of(error) == "InvalidParameterValueException" and "assume" in str(error)
