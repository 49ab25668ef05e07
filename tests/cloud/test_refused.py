"""What moto accepts and AWS would refuse is refused before any call; so is every mistake of a stack that people copy.

The rows are those of two tables of measurements: of moto 5.2.5, and of the five-agent stack's published commands.
"""

from dataclasses import replace
from typing import Any

import pytest

from copilot.cloud.graph import Resource
from copilot.cloud.providers.provider import STACK
from copilot.cloud.rules import check
from copilot.cloud.serverless import Blueprint, graph
from copilot.outside.aws import ClientError, Session, code_of

TAGS = {STACK: "tester/workflow/dev"}
IMAGE = "resolve:ssm:/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"
SONNET = "anthropic.claude-3-5-sonnet-20241022-v2:0"


def problems(*resources: Resource, region: str = "us-east-1") -> str:
    return "; ".join(f"{finding.resource}: {finding.problem}" for finding in check(resources, region))


def table(index: dict[str, Any] | None = None, **properties: Any) -> Resource:
    """The first table of the five-agent stack, in the form that AWS takes."""
    kinds = {"session_id": "S", "timestamp": "N", "workflow_id": "S"}
    by_workflow = {"name": "workflow-id-index", "keys": ["workflow_id", "timestamp"], "projection": "ALL", **(index or {})}
    said = {"keys": ["session_id", "timestamp"], "types": kinds, "indexes": [by_workflow], "expiry": None, "recovery": True, "tags": TAGS}
    return Resource("states", "table", {"name": "workflow-processing-state", **said, **properties})


def template(**properties: Any) -> Resource:
    said = {"name": "agents", "image": IMAGE, "instance_type": "m5.large", "profile": "agents", "groups": [], "disk": 20, "encrypted": True}
    more = {"tokens": "required", "spot": False, "key": None, "user_data": "#!/bin/sh", "tags": TAGS}
    return Resource("template", "launch_template", {**said, **more, **properties})


def group(**properties: Any) -> Resource:
    said = {"name": "agents", "template": "agents", "min": 1, "desired": 1, "max": 2, "tags": TAGS}
    return Resource("group", "auto_scaling_group", {**said, **properties})


