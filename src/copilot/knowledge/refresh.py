"""Bring a collection up to date with its sources: what is new, changed, deleted, and what failed before."""

import glob
import os
from collections.abc import Sequence, Set
from contextlib import suppress
from pathlib import Path, PurePath
from typing import NamedTuple

from copilot.errors import CopilotError, NotFound
from copilot.knowledge.ingest import Bucket, reading
from copilot.knowledge.results import LostSource, Outcome
from copilot.knowledge.shelf import Shelf, outer
from copilot.knowledge.source import INSIDE, PIPED, fixed, plain
from copilot.progress import Progress

EMPTY = "It is empty, as when its drive is not there; what came from it stays."


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
    followed: list[str] = []
    lost: list[LostSource] = []
    known = shelf.indexed_names()
    with reading(shelf) as run:
        for origin in reversed(origins):  # the newest decides how a file is read that two of them hold
            source = origin["source"]
            if _emptied(source, shelf.sources()):
                lost.append(LostSource(source=source, problem=EMPTY))
                continue
            try:
                outcomes += run.read(source, origin["redact_pii"], progress, s3)
            except CopilotError as error:
                if not _deleted(source, error, shelf.sources()):
                    lost.append(LostSource(source=source, problem=error.problem))
                    continue
            followed.append(source)
        gone = [source for source in shelf.sources() if _is_gone(source, run.seen, followed, [origin.source for origin in lost])]
        outcomes += [Outcome(name=name, status="removed") for name in shelf.drop(gone)]
    return Refresh(tuple(outcomes), known, tuple(lost))


def _deleted(origin: str, error: CopilotError, sources: Sequence[str]) -> bool:
    """Whether a source is not there because its files were deleted; a folder that is gone may only be out of reach."""
    if not isinstance(error, NotFound) or "://" in origin:
        return False
    base = fixed(Path(origin))
    if glob.has_magic(origin):
        return base.is_dir()
    return base.parent.is_dir() and not _bare(base.parent) and _place(origin) in sources


def _emptied(origin: str, sources: Sequence[str]) -> bool:
    """Whether nothing at all is left in the folder of a source."""
    return "://" not in origin and _bare(fixed(Path(origin))) and any(_covers(origin, source) for source in sources)


def _bare(folder: Path) -> bool:
    """Whether a folder holds nothing: where a drive is mounted, that is how it looks without the drive."""
    with suppress(OSError):
        return not any(folder.iterdir())
    return False


def _is_gone(source: str, seen: Set[str], followed: Sequence[str], lost: Sequence[str]) -> bool:
    """Whether a document was looked for and not found; one inside another counts as that one.

    While a source is lost, a document goes only where another source shows that it should be there: a link to a folder
    does not say any more, once it is lost, which documents came through it.
    """
    if source.startswith(PIPED) or not seen.isdisjoint((source, *outer(source))):
        return False
    if any(str(folder) in seen for folder in PurePath(source).parents):  # a folder that could not be entered
        return False
    return not lost or (any(_covers(origin, source) for origin in followed) and not any(_covers(origin, source) for origin in lost))


def _covers(origin: str, source: str) -> bool:
    """Whether a document may have come from a source."""
    if "://" in origin:
        return source.startswith(origin.rstrip("/"))
    place = _place(origin).rstrip("/")
    return source == place or source.startswith((f"{place}/", f"{place}{INSIDE}"))


def _place(origin: str) -> str:
    return plain(os.path.realpath(fixed(Path(origin))))
