"""What each type of resource is in CloudFormation."""

import json
from collections.abc import Callable, Iterator
from typing import Any

from copilot.cloud.export.syntax import DISK, NETWORK, camel, cost_tag, key_types, ports, qualified, shut, statistic
from copilot.cloud.rules.rule import Properties

Part = tuple[str, str, dict[str, Any]]
"""What is added to the resource's own name, the type, and the properties."""
Maker = Callable[[str, Properties], Iterator[Part]]
"""Takes the resource's own name and its properties."""


def _tags(properties: Properties) -> list[dict[str, str]]:
    return [{"Key": name, "Value": value} for name, value in properties["tags"].items()]


def _bucket(_own: str, p: Properties) -> Iterator[Part]:
    rule = {"ServerSideEncryptionByDefault": {"SSEAlgorithm": p["encryption"]}}
    yield (
        "",
        "AWS::S3::Bucket",
        {
            "BucketName": p["name"],
            "VersioningConfiguration": {"Status": "Enabled" if p["versioned"] else "Suspended"},
            "BucketEncryption": {"ServerSideEncryptionConfiguration": [rule]},
            "PublicAccessBlockConfiguration": {camel(name): value for name, value in shut(p).items()},
            "Tags": _tags(p),
        },
    )
    if p["policy"]:
        yield "Policy", "AWS::S3::BucketPolicy", {"Bucket": p["name"], "PolicyDocument": p["policy"]}


def _table(_own: str, p: Properties) -> Iterator[Part]:
    indexes = p.get("indexes", [])
    body: dict[str, Any] = {
        "TableName": p["name"],
        "BillingMode": "PAY_PER_REQUEST",
        "KeySchema": _keys(p["keys"]),
        "AttributeDefinitions": [{"AttributeName": name, "AttributeType": kind} for name, kind in key_types(p).items()],
        "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": p["recovery"]},
        "DeletionProtectionEnabled": p.get("protected", False),
        "Tags": _tags(p),
    }
    if p.get("expiry"):
        body["TimeToLiveSpecification"] = {"AttributeName": p["expiry"], "Enabled": True}
    if p.get("stream"):
        body["StreamSpecification"] = {"StreamViewType": p["stream"]}
    if indexes:
        body["GlobalSecondaryIndexes"] = [
            {
                "IndexName": i["name"],
                "KeySchema": _keys(i["keys"]),
                "Projection": {"ProjectionType": i["projection"], **({"NonKeyAttributes": i["include"]} if i.get("include") else {})},
            }
            for i in indexes
        ]
    yield "", "AWS::DynamoDB::Table", body


def _keys(names: list[str]) -> list[dict[str, str]]:
    return [{"AttributeName": name, "KeyType": kind} for name, kind in zip(names, ("HASH", "RANGE"), strict=False)]


def _role(_own: str, p: Properties) -> Iterator[Part]:
    policies = [{"PolicyName": name, "PolicyDocument": document} for name, document in p["policies"].items()]
    yield "", "AWS::IAM::Role", {"RoleName": p["name"], "AssumeRolePolicyDocument": p["trust"], "Policies": policies, "Tags": _tags(p)}


def _log_group(_own: str, p: Properties) -> Iterator[Part]:
    yield "", "AWS::Logs::LogGroup", {"LogGroupName": p["name"], "RetentionInDays": p["days"], "Tags": _tags(p)}


def _function(_own: str, p: Properties) -> Iterator[Part]:
    yield (
        "",
        "AWS::Lambda::Function",
        {
            "FunctionName": p["name"],
            "Role": p["role"],
            "Runtime": p["runtime"],
            "Handler": p["handler"],
            "MemorySize": p["memory"],
            "Timeout": p["timeout"],
            "Environment": {"Variables": dict(p["environment"])},
            "Code": {"S3Bucket": p["code_bucket"], "S3Key": p["code_key"]},
            "Tags": _tags(p),
        },
    )


def _alias(own: str, p: Properties) -> Iterator[Part]:
    yield "Version", "AWS::Lambda::Version", {"FunctionName": p["function"], "Description": p["content"]}
    version = {"Fn::GetAtt": [f"{own}Version", "Version"]}
    yield "", "AWS::Lambda::Alias", {"FunctionName": p["function"], "FunctionVersion": version, "Name": p["name"]}


def _permission(_own: str, p: Properties) -> Iterator[Part]:
    named = {"FunctionName": qualified(p), "Action": "lambda:InvokeFunction"}
    yield "", "AWS::Lambda::Permission", {**named, "Principal": p["principal"], "SourceArn": p["source"]}


