"""Run by the simulated Lambda in a process of its own: load one handler, answer events line by line."""

import importlib
import io
import json
import os
import resource
import shutil
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from contextlib import redirect_stderr, redirect_stdout, suppress
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType, SimpleNamespace
from typing import Any

RUNTIME_PACKAGES = {"boto3", "botocore", "s3transfer", "jmespath", "dateutil", "urllib3", "six"}
"""What AWS's own Python runtime brings; everything else has to be in the function's zip."""

Function = Callable[[Any, Any], Any]


class Runtime(MetaPathFinder):
    """Finds the packages of the runtime, and nothing else, in this machine's site-packages."""

    def __init__(self, folder: str) -> None:
        self.folder = folder

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        if name.partition(".")[0] not in RUNTIME_PACKAGES:
            return None
        return PathFinder.find_spec(name, path or [self.folder], target)


def load(handler: str) -> Function:
    module, _, name = handler.rpartition(".")
    function: Function = getattr(importlib.import_module(module), name)
    return function


def failure(error: BaseException) -> dict[str, Any]:
    return {"errorMessage": str(error), "errorType": type(error).__name__, "stackTrace": traceback.format_tb(error.__traceback__)}


def answer(function: Function, request: dict[str, Any]) -> dict[str, Any]:
    """Call the function once; what it prints becomes its log."""
    started, log = time.monotonic(), io.StringIO()
    left = lambda: max(0, int((request["seconds"] - (time.monotonic() - started)) * 1000))  # noqa: E731
    context = SimpleNamespace(aws_request_id=request["id"], get_remaining_time_in_millis=left, **request["context"])
    with redirect_stdout(log), redirect_stderr(log):
        try:
            outcome = {"result": json.loads(json.dumps(function(request["event"], context)))}
        except Exception as error:
            traceback.print_exc()
            outcome = {"error": failure(error)}
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return {**outcome, "log": log.getvalue(), "milliseconds": (time.monotonic() - started) * 1000, "megabytes": megabytes}


def main(root: str, packages: str, handler: str, memory_bytes: str) -> None:
    with suppress(ValueError, OSError):  # macOS has no such limit
        resource.setrlimit(resource.RLIMIT_AS, (int(memory_bytes), int(memory_bytes)))
    channel = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # a library that writes to the real standard output must not break the channel
    sys.path.insert(0, root)
    sys.meta_path.append(Runtime(packages))
    try:
        function = load(handler)
        print("{}", file=channel, flush=True)
    except Exception as error:
        print(json.dumps({"error": failure(error)}), file=channel, flush=True)
        return
    for line in sys.stdin:
        print(json.dumps(answer(function, json.loads(line))), file=channel, flush=True)
    shutil.rmtree(os.environ["TMPDIR"], ignore_errors=True)  # also when the process that started this one was killed


if __name__ == "__main__":
    main(*sys.argv[1:])
