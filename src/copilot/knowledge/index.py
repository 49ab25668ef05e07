"""Which way vectors are compared: all of them, or through an index beside the database."""

import hashlib
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from copilot.knowledge.search import Index
    from copilot.outside.store import Store

SWITCH_OVER = 100_000
"""Passages above which an index pays: up to here, opening one costs a command more than comparing all vectors (0.6 s)."""
LIVE = "FROM chunks c JOIN documents d ON d.id = c.document WHERE d.owner = ? AND d.collection = ? AND d.removed_by IS NULL"


@dataclass(frozen=True)
class Indexes:
    """The indexes of several collections as one."""

    parts: "tuple[Index, ...]"

    def nearest(self, vector: Any, limit: int) -> list[tuple[int, float]]:
        """Return chunk ids and cosines, the nearest first."""
        found = [pair for part in self.parts for pair in part.nearest(vector, limit)]
        return sorted(found, key=lambda pair: (-pair[1], pair[0]))[:limit]


def choose_index(store: "Store", collections: Sequence[str]) -> "Index | None":
    """Return an index over the live passages of some collections, or None where comparing all of them is better.

    The setting `vectors` decides: `exact`, `chroma`, or `auto` (by the number of passages).
    """
    mode = store.settings().get("vectors", "auto")
    if mode == "exact" or (mode == "auto" and _count(store, collections) <= SWITCH_OVER):
        return None
    from copilot.outside.vectors import VectorIndex

    def fetch(ids: Sequence[int]) -> list[bytes]:
        sql = f"SELECT vector FROM chunks WHERE id IN ({', '.join('?' * len(ids))}) ORDER BY id"
        return [row[0] for row in store.connection.execute(sql, ids)]

    return Indexes(tuple(VectorIndex(_home(store, name), _live(store, name), fetch) for name in collections))


def forget(store: "Store", collection: str) -> None:
    """Remove the index of a collection."""
    shutil.rmtree(_home(store, collection), ignore_errors=True)


def _home(store: "Store", collection: str) -> Path:
    return store.path.parent / "vectors" / hashlib.sha256(f"{store.owner}\0{collection}".encode()).hexdigest()[:24]


def _count(store: "Store", collections: Sequence[str]) -> int:
    return sum(store.connection.execute(f"SELECT count(*) {LIVE}", (store.owner, name)).fetchone()[0] for name in collections)


def _live(store: "Store", collection: str) -> list[int]:
    return [row[0] for row in store.connection.execute(f"SELECT c.id {LIVE} ORDER BY c.id", (store.owner, collection))]
