"""API Gateway: the REST APIs of the simulated account, answering over HTTP with the API-key check of AWS."""

import base64
import json
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import parse_qs

from copilot.cloud.simulator.reply import Reply
from copilot.outside.aws import MISSING, ClientError, Session, code_of, session

FORBIDDEN = {"message": "Forbidden"}
NO_ROUTE = {"message": "Missing Authentication Token"}
BROKEN = {"message": "Internal server error"}


def respond(endpoint: str, environ: Mapping[str, Any], body: bytes, region: str, api: str, stage: str, path: str) -> Reply:
    """Answer one request to a stage of a REST API, as AWS would."""
    here, verb = session(region, endpoint), environ["REQUEST_METHOD"]
    gateway = here.client("apigateway")
    try:
        gateway.get_stage(restApiId=api, stageName=stage)
        resources = gateway.get_resources(restApiId=api)["items"]
        place = next(r["id"] for r in resources if r["path"] == path)
        method = gateway.get_method(restApiId=api, resourceId=place, httpMethod=verb)
    except StopIteration:
        return Reply.of_json(403, NO_ROUTE)
    except ClientError as error:
        return Reply.of_json(403, NO_ROUTE if code_of(error) in MISSING else FORBIDDEN)
    if method["apiKeyRequired"] and not _known_key(gateway, environ.get("HTTP_X_API_KEY", ""), api, stage):
        return Reply.of_json(403, FORBIDDEN)
    function = method["methodIntegration"]["uri"].partition(":function:")[2].partition("/")[0]
    source = f"arn:aws:execute-api:{region}:{here.account}:{api}/{stage}/{verb}{path}"
    if not _may_invoke(here, function, source):
        return Reply.of_json(500, BROKEN)
    return _invoke(here, function, _event(environ, body, stage, path, api))


def _known_key(gateway: Any, value: str, api: str, stage: str) -> bool:
    """Tell whether a key is enabled and belongs to a usage plan of this stage."""
    keys = [k["id"] for k in gateway.get_api_keys(includeValues=True)["items"] if k["value"] == value and k["enabled"]]
    plans = [p["id"] for p in gateway.get_usage_plans()["items"] if {"apiId": api, "stage": stage} in _stages(p)]
    return any(k["id"] in keys for plan in plans for k in gateway.get_usage_plan_keys(usagePlanId=plan)["items"])


def _stages(plan: Mapping[str, Any]) -> list[dict[str, str]]:
    return [{"apiId": s["apiId"], "stage": s["stage"]} for s in plan.get("apiStages", [])]


def _may_invoke(here: Session, function: str, source: str) -> bool:
    try:
        policy = json.loads(here.client("lambda").get_policy(FunctionName=function)["Policy"])
    except ClientError:
        return False
    allowed = [s for s in policy["Statement"] if s["Principal"].get("Service") == "apigateway.amazonaws.com"]
    return any(fnmatchcase(source, s.get("Condition", {}).get("ArnLike", {}).get("AWS:SourceArn", "*")) for s in allowed)


def _event(environ: Mapping[str, Any], body: bytes, stage: str, path: str, api: str) -> dict[str, Any]:
    """Shape the request as a proxy integration does (payload version 1.0)."""
    headers = {k[5:].replace("_", "-").title(): v for k, v in environ.items() if k.startswith("HTTP_") and k != "HTTP_X_API_KEY"}
    query = parse_qs(environ.get("QUERY_STRING", ""))
    try:
        text, encoded = body.decode(), False
    except UnicodeDecodeError:
        text, encoded = base64.b64encode(body).decode(), True
    return {
        "resource": path, "path": path, "httpMethod": environ["REQUEST_METHOD"],
        "headers": headers, "multiValueHeaders": {k: [v] for k, v in headers.items()},
        "queryStringParameters": {k: v[-1] for k, v in query.items()} or None, "multiValueQueryStringParameters": query or None,
        "pathParameters": None, "stageVariables": None, "body": text or None, "isBase64Encoded": encoded,
        "requestContext": {"apiId": api, "stage": stage, "resourcePath": path, "httpMethod": environ["REQUEST_METHOD"],
                           "path": f"/{stage}{path}", "identity": {"sourceIp": environ.get("REMOTE_ADDR", "")}},
    }  # fmt: skip


def _invoke(here: Session, function: str, event: Mapping[str, Any]) -> Reply:
    said = here.client("lambda", once=True).invoke(FunctionName=function, Payload=json.dumps(event).encode())
    result = json.loads(said["Payload"].read())
    if "FunctionError" in said or not isinstance(result, dict) or "statusCode" not in result:
        return Reply.of_json(502, BROKEN)
    return Reply.of_json(int(result["statusCode"]), str(result.get("body", "")).encode())
