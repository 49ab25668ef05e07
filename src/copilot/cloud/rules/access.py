"""Who may do what: roles, permissions, the documents of policies, and the tag that says whose a resource is."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from copilot.cloud.graph import Resource
from copilot.cloud.models import invoked
from copilot.cloud.providers.provider import STACK
from copilot.cloud.rules.rule import Properties, Scene, many

INLINE_CHARACTERS, TRUST_CHARACTERS = 10_240, 2_048
"""How long all inline policies of a role, and its trust policy, may be together, without white space."""
TAGGED = {
    "agent_runtime", "alarm", "api_key", "auto_scaling_group", "bucket", "function", "instance_profile", "launch_template", "log_group",
    "rest_api", "role", "sagemaker_config", "sagemaker_endpoint", "sagemaker_model", "security_group", "table", "token", "usage_plan",
}  # fmt: skip
UNSCOPED = {"ecr:GetAuthorizationToken"}
"""Actions that IAM allows on everything or on nothing."""
ALWAYS_PROFILED = re.compile(r"anthropic\.claude-(3-7|[a-z]+-[4-9])|meta\.llama(3-[23]|4)|deepseek\.r1")
PROFILED = re.compile(r"anthropic\.claude-3-5-(sonnet-20241022|haiku)")
"""Models that are called through an inference profile: always; or outside the one region that serves them on demand."""
ON_DEMAND = "us-west-2"
MODEL = re.compile(r"arn:aws[\w-]*:bedrock:([a-z0-9-]*):(\d*):(foundation-model|inference-profile)/(.+)")


def check_tags(resource: Resource, _: Scene) -> Iterator[str]:
    """Yield a problem for what a removal of the deployment would not find again."""
    if resource.type in TAGGED and not resource.properties.get("tags", {}).get(STACK):
        yield f"it carries no tag {STACK}: removing the deployment would leave it behind"


def check_role(role: Properties, scene: Scene) -> Iterator[str]:
    documents = list(role["policies"].values())
    for document in documents:
        yield from _malformed(document)
        for statement in document.get("Statement", []):
            yield from _wide(statement)
    yield from _models(documents, scene)
    if anybody(role["trust"]):
        yield "anybody could assume the role"
    if sum(len(_short(document)) for document in documents) > INLINE_CHARACTERS:
        yield f"its policies are longer than {INLINE_CHARACTERS} characters"
    if len(_short(role["trust"])) > TRUST_CHARACTERS:
        yield f"its trust policy is longer than {TRUST_CHARACTERS} characters"


def check_permission(permission: Properties, _: Scene) -> Iterator[str]:
    if permission["principal"] == "*":
        yield "everyone could invoke the function"
    if not str(permission.get("source") or "").startswith("arn:"):
        yield "the permission names no source: the service could invoke the function for a stranger's resource"


def anybody(document: Mapping[str, Any]) -> bool:
    """Tell whether a policy allows everyone."""
    return any(s["Effect"] == "Allow" and s.get("Principal") in ("*", {"AWS": "*"}) for s in document.get("Statement", []))


def _malformed(document: Mapping[str, Any]) -> Iterator[str]:
    if document.get("Version", "2012-10-17") not in ("2012-10-17", "2008-10-17"):
        yield f"a policy has the version {document['Version']}; IAM takes 2012-10-17"
    for statement in document.get("Statement", []):
        if statement.get("Effect") not in ("Allow", "Deny"):
            yield f"a policy says {statement.get('Effect')!r} where IAM takes Allow or Deny"
        if not {"Action", "NotAction"} & statement.keys() or not {"Resource", "NotResource"} & statement.keys():
            yield "a statement of a policy names no action, or no resource"


def _wide(statement: Mapping[str, Any]) -> Iterator[str]:
    if statement.get("Effect") != "Allow":
        return
    if {"NotAction", "NotResource"} & statement.keys():
        yield "the role may do all but what a statement names: name each action and resource"
    actions, resources = (many(statement.get(part, [])) for part in ("Action", "Resource"))
    if wide := [action for action in actions if "*" in action]:
        yield f"the role may do {', '.join(wide)}: name each action"
    if wide := [arn for arn in resources if "*" in arn and not arn.endswith(":log-stream:*") and set(actions) - UNSCOPED]:
        yield f"the role reaches {', '.join(wide)}: name each resource"


def _models(documents: list[Any], scene: Scene) -> Iterator[str]:
    """Yield what keeps a role from calling the Bedrock models that it names."""
    arns = [
        arn
        for document in documents
        for statement in document.get("Statement", [])
        if statement.get("Effect") == "Allow" and any(str(action).startswith("bedrock:Invoke") for action in many(statement.get("Action")))
        for arn in many(statement.get("Resource"))
    ]
    found = [(arn, parts.groups()) for arn in arns if (parts := MODEL.fullmatch(arn))]
    profiles = [(region, account, name) for _, (region, account, kind, name) in found if kind == "inference-profile"]
    behind = {arn for region, account, name in profiles for arn in invoked(name, region, account)}
    for arn, (region, _account, kind, name) in found:
        if kind == "foundation-model" and arn not in behind and _needs_profile(name, region or scene.region):
            yield (
                f"{name} is called through an inference profile in {region or scene.region or 'its region'}: use e.g. us.{name}, "
                "and allow the profile and the model behind it"
            )
    if missing := sorted(behind - set(arns)):
        yield f"the role may use an inference profile, but not all that it needs for it: {', '.join(missing)}"


def _needs_profile(model: str, region: str) -> bool:
    return bool(ALWAYS_PROFILED.match(model) or (PROFILED.match(model) and region != ON_DEMAND))


def _short(document: Mapping[str, Any]) -> str:
    return json.dumps(document, separators=(",", ":"))
