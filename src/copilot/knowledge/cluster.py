"""Read files on other machines: each goes there as bytes, is read as it would be here, and comes back as passages."""

import tempfile
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, TypeVar

from copilot.knowledge.extract import Extracted, Passages, Task, rejected
from copilot.knowledge.sandbox import Sandbox

Tag = TypeVar("Tag")


class Executor(Protocol):
    """What reads files: processes of this machine, or a cluster."""

    def extract(self, tasks: Iterable[tuple[Tag, Task | None]]) -> Iterator[tuple[Tag, Extracted | None]]:
        """Yield what each file holds beside its tag, in the order they were given; None without a task."""


Engine = Callable[[Path], AbstractContextManager[Executor]]
"""Opens an executor that may put files aside in a folder."""


class Pool(Protocol):
    """Stations that take work; `size` of them."""

    @property
    def size(self) -> int: ...
    def __enter__(self) -> "Pool": ...
    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /) -> bool | None: ...
    def submit(self, *work: Any) -> Callable[[], Any]:
        """Have a station read; return what waits for its `Reply`, or for None when the station died over it."""


@dataclass(frozen=True)
class Reply:
    """What a station answers: a file's passages as they were written, and the documents inside it as name, path, problem and bytes."""

    extracted: Extracted
    passages: bytes
    count: int
    parts: list[tuple[str, str, str, bytes]]


class Station:
    """Reads files on the machine where it lives, in processes of their own with limits, like everywhere."""

    def __init__(self) -> None:
        self._sandbox = Sandbox(readers=1)

    def read(self, name: str, content: bytes, redact: bool, inside: tuple[str, ...]) -> Reply:
        """Read one file that is called so."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "file", Path(name).name)
            path.parent.mkdir()
            path.write_bytes(content)
            ((_, extracted),) = self._sandbox.extract([(None, Task(path, redact, Path(folder, "inside"), inside))])
            assert extracted is not None  # there was a task
            chunks = extracted["chunks"]
            parts = [(part, where, problem, Path(where).read_bytes() if where else b"") for part, where, problem in extracted["parts"]]
        passages = chunks.data() if isinstance(chunks, Passages) else b""
        return Reply({**extracted, "chunks": [], "parts": []}, passages, len(chunks), parts)

    def close(self) -> None:
        """End the processes."""
        self._sandbox.__exit__()


class Cluster:
    """An executor whose files are read by a pool of stations; use as a context manager.

    Args:
        folder: Where the passages of documents are put aside.
    """

    def __init__(self, pool: Pool, folder: Path) -> None:
        self._pool = pool
        self._folder = folder

    def __enter__(self) -> "Cluster":
        self._pool.__enter__()
        return self

    def __exit__(self, *reason: Any) -> None:
        self._pool.__exit__(*reason)

    def extract(self, tasks: Iterable[tuple[Tag, Task | None]]) -> Iterator[tuple[Tag, Extracted | None]]:
        """Send out two files for each station before the first is waited for."""
        waiting: deque[tuple[Tag, Callable[[], Extracted] | None]] = deque()
        for tag, task in tasks:
            waiting.append((tag, self._send(task) if task else None))
            if len(waiting) > 2 * self._pool.size:
                yield _settled(*waiting.popleft())
        while waiting:
            yield _settled(*waiting.popleft())

    def _send(self, task: Task) -> Callable[[], Extracted]:
        try:
            content = task.path.read_bytes()
        except OSError as error:
            problem = error.strerror or "cannot be opened"
            return lambda: rejected(problem)
        wait = self._pool.submit(task.path.name, content, task.redact, task.inside)
        return lambda: self._received(task, wait())

    def _received(self, task: Task, reply: Reply | None) -> Extracted:
        """Put what came back where a file that was read here would leave it."""
        if reply is None:
            return rejected("it stopped the reader")
        passages = tempfile.TemporaryFile(dir=self._folder)  # noqa: SIM115 - the passages close it
        passages.write(reply.passages)
        parts = []
        for number, (name, path, problem, content) in enumerate(reply.parts):
            here = task.folder / str(number) / Path(path).name
            if path:
                here.parent.mkdir(parents=True)
                here.write_bytes(content)
            parts.append((name, str(here) if path else "", problem))
        return {**reply.extracted, "chunks": Passages(passages, reply.count), "parts": parts}


def _settled(tag: Tag, wait: Callable[[], Extracted] | None) -> tuple[Tag, Extracted | None]:
    return tag, wait() if wait else None


def local(folder: Path) -> Sandbox:
    """Read in processes of this machine."""
    return Sandbox(folder=folder)


def on_ray(folder: Path) -> Cluster:
    """Read on a Ray cluster; raise Unavailable where there is none."""
    from copilot.outside.ray_pool import RayPool

    return Cluster(RayPool(Station), folder)
