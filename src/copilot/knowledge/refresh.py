"""Bring a collection up to date with its sources: what is new, changed, deleted, and what failed before."""

import glob
from collections.abc import Sequence
from pathlib import Path, PurePath
from typing import NamedTuple

from copilot.errors import CopilotError, NotFound
from copilot.knowledge.ingest import Bucket, Reading, reading
from copilot.knowledge.results import LostSource, Outcome
from copilot.knowledge.shelf import Shelf
from copilot.knowledge.source import INSIDE, PIPED, fixed, plain
from copilot.progress import Progress


class Refresh(NamedTuple):
    """What became of a collection's files; `known` are the names of those that were indexed before."""

    outcomes: tuple[Outcome, ...]
    known: frozenset[str]
    lost: tuple[LostSource, ...]


def refresh(shelf: Shelf, progress: Progress | None = None, s3: Bucket | None = None) -> Refresh:
    """Read all sources of a collection again, and take away what is no longer there.

    A source that cannot be reached costs nothing: what came from it stays. What was piped in stays too.
    """
    origins = shelf.store.get("collection", shelf.collection).body["sources"]
    outcomes: list[Outcome] = []
    lost: list[LostSource] = []
    known = shelf.indexed_names()
    with reading(shelf) as run:
        for origin in reversed(origins):  # the newest decides how a file is read that two of them hold
            try:
                outcomes += run.read(origin["source"], origin["redact_pii"], progress, s3)
            except CopilotError as error:
                if not _deleted(origin["source"], error, shelf.sources()):
                    lost.append(LostSource(source=origin["source"], problem=error.problem))
        gone = [source for source in shelf.sources() if _is_gone(source, run, [source.source for source in lost])]
        outcomes += [Outcome(name=name, status="removed") for name in shelf.drop(gone)]
    return Refresh(tuple(outcomes), known, tuple(lost))


def _deleted(origin: str, error: CopilotError, sources: Sequence[str]) -> bool:
    """Whether a source is not there because its files were deleted; a folder that is gone may only be out of reach."""
    if not isinstance(error, NotFound) or "://" in origin:
        return False
    base = fixed(Path(origin))
    return base.is_dir() if glob.has_magic(origin) else base.parent.is_dir() and _place(origin) in sources


def _is_gone(source: str, run: Reading, lost: Sequence[str]) -> bool:
    """Whether a document was looked for and not found; one inside another counts as that one."""
    outermost = source.partition(INSIDE)[0]
    if outermost in run.seen or outermost.startswith(PIPED):
        return False
    unentered = any(str(folder) in run.seen for folder in PurePath(outermost).parents)
    return not unentered and not any(_covers(origin, outermost) for origin in lost)


def _covers(origin: str, source: str) -> bool:
    """Whether a document may have come from a source."""
    place = origin if "://" in origin else _place(origin)
    return source.startswith(place.rstrip("/"))


def _place(origin: str) -> str:
    return plain(str(fixed(Path(origin)).resolve()))
