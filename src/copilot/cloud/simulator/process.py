"""One warm process that runs one version of a function."""

import importlib.util
import json
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

START_SECONDS = 10
ADDRESS_SPACE = 768 * 2**20
"""Granted on top of a function's memory: mapped libraries count as address space here, and not on AWS."""


class Process:
    """Runs a handler on events, one at a time.

    Args:
        root: The unpacked zip.
        function: What moto knows of the version: its handler, memory (MB) and timeout (s).
        key: The access key that its calls show.
    """

    def __init__(self, root: Path, function: Any, environment: Mapping[str, str], key: str) -> None:
        self.key = key
        self._scratch = tempfile.mkdtemp(prefix="copilot-lambda-")
        self._one_event = threading.Lock()
        packages = importlib.util.find_spec("boto3")
        site = Path(packages.origin).parents[1] if packages and packages.origin else root
        memory = function.memory_size * 2**20 + ADDRESS_SPACE
        script = Path(__file__).with_name("worker.py")
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", str(script), str(root), str(site), function.handler, str(memory)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, encoding="utf-8",
            cwd=root, env={**environment, "TMPDIR": self._scratch, "LAMBDA_TASK_ROOT": str(root)},
        )  # fmt: skip
        self._start = self._read(START_SECONDS, "Init")

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def call(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Hand over a request; return `{"result"}` or `{"error"}`, with `log`, `milliseconds` and `megabytes`."""
        with self._one_event:
            if "error" in self._start:
                return self._start
            assert self._process.stdin
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()
            return self._read(request["seconds"], "Task")

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
