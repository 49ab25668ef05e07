"""What each type of resource is in Terraform."""

import json
from collections.abc import Callable, Iterator
from typing import Any

from copilot.cloud.export.syntax import DISK, cost_tag, key_types, ports, shut, statistic
from copilot.cloud.rules.rule import Properties

Part = tuple[str, str, dict[str, Any]]
"""What is added to the resource's own name, the type, and the arguments; those that are `Raw` are expressions already."""
Maker = Callable[[str, Properties], Iterator[Part]]
"""Takes the resource's own name and its properties."""

ZONES = "${data.aws_availability_zones.all.names}"
ADDRESSES = "${data.aws_vpc.default.cidr_block}"
TOKEN_CHARACTERS = 43


MAIN = {
    "api_key": ("aws_api_gateway_api_key", "id"),
    "auto_scaling_group": ("aws_autoscaling_group", "name"),
    "bucket": ("aws_s3_bucket", "id"),
    "function": ("aws_lambda_function", "function_name"),
    "instance_profile": ("aws_iam_instance_profile", "name"),
    "launch_template": ("aws_launch_template", "name"),
    "rest_api": ("aws_api_gateway_rest_api", "id"),
    "role": ("aws_iam_role", "name"),
    "security_group": ("aws_security_group", "id"),
    "table": ("aws_dynamodb_table", "name"),
    "token": ("aws_ssm_parameter", "name"),
    "usage_plan": ("aws_api_gateway_usage_plan", "id"),
}
"""The Terraform type that stands for one of ours, and the attribute with its physical id."""


class Raw(str):
    """An expression of Terraform, not a text of ours."""


class Base64(str):
    """A text that is handed over in base 64."""


class Published(str):
    """The name of a function, for the number of its newest version."""


def _document(policy: Any) -> str:
    return json.dumps(policy, sort_keys=True)


def _bucket(own: str, p: Properties) -> Iterator[Part]:
    bucket = Raw(f"${{aws_s3_bucket.{own}.id}}")
    yield "", "aws_s3_bucket", {"bucket": p["name"], "tags": p["tags"]}
    status = {"status": "Enabled" if p["versioned"] else "Suspended"}
    yield "", "aws_s3_bucket_versioning", {"bucket": bucket, "versioning_configuration": status}
    rule = {"apply_server_side_encryption_by_default": {"sse_algorithm": p["encryption"]}}
    yield "", "aws_s3_bucket_server_side_encryption_configuration", {"bucket": bucket, "rule": rule}
    yield "", "aws_s3_bucket_public_access_block", {"bucket": bucket, **shut(p)}
    if p["policy"]:
        yield "", "aws_s3_bucket_policy", {"bucket": bucket, "policy": _document(p["policy"])}


def _object(_: str, p: Properties) -> Iterator[Part]:
    source = Raw(f"${{var.artifacts}}/{p['key']}")
    yield "", "aws_s3_object", {"bucket": p["bucket"], "key": p["key"], "source": source, "metadata": {"sha256": p["sha256"]}}


def _table(_: str, p: Properties) -> Iterator[Part]:
    body: dict[str, Any] = {
        "name": p["name"],
        "billing_mode": "PAY_PER_REQUEST",
        **_keys(p["keys"]),
        "attribute": [{"name": name, "type": kind} for name, kind in key_types(p).items()],
        "point_in_time_recovery": {"enabled": p["recovery"]},
        "deletion_protection_enabled": p.get("protected", False),
        "tags": p["tags"],
    }
    if p.get("expiry"):
        body["ttl"] = {"attribute_name": p["expiry"], "enabled": True}
    if p.get("stream"):
        body |= {"stream_enabled": True, "stream_view_type": p["stream"]}
    if p.get("indexes"):
        body["global_secondary_index"] = [
            {
                "name": i["name"],
                **_keys(i["keys"]),
                "projection_type": i["projection"],
                **({"non_key_attributes": i["include"]} if i.get("include") else {}),
            }
            for i in p["indexes"]
        ]
    yield "", "aws_dynamodb_table", body


def _keys(names: list[str]) -> dict[str, str]:
    return dict(zip(("hash_key", "range_key"), names, strict=False))


def _role(own: str, p: Properties) -> Iterator[Part]:
    yield "", "aws_iam_role", {"name": p["name"], "assume_role_policy": _document(p["trust"]), "tags": p["tags"]}
    for name, policy in p["policies"].items():
        role = Raw(f"${{aws_iam_role.{own}.id}}")
        yield f"_{name}", "aws_iam_role_policy", {"name": name, "role": role, "policy": _document(policy)}


def _log_group(_: str, p: Properties) -> Iterator[Part]:
    yield "", "aws_cloudwatch_log_group", {"name": p["name"], "retention_in_days": p["days"], "tags": p["tags"]}


def _function(_: str, p: Properties) -> Iterator[Part]:
    yield (
        "",
        "aws_lambda_function",
        {
            "function_name": p["name"],
            "role": p["role"],
            "runtime": p["runtime"],
            "handler": p["handler"],
            "memory_size": p["memory"],
            "timeout": p["timeout"],
            "environment": {"variables": dict(p["environment"])},
            "s3_bucket": p["code_bucket"],
            "s3_key": p["code_key"],
            "publish": True,
            "tags": p["tags"],
        },
    )


