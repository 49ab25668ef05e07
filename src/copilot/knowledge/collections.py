"""What a collection holds, and taking all of it away."""

import hashlib
import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from copilot.errors import NotFound, Refused
from copilot.knowledge.index import forget
from copilot.knowledge.results import DocumentRow

if TYPE_CHECKING:
    from copilot.outside.store import Store, Thing


@dataclass(frozen=True)
class Volume:
    """How much a collection holds. `failed` counts files that could not be read or were skipped."""

    documents: int
    passages: int
    characters: int
    bytes: int
    failed: int


def volume(store: "Store", collection: str) -> Volume:
    """Count what is live in a collection."""
    sql = """SELECT count(CASE WHEN status = 'indexed' THEN 1 END) AS documents, ifnull(sum(characters), 0) AS characters,
        ifnull(sum(bytes), 0) AS bytes, count(CASE WHEN status <> 'indexed' THEN 1 END) AS failed,
        (SELECT count(*) FROM chunks c JOIN documents x ON x.id = c.document
            WHERE x.owner = d.owner AND x.collection = d.collection AND x.removed_by IS NULL) AS passages
        FROM documents d WHERE owner = ? AND collection = ? AND removed_by IS NULL"""
    return Volume(**store.rows(sql, store.owner, collection)[0])


def documents(store: "Store", collection: str) -> list[DocumentRow]:
    """List the live files of a collection: those that could not be read first, then by name."""
    sql = """SELECT name, type, status, reason, hint, pages, characters, details,
        (SELECT count(*) FROM chunks WHERE document = d.id) AS passages
        FROM documents d WHERE owner = ? AND collection = ? AND removed_by IS NULL ORDER BY status = 'indexed', name"""
    return [DocumentRow(**json.loads(row.pop("details")), **row) for row in store.rows(sql, store.owner, collection)]


def searchable(store: "Store", collection: str | None) -> list[str]:
    """Return the collections to search: the one that is named, or all; raise NotFound when there is none."""
    if collection:
        return [store.get("collection", collection).name]
    names = store.names("collection")
    if not names:
        raise NotFound("There is no collection yet.", "Read documents first: copilot data ingest FOLDER")
    return names


def unused(store: "Store", collection: str) -> "Thing":
    """Return a collection that no agent reads; raise Refused with the agents' names otherwise."""
    thing = store.get("collection", collection)
    readers = [agent.name for agent in store.all("agent") if thing.name in agent.body.get("collections", ())]
    if readers:
        raise Refused(
            f"'{thing.name}' is used by {'agent' if len(readers) == 1 else 'agents'} {', '.join(readers)}.",
            f"Delete the agent first, or give it another collection: copilot agents update {readers[0]} --help",
        )
    return thing


def analyses_of(store: "Store", collection: str) -> Path:
    """Return the folder of a collection's own analyses, which goes with the collection."""
    return store.path.parent / "analysis" / hashlib.sha256(f"{store.owner}\0{collection}".encode()).hexdigest()[:24]


def erase(store: "Store", collection: str) -> None:
    """Delete a collection with every version of its documents, so that nothing of it stays in any file."""
    with store.transaction() as connection:
        thing = unused(store, collection)
        connection.execute("DELETE FROM documents WHERE owner = ? AND collection = ?", (store.owner, thing.name))
        store.erase("collection", thing.name)
    forget(store, thing.name)
    shutil.rmtree(analyses_of(store, thing.name), ignore_errors=True)
    store.scrub()


def unread(store: "Store") -> dict[tuple[str, str], list[dict[str, Any]]]:
    """Return the live files that could not be read, by collection and the operation that tried."""
    sql = """SELECT collection, added_by, name, reason, hint, added_at FROM documents
        WHERE owner = ? AND removed_by IS NULL AND status = 'failed' ORDER BY id"""
    found: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in store.rows(sql, store.owner):
        found.setdefault((row["collection"], row["added_by"]), []).append(row)
    return found
