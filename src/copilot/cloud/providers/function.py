"""Lambda functions and who may invoke them."""

import base64
import json
from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

from copilot.cloud.providers.provider import STACK, Properties, Provider, absent, existing, patiently
from copilot.outside.aws import ClientError, code_of


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


class Permission(Provider):
    """function, sid, principal (a service), source (ARN pattern of who may call)."""

    identity = frozenset({"function", "sid"})

    @property
    def _lambda(self) -> Any:
        return self.session.client("lambda")

    def find(self, properties: Properties) -> str | None:
        return f"{properties['function']}/{properties['sid']}"

    def read(self, physical: str) -> dict[str, Any] | None:
        function, _, sid = physical.partition("/")
        policy = absent(lambda: self._lambda.get_policy(FunctionName=function)["Policy"])
        for statement in json.loads(policy)["Statement"] if policy else []:
            if statement["Sid"] == sid:
                source = statement.get("Condition", {}).get("ArnLike", {}).get("AWS:SourceArn")
                return {"function": function, "sid": sid, "principal": statement["Principal"]["Service"], "source": source}
        return None

    def create(self, properties: Properties) -> str:
        existing(
            lambda: self._lambda.add_permission(
                FunctionName=properties["function"],
                StatementId=properties["sid"],
                Action="lambda:InvokeFunction",
                Principal=properties["principal"],
                SourceArn=properties["source"],
            )
        )
        return f"{properties['function']}/{properties['sid']}"

    def update(self, physical: str, before: Properties, after: Properties) -> None:
        self.delete(physical)
        self.create(after)

    def delete(self, physical: str) -> None:
        function, _, sid = physical.partition("/")
        absent(lambda: self._lambda.remove_permission(FunctionName=function, StatementId=sid))


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
