"""What an analysis looks at: the live documents of a collection, and all of their passages or an even share of them."""

import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from copilot.outside.store import Store

MOST_PASSAGES = 20_000
"""More are sampled, by their text: what is the same in two documents is looked at in both or in neither."""
PORTION = 500
LIVE = "d.owner = ? AND d.collection = ? AND d.removed_by IS NULL AND d.status = 'indexed'"


@dataclass(frozen=True)
class Document:
    """`digest` is of the file; `added_at` when it was read, ISO 8601 in UTC."""

    name: str
    source: str
    digest: str
    added_at: str


@dataclass(frozen=True)
class Passage:
    """`document` is a place among the documents; `row` is that of a table, 0 for what describes all of it."""

    document: int
    row: int | None
    heading: str
    text: str

    @property
    def said(self) -> str:
        """The text; of a table row the values, without the names of its columns."""
        if self.row is None:
            return self.text
        return "; ".join(cell.partition(": ")[2] or cell for cell in self.text.split("; "))


@dataclass(frozen=True)
class Corpus:
    """`vectors` belong to the passages, as (passages, width) of length 1; `total` counts those of the collection."""

    documents: tuple[Document, ...]
    passages: tuple[Passage, ...]
    vectors: Any
    total: int


def read(store: "Store", collection: str, most: int = MOST_PASSAGES) -> Corpus:
    """Read what is live in a collection."""
    sql = f"SELECT d.id, name, source, digest, added_at FROM documents d WHERE {LIVE} ORDER BY name, id"
    rows = store.rows(sql, store.owner, collection)
    places = {row.pop("id"): place for place, row in enumerate(rows)}
    chosen, total = _choose(store, collection, most)
    passages: list[Passage] = []
    vectors: list[bytes] = []
    for first in range(0, len(chosen), PORTION):
        ids = chosen[first : first + PORTION]
        sql = f"""SELECT document, "row", heading, text, vector FROM chunks WHERE id IN ({", ".join("?" * len(ids))}) ORDER BY id"""
        for document, row, heading, text, vector in store.connection.execute(sql, ids):
            passages.append(Passage(places[document], row, heading, text))
            vectors.append(vector)
    matrix = np.frombuffer(b"".join(vectors), np.float32).reshape(len(vectors), -1) if vectors else np.empty((0, 0), np.float32)
    return Corpus(tuple(Document(**row) for row in rows), tuple(passages), matrix, total)


def _choose(store: "Store", collection: str, most: int) -> tuple[list[int], int]:
    """Return the ids of the passages to look at, and how many there are."""
    sql = f"FROM chunks c JOIN documents d ON d.id = c.document WHERE {LIVE}"
    values = (store.owner, collection)
    total: int = store.connection.execute(f"SELECT count(*) {sql}", values).fetchone()[0]
    rows = store.connection.execute(f"SELECT c.id, c.text {sql} ORDER BY c.id", values)
    limit = (1 << 32) * min(1.0, most / max(total, 1))
    chosen = [row[0] for row in rows if total <= most or zlib.crc32(row[1].encode("utf-8", "replace")) < limit]
    return chosen[: int(1.5 * most)], total
