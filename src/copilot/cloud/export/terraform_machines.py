"""What the types of EC2, SageMaker and AgentCore are in Terraform."""

from collections.abc import Iterator
from typing import Any

from copilot.cloud.export.syntax import DISK, ports
from copilot.cloud.export.terraform_words import Base64, Maker, Part, Raw
from copilot.cloud.rules.rule import Properties

ZONES = "${data.aws_availability_zones.all.names}"
ADDRESSES = "${data.aws_vpc.default.cidr_block}"
TOKEN_CHARACTERS = 43


def _security_group(own: str, p: Properties) -> Iterator[Part]:
    yield "", "aws_security_group", {"name": p["name"], "description": p["description"], "tags": p["tags"]}
    group = Raw(f"${{aws_security_group.{own}.id}}")
    for number, (protocol, first, last, source) in enumerate(ports(p)):
        opened = {} if protocol == "-1" else {"from_port": first, "to_port": last}
        rule = {"security_group_id": group, "ip_protocol": protocol, **opened, **_peer(source)}
        yield f"_{number}" if number else "", "aws_vpc_security_group_ingress_rule", rule
    out = {"security_group_id": group, "ip_protocol": "-1", "cidr_ipv4": "0.0.0.0/0"}
    yield "", "aws_vpc_security_group_egress_rule", out


def _peer(source: str) -> dict[str, str]:
    if source.startswith("sg-"):
        return {"referenced_security_group_id": source}
    return {"cidr_ipv6": source} if ":" in source else {"cidr_ipv4": Raw(ADDRESSES) if source == "vpc" else source}


def _instance_profile(_: str, p: Properties) -> Iterator[Part]:
    yield "", "aws_iam_instance_profile", {"name": p["name"], "role": p["role"], "tags": p["tags"]}


def _token(own: str, p: Properties) -> Iterator[Part]:
    yield "", "random_password", {"length": TOKEN_CHARACTERS, "special": False}
    value = Raw(f"${{random_password.{own}.result}}")
    yield "", "aws_ssm_parameter", {"name": p["name"], "type": "SecureString", "value": value, "tags": p["tags"]}


def _launch_template(_: str, p: Properties) -> Iterator[Part]:
    disk = {"volume_size": p["disk"], "volume_type": "gp3", "encrypted": p["encrypted"], "delete_on_termination": True}
    body: dict[str, Any] = {
        "name": p["name"],
        "image_id": p["image"],
        "instance_type": p["instance_type"],
        "iam_instance_profile": {"name": p["profile"]},
        "vpc_security_group_ids": list(p["groups"]),
        "block_device_mappings": [{"device_name": DISK, "ebs": disk}],
        "metadata_options": {"http_endpoint": "enabled", "http_tokens": p["tokens"], "http_put_response_hop_limit": 1},
        "user_data": Base64(p["user_data"]),
        "tag_specifications": [{"resource_type": kind, "tags": p["tags"]} for kind in ("instance", "volume")],
        "tags": p["tags"],
    }
    if p["spot"]:
        body["instance_market_options"] = {"market_type": "spot"}
    if p["key"]:
        body["key_name"] = p["key"]
    yield "", "aws_launch_template", body


def _group(_: str, p: Properties) -> Iterator[Part]:
    body = {
        "name": p["name"],
        "launch_template": {"name": p["template"], "version": "$Latest"},
        "min_size": p["min"],
        "max_size": p["max"],
        "desired_capacity": p["desired"],
        "availability_zones": list(p["zones"]) if p.get("zones") else Raw(ZONES),
        "tag": [{"key": key, "value": value, "propagate_at_launch": False} for key, value in p["tags"].items()],
    }
    yield "", "aws_autoscaling_group", body


def _scaling(_: str, p: Properties) -> Iterator[Part]:
    metric = {"predefined_metric_type": "ASGAverageCPUUtilization"}
    target = {"predefined_metric_specification": metric, "target_value": p["target_cpu"]}
    named = {"name": p["name"], "autoscaling_group_name": p["group"], "policy_type": "TargetTrackingScaling"}
    yield "", "aws_autoscaling_policy", {**named, "target_tracking_configuration": target}


def _sagemaker_model(_: str, p: Properties) -> Iterator[Part]:
    container = {"image": p["image"], "model_data_url": p["data"], "environment": dict(p["environment"])}
    named = {"name": p["name"], "execution_role_arn": p["role"], "tags": p["tags"]}
    yield "", "aws_sagemaker_model", {**named, "primary_container": container}


def _sagemaker_config(_: str, p: Properties) -> Iterator[Part]:
    variant: dict[str, Any] = {"variant_name": "all", "model_name": p["model"]}
    if "memory" in p:
        variant["serverless_config"] = {"memory_size_in_mb": p["memory"], "max_concurrency": p["concurrency"]}
    else:
        variant |= {"instance_type": p["instance_type"], "initial_instance_count": p["count"]}
    yield "", "aws_sagemaker_endpoint_configuration", {"name": p["name"], "production_variants": variant, "tags": p["tags"]}


def _sagemaker_endpoint(_: str, p: Properties) -> Iterator[Part]:
    yield "", "aws_sagemaker_endpoint", {"name": p["name"], "endpoint_config_name": p["config"], "tags": p["tags"]}


def _agent_runtime(_: str, p: Properties) -> Iterator[Part]:
    code = {"s3": {"bucket": p["bucket"], "prefix": p["key"]}}
    body = {
        "agent_runtime_name": p["name"],
        "role_arn": p["role"],
        "agent_runtime_artifact": {"code_configuration": {"entry_point": ["main.py"], "runtime": p["python"], "code": code}},
        "network_configuration": {"network_mode": "PUBLIC"},
        "protocol_configuration": {"server_protocol": "HTTP"},
        "tags": p["tags"],
    }
    yield "", "aws_bedrockagentcore_agent_runtime", body


MACHINES: dict[str, Maker] = {
    "agent_runtime": _agent_runtime,
    "auto_scaling_group": _group,
    "instance_profile": _instance_profile,
    "launch_template": _launch_template,
    "sagemaker_config": _sagemaker_config,
    "sagemaker_endpoint": _sagemaker_endpoint,
    "sagemaker_model": _sagemaker_model,
    "scaling_policy": _scaling,
    "security_group": _security_group,
    "token": _token,
}
