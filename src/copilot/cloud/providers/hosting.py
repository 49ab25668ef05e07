"""Where AWS runs a whole agent: AgentCore runtimes, and SageMaker models, endpoint configurations and endpoints."""

import time
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

from copilot.cloud.providers.provider import STACK, Properties, Provider, absent, pairs, patiently, unpaired
from copilot.errors import Unavailable
from copilot.outside.aws import ClientError, code_of

WAITS = (2,) * 15 + (15,) * 80
"""Seconds between looks while something starts or stops: twenty minutes."""


class AgentRuntime(Provider):
    """name, role (ARN), bucket, key (of the archive), python (`PYTHON_3_12`), tags; public, and called with IAM."""

    @property
    def _control(self) -> Any:
        return self.session.client("bedrock-agentcore-control")

    def find(self, properties: Properties) -> str | None:
        return next((r["agentRuntimeId"] for r in self._all() if r["agentRuntimeName"] == properties["name"]), None)

    def read(self, physical: str) -> dict[str, Any] | None:
        runtime = absent(lambda: self._control.get_agent_runtime(agentRuntimeId=physical))
        if runtime is None or runtime["status"] == "DELETING":
            return None
        code = runtime.get("agentRuntimeArtifact", {}).get("codeConfiguration", {})
        place = code.get("code", {}).get("s3", {})
        return {
            "name": runtime["agentRuntimeName"],
            "role": runtime["roleArn"],
            "bucket": place.get("bucket"),
            "key": place.get("prefix"),
            "python": code.get("runtime"),
            "tags": self._control.list_tags_for_resource(resourceArn=runtime["agentRuntimeArn"])["tags"],
        }

    def create(self, properties: Properties) -> str:
        known = self.find(properties)
        if known is None:
            client = self.session.client("bedrock-agentcore-control", once=True)
            make = partial(client.create_agent_runtime, agentRuntimeName=properties["name"], tags=dict(properties["tags"]))
            known = str(patiently(partial(make, **_runtime(properties)), _role_is_new)["agentRuntimeId"])
        self._await(known)
        return known

    def update(self, physical: str, before: Properties, after: Properties) -> None:
        if _runtime(before) != _runtime(after):
            patiently(partial(self._control.update_agent_runtime, agentRuntimeId=physical, **_runtime(after)), _role_is_new)
            self._await(physical)
        if before["tags"] != after["tags"]:
            arn = self._control.get_agent_runtime(agentRuntimeId=physical)["agentRuntimeArn"]
            self._control.tag_resource(resourceArn=arn, tags=dict(after["tags"]))

    def delete(self, physical: str) -> None:
        absent(lambda: self._control.delete_agent_runtime(agentRuntimeId=physical))
        _until(
            lambda: absent(lambda: self._control.get_agent_runtime(agentRuntimeId=physical)) is None, f"{physical} is still being deleted"
        )

    def owned(self, stack: str) -> Iterable[str]:
        for runtime in self._all():
            if runtime["agentRuntimeName"].startswith("copilot_"):
                live = self.read(runtime["agentRuntimeId"])
                if live and live["tags"].get(STACK) == stack:
                    yield runtime["agentRuntimeId"]

    def _all(self) -> Iterable[Mapping[str, Any]]:
        for page in self._control.get_paginator("list_agent_runtimes").paginate():
            yield from page["agentRuntimes"]

    def _await(self, physical: str) -> None:
        def ready() -> bool:
            status = self._control.get_agent_runtime(agentRuntimeId=physical)["status"]
            if status.endswith("FAILED"):
                raise Unavailable(f"The runtime {physical} does not start: {status}.", "See its log group in CloudWatch.")
            return bool(status == "READY")

        _until(ready, f"the runtime {physical} is not ready")


class SageMakerPart(Provider):
    """What the types of SageMaker have in common: found by name, tagged, and deleted by name."""

    kind, noun = "", ""
    """As the API's operations say it, and its answers."""

    @property
    def _sagemaker(self) -> Any:
        return self.session.client("sagemaker")

    def _call(self, verb: str, name: str) -> Any:
        return getattr(self._sagemaker, f"{verb}_{self.kind}")(**{f"{self.noun}Name": name})

    def _described(self, name: str) -> Any:
        return _found(lambda: self._call("describe", name))

    def _tags(self, described: Mapping[str, Any]) -> dict[str, str]:
        return unpaired(self._sagemaker.list_tags(ResourceArn=described[f"{self.noun}Arn"])["Tags"])

    def update(self, physical: str, before: Properties, after: Properties) -> None:
        if before["tags"] != after["tags"]:
            arn = self._described(physical)[f"{self.noun}Arn"]
            self._sagemaker.add_tags(ResourceArn=arn, Tags=pairs(after["tags"]))

    def delete(self, physical: str) -> None:
        _found(lambda: self._call("delete", physical))

    def owned(self, stack: str) -> Iterable[str]:
        for page in self._sagemaker.get_paginator(f"list_{self.kind}s").paginate(NameContains="copilot-"):
            for item in page[f"{self.noun}s"]:
                if self._tags(item).get(STACK) == stack:
                    yield item[f"{self.noun}Name"]


