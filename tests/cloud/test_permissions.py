"""The policy of whoever deploys grants every call that we make, and names what it grants."""

import json
import re
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest

from copilot.cloud.artifacts import Artifacts
from copilot.cloud.configuration import Configuration
from copilot.cloud.ec2 import Ec2
from copilot.cloud.engine import Engine
from copilot.cloud.permissions import NEEDS, needed, policies
from copilot.cloud.plan import Change
from copilot.cloud.providers import TYPES
from copilot.cloud.serverless import Blueprint, Settings, graph
from copilot.outside.aws import Session
from tests.cloud.conftest import carry_out, small_blueprint

ACCOUNT, REGION = "123456789012", "us-east-1"
S3 = {
    "HeadBucket": "ListBucket",
    "HeadObject": "GetObject",
    "ListBuckets": "ListAllMyBuckets",
    "ListObjectVersions": "ListBucketVersions",
    "GetBucketEncryption": "GetEncryptionConfiguration",
    "PutBucketEncryption": "PutEncryptionConfiguration",
    "GetPublicAccessBlock": "GetBucketPublicAccessBlock",
    "PutPublicAccessBlock": "PutBucketPublicAccessBlock",
    "DeleteObjects": "DeleteObject",
}
"""Calls whose permission is called otherwise."""
MANAGED_POLICY_CHARACTERS = 6_144
"""What AWS takes of a policy that is made to be attached."""


class Recorder:
    """Notes the permission that every call of a session needs on AWS."""

    def __init__(self, session: Session) -> None:
        self.used: set[str] = set()
        session.boto.events.register("before-call.*.*", self._note)

    def _note(self, model: Any, params: dict[str, Any], **_: Any) -> None:
        service, name = model.service_model.endpoint_prefix, model.name
        prefix = model.service_model.signing_name if service != "monitoring" else "cloudwatch"
        if prefix == "apigateway":
            self.used.add(f"apigateway:{params['method']}")
        elif prefix == "budgets":
            self.used.add(f"budgets:{'View' if name.startswith('Describe') else 'Modify'}Budget")
        else:
            self.used.add(f"{prefix}:{S3.get(name, name) if prefix == 's3' else name}")


def statements() -> list[dict[str, Any]]:
    return [statement for document in policies(ACCOUNT, REGION).values() for statement in document["Statement"]]


def granted() -> set[str]:
    return {action for statement in statements() for action in statement["Action"]}


def test_every_call_of_a_life_of_both_targets_is_granted(
    engine: Engine, session: Session, blueprint: Blueprint, artifacts: Artifacts, tmp_path: Path
) -> None:
    recorder = Recorder(session)
    instances = Ec2(
        Configuration.model_validate({"instances": {"instance_type": "t3.large"}, "autoscaling": {"max_size": 2}}), REGION, tmp_path
    )
    small_blueprint(artifacts, tmp_path, index="new")
    newer = replace(blueprint, settings=Settings(memory=2048, log_days=7, rate=5))
    for first, second in ((graph(blueprint), graph(newer)), (instances.graph(blueprint), instances.graph(blueprint))):
        carry_out(engine, first)
        engine.drift()
        carry_out(engine, second)
        assert engine.destroy("op") == []
    assert recorder.used - granted() == set()
    assert len(recorder.used) > 60


def test_the_policy_names_its_actions_and_reaches_only_what_is_ours() -> None:
    assert not [action for action in granted() if "*" in action]
    reading = re.compile(r"[\w-]+:(Get|List|Describe|View|Simulate|Filter)")
    changing = [s for s in statements() if not all(map(reading.match, s["Action"]))]
    reached = [
        arn for statement in changing for arn in statement["Resource"] if not arn.startswith(("arn:aws:ec2:", "arn:aws:apigateway:"))
    ]
    assert all("copilot" in arn or "aws-service-role" in arn for arn in reached)
    for document in policies(ACCOUNT, REGION).values():
        assert len(json.dumps(document, separators=(",", ":"))) < MANAGED_POLICY_CHARACTERS


@pytest.mark.parametrize("change", ["create", "update", "replace", "delete"])
def test_what_a_plan_needs_is_in_the_policy(blueprint: Blueprint, change: Any) -> None:
    changes = [Change(change, r.id, r.type, 0, "", dict(r.properties), dict(r.properties)) for r in graph(blueprint)]
    for action, arn in needed(changes, ACCOUNT, REGION):
        allowed = (r for s in statements() if action in s["Action"] for r in s["Resource"])
        assert any(fnmatchcase(arn, resource) for resource in allowed), (action, arn)


def test_every_type_of_resource_says_what_it_needs() -> None:
    assert set(TYPES) <= set(NEEDS)
