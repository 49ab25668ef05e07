"""Write collections into a database of their own, which `search` reads anywhere."""

import os
import sqlite3
from collections.abc import Sequence
from contextlib import closing
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
    try:
        fresh.touch(mode=0o600)
        with closing(sqlite3.connect(fresh, isolation_level=None)) as connection:
            _write(store, collections, connection)
        fresh.replace(path)
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise


def _write(store: Store, collections: Sequence[str], target: sqlite3.Connection) -> None:
    target.execute(f"PRAGMA page_size = {PAGE_BYTES}")
    target.execute("PRAGMA journal_mode = OFF")
    target.executescript(KNOWLEDGE)
    target.execute("DROP INDEX live_documents")
    target.execute("BEGIN")
    with store.transaction():  # documents and their passages of one moment
        for name in sorted(collections):
            _copy(store, name, target)
    target.execute("COMMIT")
    target.execute("VACUUM")


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