def _alias(_: str, p: Properties) -> Iterator[Part]:
    yield "", "aws_lambda_alias", {"name": p["name"], "function_name": p["function"], "function_version": Published(p["function"])}


def _permission(_: str, p: Properties) -> Iterator[Part]:
    named = {"statement_id": p["sid"], "action": "lambda:InvokeFunction", "function_name": p["function"]}
    if p.get("qualifier"):
        named["qualifier"] = p["qualifier"]
    yield "", "aws_lambda_permission", {**named, "principal": p["principal"], "source_arn": p["source"]}


def _rest_api(own: str, p: Properties) -> Iterator[Part]:
    yield "", "aws_api_gateway_rest_api", {"name": p["name"], "endpoint_configuration": {"types": ["REGIONAL"]}, "tags": p["tags"]}
    api = Raw(f"${{aws_api_gateway_rest_api.{own}.id}}")
    root = Raw(f"${{aws_api_gateway_rest_api.{own}.root_resource_id}}")
    yield "", "aws_api_gateway_resource", {"rest_api_id": api, "parent_id": root, "path_part": p["path"]}
    where = {"rest_api_id": api, "resource_id": Raw(f"${{aws_api_gateway_resource.{own}.id}}"), "http_method": p["verb"]}
    yield "", "aws_api_gateway_method", {**where, "authorization": "NONE", "api_key_required": p["key_required"]}
    uri = f"arn:aws:apigateway:{p['function'].split(':')[3]}:lambda:path/2015-03-31/functions/{p['function']}/invocations"
    yield "", "aws_api_gateway_integration", {**where, "type": "AWS_PROXY", "integration_http_method": "POST", "uri": uri}


def _stage(own: str, p: Properties) -> Iterator[Part]:
    anew = {"triggers": {"content": p["content"]}, "lifecycle": {"create_before_destroy": True}}
    yield "", "aws_api_gateway_deployment", {"rest_api_id": p["api"], "description": p["content"], **anew}
    deployment = Raw(f"${{aws_api_gateway_deployment.{own}.id}}")
    yield "", "aws_api_gateway_stage", {"rest_api_id": p["api"], "deployment_id": deployment, "stage_name": p["name"]}


def _api_key(_: str, p: Properties) -> Iterator[Part]:
    yield "", "aws_api_gateway_api_key", {"name": p["name"], "enabled": p["enabled"], "tags": p["tags"]}


def _usage_plan(own: str, p: Properties) -> Iterator[Part]:
    stages = [{"api_id": api, "stage": stage} for api, _, stage in (s.rpartition(":") for s in p["stages"])]
    limits = {
        "throttle_settings": {"rate_limit": p["rate"], "burst_limit": p["burst"]},
        "quota_settings": {"limit": p["quota"], "period": "MONTH"},
    }
    yield "", "aws_api_gateway_usage_plan", {"name": p["name"], "api_stages": stages, **limits, "tags": p["tags"]}
    plan = Raw(f"${{aws_api_gateway_usage_plan.{own}.id}}")
    for number, key in enumerate(p["keys"]):
        yield (
            f"_{number}" if number else "",
            "aws_api_gateway_usage_plan_key",
            {"key_id": key, "key_type": "API_KEY", "usage_plan_id": plan},
        )


def _alarm(_: str, p: Properties) -> Iterator[Part]:
    kind, how = statistic(p)
    watched = {"namespace": p["namespace"], "metric_name": p["metric"], "dimensions": p["dimensions"], kind: how}
    judged = {"period": p["period"], "evaluation_periods": 1, "threshold": p["threshold"], "comparison_operator": "GreaterThanThreshold"}
    more = {"treat_missing_data": "notBreaching", "tags": p["tags"]}
    yield "", "aws_cloudwatch_metric_alarm", {"alarm_name": p["name"], **watched, **judged, **more}


def _dashboard(_: str, p: Properties) -> Iterator[Part]:
    yield "", "aws_cloudwatch_dashboard", {"dashboard_name": p["name"], "dashboard_body": _document(p["body"])}


def _budget(_: str, p: Properties) -> Iterator[Part]:
    limit = {"budget_type": "COST", "time_unit": "MONTHLY", "limit_amount": str(p["usd"]), "limit_unit": "USD"}
    counted = {"cost_filter": {"name": "TagKeyValue", "values": [cost_tag(p)]}}
    yield "", "aws_budgets_budget", {"name": p["name"], **limit, **counted, "tags": p["tags"]}


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


MAKERS: dict[str, Maker] = {
    "alarm": _alarm,
    "alias": _alias,
    "api_key": _api_key,
    "auto_scaling_group": _group,
    "bucket": _bucket,
    "budget": _budget,
    "dashboard": _dashboard,
    "function": _function,
    "instance_profile": _instance_profile,
    "launch_template": _launch_template,
    "log_group": _log_group,
    "object": _object,
    "permission": _permission,
    "rest_api": _rest_api,
    "role": _role,
    "scaling_policy": _scaling,
    "security_group": _security_group,
    "stage": _stage,
    "table": _table,
    "token": _token,
    "usage_plan": _usage_plan,
}
