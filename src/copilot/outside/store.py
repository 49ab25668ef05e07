"""The SQLite file that holds everything: workspace, documents, runs, deployments, sessions and the audit trail."""

import json
import os
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any
from uuid import uuid4

from sqlite_utils import Database

from copilot.errors import AlreadyExists, NotFound, Refused
from copilot.outside import database
from copilot.outside.process import alive

UNITS = {"m": "minutes", "h": "hours", "d": "days"}
LISTINGS = {
    "model": "copilot models list",
    "collection": "copilot data list-collections",
    "agent": "copilot agents list",
    "benchmark": "copilot benchmarks list",
    "deployment": "copilot deployments list",
}


def now() -> str:
    """The time in UTC, ISO 8601 with microseconds."""
    return datetime.now(UTC).isoformat(timespec="microseconds")


def ago(duration: str) -> str:
    """Return the time that lies so far back, e.g. `15m`, `24h` or `7d`; empty when that is before the calendar begins."""
    try:
        return (datetime.now(UTC) - timedelta(**{UNITS[duration[-1]]: int(duration[:-1])})).isoformat(timespec="microseconds")
    except OverflowError:
        return ""


@dataclass(frozen=True)
class Thing:
    """A named part of the workspace at one version."""

    kind: str
    name: str
    version: int
    body: dict[str, Any]
    changed_at: str


