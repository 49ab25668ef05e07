"""Read files in processes of their own, several at a time, in the order they were given."""

import shutil
import socket
import subprocess
import sys
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from queue import SimpleQueue
from typing import NamedTuple

from copilot.errors import Unavailable
from copilot.knowledge.extract import Extracted, rejected
from copilot.knowledge.worker import receive, send

READERS = 2
AHEAD = 4
"""Files that are read before their turn comes."""
SECONDS = 60
SECONDS_A_MEGABYTE = 30
"""Enough for the scanned pages that a megabyte holds."""
MAX_SECONDS = 900
STOP_SECONDS = 5
GRACE_SECONDS = 60
"""How much later than its limit a file may answer: the process may have to import a parser first."""
ENVIRONMENT = {
    "DO_NOT_TRACK": "1",
    "SCARF_NO_ANALYTICS": "1",
    "UNSTRUCTURED_DISABLE_NOTICE": "1",
    "OMP_THREAD_LIMIT": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "LC_ALL": "C.UTF-8",
}


class Task(NamedTuple):
    """One file to read."""

    path: Path
    redact: bool

    @property
    def seconds(self) -> int:
        """How long reading it may take."""
        return min(MAX_SECONDS, SECONDS + SECONDS_A_MEGABYTE * (self.path.stat().st_size >> 20))


class Sandbox:
    """A few reading processes; use as a context manager."""

    def __init__(self, readers: int = READERS) -> None:
        self._pool = ThreadPoolExecutor(readers, "reader")
        self._readers = [_Reader() for _ in range(readers)]
        self._idle: SimpleQueue[_Reader] = SimpleQueue()
        for reader in self._readers:
            self._idle.put(reader)

    def __enter__(self) -> "Sandbox":
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)
        for reader in self._readers:
            reader.hang_up()
        self._pool.shutdown()
        for reader in self._readers:
            reader.stop()

    def extract(self, tasks: Iterable[Task]) -> Iterator[Extracted]:
        """Yield what each file holds, reading a few ahead of the one that is asked for.

        Raises:
            Unavailable: the system starts no more processes.
        """
        waiting: deque[Future[Extracted]] = deque()
        for task in tasks:
            waiting.append(self._pool.submit(self._extract, task))
            if len(waiting) > AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()

    def _extract(self, task: Task) -> Extracted:
        reader = self._idle.get()
        try:
            return reader.extract(task)
        finally:
            self._idle.put(reader)


class _Reader:
    """One reading process, started when it is first needed and again when it has died."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    def extract(self, task: Task) -> Extracted:
        try:
            seconds = task.seconds
        except OSError as error:
            return rejected(error.strerror or "cannot be opened")
        if self._process is None or self._process.poll() is not None:
            self.stop()
            self._start()
        try:
            self._channel.settimeout(seconds + GRACE_SECONDS)
            send(self._channel, {"path": str(task.path), "redact": task.redact, "seconds": seconds})
            answer: Extracted | None = receive(self._channel)
        except OSError:
            answer = None
        if answer is None:
            self.stop()
            return rejected("it stopped the reader")
        return answer

    def _start(self) -> None:
        self._channel, theirs = socket.socketpair()
        tesseract = shutil.which("tesseract")
        programs = str(Path(tesseract).parent) if tesseract else ""
        command = [sys.executable, "-I", "-m", "copilot.knowledge.worker"]
        try:
            with theirs:
                self._process = subprocess.Popen(
                    command,
                    stdin=theirs.fileno(),
                    stdout=subprocess.DEVNULL,
                    env={**ENVIRONMENT, "PATH": programs},
                    start_new_session=True,  # Ctrl-C at the terminal is for us to handle
                )
        except OSError as error:
            self._channel.close()
            raise Unavailable(
                f"No process can be started to read files: {error}.", "Close other programs, or see: copilot doctor"
            ) from error

    def hang_up(self) -> None:
        """Make the process end what it is doing, and exit."""
        if self._process is not None:
            with suppress(OSError):
                self._channel.shutdown(socket.SHUT_RDWR)

    def stop(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            self._channel.close()
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
