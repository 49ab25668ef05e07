"""Read files in processes of their own, several at a time, in the order they were given."""

import shutil
import socket
import subprocess
import sys
import tempfile
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path
from queue import SimpleQueue
from typing import IO, Any, TypeVar

from copilot.errors import Unavailable
from copilot.knowledge.extract import Extracted, Passages, Task, rejected
from copilot.knowledge.worker import receive, send

READERS = 2
AHEAD = 4
"""Files that are read before their turn comes."""
SECONDS = 60
SECONDS_A_MEGABYTE = 30
"""Enough for the scanned pages that a megabyte holds."""
MAX_SECONDS = 3600
MEMORY, MEMORY_A_BYTE, MAX_MEMORY = 1536 << 20, 12, 3 << 30
"""Bytes that reading may take: what the parsers need themselves, and for each byte of the file."""
OUTPUT, OUTPUT_A_BYTE = 512 << 20, 16
"""Bytes that a file may write: a record names its columns in each row, and what is in an archive may be this large."""
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


Tag = TypeVar("Tag")


class Sandbox:
    """A few reading processes; use as a context manager.

    Args:
        folder: Where the passages of long documents are put aside; None for the system's place for temporary files.
    """

    def __init__(self, readers: int = READERS, folder: Path | None = None) -> None:
        self._folder = folder
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

    def extract(self, tasks: Iterable[tuple[Tag, Task | None]]) -> Iterator[tuple[Tag, Extracted | None]]:
        """Yield what each file holds beside its tag, reading a few ahead of the one that is asked for; None without a task.

        Raises:
            Unavailable: the system starts no more processes.
        """
        waiting: deque[tuple[Tag, Future[Extracted] | None]] = deque()
        for tag, task in tasks:
            waiting.append((tag, self._pool.submit(self._extract, task) if task else None))
            if len(waiting) > AHEAD:
                yield _settled(*waiting.popleft())
        while waiting:
            yield _settled(*waiting.popleft())

    def _extract(self, task: Task) -> Extracted:
        reader = self._idle.get()
        try:
            with ExitStack() as held:
                passages = held.enter_context(tempfile.TemporaryFile(dir=self._folder))
                extracted = reader.extract(task, passages)
                if isinstance(extracted["chunks"], Passages):
                    held.pop_all()  # they close it
                return extracted
        finally:
            self._idle.put(reader)


def _settled(tag: Tag, future: Future[Extracted] | None) -> tuple[Tag, Extracted | None]:
    return tag, future.result() if future else None


def limits(size: int) -> dict[str, int]:
    """Return what reading a file of so many bytes may take: wall and processor seconds, bytes of memory and of output."""
    return {
        "seconds": min(MAX_SECONDS, SECONDS + SECONDS_A_MEGABYTE * (size >> 20)),
        "memory": min(MAX_MEMORY, MEMORY + MEMORY_A_BYTE * size),
        "output": max(OUTPUT, OUTPUT_A_BYTE * size),
    }


class _Reader:
    """One reading process, started when it is first needed and again when it has died."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    def extract(self, task: Task, passages: IO[bytes]) -> Extracted:
        try:
            allowed = limits(task.path.stat().st_size)
        except OSError as error:
            return rejected(error.strerror or "cannot be opened")
        if self._process is None or self._process.poll() is not None:
            self.stop()
            self._start()
        try:
            self._channel.settimeout(allowed["seconds"] + GRACE_SECONDS)
            socket.send_fds(self._channel, [b"+"], [passages.fileno()])
            send(self._channel, {**task._asdict(), "path": str(task.path), "folder": str(task.folder), **allowed})
            answer: dict[str, Any] | None = receive(self._channel)
        except OSError:
            answer = None
        if answer is None:
            self.stop()
            return rejected("it stopped the reader")
        return Extracted(**{**answer, "chunks": [] if answer["reason"] else Passages(passages, answer["chunks"])})  # type: ignore[typeddict-item]

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