def _rest_api(api: str, p: Properties) -> Iterator[Part]:
    kind = {"Types": ["REGIONAL"]}
    yield "", "AWS::ApiGateway::RestApi", {"Name": p["name"], "EndpointConfiguration": kind, "Tags": _tags(p)}
    root = {"Fn::GetAtt": [api, "RootResourceId"]}
    yield "Path", "AWS::ApiGateway::Resource", {"RestApiId": {"Ref": api}, "ParentId": root, "PathPart": p["path"]}
    uri = f"arn:aws:apigateway:{p['function'].split(':')[3]}:lambda:path/2015-03-31/functions/{p['function']}/invocations"
    method = {
        "RestApiId": {"Ref": api},
        "ResourceId": {"Ref": f"{api}Path"},
        "HttpMethod": p["verb"],
        "AuthorizationType": "NONE",
        "ApiKeyRequired": p["key_required"],
        "Integration": {"Type": "AWS_PROXY", "IntegrationHttpMethod": "POST", "Uri": uri},
    }
    yield "Method", "AWS::ApiGateway::Method", method


def _stage(own: str, p: Properties) -> Iterator[Part]:
    yield "Deployment", "AWS::ApiGateway::Deployment", {"RestApiId": p["api"], "Description": p["content"]}
    yield "", "AWS::ApiGateway::Stage", {"RestApiId": p["api"], "DeploymentId": {"Ref": f"{own}Deployment"}, "StageName": p["name"]}


def _api_key(_own: str, p: Properties) -> Iterator[Part]:
    yield "", "AWS::ApiGateway::ApiKey", {"Name": p["name"], "Enabled": p["enabled"], "Tags": _tags(p)}


def _usage_plan(own: str, p: Properties) -> Iterator[Part]:
    stages = [{"ApiId": api, "Stage": stage} for api, _, stage in (s.rpartition(":") for s in p["stages"])]
    limits = {"Throttle": {"RateLimit": p["rate"], "BurstLimit": p["burst"]}, "Quota": {"Limit": p["quota"], "Period": "MONTH"}}
    yield "", "AWS::ApiGateway::UsagePlan", {"UsagePlanName": p["name"], "ApiStages": stages, **limits, "Tags": _tags(p)}
    for number, key in enumerate(p["keys"]):
        ids = {"KeyId": key, "KeyType": "API_KEY", "UsagePlanId": {"Ref": own}}
        yield f"Key{number or ''}", "AWS::ApiGateway::UsagePlanKey", ids


def _alarm(_own: str, p: Properties) -> Iterator[Part]:
    dimensions = [{"Name": name, "Value": value} for name, value in p["dimensions"].items()]
    kind, how = statistic(p)
    watched = {"Namespace": p["namespace"], "MetricName": p["metric"], "Dimensions": dimensions, camel(kind): how, "Period": p["period"]}
    judged = {"EvaluationPeriods": 1, "Threshold": p["threshold"], "ComparisonOperator": "GreaterThanThreshold"}
    yield "", "AWS::CloudWatch::Alarm", {"AlarmName": p["name"], **watched, **judged, "TreatMissingData": "notBreaching", "Tags": _tags(p)}


def _dashboard(_own: str, p: Properties) -> Iterator[Part]:
    yield "", "AWS::CloudWatch::Dashboard", {"DashboardName": p["name"], "DashboardBody": json.dumps(p["body"])}


def _budget(_own: str, p: Properties) -> Iterator[Part]:
    limit = {"BudgetName": p["name"], "BudgetType": "COST", "TimeUnit": "MONTHLY", "BudgetLimit": {"Amount": p["usd"], "Unit": "USD"}}
    counted = {"CostFilters": {"TagKeyValue": [cost_tag(p)]}}
    yield "", "AWS::Budgets::Budget", {"Budget": {**limit, **counted}, "ResourceTags": _tags(p)}


def _security_group(_own: str, p: Properties) -> Iterator[Part]:
    ingress = [
        {"IpProtocol": protocol, **({} if protocol == "-1" else {"FromPort": first, "ToPort": last}), **_peer(source)}
        for protocol, first, last, source in ports(p)
    ]
    named = {"GroupName": p["name"], "GroupDescription": p["description"]}
    yield "", "AWS::EC2::SecurityGroup", {**named, "SecurityGroupIngress": ingress, "Tags": _tags(p)}


def _peer(source: str) -> dict[str, Any]:
    if source.startswith("sg-"):
        return {"SourceSecurityGroupId": source}
    return {"CidrIpv6": source} if ":" in source else {"CidrIp": {"Ref": NETWORK} if source == "vpc" else source}


def _instance_profile(_own: str, p: Properties) -> Iterator[Part]:
    yield "", "AWS::IAM::InstanceProfile", {"InstanceProfileName": p["name"], "Roles": [p["role"]]}


