"""Make moto repeat itself, so that the same call at the same place in the journal gives the same ids and times; and mend it."""

import json
import os
import random
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import time_machine
from moto.core.base_backend import AccountSpecificBackend
from moto.moto_api._internal import mock_random

from copilot.cloud.simulator import instances

WITHOUT_TLS = {"Bool": {"aws:SecureTransport": "false"}}
LOG_ROLE = "arn:aws:iam::123456789012:role/api-gateway-logs"


@contextmanager
def repeatable(seed: int, at: float) -> Iterator[None]:
    """Run one call with its own random numbers and the clock standing at `at` (Unix time)."""
    _mend_s3()
    _mend_apigateway()
    _mend_dynamodb()
    _mend_agentcore()
    instances.mend()
    with _seeded(seed), time_machine.travel(at, tick=False):
        yield


@contextmanager
def _seeded(seed: int) -> Iterator[None]:
    state = random.getstate()
    mock_random.seed(seed)
    random.seed(seed)
    try:
        yield
    finally:
        random.setstate(state)


class _SeededOs:
    """The `os` module as moto's S3 sees it: multipart upload ids come from `urandom`."""

    def __getattr__(self, name: str) -> Any:
        return getattr(os, name)

    @staticmethod
    def urandom(size: int) -> bytes:
        return int(mock_random.getrandbits(8 * size)).to_bytes(size, "big")


def _mend_s3() -> None:
    """Change the S3 of moto as soon as a call has loaded it: ids from the seed, and bucket policies that ask for TLS."""
    models: Any = sys.modules.get("moto.s3.models")
    if models and not isinstance(models.os, _SeededOs):
        models.os = _SeededOs()
        models.FakeBucket.get_permission = _bucket_permission


def _mend_apigateway() -> None:
    """Let the REST APIs of the account write logs, which somebody has to allow once in every account."""
    models: Any = sys.modules.get("moto.apigateway.models")
    if models and not hasattr(models.Account, "cloudwatch_role_arn"):
        models.Account.cloudwatch_role_arn = property(lambda _: LOG_ROLE, lambda account, value: None)


def _mend_dynamodb() -> None:
    """Let a table whose stream was switched off have one again."""
    models: Any = sys.modules.get("moto.dynamodb.models")
    if models is None or hasattr(models.DynamoDBBackend, "switched_streams"):
        return
    models.DynamoDBBackend.switched_streams = switch = models.DynamoDBBackend.update_table_streams

    def update_table_streams(backend: Any, table: Any, wanted: dict[str, Any]) -> None:
        if not table.stream_specification.get("StreamEnabled"):
            table.latest_stream_label = None
        switch(backend, table, wanted)

    models.DynamoDBBackend.update_table_streams = update_table_streams


def _mend_agentcore() -> None:
    """Let a runtime that was changed be ready again, under the address that its tags are kept by."""
    models: Any = sys.modules.get("moto.bedrockagentcorecontrol.models")
    if models is None or hasattr(models.AgentRuntime, "changed"):
        return
    models.AgentRuntime.changed = change = models.AgentRuntime.update

    def update(runtime: Any, **settings: Any) -> None:
        arn = runtime.agent_runtime_arn
        change(runtime, **settings)
        runtime.agent_runtime_arn, runtime.status = arn, "READY"

    models.AgentRuntime.update = update


def _bucket_permission(bucket: Any, action: str, resource: str) -> Any:
    """Judge a bucket policy as if the request had come over TLS: moto takes every Deny with a condition for a plain Deny."""
    from moto.iam.access_control import IAMPolicy, PermissionResult

    if bucket.policy is None:
        return PermissionResult.NEUTRAL
    document = json.loads(bucket.policy)
    document["Statement"] = [s for s in document["Statement"] if s.get("Condition") != WITHOUT_TLS]
    return IAMPolicy(json.dumps(document)).is_action_permitted(action, resource)


def seed_backends() -> None:
    """Let every service take its default resources from its own seed, whichever call touches it first."""
    original = AccountSpecificBackend.__getitem__
    if original.__name__ == "seeded_getitem":
        return

    def seeded_getitem(self: Any, region: str) -> Any:
        if region in self.keys():
            return original(self, region)
        before = mock_random.getstate()
        try:
            with _seeded(zlib.crc32(f"{self.service_name}/{self.account_id}/{region}".encode())):
                return original(self, region)
        finally:
            mock_random.setstate(before)

    AccountSpecificBackend.__getitem__ = seeded_getitem
