"""Code that is not ours, in a process of its own under limits of time, memory and reach."""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from copilot.outside import confined_worker

MEMORY = 512 << 20
CPU_SECONDS = 3600
"""In all; what one call may take is less."""
MOST_CHARACTERS = 64 << 10
"""Of one answer, as ASCII."""
START_SECONDS = 10
"""What starting Python may take, before the code is run."""


class Broken(Exception):
    """The code gave no answer; the message says why."""


class Confined:
    """One process for some code; it starts when it is first called and again when it has died. Use as a context manager.

    Args:
        code: Python source; it is run once, then its functions are called.
        seconds: What one call may take.
    """

    def __init__(self, code: str, seconds: float) -> None:
        self._code, self._seconds = code, seconds
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "Confined":
        self._folder = tempfile.TemporaryDirectory(prefix="confined-")
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()
        self._folder.cleanup()

    def call(self, function: str, args: Sequence[Any] = (), named: Mapping[str, Any] | None = None) -> Any:
        """Call a function of the code with JSON values and return what it returned, as JSON gives it back.

        Raises:
            Broken: it raised something, took too long or too much, or ended the process.
        """
        try:
            if self._process is None:
                self._start()
            answer = self._put({"function": function, "args": list(args), "named": dict(named or {})}, self._seconds)
        except TimeoutError:
            self._stop()
            raise Broken(f"it took longer than {self._seconds:g} seconds") from None
        except (OSError, ValueError):
            self._stop()
            raise Broken("it ended, or needs too much time or memory") from None
        if "error" in answer:
            raise Broken(answer["error"])
        return answer["value"]

    def _start(self) -> None:
        self._channel, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", "-B", str(Path(confined_worker.__file__))],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env={"LC_ALL": "C.UTF-8"},
                cwd=self._folder.name,
                start_new_session=True,
            )
        begin = {"code": self._code, "cpu_seconds": CPU_SECONDS, "memory": MEMORY, "most_characters": MOST_CHARACTERS}
        self._put(begin, START_SECONDS)

    def _put(self, message: Mapping[str, Any], seconds: float) -> dict[str, Any]:
        """Send a line and return the one that comes back."""
        deadline, data = time.monotonic() + seconds, bytearray()
        self._channel.settimeout(seconds)
        self._channel.sendall(json.dumps(message).encode() + b"\n")
        while not data.endswith(b"\n"):
            self._channel.settimeout(max(0.01, deadline - time.monotonic()))
            part = self._channel.recv(1 << 16)
            data += part
            if not part or len(data) > MOST_CHARACTERS + 1:
                raise ValueError("no answer")
        return dict(json.loads(data))

    def _stop(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            self._channel.close()
            with suppress(ProcessLookupError, PermissionError):  # it has ended
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
