"""Write collections into a database of their own, which `search` reads anywhere."""

import os
import sqlite3
from collections.abc import Sequence
from pathlib import Path

from copilot.outside.schema import MIGRATIONS
from copilot.outside.store import Store

KNOWLEDGE = MIGRATIONS[1]
"""The tables of documents and passages."""
PAGE_BYTES = 4096


def export(store: Store, collections: Sequence[str], path: Path) -> None:
    """Write the live documents of collections, with their passages and vectors, to a new SQLite file.

    The same content gives the same bytes, so that the file can be named by its hash. Where a document came from on
    this machine is left out: `source` is its name. Ids are kept, so that passages can be compared.

    Args:
        path: The file to write; replaced as a whole when it exists.
    """
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    fresh.unlink(missing_ok=True)
    connection = sqlite3.connect(fresh, isolation_level=None)
    try:
        fresh.chmod(0o600)
        connection.execute(f"PRAGMA page_size = {PAGE_BYTES}")
        connection.execute("PRAGMA journal_mode = OFF")
        connection.executescript(KNOWLEDGE)
        connection.execute("DROP INDEX live_documents")
        connection.execute("BEGIN")
        for name in sorted(collections):
            _copy(store, name, connection)
        connection.execute("COMMIT")
        connection.execute("VACUUM")
    finally:
        connection.close()
    fresh.replace(path)


def _copy(store: Store, collection: str, target: sqlite3.Connection) -> None:
    live = "owner = ? AND collection = ? AND removed_by IS NULL AND status = 'indexed'"
    values = (store.owner, collection)
    documents = store.connection.execute(
        f"""SELECT id, owner, collection, name AS source, name, type, bytes, digest, pages, characters, status, '', '', '{{}}', '', NULL, ''
            FROM documents WHERE {live} ORDER BY id""",
        values,
    )
    _insert(target, "documents", documents)
    chunks = store.connection.execute(f"SELECT * FROM chunks WHERE document IN (SELECT id FROM documents WHERE {live}) ORDER BY id", values)
    _insert(target, "chunks", chunks)


def _insert(target: sqlite3.Connection, table: str, rows: sqlite3.Cursor) -> None:
    marks = ", ".join("?" * len(rows.description))
    target.executemany(f"INSERT INTO {table} VALUES ({marks})", (tuple(row) for row in rows))
