"""A second, independent simulator in a process of its own: MiniStack, from an environment of its own (it needs another botocore)."""

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from tests.conftest import ROOT

PROGRAM = Path(os.environ.get("COPILOT_MINISTACK") or ROOT / ".cache" / "ministack" / "bin" / "ministack")
START_SECONDS = 30


@contextmanager
def running(folder: Path) -> Iterator[str]:
    """Start it on loopback with an empty account, and yield its endpoint; skip the test where it is not installed."""
    if not PROGRAM.exists():
        pytest.skip("MiniStack is not here; ./setup_and_run.sh test --all installs it")
    folder.mkdir(parents=True, exist_ok=True)
    port = _free_port()
    settings = {"BIND_HOST": "127.0.0.1", "GATEWAY_PORT": str(port), "PERSIST_STATE": "0", "HOME": str(folder), "TMPDIR": str(folder)}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([PROGRAM], env={"PATH": os.environ["PATH"], **settings}, cwd=folder, stdout=log, stderr=log)
    try:
        endpoint = f"http://127.0.0.1:{port}"
        _wait(f"{endpoint}/_ministack/health")
        yield endpoint
    finally:
        process.terminate()
        process.wait(timeout=10)


def _wait(url: str) -> None:
    until = time.monotonic() + START_SECONDS
    while True:
        try:
            urlopen(url, timeout=5).close()
            return
        except (URLError, ConnectionError):
            if time.monotonic() > until:
                raise
            time.sleep(0.1)


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
