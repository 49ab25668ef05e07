"""Read sources into a collection, document by document, so that it can be killed, resumed, watched and undone."""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from copilot.errors import CopilotError
from copilot.knowledge.cluster import Engine, Executor, local
from copilot.knowledge.extract import Extracted, Task, rejected
from copilot.knowledge.results import Outcome
from copilot.knowledge.shelf import Shelf
from copilot.knowledge.source import INSIDE, PIPED, File, canonical, find
from copilot.outside.process import alive
from copilot.progress import Advance, Progress, Silent

SCRATCH = "reading-"
"""How the folders begin where documents inside others are unpacked to; the number of the process follows."""

Bucket = Callable[[], Any]
"""Makes an S3 client; called only when a source needs one."""


def ingest(
    shelf: Shelf,
    source: str,
    redact_pii: bool = False,
    progress: Progress | None = None,
    s3: Bucket | None = None,
    engine: Engine = local,
) -> tuple[Outcome, ...]:
    """Read every file of a source into a collection, in the order of their names.

    A file whose content has not changed is left alone; a changed one takes the place of its old version. A file that
    cannot be read is recorded with the reason, and costs nothing but itself. A document in an archive or attached to a
    mail is a document of its own. The collection is made with the first document that is indexed; until then nothing is
    written.

    Args:
        source: Path, glob pattern, http(s) URL, s3://bucket/prefix, or `-` for what is piped in.
        redact_pii: Mask personal data before anything is stored.
        progress: Where to report each finished file.
        engine: What reads the files; what they hold is embedded and written here.

    Raises:
        NotFound, BadArguments, Unavailable: the source cannot be read at all.
    """
    with reading(shelf, engine) as run:
        return tuple(run.read(source, redact_pii, progress, s3))


@contextmanager
def reading(shelf: Shelf, engine: Engine = local) -> Iterator["Reading"]:
    """Have files read into a collection while the block runs; what was left half-written is removed before and after."""
    home = shelf.store.path.parent
    home.mkdir(parents=True, exist_ok=True)
    shelf.clear()
    for left in home.glob(f"{SCRATCH}[0-9]*-*"):
        if not alive(int(left.name.split("-")[1])):
            shutil.rmtree(left, ignore_errors=True)
    prefix = f"{SCRATCH}{os.getpid()}-"
    try:
        with engine(home) as executor, tempfile.TemporaryDirectory(prefix=prefix, dir=home) as scratch:
            yield Reading(shelf, executor, Path(scratch))
    finally:
        shelf.clear()


class _Job(NamedTuple):
    """A file on its way: its digest, and where what is inside it is unpacked to."""

    file: File
    digest: str
    folder: Path


class Reading:
    """What is being read into a collection.

    Attributes:
        seen: The sources of all files that were there, readable or not.
    """

    def __init__(self, shelf: Shelf, executor: Executor, scratch: Path) -> None:
        self.shelf = shelf
        self.executor = executor
        self.scratch = scratch
        self.known = shelf.digests()
        self.seen: set[str] = set()
        self._folders = 0

    def read(self, source: str, redact: bool, progress: Progress | None = None, s3: Bucket | None = None) -> Iterator[Outcome]:
        """Read a source; yield what became of each file that this reading has not seen yet."""
        with find(source, s3) as found:
            files = [file for file in found if file.source not in self.seen]
            self.seen |= {file.source for file in files}
            with (progress or Silent()).track("Reading", len(files)) as advance:
                yield from self._read(files, redact, (), advance)
        if source != PIPED:
            self.shelf.seal({"source": canonical(source), "redact_pii": redact})

    def _read(self, files: Iterable[File], redact: bool, inside: tuple[str, ...], advance: Advance) -> Iterator[Outcome]:
        for job, extracted in self.executor.extract(self._jobs(files, redact, inside)):
            parts: list[Outcome] = []
            if extracted and extracted["parts"]:
                inner = [_part(job.file, *part) for part in extracted["parts"]]
                parts = list(self._read(inner, redact, (*inside, extracted["type"]), lambda _: None))
                self._drop_missing(job.file, inner)
            if extracted is None or extracted["chunks"] or extracted["reason"]:
                yield self._settle(job, extracted)  # after its parts: a container that is known has none unread
            else:
                self.shelf.drop([job.file.source])  # an archive that could not be opened before
            yield from parts
            self._tidy(job)
            advance(job.file.name)

    def _jobs(self, files: Iterable[File], redact: bool, inside: tuple[str, ...]) -> Iterator[tuple[_Job, Task | None]]:
        for file in files:
            self._folders += 1
            folder = self.scratch / str(self._folders)
            suffix = "+masked" if redact else ""
            if file.fetch and not file.problem and f"{file.version}{suffix}" != self.known.get(file.source):
                file = self._fetched(file, folder)
            digest = f"{file.version}{suffix}" if file.version else _digest(file, suffix)
            fresh = digest and not file.problem and digest != self.known.get(file.source)
            yield _Job(file, digest, folder), Task(file.path, redact, folder, inside) if fresh else None

    def _fetched(self, file: File, folder: Path) -> File:
        """Bring a remote file here; one that cannot be brought is reported like any that cannot be read."""
        folder.mkdir()
        path = folder / file.path.name
        try:
            if file.fetch:
                file.fetch(path)
        except CopilotError as error:
            return replace(file, problem=error.problem)
        return replace(file, path=path)

    def _settle(self, job: _Job, extracted: Extracted | None) -> Outcome:
        file, digest = job.file, job.digest
        if file.problem:
            ours = file.fetch is not None or INSIDE in file.source
            return self.shelf.put(file, digest, rejected(file.problem, skipped=not ours))
        if not digest:
            return self.shelf.put(file, digest, rejected("cannot be opened", "Check its permissions."))
        return self.shelf.put(file, digest, extracted) if extracted else Outcome(name=file.name, status="unchanged")

    def _drop_missing(self, file: File, inner: Iterable[File]) -> None:
        """Take away what an earlier version of a container held and this one does not."""
        held = {part.source for part in inner}
        for source in self.shelf.sources(f"{file.source}{INSIDE}"):
            if source not in held and not any(source.startswith(f"{part}{INSIDE}") for part in held):
                self.shelf.drop([source])

    def _tidy(self, job: _Job) -> None:
        if job.folder.exists():
            shutil.rmtree(job.folder, ignore_errors=True)


def _part(outer: File, name: str, path: str, problem: str) -> File:
    """Describe a document that lies in another one."""
    return File(Path(path), f"{outer.source}{INSIDE}{name}", f"{outer.name}/{name}", problem)


def _digest(file: File, suffix: str) -> str:
    """Return a hash of what would be stored; empty when the file must not or cannot be read."""
    if file.problem:
        return ""
    try:
        with file.path.open("rb") as content:
            return hashlib.file_digest(content, "sha256").hexdigest() + suffix
    except OSError:
        return ""
