"""The serverless deployment of an agent, as a graph of resources."""

import json
import re
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from typing import Any

from copilot.answering.agent import PASSAGES
from copilot.answering.policy import Policy
from copilot.cloud.bundle import HANDLER
from copilot.cloud.graph import Resource
from copilot.cloud.models import invoked
from copilot.cloud.providers.provider import STACK
from copilot.cloud.speaker import Speaker
from copilot.cloud.watching import Watched, watch

INDEX = "index/"
"""Where in the bucket the documents lie."""
STAGE, PATH, VERB = "live", "ask", "POST"
ALIAS = "live"
"""Under which the function is called: the version behind it changes at once, or for a share of the calls first."""
SHORT = 34
"""Longest prefix of names: a bucket's name is at most 63 characters, with the account and the region behind the prefix."""

LONGEST_TAG = 240
"""Of the 256 characters that the value of a tag may have, those that are left for what people can read."""


@dataclass(frozen=True)
class Settings:
    """What a person can choose about a deployment.

    Args:
        memory: MB of the function; also its share of a processor (1769 MB are one).
        timeout: Seconds; API Gateway waits 29 at most.
        log_days: How long log lines are kept.
        rate: Requests a second.
        burst: Requests at once.
        quota: Requests a month.
        protected: Whether the tables are protected against being deleted.
        budget: USD a month; AWS counts what carries our tag, once that is activated as a cost allocation tag.
    """

    memory: int = 1769
    timeout: int = 28
    log_days: int = 30
    rate: int = 10
    burst: int = 20
    quota: int = 100_000
    budget: int = 50
    protected: bool = False


@dataclass(frozen=True)
class Content:
    """Hashes of the artifacts that a deployment is made of."""

    code: str
    index: str
    weights: str
    tokenizer: str
    package: str = ""
    """All of them in one archive, where a target takes only that."""


@dataclass(frozen=True)
class Blueprint:
    """What is deployed, and where.

    Args:
        runtime: Lambda's name of the Python version, e.g. `python3.12`.
        workspace: Id of the workspace: another one may deploy an agent of the same name to the same account.
        speaker: The language model that answers; None for the built-in one.
    """

    agent: str
    version: int
    environment: str
    owner: str
    collections: tuple[str, ...]
    account: str
    region: str
    runtime: str
    content: Content
    settings: Settings
    policy: Policy = field(default_factory=Policy)
    workspace: str = ""
    speaker: Speaker | None = None

    @property
    def prefix(self) -> str:
        """How all names begin: readable, within the limits of AWS, and different for different workspaces, owners and agents."""
        readable = re.sub(r"[^a-z0-9]+", "-", f"copilot-{self.agent}-{self.environment}".lower()).strip("-")
        return f"{readable[: SHORT - 7].rstrip('-')}-{self._mark[:6]}"

    @property
    def stack(self) -> str:
        """The value of the ownership tag: readable, in the characters that tags may have, and different for whatever they leave out."""
        readable = re.sub(r"[^\w+=.:/@ -]", "_", f"{self.workspace}/{self.owner}/{self.agent}/{self.environment}", flags=re.ASCII)
        return f"{readable[:LONGEST_TAG]}/{self._mark[:12]}"

    @property
    def _mark(self) -> str:
        return sha256(f"{self.workspace}/{self.owner}/{self.agent}/{self.environment}".encode()).hexdigest()


def graph(blueprint: Blueprint) -> tuple[Resource, ...]:
    """Return every resource of the deployment."""
    tags = {STACK: blueprint.stack}
    return (*storage(blueprint, tags), *_function(blueprint, tags), *_api(blueprint, tags), *watch(_watched(blueprint, tags)))


def bucket_name(blueprint: Blueprint) -> str:
    return f"{blueprint.prefix}-{blueprint.account}-{blueprint.region}"


