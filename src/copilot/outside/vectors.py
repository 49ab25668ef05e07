"""An approximate nearest-vector index in Chroma: ids and vectors only, a copy of what SQLite holds, made again when in doubt.

Chroma is not safe for several processes and not against a crash while it writes; therefore writers hold a lock, every
writer and reader opens it afresh, a note beside it says what a finished writer left, and a reader that died while
reading makes the next one build it again.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np

from copilot.outside.process import alive

BATCH = 1000
LOCK_SECONDS = 600

Fetch = Callable[[Sequence[int]], list[bytes]]
"""Returns the float32 vectors of some ids, in their order."""


@dataclass(frozen=True)
class _Note:
    """What the last finished writer left: in which folder, how many ids, and a digest of them."""

    folder: str
    count: int
    digest: str


class VectorIndex:
    """The nearest of a set of vectors.

    Args:
        home: A folder of its own for this set; made when it does not exist.
        ids: The ids that belong to the set now, ascending.
        fetch: Where their vectors are.
    """

    def __init__(self, home: Path, ids: Sequence[int], fetch: Fetch) -> None:
        self.home = home
        self.ids = ids
        self.fetch = fetch

    def nearest(self, vector: Any, limit: int) -> list[tuple[int, float]]:
        """Return ids and cosines, the nearest first; brings the index up to date before, and builds it again when it fails."""
        if not self.ids:
            return []
        note = self._current()
        try:
            return self._query(note, vector, limit)
        except Exception:  # whatever a damaged index raises, SQLite can make a new one
            return self._query(self._update(trusted=False), vector, limit)

    def _query(self, note: _Note, vector: Any, limit: int) -> list[tuple[int, float]]:
        with self._reading(), _opened(self.home / note.folder) as vectors:
            if vectors.count() != note.count:
                raise RuntimeError("the index lost vectors")
            found = vectors.query(query_embeddings=[vector.tolist()], n_results=min(limit, note.count), include=["distances"])
        return [(int(key), 1 - distance) for key, distance in zip(found["ids"][0], found["distances"][0], strict=True)]

    def _current(self) -> _Note:
        note = self._note()
        crashed = self._crashed()
        return note if note and note.digest == _digest(self.ids) and not crashed else self._update(trusted=not crashed)

    def _update(self, trusted: bool) -> _Note:
        """Bring the index up to date under the writers' lock: by what changed when it can be trusted, else from nothing."""
        from filelock import FileLock

        self.home.mkdir(parents=True, exist_ok=True, mode=0o700)
        with FileLock(self.home / "lock", timeout=LOCK_SECONDS):
            note = self._note() if trusted else None
            if note and note.digest == _digest(self.ids):
                return note
            self._note_file.unlink(missing_ok=True)  # until the writer has finished there is nothing to trust
            folder = note.folder if note else uuid4().hex[:12]
            for old in self.home.iterdir():
                if old.is_dir() and old.name != folder:
                    shutil.rmtree(old, ignore_errors=True)
            with _opened(self.home / folder) as vectors:
                self._write(vectors)
            note = _Note(folder, len(self.ids), _digest(self.ids))
            fresh = self._note_file.with_suffix(f".{os.getpid()}")
            fresh.write_text(json.dumps(asdict(note)), encoding="ascii")
            fresh.replace(self._note_file)
            return note

    def _write(self, vectors: Any) -> None:
        known, wanted = {int(key) for key in vectors.get(include=[])["ids"]}, set(self.ids)
        gone, new = sorted(known - wanted), sorted(wanted - known)
        for first in range(0, len(gone), BATCH):
            vectors.delete(ids=[str(key) for key in gone[first : first + BATCH]])
        for first in range(0, len(new), BATCH):
            ids = new[first : first + BATCH]
            rows = np.frombuffer(b"".join(self.fetch(ids)), np.float32).reshape(len(ids), -1)
            vectors.add(ids=[str(key) for key in ids], embeddings=rows)

    @property
    def _note_file(self) -> Path:
        return self.home / "index.json"

    def _note(self) -> _Note | None:
        with suppress(OSError, ValueError, TypeError):
            return _Note(**json.loads(self._note_file.read_text(encoding="ascii")))
        return None

    @contextmanager
    def _reading(self) -> Iterator[None]:
        """Leave a mark while reading: one that outlives its process tells that reading killed it."""
        mark = self.home / f"reading.{os.getpid()}"
        mark.touch()
        try:
            yield
        finally:
            mark.unlink(missing_ok=True)

    def _crashed(self) -> bool:
        """Whether a reader died while it was reading; its mark is taken away."""
        dead = [mark for mark in self.home.glob("reading.*") if not alive(int(mark.suffix[1:]))]
        for mark in dead:
            mark.unlink(missing_ok=True)
        return bool(dead)


@contextmanager
def _opened(folder: Path) -> Iterator[Any]:
    """Open the one Chroma collection of a folder afresh, without the caches of this process."""
    import chromadb
    from chromadb.api.shared_system_client import SharedSystemClient
    from chromadb.config import Settings

    SharedSystemClient.clear_system_cache()
    settings = Settings(_env_file=None, anonymized_telemetry=False)
    client = chromadb.PersistentClient(str(folder), settings)
    try:
        yield client.get_or_create_collection("vectors", embedding_function=None, metadata={"hnsw:space": "cosine"})
    finally:
        SharedSystemClient.clear_system_cache()


def _digest(ids: Sequence[int]) -> str:
    return hashlib.sha256(np.asarray(ids, np.int64).tobytes()).hexdigest()
