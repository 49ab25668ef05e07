"""What whoever deploys must be allowed to do in AWS: what a plan needs, what of it is missing, and the least policies that grant all."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from copilot.cloud.plan import Change
from copilot.outside.aws import BotoCoreError, ClientError, Session


@dataclass(frozen=True)
class Needs:
    """The actions on one type of resource.

    Args:
        arn: Of the resource, with holes; `name` is `copilot-*` where any of ours is meant.
        read: To look at it. `create`: to make it, besides `change`: to set what can be set. `delete`: to remove it.
    """

    arn: str
    read: str
    create: str = ""
    change: str = ""
    delete: str = ""

    def actions(self, change: str) -> tuple[str, ...]:
        """Return what an action of a plan needs: `create`, `update`, `replace` or `delete`."""
        parts = {
            "create": (self.create, self.change),
            "update": (self.change,),
            "replace": (self.create, self.change, self.delete),
            "delete": (self.delete,),
        }
        return tuple(action for part in parts[change] for action in part.split())


S3, TABLES, GATEWAY = "arn:aws:s3:::{name}", "arn:aws:dynamodb:{region}:{account}:table/{name}", "arn:aws:apigateway:{region}::"
FUNCTIONS, EC2 = "arn:aws:lambda:{region}:{account}:function:{name}", "arn:aws:ec2:{region}:{account}"
GROUPS = "arn:aws:autoscaling:{region}:{account}:autoScalingGroup:*:autoScalingGroupName/{name}"
WRITE_API = "apigateway:POST apigateway:PUT apigateway:PATCH"

SAGEMAKER = "arn:aws:sagemaker:{region}:{account}"


def _sagemaker(noun: str, more: str = "") -> tuple[str, str, str, str]:
    """Return what one type of SageMaker needs: to be read, made, changed and removed."""
    tags = "sagemaker:AddTags"
    return f"sagemaker:Describe{noun} sagemaker:ListTags", f"sagemaker:Create{noun} {tags}", f"{tags} {more}", f"sagemaker:Delete{noun}"


NEEDS = {
    "bucket": Needs(
        S3,
        "s3:ListBucket s3:GetEncryptionConfiguration s3:GetBucketPublicAccessBlock s3:GetBucketPolicy s3:GetBucketVersioning "
        "s3:GetBucketTagging",
        "s3:CreateBucket",
        "s3:PutBucketTagging s3:PutBucketPublicAccessBlock s3:PutEncryptionConfiguration s3:PutBucketVersioning s3:PutBucketPolicy "
        "s3:DeleteBucketPolicy",
        "s3:ListBucketVersions s3:DeleteBucket",
    ),
    "object": Needs(S3, "s3:GetObject", "s3:PutObject", "", "s3:DeleteObject s3:DeleteObjectVersion"),
    "table": Needs(
        TABLES,
        "dynamodb:DescribeTable dynamodb:DescribeTimeToLive dynamodb:DescribeContinuousBackups dynamodb:ListTagsOfResource",
        "dynamodb:CreateTable",
        "dynamodb:UpdateTable dynamodb:UpdateTimeToLive dynamodb:UpdateContinuousBackups dynamodb:TagResource",
        "dynamodb:DeleteTable",
    ),
    "role": Needs(
        "arn:aws:iam::{account}:role/{name}",
        "iam:GetRole iam:ListRolePolicies iam:GetRolePolicy",
        "iam:CreateRole iam:PassRole",
        "iam:UpdateAssumeRolePolicy iam:TagRole iam:PutRolePolicy iam:DeleteRolePolicy",
        "iam:DeleteRole iam:DeleteRolePolicy",
    ),
    "log_group": Needs(
        "arn:aws:logs:{region}:{account}:log-group:{name}",
        "logs:DescribeLogGroups logs:ListTagsForResource logs:FilterLogEvents",
        "logs:CreateLogGroup",
        "logs:PutRetentionPolicy logs:DeleteRetentionPolicy logs:TagResource",
        "logs:DeleteLogGroup",
    ),
    "function": Needs(
        FUNCTIONS,
        "lambda:GetFunction lambda:GetFunctionConfiguration lambda:ListTags lambda:ListVersionsByFunction",
        "lambda:CreateFunction lambda:TagResource",
        "lambda:UpdateFunctionCode lambda:UpdateFunctionConfiguration lambda:TagResource",
        "lambda:DeleteFunction",
    ),
    "alias": Needs(
        FUNCTIONS,
        "lambda:GetAlias",
        "lambda:CreateAlias",
        "lambda:PublishVersion lambda:UpdateAlias lambda:DeleteFunction",
        "lambda:DeleteAlias",
    ),
    "permission": Needs(
        FUNCTIONS, "lambda:GetPolicy", "lambda:AddPermission", "lambda:AddPermission lambda:RemovePermission", "lambda:RemovePermission"
    ),
    "rest_api": Needs(f"{GATEWAY}/restapis*", "apigateway:GET", WRITE_API, WRITE_API, "apigateway:DELETE"),
    "stage": Needs(f"{GATEWAY}/restapis*", "apigateway:GET", WRITE_API, WRITE_API, "apigateway:DELETE"),
    "api_key": Needs(f"{GATEWAY}/apikeys*", "apigateway:GET", WRITE_API, WRITE_API, "apigateway:DELETE"),
    "usage_plan": Needs(f"{GATEWAY}/usageplans*", "apigateway:GET", WRITE_API, f"{WRITE_API} apigateway:DELETE", "apigateway:DELETE"),
    "alarm": Needs(
        "arn:aws:cloudwatch:{region}:{account}:alarm:{name}",
        "cloudwatch:DescribeAlarms cloudwatch:ListTagsForResource",
        "cloudwatch:PutMetricAlarm cloudwatch:TagResource",
        "cloudwatch:PutMetricAlarm cloudwatch:TagResource",
        "cloudwatch:DeleteAlarms",
    ),
    "dashboard": Needs(
        "arn:aws:cloudwatch::{account}:dashboard/{name}",
        "cloudwatch:GetDashboard",
        "cloudwatch:PutDashboard cloudwatch:TagResource",
        "cloudwatch:PutDashboard",
        "cloudwatch:DeleteDashboards",
    ),
    "budget": Needs(
        "arn:aws:budgets::{account}:budget/{name}",
        "budgets:ViewBudget",
        "budgets:ModifyBudget budgets:TagResource",
        "",
        "budgets:ModifyBudget",
    ),
    "instance_profile": Needs(
        "arn:aws:iam::{account}:instance-profile/{name}",
        "iam:GetInstanceProfile",
        "iam:CreateInstanceProfile",
        "iam:AddRoleToInstanceProfile iam:RemoveRoleFromInstanceProfile iam:TagInstanceProfile",
        "iam:RemoveRoleFromInstanceProfile iam:DeleteInstanceProfile",
    ),
    "security_group": Needs(
        f"{EC2}:*",
        "ec2:DescribeSecurityGroups ec2:DescribeVpcs",
        "ec2:CreateSecurityGroup ec2:CreateTags",
        "ec2:AuthorizeSecurityGroupIngress ec2:RevokeSecurityGroupIngress ec2:CreateTags",
        "ec2:DeleteSecurityGroup",
    ),
    "launch_template": Needs(
        f"{EC2}:*",
        "ec2:DescribeLaunchTemplates ec2:DescribeLaunchTemplateVersions",
        "ec2:CreateLaunchTemplate ec2:RunInstances ec2:CreateTags",
        "ec2:CreateLaunchTemplateVersion ec2:RunInstances ec2:CreateTags",
        "ec2:DeleteLaunchTemplate",
    ),
    "token": Needs(
        "arn:aws:ssm:{region}:{account}:parameter{name}",
        "ssm:ListTagsForResource ssm:GetParameter",
        "ssm:PutParameter ssm:AddTagsToResource",
        "ssm:AddTagsToResource",
        "ssm:DeleteParameters",
    ),
    "agent_runtime": Needs(
        "arn:aws:bedrock-agentcore:{region}:{account}:runtime/{name}",
        "bedrock-agentcore:GetAgentRuntime bedrock-agentcore:ListTagsForResource bedrock-agentcore:InvokeAgentRuntime",
        "bedrock-agentcore:CreateAgentRuntime bedrock-agentcore:TagResource",
        "bedrock-agentcore:UpdateAgentRuntime bedrock-agentcore:TagResource",
        "bedrock-agentcore:DeleteAgentRuntime",
    ),
    "sagemaker_model": Needs(f"{SAGEMAKER}:model/{{name}}", *_sagemaker("Model")),
    "sagemaker_config": Needs(f"{SAGEMAKER}:endpoint-config/{{name}}", *_sagemaker("EndpointConfig")),
    "sagemaker_endpoint": Needs(f"{SAGEMAKER}:endpoint/{{name}}", *_sagemaker("Endpoint", "sagemaker:UpdateEndpoint")),
    "auto_scaling_group": Needs(
        GROUPS,
        "autoscaling:DescribeAutoScalingGroups",
        "autoscaling:CreateAutoScalingGroup autoscaling:CreateOrUpdateTags",
        "autoscaling:UpdateAutoScalingGroup autoscaling:CreateOrUpdateTags",
        "autoscaling:DeleteAutoScalingGroup",
    ),
    "scaling_policy": Needs(
        GROUPS, "autoscaling:DescribePolicies", "autoscaling:PutScalingPolicy", "autoscaling:PutScalingPolicy", "autoscaling:DeletePolicy"
    ),
}
LOOKING = (
    "sts:GetCallerIdentity s3:ListAllMyBuckets dynamodb:ListTables iam:ListRoles iam:ListInstanceProfiles lambda:ListFunctions "
    "logs:DescribeLogGroups cloudwatch:DescribeAlarms cloudwatch:ListDashboards budgets:ViewBudget ssm:DescribeParameters "
    "ec2:DescribeVpcs ec2:DescribeSubnets ec2:DescribeSecurityGroups ec2:DescribeLaunchTemplates ec2:DescribeLaunchTemplateVersions "
    "ec2:DescribeInstanceTypeOfferings ec2:DescribeAvailabilityZones ec2:DescribeInstances ec2:DescribeImages ec2:GetConsoleOutput "
    "ec2:DescribeInstanceTypes ec2:DescribeSpotPriceHistory autoscaling:DescribeAutoScalingGroups autoscaling:DescribePolicies "
    "bedrock-agentcore:ListAgentRuntimes sagemaker:ListModels sagemaker:ListEndpointConfigs sagemaker:ListEndpoints pricing:GetProducts"
)
"""What only ever is allowed on everything: lists."""
OURS = "copilot-*"
EC2_TYPES = {"auto_scaling_group", "instance_profile", "launch_template", "scaling_policy", "security_group", "token"}
NAMES = {"agent_runtime": "copilot_*", "log_group": "/aws/*/copilot-*", "object": "copilot-*/*", "token": "/copilot/*"}
"""How the names of a type begin, where that is not like the others."""
PASSED_TO = "lambda.amazonaws.com"
BESIDES = (
    ("apigateway", "arn:aws:apigateway:{region}::/tags*", "apigateway:GET apigateway:PUT"),
    ("apigateway", "arn:aws:apigateway:{region}::/account", "apigateway:GET"),
    ("ec2", "arn:aws:ec2:{region}::image/*", "ec2:RunInstances"),
    ("ec2", "arn:aws:ssm:{region}::parameter/aws/service/ami-amazon-linux-latest/*", "ssm:GetParameters"),
    ("autoscaling", "arn:aws:iam::{account}:role/aws-service-role/autoscaling.amazonaws.com/*", "iam:CreateServiceLinkedRole"),
    ("iam", "arn:aws:iam::{account}:*", "iam:SimulatePrincipalPolicy"),
)
"""What is needed of things that are not ours: tags, images, and asking what one may do."""


def needed(changes: Iterable[Change], account: str, region: str) -> Iterator[tuple[str, str]]:
    """Yield each (action, ARN) that the changes of a plan need."""
    for change in changes:
        if change.type in NEEDS:
            needs = NEEDS[change.type]
            arn = needs.arn.format(account=account, region=region, name=_name(change.after or change.before or {}))
            yield from ((action, arn) for action in needs.actions(change.action))


def missing(session: Session, changes: Iterable[Change]) -> tuple[str, ...] | None:
    """Return what the session's credentials may not do of what the changes need; None where AWS does not tell.

    Nothing is tried: IAM is asked to simulate the policies of whoever calls.
    """
    wanted: dict[str, set[str]] = {}
    for action, arn in needed(changes, session.account, session.region):
        wanted.setdefault(arn, set()).add(action)
    try:
        principal = _principal(session)
        denied = [f"{action} on {arn}" for arn, actions in wanted.items() for action in _denied(session, principal, arn, sorted(actions))]
    except (ClientError, BotoCoreError):
        return None
    return tuple(sorted(denied))


def lacking(session: Session) -> tuple[str, ...] | None:
    """Return what the session's credentials may not do of all that we ever need; None where AWS does not tell."""
    everything = (Change("replace", type_, type_, 0, after={"name": NAMES.get(type_, OURS)}) for type_ in NEEDS)
    return missing(session, everything)