class SageMakerModel(SageMakerPart):
    """name, role (ARN), image, data (the archive's s3:// address), environment, tags; nothing of it can be changed."""

    identity = frozenset({"name", "role", "image", "data", "environment"})
    kind, noun = "model", "Model"

    def read(self, physical: str) -> dict[str, Any] | None:
        model = self._described(physical)
        container = model["PrimaryContainer"] if model else {}
        return model and {
            "name": physical,
            "role": model["ExecutionRoleArn"],
            "image": container.get("Image"),
            "data": container.get("ModelDataUrl"),
            "environment": container.get("Environment", {}),
            "tags": self._tags(model),
        }

    def create(self, properties: Properties) -> str:
        if self._described(properties["name"]) is None:
            container = {
                "Image": properties["image"],
                "ModelDataUrl": properties["data"],
                "Environment": dict(properties["environment"]),
            }
            create = partial(
                self._sagemaker.create_model,
                ModelName=properties["name"],
                ExecutionRoleArn=properties["role"],
                PrimaryContainer=container,
                Tags=pairs(properties["tags"]),
            )
            patiently(create, _role_is_new)
        return str(properties["name"])


class SageMakerConfig(SageMakerPart):
    """name, model, tags; memory (MB) and concurrency, or instance_type and count. Nothing of it can be changed."""

    identity = frozenset({"name", "model", "memory", "concurrency", "instance_type", "count"})
    kind, noun = "endpoint_config", "EndpointConfig"

    def read(self, physical: str) -> dict[str, Any] | None:
        config = self._described(physical)
        variant = config["ProductionVariants"][0] if config else {}
        serverless = variant.get("ServerlessConfig")
        size = (
            {"memory": serverless["MemorySizeInMB"], "concurrency": serverless["MaxConcurrency"]}
            if serverless
            else {"instance_type": variant.get("InstanceType"), "count": variant.get("InitialInstanceCount")}
        )
        return config and {"name": physical, "model": variant["ModelName"], **size, "tags": self._tags(config)}

    def create(self, properties: Properties) -> str:
        if self._described(properties["name"]) is None:
            variant: dict[str, Any] = {"VariantName": "all", "ModelName": properties["model"]}
            if "memory" in properties:
                variant["ServerlessConfig"] = {"MemorySizeInMB": properties["memory"], "MaxConcurrency": properties["concurrency"]}
            else:
                variant |= {"InstanceType": properties["instance_type"], "InitialInstanceCount": properties["count"]}
            self._sagemaker.create_endpoint_config(
                EndpointConfigName=properties["name"], ProductionVariants=[variant], Tags=pairs(properties["tags"])
            )
        return str(properties["name"])


class SageMakerEndpoint(SageMakerPart):
    """name, config (name), tags."""

    kind, noun = "endpoint", "Endpoint"

    def read(self, physical: str) -> dict[str, Any] | None:
        endpoint = self._described(physical)
        return endpoint and {"name": physical, "config": endpoint["EndpointConfigName"], "tags": self._tags(endpoint)}

    def create(self, properties: Properties) -> str:
        name = str(properties["name"])
        if self._described(name) is None:
            create = partial(self._sagemaker.create_endpoint, EndpointName=name, EndpointConfigName=properties["config"])
            patiently(partial(create, Tags=pairs(properties["tags"])), _role_is_new)
        self._await(name)
        return name

    def update(self, physical: str, before: Properties, after: Properties) -> None:
        super().update(physical, before, after)
        if before["config"] != after["config"]:
            self._sagemaker.update_endpoint(EndpointName=physical, EndpointConfigName=after["config"])
            self._await(physical)

    def delete(self, physical: str) -> None:
        super().delete(physical)
        _until(lambda: self._described(physical) is None, f"the endpoint {physical} is still being deleted")

    def _await(self, name: str) -> None:
        def ready() -> bool:
            endpoint = self._sagemaker.describe_endpoint(EndpointName=name)
            if endpoint["EndpointStatus"] == "Failed":
                raise Unavailable(
                    f"The endpoint {name} does not start: {endpoint.get('FailureReason')}", "See its log group in CloudWatch."
                )
            return bool(endpoint["EndpointStatus"] == "InService")

        _until(ready, f"the endpoint {name} is not in service")


def _runtime(properties: Properties) -> dict[str, Any]:
    """Return a runtime as AgentCore takes it."""
    code = {
        "code": {"s3": {"bucket": properties["bucket"], "prefix": properties["key"]}},
        "runtime": properties["python"],
        "entryPoint": ["main.py"],
    }
    return {
        "agentRuntimeArtifact": {"codeConfiguration": code},
        "roleArn": properties["role"],
        "networkConfiguration": {"networkMode": "PUBLIC"},
        "protocolConfiguration": {"serverProtocol": "HTTP"},
    }


def _found(call: Callable[[], Any]) -> Any:
    """Make a call of SageMaker; None where it says that there is no such thing."""
    try:
        return call()
    except ClientError as error:
        if code_of(error) == "ValidationException" and "not find" in str(error):
            return None
        raise


def _until(done: Callable[[], bool], otherwise: str) -> None:
    for wait in WAITS:
        if done():
            return
        time.sleep(wait)
    raise Unavailable(f"After twenty minutes {otherwise}.", "Look again later: copilot deployments show")


def _role_is_new(error: ClientError) -> bool:
    """Tell whether a role cannot be assumed: a new one takes seconds to be known everywhere."""
    return code_of(error) in ("ValidationException", "AccessDeniedException") and "assume" in str(error).lower()
