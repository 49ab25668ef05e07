"""Lambda: the functions of the simulated account, run for real in processes of their own."""

import importlib.util
import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import uuid4

from moto.awslambda.models import lambda_backends
from moto.core import DEFAULT_ACCOUNT_ID

from copilot.cloud.simulator.reply import Reply
from copilot.outside.aws import KEY, ClientError, Session, code_of, session

RUNTIME = "python{}.{}".format(*sys.version_info[:2])
START_SECONDS = 10
ADDRESS_SPACE = 768 * 2**20
"""Granted on top of a function's memory: mapped libraries count as address space here, and not on AWS."""


class Functions:
    """Invokes functions, keeping their processes warm.

    Args:
        folder: Where zips are unpacked, by content.
        endpoint: The simulated account, which the functions see as AWS.
    """

    def __init__(self, folder: Path, endpoint: str) -> None:
        self.folder = folder
        self.endpoint = endpoint
        self._workers: dict[str, Worker] = {}
        self._starting = threading.Lock()

    def invoke(self, region: str, name: str, payload: bytes) -> Reply:
        """Run a function on an event, write its log and metrics, and answer as the Invoke call does."""
        here = session(region, self.endpoint)
        try:
            settings = here.client("lambda").get_function_configuration(FunctionName=name)
        except ClientError as error:
            return Reply.of_json(404, {"Message": str(error)}, x_amzn_errortype=code_of(error))
        if settings["Runtime"] != RUNTIME:
            message = f"The simulated account runs {RUNTIME} only, and {name} wants {settings['Runtime']}"
            return Reply.of_json(400, {"__type": "NotSimulated", "message": message}, x_amzn_errortype="NotSimulated")
        started = time.monotonic()
        outcome = self._worker(region, settings).call(json.loads(payload or b"{}"), settings)
        failed = "error" in outcome
        _report(here, settings["FunctionName"], outcome, failed, (time.monotonic() - started) * 1000)
        content = json.dumps(outcome["error"] if failed else outcome["result"]).encode()
        return Reply.of_json(200, content, **({"X_Amz_Function_Error": "Unhandled"} if failed else {}))

    def close(self) -> None:
        for worker in self._workers.values():
            worker.close()
        self._workers.clear()

    def _worker(self, region: str, settings: Mapping[str, Any]) -> "Worker":
        parts = ("CodeSha256", "MemorySize", "Handler", "Environment")
        made_of = json.dumps([settings.get(part) for part in parts], sort_keys=True)
        with self._starting:
            known = self._workers.get(settings["FunctionArn"])
            if known and known.alive and known.made_of == made_of:
                return known
            if known:
                known.close()
            function = lambda_backends[DEFAULT_ACCOUNT_ID][region].get_function(settings["FunctionName"])
            fresh = Worker(self._unpack(function.code_bytes), settings, self._environment(region, settings), made_of)
            self._workers[settings["FunctionArn"]] = fresh
        return fresh

    def _unpack(self, code: bytes) -> Path:
        root = self.folder / sha256(code).hexdigest()
        if not root.exists():
            self.folder.mkdir(exist_ok=True, mode=0o700)
            part = Path(tempfile.mkdtemp(dir=self.folder))
            with zipfile.ZipFile(io.BytesIO(code)) as archive:
                archive.extractall(part)
            part.rename(root)
        return root

    def _environment(self, region: str, settings: Mapping[str, Any]) -> dict[str, str]:
        own = {
            "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "TZ": "UTC", "OPENBLAS_NUM_THREADS": "1",
            "AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull,  # else those of this machine's user count
            "AWS_ENDPOINT_URL": self.endpoint, "AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": "simulated",
            "AWS_REGION": region, "AWS_DEFAULT_REGION": region, "AWS_LAMBDA_FUNCTION_NAME": settings["FunctionName"],
        }  # fmt: skip
        return {**settings.get("Environment", {}).get("Variables", {}), **own}


class Worker:
    """One warm process that runs one function.

    Args:
        root: The unpacked zip.
        made_of: Differs when the function has changed and needs a new process.
    """

    def __init__(self, root: Path, settings: Mapping[str, Any], environment: Mapping[str, str], made_of: str) -> None:
        self.made_of = made_of
        self._scratch = tempfile.mkdtemp(prefix="copilot-lambda-")
        self._one_event = threading.Lock()
        packages = importlib.util.find_spec("boto3")
        site = Path(packages.origin).parents[1] if packages and packages.origin else root
        memory = settings["MemorySize"] * 2**20 + ADDRESS_SPACE
        script = Path(__file__).with_name("worker.py")
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", str(script), str(root), str(site), settings["Handler"], str(memory)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, encoding="utf-8",
            cwd=root, env={**environment, "TMPDIR": self._scratch, "LAMBDA_TASK_ROOT": str(root)},
        )  # fmt: skip
        self._start = self._read(START_SECONDS, "Init")

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def call(self, event: Any, settings: Mapping[str, Any]) -> dict[str, Any]:
        """Hand over an event; return `{"result"}` or `{"error"}`, with `log` and `milliseconds`."""
        context = {
            "function_name": settings["FunctionName"],
            "memory_limit_in_mb": settings["MemorySize"],
            "invoked_function_arn": settings["FunctionArn"],
        }
        with self._one_event:
            if "error" in self._start:
                return self._start
            assert self._process.stdin
            request = {"id": str(uuid4()), "seconds": settings["Timeout"], "event": event, "context": context}
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()
            return self._read(settings["Timeout"], "Task")

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()
        shutil.rmtree(self._scratch, ignore_errors=True)

    def _read(self, seconds: float, phase: str) -> dict[str, Any]:
        """Read one line of answer, killing the process when it takes longer than `seconds`."""
        assert self._process.stdout
        timer = threading.Timer(seconds, self._process.kill)
        timer.start()
        line = self._process.stdout.readline()
        timer.cancel()
        if line:
            return dict(json.loads(line))
        late = timer.finished.is_set() and self._process.wait() == -9
        said = f"{phase} timed out after {seconds:.2f} seconds" if late else "Runtime exited"
        return {"error": {"errorMessage": said, "errorType": "Sandbox.Timedout" if late else "Runtime.ExitError"}, "log": said + "\n"}


def _report(here: Session, name: str, outcome: Mapping[str, Any], failed: bool, milliseconds: float) -> None:
    """Write what Lambda writes by itself: log lines and metrics."""
    group, at = f"/aws/lambda/{name}", int(time.time() * 1000)
    lines = [*outcome.get("log", "").splitlines(), f"REPORT Duration: {outcome.get('milliseconds', milliseconds):.2f} ms"]
    stream = f"simulated/{time.strftime('%Y/%m/%d', time.gmtime())}"
    logs, events = here.client("logs"), [{"timestamp": at, "message": line} for line in lines]
    try:
        logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=events)
    except logs.exceptions.ResourceNotFoundException:
        logs.create_log_stream(logGroupName=group, logStreamName=stream)
        logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=events)
    dimensions = [{"Name": "FunctionName", "Value": name}]
    metrics = {"Invocations": (1, "Count"), "Errors": (int(failed), "Count"), "Duration": (milliseconds, "Milliseconds")}
    data = [{"MetricName": m, "Value": value, "Unit": unit, "Dimensions": dimensions} for m, (value, unit) in metrics.items()]
    here.client("cloudwatch").put_metric_data(Namespace="AWS/Lambda", MetricData=data)