def _denied(session: Session, principal: str, arn: str, actions: list[str]) -> Iterator[str]:
    passed = {"ContextKeyName": "iam:PassedToService", "ContextKeyValues": [PASSED_TO], "ContextKeyType": "string"}
    asked = {"PolicySourceArn": principal, "ActionNames": actions, "ResourceArns": [arn], "ContextEntries": [passed]}
    for page in session.client("iam").get_paginator("simulate_principal_policy").paginate(**asked):
        yield from (result["EvalActionName"] for result in page["EvaluationResults"] if result["EvalDecision"] != "allowed")


def _principal(session: Session) -> str:
    """Return the ARN of the user or the role whose policies count: of a role that was assumed, the role itself."""
    arn = session.identity["Arn"]
    if ":assumed-role/" not in arn:
        return arn
    return str(session.client("iam").get_role(RoleName=arn.split("/")[1])["Role"]["Arn"])


def _name(properties: Mapping[str, Any]) -> str:
    if "key" in properties and "bucket" in properties:
        return f"{properties['bucket']}/{properties['key']}"
    return str(properties.get("function") or properties.get("group") or properties.get("name") or "*")


def policies(account: str, region: str) -> dict[str, dict[str, Any]]:
    """Return the least policies that let somebody plan, deploy, watch and remove what we make, and nothing of others.

    There are two, each small enough to be attached: for the serverless target, and for those that run on machines.
    """
    machines = {name for name in NEEDS if name.startswith(("agent_", "sagemaker_"))} | EC2_TYPES
    return {
        "serverless": _policy(account, region, NEEDS.keys() - machines),
        "machines": _policy(account, region, machines | {"bucket", "object", "role"}),
    }


def _policy(account: str, region: str, types: Collection[str]) -> dict[str, Any]:
    granted: dict[str, set[str]] = {}
    for type_, needs in ((name, NEEDS[name]) for name in sorted(types)):
        arn = needs.arn.format(account=account, region=region, name=NAMES.get(type_, OURS))
        granted.setdefault(arn, set()).update(needs.read.split(), needs.actions("replace"))
        if type_ == "log_group":
            granted[f"{arn}:*"] = granted[arn]
    services = {action.partition(":")[0] for actions in granted.values() for action in actions} | {"sts", "pricing"}
    for service, arn, actions in BESIDES:
        if service in services:
            granted[arn.format(account=account, region=region)] = set(actions.split())
    together: dict[tuple[str, ...], list[str]] = {}
    for arn in sorted(granted):
        together.setdefault(tuple(sorted(granted[arn])), []).append(arn)
    together[tuple(sorted(action for action in LOOKING.split() if action.partition(":")[0] in services))] = ["*"]
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": list(a), "Resource": r} for a, r in together.items()]}
