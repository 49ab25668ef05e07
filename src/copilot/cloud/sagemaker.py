"""The SageMaker deployment of an agent: an endpoint whose container serves one archive from a bucket."""

import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from copilot.cloud.artifacts import Artifacts
from copilot.cloud.graph import Resource
from copilot.cloud.package import seal, tarred
from copilot.cloud.prices import Estimate, unknown
from copilot.cloud.providers.provider import STACK
from copilot.cloud.serverless import Blueprint, bucket_name, object_id, object_keys, storage
from copilot.cloud.target import Target
from copilot.errors import Refused, Unavailable
from copilot.outside.aws import Session

REGISTRY = "763104351884"
"""AWS's account with the images of its deep learning containers."""
IMAGES = {"python3.11": "2.3.0-cpu-py311-ubuntu20.04-sagemaker", "python3.12": "2.6.0-cpu-py312-ubuntu22.04-sagemaker"}
REPOSITORY = "pytorch-inference"
CODE = "code/"
MEMORY_STEP_MB, MOST_MEMORY_MB = 1024, 6144
"""What a serverless endpoint can have."""
NOT_RUN = "NotSimulated: the containers of the simulated account do not run, so the endpoint cannot be asked."


class SageMaker(Target):
    """A serverless endpoint, or one on instances of the configured type."""

    service = "sagemaker"

    def seal(self, blueprint: Blueprint, artifacts: Artifacts) -> Blueprint:
        return seal(blueprint, artifacts, tarred, CODE)

    def graph(self, blueprint: Blueprint) -> tuple[Resource, ...]:
        tags, key, prefix = {STACK: blueprint.stack}, object_keys(blueprint.content)["package"], blueprint.prefix
        if blueprint.runtime not in IMAGES:
            raise Refused(f"SageMaker has no container with {blueprint.runtime}.", "Run copilot with Python 3.11 or 3.12.")
        model = {
            "role": f"arn:aws:iam::{blueprint.account}:role/${{role}}",
            "image": f"{REGISTRY}.dkr.ecr.{blueprint.region}.amazonaws.com/{REPOSITORY}:{IMAGES[blueprint.runtime]}",
            "data": f"s3://{bucket_name(blueprint)}/{key}",
            "environment": {"SAGEMAKER_PROGRAM": "inference.py", "SAGEMAKER_SUBMIT_DIRECTORY": f"/opt/ml/model/{CODE[:-1]}"},
        }
        name, capacity = _marked(prefix, model), self._capacity(blueprint)
        config = _marked(prefix, {"model": name, **capacity})
        return (
            *storage(blueprint, tags),
            Resource("role", "role", {"name": f"{prefix}-role", **_permissions(blueprint, key), "tags": tags}),
            Resource(_id("model", name), "sagemaker_model", {"name": name, **model, "tags": tags}, (object_id(key),)),
            Resource(
                _id("config", config), "sagemaker_config", {"name": config, "model": name, **capacity, "tags": tags}, (_id("model", name),)
            ),
            Resource(
                "endpoint", "sagemaker_endpoint", {"name": _endpoint(prefix), "config": config, "tags": tags}, (_id("config", config),)
            ),
        )

    def _capacity(self, blueprint: Blueprint) -> dict[str, Any]:
        """Return what the endpoint runs on: memory (MB) and requests at once, or a type and a number of instances."""
        kind = self.configuration.instances.instance_type
        if kind:
            return {"instance_type": f"ml.{kind}", "count": self.configuration.group_size[0]}
        steps = -(-blueprint.settings.memory // MEMORY_STEP_MB)
        return {"memory": min(steps * MEMORY_STEP_MB, MOST_MEMORY_MB), "concurrency": min(blueprint.settings.burst, 200)}

    def estimate(self, blueprint: Blueprint, stored_bytes: int) -> Estimate:
        return unknown("endpoint", "serverless by the second of work, instances by the hour")

    @staticmethod
    def record(region: str, physical: Mapping[str, str]) -> dict[str, str]:
        return {
            "endpoint": f"https://runtime.sagemaker.{region}.amazonaws.com/endpoints/{physical['endpoint']}/invocations",
            "name": physical["endpoint"],
        }

    @staticmethod
    def ask(session: Session, body: Mapping[str, Any], question: str) -> tuple[int, dict[str, Any]]:
        if session.simulated:
            raise Unavailable(NOT_RUN, "Ask the agent here, or deploy it to the serverless or the local target.")
        client, asked = session.client("sagemaker-runtime"), json.dumps({"question": question})
        said = json.loads(client.invoke_endpoint(EndpointName=body["name"], ContentType="application/json", Body=asked)["Body"].read())
        return 200 if "answer" in said else 400, dict(said)


def _marked(prefix: str, made_of: Mapping[str, Any]) -> str:
    """Name what cannot be changed after what it is made of: a new one is made before the endpoint turns to it."""
    return f"{prefix}-{sha256(json.dumps(made_of, sort_keys=True).encode()).hexdigest()[:8]}"


def _id(kind: str, name: str) -> str:
    return f"{kind}_{name.rpartition('-')[2]}"


def _endpoint(prefix: str) -> str:
    return f"{prefix}-ask"


def _permissions(blueprint: Blueprint, key: str) -> dict[str, Any]:
    """Return who may be the endpoint, and what it may do: fetch its archive and its image, write its own log."""
    at = blueprint
    trust = {"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}
    pull = ["ecr:BatchCheckLayerAvailability", "ecr:GetDownloadUrlForLayer", "ecr:BatchGetImage"]
    log = f"arn:aws:logs:{at.region}:{at.account}:log-group:/aws/sagemaker/Endpoints/{_endpoint(at.prefix)}:log-stream:*"
    allowed = [
        {"Effect": "Allow", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{bucket_name(blueprint)}/{key}"},
        {"Effect": "Allow", "Action": pull, "Resource": f"arn:aws:ecr:{at.region}:{REGISTRY}:repository/{REPOSITORY}"},
        {"Effect": "Allow", "Action": "ecr:GetAuthorizationToken", "Resource": "*"},
        {"Effect": "Allow", "Action": ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"], "Resource": log},
    ]
    return {
        "trust": {"Version": "2012-10-17", "Statement": [trust]},
        "policies": {"serve": {"Version": "2012-10-17", "Statement": allowed}},
    }
