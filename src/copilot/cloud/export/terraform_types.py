"""What each type of resource is in Terraform."""

from collections.abc import Iterator
from typing import Any

from copilot.cloud.export.syntax import cost_tag, key_types, shut, statistic
from copilot.cloud.export.terraform_machines import MACHINES
from copilot.cloud.export.terraform_words import Maker, Part, Published, Raw, document
from copilot.cloud.rules.rule import Properties

MAIN = {
    "agent_runtime": ("aws_bedrockagentcore_agent_runtime", "agent_runtime_id"),
    "api_key": ("aws_api_gateway_api_key", "id"),
    "auto_scaling_group": ("aws_autoscaling_group", "name"),
    "bucket": ("aws_s3_bucket", "id"),
    "function": ("aws_lambda_function", "function_name"),
    "instance_profile": ("aws_iam_instance_profile", "name"),
    "launch_template": ("aws_launch_template", "name"),
    "rest_api": ("aws_api_gateway_rest_api", "id"),
    "role": ("aws_iam_role", "name"),
    "sagemaker_config": ("aws_sagemaker_endpoint_configuration", "name"),
    "sagemaker_endpoint": ("aws_sagemaker_endpoint", "name"),
    "sagemaker_model": ("aws_sagemaker_model", "name"),
    "security_group": ("aws_security_group", "id"),
    "table": ("aws_dynamodb_table", "name"),
    "token": ("aws_ssm_parameter", "name"),
    "usage_plan": ("aws_api_gateway_usage_plan", "id"),
}
"""The Terraform type that stands for one of ours, and the attribute with its physical id."""


def _bucket(own: str, p: Properties) -> Iterator[Part]:
    bucket = Raw(f"${{aws_s3_bucket.{own}.id}}")
    yield "", "aws_s3_bucket", {"bucket": p["name"], "tags": p["tags"]}
    status = {"status": "Enabled" if p["versioned"] else "Suspended"}
    yield "", "aws_s3_bucket_versioning", {"bucket": bucket, "versioning_configuration": status}
    rule = {"apply_server_side_encryption_by_default": {"sse_algorithm": p["encryption"]}}
    yield "", "aws_s3_bucket_server_side_encryption_configuration", {"bucket": bucket, "rule": rule}
    yield "", "aws_s3_bucket_public_access_block", {"bucket": bucket, **shut(p)}
    if p["policy"]:
        yield "", "aws_s3_bucket_policy", {"bucket": bucket, "policy": document(p["policy"])}


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
    yield "", "aws_iam_role", {"name": p["name"], "assume_role_policy": document(p["trust"]), "tags": p["tags"]}
    for name, policy in p["policies"].items():
        role = Raw(f"${{aws_iam_role.{own}.id}}")
        yield f"_{name}", "aws_iam_role_policy", {"name": name, "role": role, "policy": document(policy)}


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
    yield "", "aws_cloudwatch_dashboard", {"dashboard_name": p["name"], "dashboard_body": document(p["body"])}


def _budget(_: str, p: Properties) -> Iterator[Part]:
    limit = {"budget_type": "COST", "time_unit": "MONTHLY", "limit_amount": str(p["usd"]), "limit_unit": "USD"}
    counted = {"cost_filter": {"name": "TagKeyValue", "values": [cost_tag(p)]}}
    yield "", "aws_budgets_budget", {"name": p["name"], **limit, **counted, "tags": p["tags"]}


MAKERS: dict[str, Maker] = {
    **MACHINES,
    "alarm": _alarm,
    "alias": _alias,
    "api_key": _api_key,
    "bucket": _bucket,
    "budget": _budget,
    "dashboard": _dashboard,
    "function": _function,
    "log_group": _log_group,
    "object": _object,
    "permission": _permission,
    "rest_api": _rest_api,
    "role": _role,
    "stage": _stage,
    "table": _table,
    "usage_plan": _usage_plan,
}