class Store:
    """The database of one home folder, seen by one user.

    Every method sees only what `owner` owns. Things are written as whole versions under an operation, so that an
    operation can be undone; domain rooms run their own SQL on `connection` inside `transaction()`.

    Args:
        path: The SQLite file; made when it does not exist.
        owner: Whose rows are seen and written.

    Raises:
        Unavailable: the file cannot be opened, or was written by a newer version.
    """

    def __init__(self, path: Path, owner: str) -> None:
        self.path = path
        self.owner = owner

    @cached_property
    def db(self) -> Database:
        return Database(database.connect(self.path), execute_plugins=False)  # plugins have no business here, and are slow to look for

    @property
    def connection(self) -> sqlite3.Connection:
        """The connection, in autocommit: write inside `transaction()`."""
        connection: sqlite3.Connection = self.db.conn
        return connection

    def close(self) -> None:
        if "db" in self.__dict__:
            self.connection.close()
            del self.db

    def seen_by(self, owner: str) -> "Store":
        """Return another user's view of the same file, on the same connection; `outside/access.py` decides who gets one."""
        other = Store(self.path, owner)
        other.db = self.db
        return other

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Write all or nothing; waits for other writers. A transaction inside one joins it.

        Raises:
            Unavailable: the disk is full or cannot be written, or another process does not let go of the file.
        """
        if self.connection.in_transaction:
            yield self.connection
        else:
            with database.transaction(self.connection):
                yield self.connection

    def rows(self, sql: str, *values: Any) -> list[dict[str, Any]]:
        """Run a query; each row is a dict."""
        return list(self.db.query(sql, values))

    # Things

    def find(self, kind: str, name: str) -> Thing | None:
        """Return a thing by its name (case does not matter), or None."""
        found = self.rows("SELECT * FROM things WHERE owner = ? AND kind = ? AND name = ? COLLATE NOCASE", self.owner, kind, name)
        return _thing(found[0]) if found else None

    def get(self, kind: str, name: str) -> Thing:
        """Return a thing by its name; raise NotFound with the nearest name."""
        thing = self.find(kind, name)
        if thing is None:
            raise NotFound.named(kind, name, self.names(kind), f"See: {LISTINGS.get(kind, 'copilot help')}")
        return thing

    def all(self, kind: str) -> list[Thing]:
        return [_thing(row) for row in self.rows("SELECT * FROM things WHERE owner = ? AND kind = ? ORDER BY name", self.owner, kind)]

    def names(self, kind: str) -> list[str]:
        return [row["name"] for row in self.rows("SELECT name FROM things WHERE owner = ? AND kind = ? ORDER BY name", self.owner, kind)]

    def add(self, kind: str, name: str, body: Mapping[str, Any], operation: str) -> Thing:
        """Make a new thing; raise AlreadyExists when the name is taken."""
        with self.transaction():
            if taken := self.find(kind, name):
                raise AlreadyExists(
                    f"The {kind} name '{taken.name}' is taken.", f"Choose another name, or see: {LISTINGS.get(kind, 'copilot help')}"
                )
            return self.put(kind, name, body, operation)

    def put(self, kind: str, name: str, body: Mapping[str, Any], operation: str) -> Thing:
        """Write a thing as its next version."""
        with self.transaction() as connection:
            known = self.find(kind, name)
            name = known.name if known else name
            version = self._last_version(kind, name) + 1
            text, at = json.dumps(body, ensure_ascii=False), now()
            connection.execute("INSERT OR REPLACE INTO things VALUES (?, ?, ?, ?, ?, ?)", (self.owner, kind, name, version, text, at))
            self._record(kind, name, version, text, operation, at)
        return Thing(kind, name, version, dict(body), at)

    def remove(self, kind: str, name: str, operation: str) -> Thing:
        """Take a thing away; `undo` can bring it back."""
        with self.transaction() as connection:
            thing = self.get(kind, name)
            connection.execute("DELETE FROM things WHERE owner = ? AND kind = ? AND name = ?", (self.owner, kind, thing.name))
            self._record(kind, thing.name, self._last_version(kind, thing.name) + 1, None, operation, now())
        return thing

    def erase(self, kind: str, name: str) -> Thing:
        """Delete a thing with every version of it; nothing can bring it back."""
        with self.transaction() as connection:
            thing = self.get(kind, name)
            for table in ("things", "versions"):
                connection.execute(f"DELETE FROM {table} WHERE owner = ? AND kind = ? AND name = ?", (self.owner, kind, thing.name))
        return thing

    def versions(self, kind: str, name: str) -> list[Thing]:
        """Return every version of a thing, oldest first; removals are left out."""
        sql = "SELECT *, at AS changed_at FROM versions WHERE owner = ? AND kind = ? AND name = ? AND body IS NOT NULL ORDER BY version"
        return [_thing(row) for row in self.rows(sql, self.owner, kind, name)]

    def settings(self) -> dict[str, Any]:
        """The workspace's settings, e.g. the default model."""
        thing = self.find("setting", "workspace")
        return thing.body if thing else {}

    def set(self, operation: str, **values: Any) -> None:
        """Change settings; None takes one away."""
        merged = {**self.settings(), **values}
        self.put("setting", "workspace", {k: v for k, v in merged.items() if v is not None}, operation)

    def _last_version(self, kind: str, name: str) -> int:
        sql = "SELECT max(version) AS last FROM versions WHERE owner = ? AND kind = ? AND name = ?"
        return int(self.rows(sql, self.owner, kind, name)[0]["last"] or 0)

    def _record(self, kind: str, name: str, version: int, body: str | None, operation: str, at: str) -> None:
        sql = "INSERT INTO versions (owner, kind, name, version, body, operation, at) VALUES (?, ?, ?, ?, ?, ?, ?)"
        self.connection.execute(sql, (self.owner, kind, name, version, body, operation, at))

    # Operations

    def begin(self, intent: str, args: Mapping[str, Any], undoable: bool) -> str:
        """Open an operation and return its id."""
        operation = uuid4().hex[:12]
        sql = """INSERT INTO operations (id, owner, intent, args, state, undoable, process, folder, at)
            VALUES (?, ?, ?, ?, 'running', ?, ?, ?, ?)"""
        with self.transaction() as connection:
            connection.execute(sql, (operation, self.owner, intent, as_text(args), undoable, os.getpid(), str(Path.cwd()), now()))
        return operation

    def finish(self, operation: str, state: str) -> None:
        """Close an operation as `done` or `failed`."""
        with self.transaction() as connection:
            connection.execute("UPDATE operations SET state = ? WHERE id = ?", (state, operation))

    def interrupted(self) -> list[dict[str, Any]]:
        """Return the operations whose process died before they ended, oldest first."""
        running = self.rows("SELECT * FROM operations WHERE owner = ? AND state IN ('running', 'recovering') ORDER BY seq", self.owner)
        return [row for row in running if not alive(row["process"])]

    def take_over(self, operation: str) -> bool:
        """Mark an interrupted operation as being recovered by this process; False when another one was quicker."""
        with self.transaction() as connection:
            sql = "UPDATE operations SET state = 'recovering', process = ? WHERE id = ? AND state = 'running'"
            return connection.execute(sql, (os.getpid(), operation)).rowcount == 1

    def last_operation(self) -> dict[str, Any]:
        """Return the newest operation that changed something and is not undone; raise Refused when there is none.

        One that cannot be undone (`undoable` is 0) is returned too: what came before it is not the last change.
        """
        sql = """SELECT * FROM operations o WHERE owner = ? AND state != 'undone' AND intent != 'undo' AND (
            NOT undoable AND state = 'done' OR
            EXISTS (SELECT 1 FROM versions WHERE operation = o.id) OR EXISTS (SELECT 1 FROM runs WHERE operation = o.id)
            OR EXISTS (SELECT 1 FROM documents WHERE o.id IN (added_by, removed_by))) ORDER BY seq DESC LIMIT 1"""
        found = self.rows(sql, self.owner)
        if not found:
            raise Refused("There is nothing to undo.", "See what was done: copilot operations show-history")
        return found[0]

    def revert(self, operation: str) -> None:
        """Put everything that an operation changed back as it was before, in the workspaces of others too.

        Raises:
            Refused: a document that it replaced has been replaced again by an operation that stands.
        """
        with self.transaction() as connection:
            sql = """SELECT new.name, new.collection FROM documents old JOIN documents new USING (owner, collection, source)
                WHERE owner = ? AND old.removed_by = ? AND new.removed_by IS NULL AND new.added_by != ?"""
            if blocking := self.rows(sql, self.owner, operation, operation):
                raise Refused(
                    f"'{blocking[0]['name']}' in '{blocking[0]['collection']}' was replaced again by another operation.",
                    "What stands is the newest version; ingest the source again to bring all of it up to date.",
                )
            for row in self.rows("SELECT * FROM versions WHERE operation = ? ORDER BY seq DESC", operation):
                self.seen_by(row["owner"])._withdraw(row["kind"], row["name"], row["version"])
            connection.execute("DELETE FROM documents WHERE owner = ? AND added_by = ?", (self.owner, operation))
            connection.execute("UPDATE documents SET removed_by = NULL WHERE owner = ? AND removed_by = ?", (self.owner, operation))
            connection.execute("DELETE FROM runs WHERE owner = ? AND operation = ?", (self.owner, operation))
            connection.execute("UPDATE operations SET state = 'undone' WHERE id = ?", (operation,))

    def _withdraw(self, kind: str, name: str, version: int) -> None:
        """Drop a version from the record; the newest that is left becomes the current one."""
        key = (self.owner, kind, name)
        self.connection.execute("DELETE FROM versions WHERE owner = ? AND kind = ? AND name = ? AND version = ?", (*key, version))
        left = self.rows("SELECT * FROM versions WHERE owner = ? AND kind = ? AND name = ? ORDER BY version DESC LIMIT 1", *key)
        if left and left[0]["body"] is not None:
            values = (*key, left[0]["version"], left[0]["body"], left[0]["at"])
            self.connection.execute("INSERT OR REPLACE INTO things VALUES (?, ?, ?, ?, ?, ?)", values)
        else:
            self.connection.execute("DELETE FROM things WHERE owner = ? AND kind = ? AND name = ?", key)

    def scrub(self) -> None:
        """Leave no deleted text behind in the file or its write-ahead log.

        Raises:
            Unavailable: another process is reading what was deleted, or the disk is full.
        """
        self.connection.execute("INSERT INTO chunks_fts (chunks_fts) VALUES ('optimize')")
        database.compact(self.connection)

    # Sessions

    def session(self, name: str) -> dict[str, Any]:
        """Return the state of a conversation; empty for a new one."""
        found = self.rows("SELECT state FROM sessions WHERE owner = ? AND name = ?", self.owner, name)
        return dict(json.loads(found[0]["state"])) if found else {}

    def save_session(self, name: str, state: Mapping[str, Any]) -> None:
        with self.transaction() as connection:
            connection.execute("INSERT OR REPLACE INTO sessions VALUES (?, ?, ?, ?)", (self.owner, name, as_text(state), now()))


def _thing(row: Mapping[str, Any]) -> Thing:
    return Thing(row["kind"], row["name"], row["version"], json.loads(row["body"]), row["changed_at"])


def as_text(value: Any) -> str:
    """Write a value as JSON that the database takes: a lone surrogate, as in a file name of another encoding, is escaped."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, default=str).encode("utf-8", "backslashreplace").decode()
