"""What the Terraform providers document of the resources we write: required and optional arguments, and blocks within.

From the argument references of hashicorp/aws 5 and hashicorp/random 3; only what concerns us.
"""

from typing import Any

# type -> (required arguments, optional arguments, blocks: name -> (required, optional, blocks))
Block = tuple[str, str, dict[str, Any]]

SCHEMA: dict[str, Block] = {
    "aws_api_gateway_api_key": ("name", "customer_id description enabled tags value", {}),
    "aws_api_gateway_deployment": ("rest_api_id", "description triggers variables", {}),
    "aws_api_gateway_integration": (
        "http_method resource_id rest_api_id type",
        "integration_http_method uri credentials passthrough_behavior timeout_milliseconds",
        {},
    ),
    "aws_api_gateway_method": ("authorization http_method resource_id rest_api_id", "api_key_required authorizer_id", {}),
    "aws_api_gateway_resource": ("parent_id path_part rest_api_id", "", {}),
    "aws_api_gateway_rest_api": ("name", "description tags policy", {"endpoint_configuration": ("types", "vpc_endpoint_ids", {})}),
    "aws_api_gateway_stage": (
        "deployment_id rest_api_id stage_name",
        "description tags variables xray_tracing_enabled",
        {"access_log_settings": ("destination_arn format", "", {})},
    ),
    "aws_api_gateway_usage_plan": (
        "name",
        "description tags",
        {
            "api_stages": ("api_id stage", "", {}),
            "quota_settings": ("limit period", "offset", {}),
            "throttle_settings": ("", "burst_limit rate_limit", {}),
        },
    ),
    "aws_api_gateway_usage_plan_key": ("key_id key_type usage_plan_id", "", {}),
    "aws_autoscaling_group": (
        "max_size min_size",
        "name desired_capacity availability_zones vpc_zone_identifier",
        {"launch_template": ("", "id name version", {}), "tag": ("key value propagate_at_launch", "", {})},
    ),
    "aws_autoscaling_policy": (
        "name autoscaling_group_name",
        "policy_type",
        {
            "target_tracking_configuration": (
                "target_value",
                "disable_scale_in",
                {"predefined_metric_specification": ("predefined_metric_type", "resource_label", {})},
            )
        },
    ),
    "aws_bedrockagentcore_agent_runtime": (
        "agent_runtime_name role_arn agent_runtime_artifact network_configuration",
        "description environment_variables tags",
        {
            "agent_runtime_artifact": (
                "",
                "",
                {"code_configuration": ("code entry_point runtime", "", {"code": ("s3", "", {"s3": ("bucket prefix", "version_id", {})})})},
            ),
            "network_configuration": ("network_mode", "", {}),
            "protocol_configuration": ("", "server_protocol", {}),
        },
    ),
    "aws_budgets_budget": (
        "budget_type time_unit",
        "name limit_amount limit_unit tags account_id",
        {"cost_filter": ("name values", "", {})},
    ),
    "aws_cloudwatch_dashboard": ("dashboard_name dashboard_body", "", {}),
    "aws_cloudwatch_log_group": ("", "name retention_in_days tags kms_key_id", {}),
    "aws_cloudwatch_metric_alarm": (
        "alarm_name comparison_operator evaluation_periods",
        "metric_name namespace period statistic extended_statistic threshold dimensions treat_missing_data tags",
        {},
    ),
    "aws_dynamodb_table": (
        "name hash_key",
        "billing_mode range_key tags deletion_protection_enabled stream_enabled stream_view_type",
        {
            "attribute": ("name type", "", {}),
            "global_secondary_index": ("name hash_key projection_type", "range_key non_key_attributes", {}),
            "point_in_time_recovery": ("enabled", "", {}),
            "ttl": ("", "attribute_name enabled", {}),
        },
    ),
    "aws_iam_instance_profile": ("", "name role tags", {}),
    "aws_iam_role": ("assume_role_policy", "name tags description permissions_boundary", {}),
    "aws_iam_role_policy": ("policy role", "name", {}),
    "aws_lambda_alias": ("name function_name function_version", "description", {"routing_config": ("", "additional_version_weights", {})}),
    "aws_lambda_function": (
        "function_name role",
        "runtime handler memory_size timeout s3_bucket s3_key publish tags architectures",
        {"environment": ("", "variables", {})},
    ),
    "aws_lambda_permission": ("action function_name principal", "statement_id source_arn qualifier", {}),
    "aws_launch_template": (
        "",
        "name image_id instance_type vpc_security_group_ids user_data key_name tags",
        {
            "block_device_mappings": (
                "",
                "device_name",
                {"ebs": ("", "volume_size volume_type encrypted delete_on_termination", {})},
            ),
            "iam_instance_profile": ("", "arn name", {}),
            "instance_market_options": ("", "market_type", {}),
            "metadata_options": ("", "http_endpoint http_tokens http_put_response_hop_limit", {}),
            "tag_specifications": ("", "resource_type tags", {}),
        },
    ),
    "aws_s3_bucket": ("", "bucket tags force_destroy", {}),
    "aws_s3_bucket_policy": ("bucket policy", "", {}),
    "aws_s3_bucket_public_access_block": ("bucket", "block_public_acls block_public_policy ignore_public_acls restrict_public_buckets", {}),
    "aws_s3_bucket_server_side_encryption_configuration": (
        "bucket",
        "",
        {"rule": ("", "bucket_key_enabled", {"apply_server_side_encryption_by_default": ("sse_algorithm", "kms_master_key_id", {})})},
    ),
    "aws_s3_bucket_versioning": ("bucket", "mfa", {"versioning_configuration": ("status", "mfa_delete", {})}),
    "aws_s3_object": ("bucket key", "source metadata content tags", {}),
    "aws_sagemaker_endpoint": ("endpoint_config_name", "name tags", {}),
    "aws_sagemaker_endpoint_configuration": (
        "production_variants",
        "name tags",
        {
            "production_variants": (
                "model_name",
                "variant_name instance_type initial_instance_count initial_variant_weight",
                {"serverless_config": ("max_concurrency memory_size_in_mb", "", {})},
            )
        },
    ),
    "aws_sagemaker_model": (
        "execution_role_arn",
        "name tags",
        {"primary_container": ("", "image model_data_url environment", {})},
    ),
    "aws_security_group": ("", "name description tags vpc_id", {}),
    "aws_ssm_parameter": ("name type", "value tags key_id", {}),
    "aws_vpc_security_group_egress_rule": (
        "security_group_id ip_protocol",
        "from_port to_port cidr_ipv4 cidr_ipv6 referenced_security_group_id",
        {},
    ),
    "aws_vpc_security_group_ingress_rule": (
        "security_group_id ip_protocol",
        "from_port to_port cidr_ipv4 cidr_ipv6 referenced_security_group_id",
        {},
    ),
    "random_password": ("length", "special", {}),
}
META = {"depends_on", "lifecycle"}


def mistakes(document: dict[str, Any]) -> list[str]:
    """Return what a provider's schema would object to in a configuration."""
    return [
        f"{kind}.{name}: {said}"
        for kind, named in document["resource"].items()
        for name, body in named.items()
        for said in ([] if kind in SCHEMA else ["no such type"]) or _wrong(body, SCHEMA.get(kind, ("", "", {})))
    ]


def _wrong(body: dict[str, Any], schema: Block) -> list[str]:
    required, optional, blocks = schema
    known = {*required.split(), *optional.split(), *blocks, *META}
    said = [f"unsupported argument {name}" for name in body.keys() - known]
    said += [f"missing argument {name}" for name in set(required.split()) - body.keys()]
    for name, inner in blocks.items():
        given = body.get(name, [])
        for block in given if isinstance(given, list) else [given]:
            said += [f"{name}: {more}" for more in _wrong(block, inner)]
    return said
