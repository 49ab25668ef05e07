"""IAM of the simulated account: what a function's role may do, judged as AWS does; moto's own check is not usable beyond S3."""

import json
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

from moto.core import DEFAULT_ACCOUNT_ID
from moto.iam.models import iam_backends

from copilot.cloud.simulator.demand import Demand, demands
from copilot.cloud.simulator.principals import Principal
from copilot.cloud.simulator.reply import Reply, refusal

Statement = Mapping[str, Any]


def check(who: Principal, environ: Mapping[str, Any], body: bytes) -> Reply | None:
    """Return the refusal when a role may not do what a request asks for; None when it may."""
    try:
        missing = next((d for d in demands(environ, body, DEFAULT_ACCOUNT_ID) if not allowed(who.role, d)), None)
    except NotImplementedError as error:
        return refusal(environ, "NotSimulated", f"The simulated account cannot judge this: {error}")
    if missing is None:
        return None
    on = missing.resource or "*"
    code = "AccessDenied" if missing.action.startswith("s3:") else "AccessDeniedException"
    message = (
        f"User: {who.name} is not authorized to perform: {missing.action} on resource: {on} "
        f"because no identity-based policy allows the {missing.action} action"
    )
    return refusal(environ, code, message, 403)


def allowed(role: str, demand: Demand) -> bool:
    """Tell whether the policies of a role allow an action: something has to allow it, and nothing may deny it."""
    statements = [s for s in _statements(role) if _covers(s, demand)]
    if any(s.get("Condition") for s in statements):
        raise NotImplementedError(f"a policy with a condition on {demand.action}")
    return any(s["Effect"] == "Allow" for s in statements) and not any(s["Effect"] == "Deny" for s in statements)


def _statements(arn: str) -> Iterator[Statement]:
    roles = iam_backends[DEFAULT_ACCOUNT_ID]["aws"].roles.values()
    role = next((r for r in roles if r.arn == arn), None)
    if role is None:
        return
    if role.permissions_boundary_arn:
        raise NotImplementedError("a role with a permissions boundary")
    for document in [*role.policies.values(), *map(_current, role.managed_policies.values())]:
        said = json.loads(document)["Statement"]
        yield from said if isinstance(said, list) else [said]


def _current(policy: Any) -> str:
    """Return the document of a managed policy that is in force."""
    return str(next(version.document for version in policy.versions if version.is_default))


def _covers(statement: Statement, demand: Demand) -> bool:
    """Tell whether a statement speaks of an action; one whose resource cannot be told is covered by `*` only."""
    return _names(statement, "Action", demand.action.lower(), str.lower) and _names(statement, "Resource", demand.resource or "*", str)


def _names(statement: Statement, part: str, value: str, form: Any) -> bool:
    negated = f"Not{part}" in statement
    said = statement.get(f"Not{part}" if negated else part, [])
    patterns = [said] if isinstance(said, str) else said
    return negated != any(fnmatchcase(value, form(pattern).replace("[", "[[]")) for pattern in patterns)