def _launch_template(_own: str, p: Properties) -> Iterator[Part]:
    disk = {"VolumeSize": p["disk"], "VolumeType": "gp3", "Encrypted": p["encrypted"], "DeleteOnTermination": True}
    image = p["image"]
    data: dict[str, Any] = {
        "ImageId": f"{{{{{image}}}}}" if image.startswith("resolve:") else image,
        "InstanceType": p["instance_type"],
        "IamInstanceProfile": {"Name": p["profile"]},
        "SecurityGroupIds": list(p["groups"]),
        "BlockDeviceMappings": [{"DeviceName": DISK, "Ebs": disk}],
        "MetadataOptions": {"HttpEndpoint": "enabled", "HttpTokens": p["tokens"], "HttpPutResponseHopLimit": 1},
        "UserData": {"Fn::Base64": p["user_data"]},
        "TagSpecifications": [{"ResourceType": kind, "Tags": _tags(p)} for kind in ("instance", "volume")],
    }
    if p["spot"]:
        data["InstanceMarketOptions"] = {"MarketType": "spot"}
    if p["key"]:
        data["KeyName"] = p["key"]
    own = [{"ResourceType": "launch-template", "Tags": _tags(p)}]
    yield "", "AWS::EC2::LaunchTemplate", {"LaunchTemplateName": p["name"], "LaunchTemplateData": data, "TagSpecifications": own}


def _group(_own: str, p: Properties) -> Iterator[Part]:
    launched = camel(p["template"][2:-1])
    body = {
        "AutoScalingGroupName": p["name"],
        "LaunchTemplate": {"LaunchTemplateId": {"Ref": launched}, "Version": {"Fn::GetAtt": [launched, "LatestVersionNumber"]}},
        "MinSize": str(p["min"]),
        "MaxSize": str(p["max"]),
        "DesiredCapacity": str(p["desired"]),
        "AvailabilityZones": p.get("zones") or {"Fn::GetAZs": {"Ref": "AWS::Region"}},
        "Tags": [{**tag, "PropagateAtLaunch": False} for tag in _tags(p)],
    }
    yield "", "AWS::AutoScaling::AutoScalingGroup", body


def _scaling(_own: str, p: Properties) -> Iterator[Part]:
    metric = {"PredefinedMetricSpecification": {"PredefinedMetricType": "ASGAverageCPUUtilization"}, "TargetValue": p["target_cpu"]}
    named = {"AutoScalingGroupName": p["group"], "PolicyType": "TargetTrackingScaling"}
    yield "", "AWS::AutoScaling::ScalingPolicy", {**named, "TargetTrackingConfiguration": metric}


def _sagemaker_model(_own: str, p: Properties) -> Iterator[Part]:
    container = {"Image": p["image"], "ModelDataUrl": p["data"], "Environment": dict(p["environment"])}
    named = {"ModelName": p["name"], "ExecutionRoleArn": p["role"]}
    yield "", "AWS::SageMaker::Model", {**named, "PrimaryContainer": container, "Tags": _tags(p)}


def _sagemaker_config(_own: str, p: Properties) -> Iterator[Part]:
    variant: dict[str, Any] = {"VariantName": "all", "ModelName": p["model"], "InitialVariantWeight": 1.0}
    if "memory" in p:
        variant["ServerlessConfig"] = {"MemorySizeInMB": p["memory"], "MaxConcurrency": p["concurrency"]}
    else:
        variant |= {"InstanceType": p["instance_type"], "InitialInstanceCount": p["count"]}
    yield "", "AWS::SageMaker::EndpointConfig", {"EndpointConfigName": p["name"], "ProductionVariants": [variant], "Tags": _tags(p)}


def _sagemaker_endpoint(_own: str, p: Properties) -> Iterator[Part]:
    yield "", "AWS::SageMaker::Endpoint", {"EndpointName": p["name"], "EndpointConfigName": p["config"], "Tags": _tags(p)}


def _agent_runtime(_own: str, p: Properties) -> Iterator[Part]:
    place = {"S3": {"Bucket": p["bucket"], "Prefix": p["key"]}}
    code = {"Code": place, "EntryPoint": ["main.py"], "Runtime": p["python"]}
    body = {
        "AgentRuntimeName": p["name"],
        "RoleArn": p["role"],
        "AgentRuntimeArtifact": {"CodeConfiguration": code},
        "NetworkConfiguration": {"NetworkMode": "PUBLIC"},
        "ProtocolConfiguration": "HTTP",
        "Tags": dict(p["tags"]),
    }
    yield "", "AWS::BedrockAgentCore::Runtime", body


MAKERS: dict[str, Maker] = {
    "agent_runtime": _agent_runtime,
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
    "permission": _permission,
    "rest_api": _rest_api,
    "role": _role,
    "sagemaker_config": _sagemaker_config,
    "sagemaker_endpoint": _sagemaker_endpoint,
    "sagemaker_model": _sagemaker_model,
    "scaling_policy": _scaling,
    "security_group": _security_group,
    "stage": _stage,
    "table": _table,
    "usage_plan": _usage_plan,
}
