"""API Gateway: the REST APIs of the simulated account, answering over HTTP with key check, throttling, access log and metrics."""

import base64
import json
import re
import threading
import time
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any, NamedTuple
from urllib.parse import parse_qs
from uuid import uuid4

from moto.awslambda.models import lambda_backends
from moto.core import DEFAULT_ACCOUNT_ID

from copilot.cloud.simulator.functions import Functions
from copilot.cloud.simulator.reply import Reply
from copilot.cloud.simulator.telemetry import Write, put_metrics, write_lines

FORBIDDEN = {"message": "Forbidden"}
NO_ROUTE = {"message": "Missing Authentication Token"}
BROKEN = {"message": "Internal server error"}
TOO_MANY = {"message": "Too Many Requests"}
VARIABLE = re.compile(r"\$context\.([\w.]+)")


class Asked(NamedTuple):
    """One request to a stage."""

    region: str
    api: str
    stage: str
    path: str
    verb: str
    environ: Mapping[str, Any]
    body: bytes
    id: str


class Gateway:
    """Answers the requests to the REST APIs of an account.

    Args:
        functions: What stands behind them.
        write: How logs and metrics get into the account.
    """

    def __init__(self, functions: Functions, write: Write) -> None:
        self.functions = functions
        self.write = write
        self._buckets: dict[tuple[str, str], tuple[float, float]] = {}
        self._counting = threading.Lock()

    def respond(self, environ: Mapping[str, Any], body: bytes, region: str, api: str, stage: str, path: str) -> Reply:
        """Answer one request to a stage, as AWS would."""
        from moto.apigateway.models import apigateway_backends  # slow to import, and only here needed

        asked = Asked(region, api, stage, path, environ["REQUEST_METHOD"], environ, body, str(uuid4()))
        backend, started = apigateway_backends[DEFAULT_ACCOUNT_ID][region], time.monotonic()
        rest = backend.apis.get(api)
        place = rest and rest.stages.get(stage)
        if not place:
            return Reply.of_json(403, NO_ROUTE if rest else FORBIDDEN)
        reply = self._answer(backend, rest, asked)
        self._report(rest.name, place, asked, reply, (time.monotonic() - started) * 1000)
        return reply

    def _answer(self, backend: Any, rest: Any, asked: Asked) -> Reply:
        resource = next((r for r in list(rest.resources.values()) if r.get_path() == asked.path), None)
        method = resource and resource.resource_methods.get(asked.verb)
        if not method:
            return Reply.of_json(403, NO_ROUTE)
        if method.api_key_required:
            plan = _plan(backend, asked)
            if plan is None:
                return Reply.of_json(403, FORBIDDEN)
            if not self._may_pass(plan, asked.environ.get("HTTP_X_API_KEY", "")):
                return Reply.of_json(429, TOO_MANY)
        function = method.method_integration.uri.partition("/functions/")[2].removesuffix("/invocations")
        source = f"arn:aws:execute-api:{asked.region}:{DEFAULT_ACCOUNT_ID}:{asked.api}/{asked.stage}/{asked.verb}{asked.path}"
        if not _may_invoke(asked.region, function, source):
            return Reply.of_json(500, BROKEN)
        return self._invoke(asked, function)

    def _may_pass(self, plan: Any, key: str) -> bool:
        """Take a token from the bucket that a usage plan gives a key: `burst` of them, `rate` new ones a second."""
        rate, burst = float(plan.throttle.get("rateLimit", 0)), float(plan.throttle.get("burstLimit", 0))
        if not rate:
            return True
        now = time.monotonic()
        with self._counting:
            left, at = self._buckets.get((plan.id, key), (burst, now))
            left = min(burst, left + (now - at) * rate)
            self._buckets[plan.id, key] = (max(left - 1, 0.0), now)
        return left >= 1

    def _invoke(self, asked: Asked, function: str) -> Reply:
        ran = self.functions.invoke(asked.region, function, json.dumps(_event(asked)).encode())
        result = json.loads(ran.body) if ran.status == 200 else None
        failed = any(name == "X-Amz-Function-Error" for name, _ in ran.headers)
        if failed or not isinstance(result, dict) or "statusCode" not in result:
            return Reply.of_json(502, BROKEN)
        return Reply.of_json(int(result["statusCode"]), str(result.get("body", "")).encode())

    def _report(self, name: str, stage: Any, asked: Asked, reply: Reply, milliseconds: float) -> None:
        """Write the metrics of a request, and a line into the access log where the stage has one."""
        metrics = {
            "Count": (1, "Count"), "4XXError": (int(400 <= reply.status < 500), "Count"), "5XXError": (int(reply.status >= 500), "Count"),
            "Latency": (milliseconds, "Milliseconds"),
        }  # fmt: skip
        put_metrics(self.write, asked.region, "AWS/ApiGateway", metrics, [{"ApiName": name}, {"ApiName": name, "Stage": asked.stage}])
        log = stage.access_log_settings or {}
        if "destinationArn" in log:
            said = {
                "requestId": asked.id, "requestTime": time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime()), "httpMethod": asked.verb,
                "resourcePath": asked.path, "status": str(reply.status), "responseLatency": str(int(milliseconds)), "stage": asked.stage,
                "responseLength": str(len(reply.body)), "identity.sourceIp": asked.environ.get("REMOTE_ADDR", ""),
            }  # fmt: skip
            line = VARIABLE.sub(lambda found: said.get(found[1], "-"), log.get("format", ""))
            group = log["destinationArn"].partition(":log-group:")[2].removesuffix(":*")
            write_lines(self.write, asked.region, group, "simulated", [line])