def _names(blueprint: Blueprint) -> dict[str, str]:
    at, prefix = blueprint, blueprint.prefix
    return {
        "bucket": bucket_name(blueprint),
        "function": f"{prefix}-ask",
        "alias_arn": f"arn:aws:lambda:{at.region}:{at.account}:function:{prefix}-ask:{ALIAS}",
        "table": f"{prefix}-state",
        "table_arn": f"arn:aws:dynamodb:{at.region}:{at.account}:table/{prefix}-state",
        "role": f"{prefix}-role",
        "role_arn": f"arn:aws:iam::{at.account}:role/{prefix}-role",
        "logs": f"/aws/lambda/{prefix}-ask",
        "logs_arn": f"arn:aws:logs:{at.region}:{at.account}:log-group:/aws/lambda/{prefix}-ask",
        "api": f"{prefix}-api",
        "api_logs": f"/aws/apigateway/{prefix}-api",
        "api_logs_arn": f"arn:aws:logs:{at.region}:{at.account}:log-group:/aws/apigateway/{prefix}-api",
    }


def object_keys(content: Content) -> dict[str, str]:
    """Return the key of every object in the bucket; each ends in the hash of its content."""
    return {"package": f"{INDEX}{content.package}"} if content.package else _parts(content)


def _parts(content: Content) -> dict[str, str]:
    return {
        "code": f"code/{content.code}",
        "index": f"{INDEX}{content.index}",
        "weights": f"model/{content.weights}",
        "tokenizer": f"model/{content.tokenizer}",
    }


def object_id(key: str) -> str:
    """Name an object after its content: new content is a new resource, made before the function turns to it; the old one goes last."""
    return key.replace("/", "_")[: key.index("/") + 9]


def described(blueprint: Blueprint) -> str:
    """Return what `copilot.cloud.handler` reads from `COPILOT_AGENT`."""
    keys = _parts(blueprint.content)
    agent = {
        "bucket": bucket_name(blueprint),
        "index": keys["index"],
        "model": {"model.safetensors": keys["weights"], "tokenizer.json": keys["tokenizer"]},
        "owner": blueprint.owner,
        "collections": list(blueprint.collections),
        "passages": PASSAGES,
        "policy": asdict(blueprint.policy),
    }
    speaker = {"speaker": asdict(blueprint.speaker)} if blueprint.speaker else {}
    return json.dumps({**agent, **speaker}, sort_keys=True)


def storage(blueprint: Blueprint, tags: dict[str, str]) -> list[Resource]:
    """Return the bucket, and in it everything that an agent answers with."""
    name = bucket_name(blueprint)
    arn = f"arn:aws:s3:::{name}"
    encrypted_only = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "OnlyOverTls",
                "Effect": "Deny",
                "Principal": "*",
                "Action": "s3:*",
                "Resource": [arn, f"{arn}/*"],
                "Condition": {"Bool": {"aws:SecureTransport": "false"}},
            }
        ],
    }
    bucket = {"name": name, "versioned": True, "encryption": "AES256", "private": True, "policy": encrypted_only, "tags": tags}
    objects = [
        Resource(object_id(key), "object", {"bucket": name, "key": key, "sha256": key.rpartition("/")[2]}, ("bucket",))
        for key in object_keys(blueprint.content).values()
    ]
    return [Resource("bucket", "bucket", bucket), *objects]


def _function(blueprint: Blueprint, tags: dict[str, str]) -> list[Resource]:
    names, keys, settings = _names(blueprint), object_keys(blueprint.content), blueprint.settings
    function = {
        "name": names["function"], "role": names["role_arn"], "runtime": blueprint.runtime, "handler": HANDLER,
        "memory": settings.memory, "timeout": settings.timeout,
        "environment": {"COPILOT_AGENT": described(blueprint), "COPILOT_TABLE": names["table"]},
        "code_bucket": names["bucket"], "code_key": keys["code"], "code_sha256": blueprint.content.code,
        "tags": {**tags, "copilot:agent-version": str(blueprint.version)},
    }  # fmt: skip
    table = {
        "name": names["table"], "keys": ["session", "at"], "expiry": "expires", "recovery": True, "protected": settings.protected,
        "tags": tags,
    }  # fmt: skip
    first = ("role", "logs", "table", *map(object_id, keys.values()))
    return [
        Resource("table", "table", table),
        Resource("role", "role", {"name": names["role"], **_permissions(blueprint, keys), "tags": tags}),
        Resource("logs", "log_group", {"name": names["logs"], "days": settings.log_days, "tags": tags}),
        Resource("function", "function", function, first),
        Resource(
            "alias", "alias", {"function": names["function"], "name": ALIAS, "content": _content(function), "share": 100}, ("function",)
        ),
    ]


