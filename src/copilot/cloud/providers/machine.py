"""What runs on this machine: files, and a process that outlives the one that starts it."""

import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from copilot.cloud.account import LOCAL
from copilot.cloud.bundle import FILES, MAIN
from copilot.cloud.providers.provider import STACK, Properties, Provider
from copilot.errors import Unavailable
from copilot.outside.aws import Session
from copilot.outside.process import started

START_SECONDS = 120
STOP_SECONDS = 5
TOKEN_BYTES = 32


class ThisMachine(Session):
    """Stands where the session of an account stands, for what needs none.

    Args:
        folder: Where the files of all local deployments lie.
    """

    account = LOCAL

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.region = LOCAL
        self.endpoint = None

    def regions(self, service: str) -> list[str]:
        return [LOCAL]


class MachineFile(Provider):
    """bucket (folder), key, sha256 (of the content, which comes from the artifacts)."""

    identity = frozenset({"bucket", "key", "sha256"})
    session: ThisMachine

    def find(self, properties: Properties) -> str | None:
        return f"{properties['bucket']}/{properties['key']}"

    def read(self, physical: str) -> dict[str, Any] | None:
        bucket, _, key = physical.partition("/")
        known = (self.session.folder / physical).exists()
        return {"bucket": bucket, "key": key, "sha256": key.rpartition("/")[2]} if known else None

    def create(self, properties: Properties) -> str:
        physical = f"{properties['bucket']}/{properties['key']}"
        path = self.session.folder / physical
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        part = _part(path)
        shutil.copyfile(self.artifacts.path(properties["sha256"]), part)
        part.chmod(0o600)
        part.replace(path)
        return physical

    def update(self, physical: str, before: Properties, after: Properties) -> None:
        self.create(after)

    def delete(self, physical: str) -> None:
        path = self.session.folder / physical
        for file in (path, _part(path)):
            file.unlink(missing_ok=True)
        for folder in (path.parent, path.parent.parent):
            if folder.is_dir() and not any(folder.iterdir()):
                folder.rmdir()


class Process(Provider):
    """name (its folder), content (part -> file in the folder), agent (what the code reads), idle (s), running, tags."""

    session: ThisMachine

    def find(self, properties: Properties) -> str | None:
        return str(self.session.folder / properties["name"])

    def read(self, physical: str) -> dict[str, Any] | None:
        state = _state(Path(physical))
        return state and {**state["properties"], "running": _runs(state)}

    def create(self, properties: Properties) -> str:
        folder = self.session.folder / properties["name"]
        self.delete(str(folder))
        _start(folder, properties)
        return str(folder)

    def update(self, physical: str, before: Properties, after: Properties) -> None:
        self.create(after)

    def delete(self, physical: str) -> None:
        folder = Path(physical)
        _stop(folder)
        for name in ("run", "content"):
            shutil.rmtree(folder / name, ignore_errors=True)
        for name in ("state.json", "token", "port", "log"):
            (folder / name).unlink(missing_ok=True)

    def owned(self, stack: str) -> Iterable[str]:
        for path in self.session.folder.glob("*/state.json"):
            state = _state(path.parent)
            if state and state["properties"]["tags"].get(STACK) == stack:
                yield str(path.parent)

    @staticmethod
    def awake(folder: Path) -> tuple[int, str]:
        """Return the port and the token of a process, which is started again when it has ended.

        Raises:
            Unavailable: it cannot be started.
        """
        state = _state(folder)
        if state is None:
            raise Unavailable(f"There is no agent in {folder}.", "Deploy it again: copilot deployments deploy-agent")
        if not _runs(state):
            _start(folder, state["properties"])
        return int((folder / "port").read_text(encoding="utf-8")), (folder / "token").read_text(encoding="utf-8")


_children: dict[int, subprocess.Popen[bytes]] = {}
"""The processes that this one started and has to hear of when they end."""


def _part(path: Path) -> Path:
    """Return where a file is while it is copied."""
    return path.with_suffix(".part")


def _state(folder: Path) -> dict[str, Any] | None:
    try:
        return dict(json.loads((folder / "state.json").read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return None


def _runs(state: Mapping[str, Any]) -> bool:
    """Tell whether the process of a state runs: the same one, not another that was given its number since."""
    for child in _children.values():
        child.poll()
    return bool(state["started"]) and started(state["pid"]) == state["started"]


def _start(folder: Path, properties: Properties) -> None:
    """Start the process, on the port it had before where that is free; return when it answers."""
    _unpack(folder, properties["content"])
    ready, log, before = folder / "port", folder / "log", _port(folder)
    ready.unlink(missing_ok=True)
    _write(folder / "token", secrets.token_urlsafe(TOKEN_BYTES))
    environment = {
        "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "OPENBLAS_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1",
        "TMPDIR": str(folder / "content"), "COPILOT_AGENT": properties["agent"],
    }  # fmt: skip
    words = [str(folder / "run" / MAIN), "127.0.0.1", before, str(folder / "token"), str(properties["idle"]), str(ready)]
    with open(log, "wb", opener=_private) as output:
        child = subprocess.Popen(
            [sys.executable, "-E", "-s", "-S", *words],
            stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd=folder, env=environment, start_new_session=True,
        )  # fmt: skip
    _children[child.pid] = child
    _write(folder / "state.json", json.dumps({"pid": child.pid, "started": started(child.pid), "properties": dict(properties)}))
    until = time.monotonic() + START_SECONDS
    while not ready.exists():
        if child.poll() is not None or time.monotonic() > until:
            said = log.read_text(encoding="utf-8", errors="replace").strip().rpartition("\n")[2]
            _stop(folder)
            raise Unavailable(f"The process of the agent does not start: {said or 'no answer'}", f"Its log is {log}.")
        time.sleep(0.02)


def _stop(folder: Path) -> None:
    """End the process of a folder, if it still is the one that was started there."""
    state = _state(folder)
    if state is None:
        return
    for sign, seconds in ((signal.SIGTERM, STOP_SECONDS), (signal.SIGKILL, STOP_SECONDS)):
        until = time.monotonic() + seconds
        if _runs(state):
            os.kill(state["pid"], sign)
        while _runs(state) and time.monotonic() < until:
            time.sleep(0.02)
    if child := _children.pop(state["pid"], None):
        child.wait(STOP_SECONDS)  # one whose first thread has ended looks ended, and may not be yet


def _unpack(folder: Path, content: Mapping[str, str]) -> None:
    """Lay code and content out as the code looks for them."""
    for name in ("run", "content"):
        shutil.rmtree(folder / name, ignore_errors=True)
    with zipfile.ZipFile(folder / content["code"]) as archive:
        archive.extractall(folder / "run")
    place = folder / "content" / "copilot"
    place.mkdir(parents=True, mode=0o700)
    for part, name in FILES.items():
        (place / name).hardlink_to(folder / content[part])


def _port(folder: Path) -> str:
    """Return the port that the process of a folder had, when it is free, or 0 for any."""
    try:
        port = (folder / "port").read_text(encoding="utf-8")
        with socket.create_server(("127.0.0.1", int(port))):
            return port
    except (OSError, ValueError):
        return "0"


def _write(path: Path, text: str) -> None:
    with open(path, "w", encoding="utf-8", opener=_private) as file:
        file.write(text)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
