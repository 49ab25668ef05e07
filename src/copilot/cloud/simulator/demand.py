"""Which IAM actions on which resources a request needs, for the services that functions call."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple
from urllib.parse import parse_qs, unquote

from copilot.cloud.models import invoked

SCOPE = re.compile(r"Credential=[^/]+/\d+/(?P<region>[^/]+)/(?P<service>[^/]+)/")
PREFIXES = {"monitoring": "cloudwatch", "email": "ses"}
"""Services that sign under another name than their actions have."""
OPERATION = re.compile(r"/service/\w+/operation/(\w+)")
FUNCTION = re.compile(r"/2015-03-31/functions/([^/]+)/invocations")
MODEL = re.compile(r"/model/(.+)/(converse|converse-stream|invoke|invoke-with-response-stream)")
OBJECT_ACTIONS = {"GET": "GetObject", "HEAD": "GetObject", "PUT": "PutObject", "DELETE": "DeleteObject", "POST": "PutObject"}
BUCKET_ACTIONS = {"PUT": "CreateBucket", "DELETE": "DeleteBucket"}
LISTED = {"list-type", "prefix", "delimiter", "max-keys", "encoding-type", "continuation-token", "start-after"}
"""What a listing of a bucket can be asked for."""
TRANSACTED = {"Get": "GetItem", "Put": "PutItem", "Update": "UpdateItem", "Delete": "DeleteItem", "ConditionCheck": "ConditionCheckItem"}


class Demand(NamedTuple):
    """One action; `resource` is None where it cannot be told from the request."""

    action: str
    resource: str | None


class Scope(NamedTuple):
    """Where a request is signed for."""

    region: str
    service: str

    @classmethod
    def of(cls, environ: Mapping[str, Any]) -> "Scope":
        found = SCOPE.search(environ.get("HTTP_AUTHORIZATION", ""))
        return cls(found["region"], found["service"]) if found else cls("us-east-1", "")


def demands(environ: Mapping[str, Any], body: bytes, account: str) -> list[Demand]:
    """Return what a request needs; raise NotImplementedError when that cannot be told."""
    scope, path = Scope.of(environ), unquote(environ["PATH_INFO"])
    name = PREFIXES.get(scope.service, scope.service)
    if target := environ.get("HTTP_X_AMZ_TARGET"):
        action, said = str(target).rpartition(".")[2], json.loads(body or b"{}")
        return list(TARGETED.get(name, _anything)(f"{name}:{action}", said, f"arn:aws:{name}:{scope.region}:{account}"))
    if called := OPERATION.fullmatch(path):
        return [Demand(f"{name}:{called[1]}", None)]
    if environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded"):
        return [Demand(f"{name}:{parse_qs(body.decode())['Action'][0]}", None)]
    if name == "s3":
        return [_of_s3(environ, path)]
    if function := FUNCTION.fullmatch(path):
        arn = function[1] if function[1].startswith("arn:") else f"arn:aws:lambda:{scope.region}:{account}:function:{function[1]}"
        return [Demand("lambda:InvokeFunction", arn)]
    if model := MODEL.fullmatch(path):
        action = "bedrock:InvokeModelWithResponseStream" if "stream" in model[2] else "bedrock:InvokeModel"
        return [Demand(action, arn) for arn in invoked(model[1], scope.region, account)]
    raise NotImplementedError(f"the permission that {name} {environ['REQUEST_METHOD']} {path} needs")


def _anything(action: str, said: Mapping[str, Any], place: str) -> Iterable[Demand]:
    return [Demand(action, None)]


def _of_dynamodb(action: str, said: Mapping[str, Any], place: str) -> Iterator[Demand]:
    def table(name: str, index: str = "") -> str:
        return (name if name.startswith("arn:") else f"{place}:table/{name}") + (f"/index/{index}" if index else "")

    if name := said.get("TableName"):
        yield Demand(action, table(name, said.get("IndexName", "")))
    elif items := said.get("RequestItems"):
        yield from (Demand(action, table(name)) for name in items)
    elif items := said.get("TransactItems"):
        parts = [(kind, part) for item in items for kind, part in item.items()]
        yield from (Demand(f"dynamodb:{TRANSACTED[kind]}", table(part["TableName"])) for kind, part in parts)
    else:
        yield Demand(action, None)


def _of_logs(action: str, said: Mapping[str, Any], place: str) -> Iterator[Demand]:
    group, stream = said.get("logGroupName"), said.get("logStreamName")
    yield Demand(action, f"{place}:log-group:{group}" + (f":log-stream:{stream}" if stream else "") if group else None)


def _of_s3(environ: Mapping[str, Any], path: str) -> Demand:
    """Read an S3 request in path style; what a bucket is set to is not for functions."""
    bucket, _, key = path.lstrip("/").partition("/")
    asked, verb = set(parse_qs(environ.get("QUERY_STRING", ""), keep_blank_values=True)), environ["REQUEST_METHOD"]
    if not bucket:
        return Demand("s3:ListAllMyBuckets", "*")
    if key:
        version = "Version" if "versionId" in asked and verb in ("GET", "HEAD", "DELETE") else ""
        return Demand(f"s3:{OBJECT_ACTIONS[verb]}{version}", f"arn:aws:s3:::{bucket}/{key}")
    if verb in ("GET", "HEAD") and asked <= LISTED:
        return Demand("s3:ListBucket", f"arn:aws:s3:::{bucket}")
    if verb in BUCKET_ACTIONS and not asked:
        return Demand(f"s3:{BUCKET_ACTIONS[verb]}", f"arn:aws:s3:::{bucket}")
    raise NotImplementedError(f"the permission that S3 {verb} {path}?{'&'.join(sorted(asked))} needs")


TARGETED = {"dynamodb": _of_dynamodb, "logs": _of_logs}