def role(*resources: str, action: str = "bedrock:InvokeModel") -> Resource:
    trust = {"Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]}
    allowed = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": list(resources)}]}
    return Resource("role", "role", {"name": "agents", "trust": trust, "policies": {"ask": allowed}, "tags": TAGS})


def test_what_aws_takes_is_not_refused() -> None:
    assert problems(table(), template(), group(), table_with_two_indexes()) == ""


def table_with_two_indexes() -> Resource:
    include = {"projection": "INCLUDE", "include": ["session_id"]}
    second = {"name": "quality-score-index", "keys": ["agent_name", "quality_score"], **include}
    kinds = {"agent_name": "S", "metric_timestamp": "N", "quality_score": "N"}
    said = {"keys": ["agent_name", "metric_timestamp"], "types": kinds, "indexes": [second], "recovery": True, "tags": TAGS}
    return Resource("metrics", "table", {"name": "agent-performance-metrics", **said})


@pytest.mark.parametrize(
    ("accepted", "said"),
    [
        (table({"throughput": {"read": 5, "write": 5}}), "index workflow-id-index has a throughput, but its table is paid for by request"),
        (template(instance_type="zz.bogus"), "us-east-1 does not offer the instance type zz.bogus"),
        (template(instance_type="t4g.small"), "t4g.small is arm64, and the image"),
        (group(min=5, max=1, desired=9), "9 instances, at least 5 and at most 1"),
        (Resource("bucket", "bucket", {"name": "Bad_Bucket"}), "not a valid bucket name"),
        (Resource("function", "function", {"runtime": "python9.9"}), "no runtime python9.9"),
        (Resource("bucket", "bucket", {"encryption": None}), "not be encrypted"),
    ],
    ids=["index throughput", "instance type", "architecture", "capacity", "bucket name", "runtime", "encryption"],
)
def test_each_thing_that_moto_accepts_and_aws_does_not_is_refused(blueprint: Blueprint, accepted: Resource, said: str) -> None:
    ours = {resource.id: resource for resource in graph(blueprint)}
    complete = replace(accepted, properties={**ours[accepted.id].properties, **accepted.properties}) if accepted.id in ours else accepted
    assert said in problems(*{**ours, accepted.id: complete}.values())


@pytest.mark.parametrize(
    ("service", "operation", "args"),
    [
        ("bedrock", "list_inference_profiles", {}),
        ("pricing", "get_products", {"ServiceCode": "AmazonEC2"}),
        ("compute-optimizer", "get_ec2_instance_recommendations", {}),
        ("service-quotas", "list_services", {}),
        ("iam", "simulate_principal_policy", {"PolicySourceArn": "arn:aws:iam::123456789012:role/r", "ActionNames": ["s3:GetObject"]}),
        ("cloudformation", "detect_stack_drift", {"StackName": "s"}),
        ("cloudformation", "estimate_template_cost", {"TemplateBody": "{}"}),
        ("autoscaling", "start_instance_refresh", {"AutoScalingGroupName": "g"}),
        ("lambda", "put_provisioned_concurrency_config", {"FunctionName": "f", "Qualifier": "1", "ProvisionedConcurrentExecutions": 1}),
        ("cloudwatch", "put_composite_alarm", {"AlarmName": "a", "AlarmRule": "TRUE"}),
    ],
)
def test_what_moto_cannot_do_says_that_it_is_not_simulated(session: Session, service: str, operation: str, args: dict[str, Any]) -> None:
    with pytest.raises(ClientError) as caught:
        getattr(session.client(service), operation)(**args)
    assert code_of(caught.value) == "NotSimulated"


FIRST = [
    (table({"projection": {"Type": "ALL"}}), "the ProjectionType is one of ALL, KEYS_ONLY, INCLUDE"),
    (table({"throughput": {"read": 5, "write": 5}}), "AWS refuses both together"),
    (table(types={**table().properties["types"], "optimization_potential": "N"}), "optimization_potential is defined as an attribute"),
]
MODEL = f"arn:aws:bedrock:us-east-1::foundation-model/{SONNET}"
PROFILE = f"arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.{SONNET}"


@pytest.mark.parametrize(
    ("mistake", "said"),
    [
        *FIRST,
        (role(MODEL), f"{SONNET} is called through an inference profile in us-east-1: use e.g. us.{SONNET}"),
        (role(PROFILE), f"but not all that it needs for it: {MODEL}"),
        (role("arn:aws:dynamodb:us-east-1:*:table/system-configuration*", action="dynamodb:Scan"), "name each resource"),
        (replace(table(), properties={**table().properties, "tags": {}}), "removing the deployment would leave it behind"),
    ],
    ids=["projection", "index throughput", "unused attribute", "on demand", "profile alone", "wildcard", "orphan"],
)
def test_each_mistake_of_the_five_agent_stack_is_explained(mistake: Resource, said: str) -> None:
    assert said in problems(mistake)


def test_retention_on_a_log_group_that_does_not_exist_yet_is_a_mistake_that_is_explained(blueprint: Blueprint) -> None:
    wanted = graph(blueprint)
    never = tuple(replace(r, after=tuple(i for i in r.after if i != "logs")) for r in wanted if r.id != "logs")
    late = tuple(
        replace(r, after=tuple(i for i in r.after if i != "logs"))
        if r.id == "function"
        else replace(r, after=("function",))
        if r.id == "logs"
        else r
        for r in wanted
    )
    assert "retention cannot be set on a group that does not exist" in problems(*never)
    assert "retention cannot be set on a group that does not exist" in problems(*late)


def test_a_profile_with_all_models_behind_it_is_allowed() -> None:
    behind = [MODEL.replace("us-east-1", region) for region in ("us-east-1", "us-east-2", "us-west-2")]
    assert problems(role(PROFILE, *behind)) == ""
    assert problems(role(MODEL.replace("us-east-1", "us-west-2")), region="us-west-2") == ""


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        (template(encrypted=False), "not be encrypted"),
        (template(tokens="optional"), "without a token"),
        (template(image="ubuntu"), "no image"),
        (template(user_data="x" * 17_000), "user data is larger"),
        (group(zones=["eu-west-1a"]), "eu-west-1a is not a zone of us-east-1"),
        (Resource("cpu", "scaling_policy", {"group": "g", "name": "cpu", "target_cpu": 150}), "150 percent"),
    ],
)
def test_instances_are_launched_as_aws_and_care_demand(wanted: Resource, said: str) -> None:
    assert said in problems(wanted)


@pytest.mark.parametrize(("port", "open_"), [(22, True), ("20-30", True), ("all", True), (8080, False)])
def test_no_shell_is_open_to_everyone(port: int | str, open_: bool) -> None:
    wall = {"name": "agents", "description": "Questions", "ingress": [{"port": port, "source": "0.0.0.0/0"}], "tags": TAGS}
    assert ("open to everyone" in problems(Resource("wall", "security_group", wall))) is open_


@pytest.mark.parametrize(
    ("type_", "properties", "said"),
    [
        ("sagemaker_config", {"name": "c", "model": "m", "memory": 1500, "concurrency": 20}, "1500 MB of memory is none of 1024, 2048"),
        ("sagemaker_config", {"name": "c", "model": "m", "memory": 2048, "concurrency": 500}, "500 requests at once"),
        ("sagemaker_config", {"name": "c", "model": "m", "instance_type": "m5.large", "count": 1}, "types ml."),
        ("sagemaker_model", {"name": "a--b-", "role": "r"}, "not a valid sagemaker model name"),
        ("agent_runtime", {"name": "with-dash", "python": "PYTHON_3_9", "bucket": "b", "key": "k"}, "AgentCore has no PYTHON_3_9"),
        ("agent_runtime", {"name": "with-dash", "python": "PYTHON_3_12", "bucket": "b", "key": "k"}, "not a valid agent runtime name"),
    ],
)
def test_what_sagemaker_and_agentcore_would_refuse_is_refused(type_: str, properties: dict[str, Any], said: str) -> None:
    assert said in problems(Resource("it", type_, {**properties, "tags": TAGS}))
