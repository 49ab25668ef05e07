"""The product from outside: a process, a home of its own."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest


@dataclass(frozen=True)
class Ran:
    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        """The one JSON document on stdout."""
        read: dict[str, Any] = json.loads(self.out)
        return read


Run = Callable[..., Ran]


@pytest.fixture
def copilot(tmp_path: Path) -> Run:
    """Run `copilot` with arguments; `text` goes to its stdin."""

    def run(*args: str, text: str | bytes = b"", **env: str) -> Ran:
        data = text.encode() if isinstance(text, str) else text
        environment = {**os.environ, "COPILOT_HOME": str(tmp_path / "home"), "NO_COLOR": "1", "COLUMNS": "100", **env}
        command = [sys.executable, "-m", "copilot", *args]
        done = subprocess.run(command, input=data, capture_output=True, env=environment, timeout=180, check=False)
        return Ran(done.returncode, done.stdout.decode(), done.stderr.decode())

    return run
