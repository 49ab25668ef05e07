"""Lambda: the functions of the simulated account, run for real in processes of their own."""

import io
import json
import math
import os
import shutil
import sys
import tempfile
import threading
import time
import zipfile
from collections import Counter
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote
from uuid import uuid4

from moto.awslambda.models import lambda_backends
from moto.core import DEFAULT_ACCOUNT_ID

from copilot.cloud.simulator.principals import Principals
from copilot.cloud.simulator.process import Process
from copilot.cloud.simulator.reply import Reply
from copilot.cloud.simulator.telemetry import Run, Write, report_run, report_throttle

RUNTIME = "python{}.{}".format(*sys.version_info[:2])


class Target(NamedTuple):
    """The version of a function that a call reaches. `function` is moto's; `alias` is empty when it was not called by one."""

    function: Any
    version: str
    alias: str

    @property
    def resource(self) -> str:
        """The name under which metrics count it."""
        name = str(self.function.function_name)
        called = self.alias or ("" if self.version == "$LATEST" else self.version)
        return f"{name}:{called}" if called else name


class Functions:
    """Invokes functions, keeping their processes warm.

    Args:
        folder: Where zips are unpacked, by content.
        endpoint: The simulated account, which the functions see as AWS.
        principals: Where each process gets a key that stands for its function's role.
        write: How logs and metrics get into the account.
    """

    def __init__(self, folder: Path, endpoint: str, principals: Principals, write: Write) -> None:
        self.folder = folder
        self.endpoint = endpoint
        self.principals = principals
        self.write = write
        self._processes: dict[tuple[str, str], Process] = {}
        self._starting = threading.Lock()
        self._called: Counter[str] = Counter()

    def invoke(self, region: str, name: str, payload: bytes, qualifier: str = "") -> Reply:
        """Run a function on an event, write its log and metrics, and answer as the Invoke call does.

        Args:
            name: Name or ARN, with or without a version or alias behind it.
        """
        target = self._find(region, unquote(name), qualifier)
        if target is None:
            return _refused(404, "ResourceNotFoundException", f"Function not found: {unquote(name)}")
        function = target.function
        if function.run_time != RUNTIME:
            message = f"The simulated account runs {RUNTIME} only, and {function.function_name} wants {function.run_time}"
            return _refused(400, "NotSimulated", message)
        if str(function.reserved_concurrency) == "0":
            report_throttle(self.write, region, function.function_name, target.resource)
            return _refused(429, "TooManyRequestsException", "Rate Exceeded.")
        request = {"id": str(uuid4()), "seconds": function.timeout, "event": json.loads(payload or b"{}"), "context": _context(target)}
        started = time.monotonic()
        outcome = self._process(region, target).call(request)
        failed = "error" in outcome
        milliseconds = outcome.get("milliseconds", (time.monotonic() - started) * 1000)
        run = Run(function, target.resource, target.alias, target.version, request["id"], milliseconds, outcome)
        report_run(self.write, region, run)
        content = json.dumps(outcome["error"] if failed else outcome["result"]).encode()
        said = {"X_Amz_Executed_Version": target.version} | ({"X_Amz_Function_Error": "Unhandled"} if failed else {})
        return Reply.of_json(200, content, **said)

    def close(self) -> None:
        for process in self._processes.values():
            process.close()
        self._processes.clear()

    def _find(self, region: str, name: str, qualifier: str) -> Target | None:
        """Return what a call reaches; through an alias with weights, each version gets its share of the calls, evenly spread."""
        backend = lambda_backends[DEFAULT_ACCOUNT_ID][region]
        plain, _, behind = (name.partition(":function:")[2] if name.startswith("arn:") else name).partition(":")
        version, alias = behind or qualifier or "$LATEST", ""
        try:
            if version != "$LATEST" and not version.isdigit():
                alias, version = version, self._share(backend.get_alias(version, plain))
            return Target(backend.get_function(plain, version), version, alias)
        except Exception as error:
            if "Unknown" in type(error).__name__:
                return None
            raise

    def _share(self, alias: Any) -> str:
        """Return the version whose turn it is."""
        self._called[alias.arn] += 1
        number = self._called[alias.arn]
        for version, weight in ((alias.routing_config or {}).get("AdditionalVersionWeights") or {}).items():
            if math.floor(number * weight) > math.floor((number - 1) * weight):
                return str(version)
        return str(alias.function_version)

    def _process(self, region: str, target: Target) -> Process:
        function = target.function
        parts = (function.code_sha_256, function.memory_size, function.handler, function.role, function.environment_vars)
        place, made_of = str(function.function_arn), json.dumps(parts, sort_keys=True)
        with self._starting:
            known = self._processes.get((place, made_of))
            if known and known.alive:
                return known
            for outdated in [known for known in self._processes if known[0] == place]:  # changed, or dead
                old = self._processes.pop(outdated)
                self.principals.dismiss(old.key)
                old.close()
            key = self.principals.admit(function.role, function.function_name)
            fresh = Process(self._unpack(function.code_bytes), function, self._environment(region, target, key), key)
            self._processes[place, made_of] = fresh
        return fresh

    def _unpack(self, code: bytes) -> Path:
        root = self.folder / sha256(code).hexdigest()
        if not root.exists():
            self.folder.mkdir(exist_ok=True, mode=0o700)
            part = Path(tempfile.mkdtemp(dir=self.folder))
            with zipfile.ZipFile(io.BytesIO(code)) as archive:
                archive.extractall(part)
            try:
                part.rename(root)
            except OSError:  # another process was first
                shutil.rmtree(part)
        return root

    def _environment(self, region: str, target: Target, key: str) -> dict[str, str]:
        own = {
            "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "TZ": "UTC", "OPENBLAS_NUM_THREADS": "1",
            "AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull,  # else those of this machine's user count
            "AWS_ENDPOINT_URL": self.endpoint, "AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": "simulated",
            "AWS_REGION": region, "AWS_DEFAULT_REGION": region,
            "AWS_LAMBDA_FUNCTION_NAME": target.function.function_name, "AWS_LAMBDA_FUNCTION_VERSION": target.version,
        }  # fmt: skip
        return {**(target.function.environment_vars or {}), **own}


def _context(target: Target) -> dict[str, Any]:
    function = target.function
    return {
        "function_name": function.function_name,
        "function_version": target.version,
        "memory_limit_in_mb": function.memory_size,
        "invoked_function_arn": f"{function.function_arn.partition(':function:')[0]}:function:{target.resource}",
    }


def _refused(status: int, code: str, message: str) -> Reply:
    return Reply.of_json(status, {"__type": code, "Message": message, "message": message}, x_amzn_errortype=code)
