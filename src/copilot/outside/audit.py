"""The audit trail: append-only, chained by digests, searchable."""

import hashlib
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from copilot.outside.store import Store, as_text, now

ENDING = re.compile(r"(?<=\w{4})(?:ions?|ments?|ing|ed|es|s|e)$")
"""What a word may lose and still be found: "deletions" finds `delete_agent`."""
FIELDS = ("at", "owner", "intent", "args", "outcome", "detail", "operation", "account", "previous")


class Audit:
    """The trail of one workspace. The newest digest is kept outside the database too, so that a cut tail shows."""

    def __init__(self, store: Store) -> None:
        self.store = store

    @property
    def _head(self) -> Path:
        return self.store.path.with_name("audit.head")

    def append(self, intent: str, args: Mapping[str, Any], outcome: str, detail: str, operation: str | None, account: str) -> None:
        """Add an entry.

        Args:
            args: Already masked: no secret, no document text, no question.
            outcome: `done`, `failed` or `asked`.
            account: `simulated` or `live`.
        """
        with self.store.transaction() as connection:
            last = self.store.rows("SELECT digest FROM audit ORDER BY seq DESC LIMIT 1")
            entry = (now(), self.store.owner, intent, as_text(args), outcome, detail, operation, account, last[0]["digest"] if last else "")
            digest = _digest(entry)
            holes = ", ".join("?" * (len(FIELDS) + 1))
            connection.execute(f"INSERT INTO audit ({', '.join(FIELDS)}, digest) VALUES ({holes})", (*entry, digest))
        with self.store.transaction():  # the note outside never runs ahead of what is committed, and never goes back
            self._note()

    def search(self, words: str = "", since: str = "", limit: int = 20) -> list[dict[str, Any]]:
        """Return the entries whose ability, arguments, detail or outcome contain every word, endings aside, newest first.

        Args:
            since: ISO time; only entries after it.
        """
        sql, values = "SELECT * FROM audit WHERE owner = ? AND at >= ?", [self.store.owner, since]
        for word in words.split():
            sql += " AND (intent || ' ' || args || ' ' || detail || ' ' || outcome) LIKE ? ESCAPE '\\'"
            values.append("%" + ENDING.sub("", word).replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%")
        return self.store.rows(f"{sql} ORDER BY seq DESC LIMIT ?", *values, limit)

    def broken(self) -> str:
        """Prove the chain; return where it breaks, or an empty string."""
        noted = self._noted()  # read before the entries, which another process may be adding to
        known, previous = False, ""
        for row in self.store.connection.execute("SELECT * FROM audit ORDER BY seq"):
            if row["previous"] != previous or _digest(tuple(row[f] for f in FIELDS)) != row["digest"]:
                return f"entry {row['seq']} of {row['at']} was changed, or one before it was removed"
            previous = row["digest"]
            known = known or previous == noted
        return "" if known or noted == previous else "the newest entries were cut off"

    def _noted(self) -> str:
        return self._head.read_text(encoding="ascii") if self._head.exists() else ""

    def _note(self) -> None:
        """Note the newest digest outside the database; a note of an entry that is gone stays, as the proof."""
        noted, newest = self._noted(), "SELECT digest FROM audit ORDER BY seq DESC LIMIT 1"
        if noted and not self.store.rows("SELECT 1 FROM audit WHERE digest = ? ORDER BY seq DESC LIMIT 1", noted):
            return
        fresh = self._head.with_suffix(f".{os.getpid()}")
        try:
            fresh.write_text(self.store.rows(newest)[0]["digest"], encoding="ascii")
            fresh.replace(self._head)
        except OSError:  # on a full disk the note falls behind, which is no sign of a cut
            fresh.unlink(missing_ok=True)


def _digest(entry: tuple[Any, ...]) -> str:
    return hashlib.sha256(as_text(list(entry)).encode()).hexdigest()
