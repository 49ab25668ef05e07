"""The AgentCore deployment of an agent: a runtime from one archive in a bucket."""

import json
from collections.abc import Mapping
from typing import Any

from copilot.cloud.artifacts import Artifacts
from copilot.cloud.graph import Resource
from copilot.cloud.package import seal, zipped
from copilot.cloud.prices import Estimate, unknown
from copilot.cloud.providers.provider import STACK
from copilot.cloud.serverless import Blueprint, bucket_name, object_id, object_keys, storage
from copilot.cloud.target import Target
from copilot.outside.aws import Session

LONGEST_NAME = 48


class AgentCore(Target):
    """A runtime that starts a session for whoever calls."""

    service = "bedrock-agentcore-control"

    @property
    def machine(self) -> str:
        return "aarch64"

    def seal(self, blueprint: Blueprint, artifacts: Artifacts) -> Blueprint:
        return seal(blueprint, artifacts, zipped)

    def graph(self, blueprint: Blueprint) -> tuple[Resource, ...]:
        tags, key = {STACK: blueprint.stack}, object_keys(blueprint.content)["package"]
        name = blueprint.prefix.replace("-", "_")[:LONGEST_NAME]
        runtime = {
            "name": name,
            "role": f"arn:aws:iam::{blueprint.account}:role/${{role}}",
            "bucket": bucket_name(blueprint),
            "key": key,
            "python": blueprint.runtime.upper().replace("PYTHON", "PYTHON_").replace(".", "_"),
            "tags": tags,
        }
        return (
            *storage(blueprint, tags),
            Resource("role", "role", {"name": f"{blueprint.prefix}-role", **_permissions(blueprint, name, key), "tags": tags}),
            Resource("runtime", "agent_runtime", runtime, (object_id(key),)),
        )

    def estimate(self, blueprint: Blueprint, stored_bytes: int) -> Estimate:
        return unknown("runtime", "sessions are billed by the second of processor and memory")

    @staticmethod
    def record(region: str, physical: Mapping[str, str]) -> dict[str, str]:
        return {"endpoint": f"AgentCore runtime {physical['runtime']} in {region}", "runtime": physical["runtime"]}

    @staticmethod
    def ask(session: Session, body: Mapping[str, Any], question: str) -> tuple[int, dict[str, Any]]:
        arn = session.client("bedrock-agentcore-control").get_agent_runtime(agentRuntimeId=body["runtime"])["agentRuntimeArn"]
        asked = {"payload": json.dumps({"question": question}).encode(), "contentType": "application/json", "accept": "application/json"}
        said = session.client("bedrock-agentcore").invoke_agent_runtime(agentRuntimeArn=arn, **asked)
        return int(said.get("statusCode", 200)), dict(json.loads(said["response"].read()))


def _permissions(blueprint: Blueprint, name: str, key: str) -> dict[str, Any]:
    """Return who may be the runtime, and what it may do: read its own archive, write its own log."""
    at = blueprint
    trust = {
        "Effect": "Allow",
        "Principal": {"Service": "bedrock-agentcore.amazonaws.com"},
        "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"aws:SourceAccount": at.account}},
    }
    log = f"arn:aws:logs:{at.region}:{at.account}:log-group:/aws/bedrock-agentcore/runtimes/{name}-*:log-stream:*"
    allowed = [
        {"Effect": "Allow", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{bucket_name(blueprint)}/{key}"},
        {"Effect": "Allow", "Action": ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"], "Resource": log},
    ]
    return {
        "trust": {"Version": "2012-10-17", "Statement": [trust]},
        "policies": {"serve": {"Version": "2012-10-17", "Statement": allowed}},
    }