def _content(function: dict[str, Any]) -> str:
    """Return what tells one version of a function from another: all that a published version is frozen with."""
    frozen = {name: value for name, value in function.items() if name not in ("tags", "code_bucket", "code_key")}
    return sha256(json.dumps(frozen, sort_keys=True).encode()).hexdigest()[:16]


def _permissions(blueprint: Blueprint, keys: dict[str, str]) -> dict[str, Any]:
    """Return what the function may do: read its own objects, add to its own table, write its own log, ask its own model; nothing else."""
    names, speaker = _names(blueprint), blueprint.speaker
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    objects = [f"arn:aws:s3:::{names['bucket']}/{keys[name]}" for name in ("index", "weights", "tokenizer")]
    allowed = [
        {"Effect": "Allow", "Action": "s3:GetObject", "Resource": objects},
        {"Effect": "Allow", "Action": "dynamodb:PutItem", "Resource": names["table_arn"]},
        {"Effect": "Allow", "Action": ["logs:CreateLogStream", "logs:PutLogEvents"], "Resource": f"{names['logs_arn']}:log-stream:*"},
    ]
    if speaker:
        models = invoked(speaker.model, blueprint.region, blueprint.account)
        allowed.append({"Effect": "Allow", "Action": "bedrock:InvokeModel", "Resource": models})
    return {
        "trust": {"Version": "2012-10-17", "Statement": [trust]},
        "policies": {"ask": {"Version": "2012-10-17", "Statement": allowed}},
    }


def _api(blueprint: Blueprint, tags: dict[str, str]) -> list[Resource]:
    names, settings, prefix = _names(blueprint), blueprint.settings, blueprint.prefix
    route = {"path": PATH, "verb": VERB, "function": names["alias_arn"], "key_required": True}
    content = sha256(json.dumps(route, sort_keys=True).encode()).hexdigest()[:16]
    source = f"arn:aws:execute-api:{blueprint.region}:{blueprint.account}:${{api}}/{STAGE}/{VERB}/{PATH}"
    permission = {
        "function": names["function"], "qualifier": ALIAS, "sid": "api", "principal": "apigateway.amazonaws.com", "source": source,
    }  # fmt: skip
    stage = {"api": "${api}", "name": STAGE, "content": content, "log": names["api_logs_arn"]}
    plan = {
        "name": f"{prefix}-plan", "stages": [f"${{api}}:{STAGE}"], "keys": ["${api_key}"],
        "rate": settings.rate, "burst": settings.burst, "quota": settings.quota, "tags": tags,
    }  # fmt: skip
    return [
        Resource("api_logs", "log_group", {"name": names["api_logs"], "days": settings.log_days, "tags": tags}),
        Resource("api", "rest_api", {"name": names["api"], **route, "tags": tags}, ("alias",)),
        Resource("permission", "permission", permission, ("alias",)),
        Resource("stage", "stage", stage, ("permission", "api_logs")),
        Resource("api_key", "api_key", {"name": f"{prefix}-key", "enabled": True, "tags": tags}),
        Resource("usage_plan", "usage_plan", plan, ("stage",)),
    ]


def _watched(blueprint: Blueprint, tags: dict[str, str]) -> Watched:
    names, settings = _names(blueprint), blueprint.settings
    return Watched(
        blueprint.prefix, blueprint.region, names["function"], ALIAS, names["api"], STAGE, settings.timeout, settings.budget, tags
    )