def _plan(backend: Any, asked: Asked) -> Any:
    """Return the usage plan of this stage that the shown key belongs to; None when it is unknown, or disabled."""
    value = asked.environ.get("HTTP_X_API_KEY", "")
    keys = {key.id for key in list(backend.keys.values()) if key.value == value and key.enabled}
    for plan in list(backend.usage_plans.values()):
        serves = any((s["apiId"], s["stage"]) == (asked.api, asked.stage) for s in plan.api_stages)
        if serves and keys & set(backend.usage_plan_keys.get(plan.id, {})):
            return plan
    return None


def _may_invoke(region: str, function: str, source: str) -> bool:
    """Tell whether the policy of a function, version or alias lets the gateway in."""
    name, _, qualifier = function.partition(":function:")[2].partition(":")
    try:
        said = lambda_backends[DEFAULT_ACCOUNT_ID][region].get_policy(name, qualifier or None)
    except Exception as error:
        if "Unknown" in type(error).__name__:
            return False
        raise
    policy = json.loads(json.loads(said)["Policy"])
    arns = [s.get("Condition", {}).get("ArnLike", {}).get("AWS:SourceArn", "*") for s in policy["Statement"] if _speaks_of(s, function)]
    return any(fnmatchcase(source, arn) for arn in arns)


def _speaks_of(statement: Mapping[str, Any], function: str) -> bool:
    """Tell whether a statement is about exactly this function or alias; moto keeps those of all of them in one policy."""
    return bool(statement["Principal"].get("Service") == "apigateway.amazonaws.com" and statement["Resource"] == function)


def _event(asked: Asked) -> dict[str, Any]:
    """Shape the request as a proxy integration does (payload version 1.0)."""
    headers = {k[5:].replace("_", "-").title(): v for k, v in asked.environ.items() if k.startswith("HTTP_") and k != "HTTP_X_API_KEY"}
    query = parse_qs(asked.environ.get("QUERY_STRING", ""))
    try:
        text, encoded = asked.body.decode(), False
    except UnicodeDecodeError:
        text, encoded = base64.b64encode(asked.body).decode(), True
    return {
        "resource": asked.path, "path": asked.path, "httpMethod": asked.verb,
        "headers": headers, "multiValueHeaders": {k: [v] for k, v in headers.items()},
        "queryStringParameters": {k: v[-1] for k, v in query.items()} or None, "multiValueQueryStringParameters": query or None,
        "pathParameters": None, "stageVariables": None, "body": text or None, "isBase64Encoded": encoded,
        "requestContext": {"apiId": asked.api, "stage": asked.stage, "resourcePath": asked.path, "httpMethod": asked.verb,
                           "requestId": asked.id, "path": f"/{asked.stage}{asked.path}",
                           "identity": {"sourceIp": asked.environ.get("REMOTE_ADDR", "")}},
    }  # fmt: skip
