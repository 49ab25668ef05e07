"""A metric of the user's own: a Python file with `score(case, answer)`, run in a process of its own with limits."""

import ast
import json
import os
import selectors
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Any

from copilot.answering.answer import Answer
from copilot.errors import BadArguments, NotFound
from copilot.evaluation.cases import Case
from copilot.evaluation.scorers import Score

SECONDS = 10.0
MEGABYTES = 512
MOST_BYTES = 64 << 10
FORM = "Write a function score(case, answer) that returns True, False or 0..1; both are dicts: case['question'], answer['text'], …"
CHILD = """
import json, os, resource, sys
limit = int(sys.argv[1]) << 20
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
resource.setrlimit(resource.RLIMIT_CPU, (3600, 3600))
resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))
lines, said = os.fdopen(os.dup(0)), os.fdopen(os.dup(1), "w")
os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
scope = {"__name__": "metric"}
try:
    exec(compile(json.loads(lines.readline()), "metric.py", "exec"), scope)
    broken = ""
except BaseException as error:
    broken = f"{type(error).__name__}: {error}"
for line in lines:
    try:
        if broken:
            raise RuntimeError(broken)
        value = float(scope["score"](*json.loads(line)))
        reply = {"value": value if 0 <= value <= 1 else None, "why": "" if 0 <= value <= 1 else f"{value} is not within 0..1"}
    except BaseException as error:
        reply = {"value": None, "why": f"{type(error).__name__}: {error}"[:300]}
    print(json.dumps(reply), file=said, flush=True)
"""


def read_metric(path: Path) -> str:
    """Return the code of a metric file.

    Raises:
        NotFound: there is no such file.
        BadArguments: it is no Python with a function `score` of two arguments.
    """
    if not path.is_file():
        raise NotFound(f"There is no file {path}.", FORM)
    code = path.read_bytes()
    if len(code) > MOST_BYTES:
        raise BadArguments(f"{path.name} has more than {MOST_BYTES >> 10} KiB.", FORM)
    try:
        tree = ast.parse(code)
        text = code.decode("utf-8-sig")
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise BadArguments(f"{path.name} is not Python: {error}.", FORM) from None
    if not any(isinstance(node, ast.FunctionDef) and node.name == "score" and len(node.args.args) == 2 for node in tree.body):
        raise BadArguments(f"{path.name} has no function score(case, answer).", FORM)
    return text


@contextmanager
def metric(code: str, passes: float) -> Iterator["Metric"]:
    """Start a metric; the process ends with the block.

    Args:
        passes: The score from which a case passes, 0..1.
    """
    with tempfile.TemporaryDirectory(prefix="metric-") as folder:
        running = Metric(code, passes, folder)
        try:
            yield running
        finally:
            running.stop()


class Metric:
    """One process that scores case by case, without environment, files to write or processes of its own."""

    def __init__(self, code: str, passes: float, folder: str) -> None:
        self._code, self._passes, self._folder = code, passes, folder
        self._lock = Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def __call__(self, case: Case, answer: Answer) -> Score:
        """Score one answer; one that fails, says nothing or takes too long is inconclusive, and says why."""
        with self._lock:
            reply = self._put([case.as_json(), answer.as_json()])
        value = reply.get("value")
        if value is None:
            return Score(None, None, f"the metric gave no score: {reply.get('why')}")
        return Score(value, value >= self._passes, f"{value:.2f}, passes from {self._passes:g}")

    def stop(self) -> None:
        if self._process:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def _put(self, values: Any) -> dict[str, Any]:
        process = self._process or self._start()
        assert process.stdin
        assert process.stdout
        try:
            process.stdin.write(json.dumps(values).encode() + b"\n")
            process.stdin.flush()
            with selectors.DefaultSelector() as ready:
                ready.register(process.stdout, selectors.EVENT_READ)
                line = process.stdout.readline() if ready.select(SECONDS) else b""
        except BrokenPipeError:
            line = b""
        if not line:
            self.stop()
            return {"why": f"it ended, or took longer than {SECONDS:g} s"}
        return dict(json.loads(line))

    def _start(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-I", "-S", "-c", CHILD, str(MEGABYTES)]
        environment = {"PATH": os.defpath, "LC_ALL": "C.UTF-8"}
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=self._folder, env=environment
        )
        assert process.stdin
        process.stdin.write(json.dumps(self._code).encode() + b"\n")
        self._process = process
        return process
