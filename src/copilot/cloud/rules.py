"""What AWS would refuse, or should never be asked for, although the simulated account accepts it; checked before any call."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from copilot.cloud.graph import Resource

RETENTION_DAYS = {1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653}
RUNTIMES = {"python3.11", "python3.12", "python3.13"}
MEMORY_MB = range(128, 10_241)
TIMEOUT_S = range(1, 30)
"""A function behind API Gateway: the gateway waits 29 seconds."""
ENVIRONMENT_BYTES = 4096
BUCKET_NAME = re.compile(r"(?!\d+\.\d+\.\d+\.\d+$)(?!xn--)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
NAMES = {
    "function": re.compile(r"[\w-]{1,64}"),
    "role": re.compile(r"[\w+=,.@-]{1,64}"),
    "table": re.compile(r"[\w.-]{3,255}"),
    "log_group": re.compile(r"[\w./#-]{1,512}"),
    "alarm": re.compile(r".{1,255}"),
}

Properties = Mapping[str, Any]


@dataclass(frozen=True)
class Finding:
    """One thing that has to change before a plan can be carried out."""

    resource: str
    problem: str


def check(resources: Iterable[Resource]) -> tuple[Finding, ...]:
    """Return what is wrong with a graph."""
    return tuple(Finding(resource.id, problem) for resource in resources for problem in _problems(resource))


def _problems(resource: Resource) -> Iterator[str]:
    name, pattern = resource.properties.get("name", ""), NAMES.get(resource.type)
    if pattern and not pattern.fullmatch(name):
        yield f"'{name}' is not a valid name for a {resource.type.replace('_', ' ')}"
    rule = RULES.get(resource.type)
    if rule:
        yield from rule(resource.properties)


def _bucket(bucket: Properties) -> Iterator[str]:
    if not BUCKET_NAME.fullmatch(bucket["name"]) or ".." in bucket["name"]:
        yield f"'{bucket['name']}' is not a valid bucket name: 3 to 63 lower-case letters, digits and dashes"
    if not bucket["private"]:
        yield "the bucket would be open to the public"
    if not bucket["encryption"]:
        yield "the bucket would not be encrypted"
    statements = (bucket["policy"] or {}).get("Statement", [])
    if any(s["Effect"] == "Allow" and s.get("Principal") in ("*", {"AWS": "*"}) for s in statements):
        yield "the bucket's policy allows everyone"
    if not any(s["Effect"] == "Deny" and "aws:SecureTransport" in str(s.get("Condition")) for s in statements):
        yield "the bucket could be read without TLS"


def _role(role: Properties) -> Iterator[str]:
    for document in role["policies"].values():
        for statement in document["Statement"]:
            actions, resources = (_many(statement[part]) for part in ("Action", "Resource"))
            if wide := [action for action in actions if "*" in action]:
                yield f"the role may do {', '.join(wide)}: name each action"
            if wide := [arn for arn in resources if "*" in arn and not arn.endswith(":log-stream:*")]:
                yield f"the role reaches {', '.join(wide)}: name each resource"


def _function(function: Properties) -> Iterator[str]:
    if function["runtime"] not in RUNTIMES:
        yield f"Lambda has no runtime {function['runtime']}; it has {', '.join(sorted(RUNTIMES))}"
    if function["memory"] not in MEMORY_MB:
        yield f"{function['memory']} MB of memory is outside {MEMORY_MB.start} to {MEMORY_MB.stop - 1}"
    if function["timeout"] not in TIMEOUT_S:
        yield f"a timeout of {function['timeout']} s is outside {TIMEOUT_S.start} to {TIMEOUT_S.stop - 1}"
    if sum(len(f"{name}{value}".encode()) for name, value in function["environment"].items()) > ENVIRONMENT_BYTES:
        yield f"the environment is larger than {ENVIRONMENT_BYTES} bytes: use fewer collections"


def _log_group(group: Properties) -> Iterator[str]:
    if group["days"] not in RETENTION_DAYS:
        nearest = min(RETENTION_DAYS, key=lambda days: abs(days - group["days"]))
        yield f"log lines cannot be kept for {group['days']} days; the nearest that AWS has is {nearest}"


def _rest_api(api: Properties) -> Iterator[str]:
    if not api["key_required"]:
        yield "the API could be called without a key"


def _usage_plan(plan: Properties) -> Iterator[str]:
    if plan["rate"] <= 0 or plan["burst"] <= 0 or plan["quota"] <= 0:
        yield "the limits of the usage plan have to be positive"


def _many(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


RULES: dict[str, Callable[[Properties], Iterator[str]]] = {
    "bucket": _bucket,
    "role": _role,
    "function": _function,
    "log_group": _log_group,
    "rest_api": _rest_api,
    "usage_plan": _usage_plan,
}
