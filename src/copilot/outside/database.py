"""One SQLite file: opened safely, written in whole transactions, compacted so that deleted text is gone."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from copilot.errors import Unavailable
from copilot.outside.schema import migrate

BUSY_SECONDS = 30


def connect(path: Path) -> sqlite3.Connection:
    """Open a file in autocommit, readable by its owner alone, with the newest tables; made when it does not exist.

    Raises:
        Unavailable: it cannot be opened, or was written by a newer version.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        connection.row_factory = sqlite3.Row
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON", "secure_delete = ON"):
            connection.execute(f"PRAGMA {pragma}")
        path.chmod(0o600)
        migrate(connection)
    except (sqlite3.Error, OSError) as error:
        raise Unavailable(f"Cannot open {path}: {error}.", "Use another folder with --home, or see: copilot doctor") from error
    return connection


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Write all or nothing; raise Unavailable when the disk is full or another process does not let go."""
    with _writable():
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:  # a full disk may have rolled back already
                connection.execute("ROLLBACK")
            raise


def compact(connection: sqlite3.Connection) -> None:
    """Write the file anew without what was deleted, and empty its write-ahead log.

    Raises:
        Unavailable: the disk is full, or another process still reads what was deleted.
    """
    with _writable():
        connection.execute("VACUUM")
        busy = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
    if busy:
        raise Unavailable(
            "It is deleted, but another process is still reading the database, which keeps the text until then.",
            "Close every other copilot: the last one to close removes it.",
        )


@contextmanager
def _writable() -> Iterator[None]:
    try:
        yield
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_ERROR:  # our own SQL is wrong
            raise
        raise Unavailable(
            f"The workspace cannot be written: {error}.", "Free some space or close other copilots; see: copilot doctor"
        ) from error
