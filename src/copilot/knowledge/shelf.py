"""A collection that is being filled: its documents and passages, written so that each is there as a whole or not at all."""

import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from copilot.knowledge.extract import Extracted
from copilot.knowledge.results import Outcome, Status
from copilot.knowledge.search import OPENING_PASSAGES, Encoder, document_opening, document_title
from copilot.knowledge.source import INSIDE, File
from copilot.outside.store import Store, now

KEPT = "The version that was read before is kept."
BATCH = 1000
"""Passages that are embedded and written at a time."""
HEADING_CHARACTERS = 120
ABOUT_WEIGHT, HEADING_WEIGHT = 0.5, 0.3
"""How much the vectors of a document's beginning and of the headings count beside the passage's own, which counts 1."""


class Shelf:
    """One collection under one operation.

    A document of more than one batch is staged: written as if it had been removed by its own operation, and made
    live with its last passage, so that a crash leaves the old version or the new one.

    Args:
        operation: Id of the running operation, under which everything is written.
    """

    def __init__(self, store: Store, embedder: Encoder, collection: str, operation: str) -> None:
        self.store = store
        self.embedder = embedder
        known = store.find("collection", collection)
        self.collection = known.name if known else collection
        self.exists = known is not None
        self.operation = operation
        self._waiting: list[tuple[File, str, Extracted]] = []

    def digests(self) -> dict[str, str]:
        """Return the digests of indexed documents by source; without those inside which a document failed."""
        sql = "SELECT source, digest, status FROM documents WHERE owner = ? AND collection = ? AND removed_by IS NULL"
        rows = self.store.rows(sql, self.store.owner, self.collection)
        indexed = {row["source"]: row["digest"] for row in rows if row["status"] == "indexed"}
        for row in rows:
            if row["status"] == "failed":
                for container in outer(row["source"]):
                    indexed.pop(container, None)
        return indexed

    def put(self, file: File, digest: str, extracted: Extracted) -> Outcome:
        """Write one document, or why there is none."""
        if extracted["reason"]:
            return self._record(file, digest, extracted)
        document = 0
        for start, vectors, chunks, last in self._embedded(file, extracted["chunks"]):
            with self.store.transaction() as connection:
                document = document or self._stage(file, digest, extracted)
                rows = ((document, start + i, *chunk, vectors[i].tobytes()) for i, chunk in enumerate(chunks))
                sql = """INSERT INTO chunks (document, ordinal, text, heading, page, "row", start, end, vector)
                    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"""
                connection.executemany(sql, rows)
                if last and not self._publish(document, file, digest):
                    return Outcome(name=file.name, status="unchanged")
        return _outcome(file, extracted)

    def drop(self, sources: Iterable[str]) -> list[str]:
        """Take live documents away, so that `undo` can bring them back; return their names."""
        names = []
        with self.store.transaction() as connection:
            for source in sources:
                key = (self.store.owner, self.collection, source)
                where = "WHERE owner = ? AND collection = ? AND source = ? AND removed_by IS NULL"
                names += [row["name"] for row in self.store.rows(f"SELECT name FROM documents {where}", *key)]
                connection.execute(f"UPDATE documents SET removed_by = ? {where}", (self.operation, *key))
        return names

    def sources(self, start: str = "") -> list[str]:
        """Return where the live documents come from whose source starts so, also those that could not be read."""
        sql = """SELECT source FROM documents WHERE owner = ? AND collection = ? AND removed_by IS NULL
            AND source >= ? AND source < ? || char(1114111) ORDER BY source"""
        return [row["source"] for row in self.store.rows(sql, self.store.owner, self.collection, start, start)]

    def indexed_names(self) -> frozenset[str]:
        """Return the names of the documents that can be searched."""
        sql = "SELECT name FROM documents WHERE owner = ? AND collection = ? AND removed_by IS NULL AND status = 'indexed'"
        return frozenset(row["name"] for row in self.store.rows(sql, self.store.owner, self.collection))

    def clear(self) -> None:
        """Remove what was staged and never became live."""
        with self.store.transaction() as connection:
            sql = "DELETE FROM documents WHERE owner = ? AND added_by = ? AND removed_by = ?"
            connection.execute(sql, (self.store.owner, self.operation, self.operation))

    def seal(self, origin: dict[str, Any]) -> None:
        """Note in the collection where it was filled from; a collection that nothing was read into is not made."""
        if not self.exists:
            return
        with self.store.transaction():
            thing = self.store.get("collection", self.collection)
            if origin not in thing.body["sources"]:
                sources = [s for s in thing.body["sources"] if s["source"] != origin["source"]]
                self.store.put("collection", thing.name, {**thing.body, "sources": [*sources, origin]}, self.operation)

    def _record(self, file: File, digest: str, extracted: Extracted) -> Outcome:
        """Write why a file could not be read; a collection that does not exist yet waits for a file that can."""
        if not self.exists:
            self._waiting.append((file, digest, extracted))
            return _outcome(file, extracted)
        with self.store.transaction():
            live = self._live(file)
            if live and live["status"] == "indexed":
                return _outcome(file, extracted, hint=f"{extracted['hint']} {KEPT}".strip())
            if not live or (live["digest"], live["reason"]) != (digest, extracted["reason"]):
                document = self._insert(file, digest, extracted)
                self._replace(live, document)
        return _outcome(file, extracted)

    def _stage(self, file: File, digest: str, extracted: Extracted) -> int:
        """Make the collection with its first document, write what waited for it, and put a document there, not yet live."""
        if not self.store.find("collection", self.collection):
            self.store.add("collection", self.collection, {"sources": []}, self.operation)
        self.exists = True
        while self._waiting:
            self._record(*self._waiting.pop(0))
        return self._insert(file, digest, extracted)

    def _publish(self, document: int, file: File, digest: str) -> bool:
        """Put a document in the place of the live one; False when another process was quicker."""
        live = self._live(file)
        if live and live["status"] == "indexed" and live["digest"] == digest:
            self.store.connection.execute("DELETE FROM documents WHERE id = ?", (document,))
            return False
        self._replace(live, document)
        return True

    def _replace(self, live: dict[str, Any] | None, document: int) -> None:
        connection = self.store.connection
        if live:
            connection.execute("UPDATE documents SET removed_by = ? WHERE id = ?", (self.operation, live["id"]))
        connection.execute("UPDATE documents SET removed_by = NULL WHERE id = ?", (document,))

    def _live(self, file: File) -> dict[str, Any] | None:
        sql = "SELECT * FROM documents WHERE owner = ? AND collection = ? AND source = ? AND removed_by IS NULL"
        return next(iter(self.store.rows(sql, self.store.owner, self.collection, file.source)), None)

    def _insert(self, file: File, digest: str, extracted: Extracted) -> int:
        """Insert a document that is not live."""
        values = {
            "owner": self.store.owner,
            "collection": self.collection,
            "source": file.source,
            "name": file.name,
            "type": extracted["type"],
            "bytes": file.path.stat().st_size if file.path.is_file() else 0,
            "digest": digest,
            "pages": extracted["pages"],
            "characters": extracted["characters"],
            "status": _status(extracted),
            "reason": extracted["reason"],
            "hint": extracted["hint"],
            "details": json.dumps({"notes": extracted["notes"], **_personal(extracted)}),
            "added_by": self.operation,
            "removed_by": self.operation,
            "added_at": now(),
        }
        sql = f"INSERT INTO documents ({', '.join(values)}) VALUES ({', '.join('?' * len(values))})"
        return int(self.store.connection.execute(sql, tuple(values.values())).lastrowid or 0)

    def _embedded(self, file: File, passages: Iterable[Sequence[Any]]) -> Iterator[tuple[int, Any, list[Sequence[Any]], bool]]:
        """Yield batches: the place of the first passage, the vectors, the passages, and whether they are the last.

        The vector of a passage is mixed with those of how its document is called and begins, and of what it stands under:
        these are embedded once for many passages.
        """
        waiting = iter(passages)
        start, chunks = 0, list(islice(waiting, BATCH))
        title = document_title(file.name)
        opening = document_opening([text for text, _, _, row, *_ in chunks[:OPENING_PASSAGES] if row is None])
        about = ". ".join(part for part in (title, opening) if part)
        while chunks:
            after = list(islice(waiting, BATCH))
            abouts = [about if i else title for i in range(start, start + len(chunks))]
            headings = [heading[-HEADING_CHARACTERS:] for _, heading, *_ in chunks]
            yield start, _mixed(self.embedder, [text for text, *_ in chunks], abouts, headings), chunks, not after
            start, chunks = start + len(chunks), after


def _mixed(embedder: Encoder, texts: Sequence[str], abouts: Sequence[str], headings: Sequence[str]) -> Any:
    """Return a vector of length 1 for each text, drawn towards what it belongs to; an empty text there draws nowhere."""
    others = list(dict.fromkeys(text for text in (*abouts, *headings) if text))
    vectors = embedder.encode([*texts, *others])
    mixed, place = vectors[: len(texts)], {text: vectors[i] for i, text in enumerate(others, len(texts))}
    for i, parts in enumerate(zip(abouts, headings, strict=True)):
        for weight, text in zip((ABOUT_WEIGHT, HEADING_WEIGHT), parts, strict=True):
            if text:
                mixed[i] += weight * place[text]
        length = float((mixed[i] @ mixed[i]) ** 0.5)
        mixed[i] /= length or 1
    return mixed


def outer(source: str) -> list[str]:
    """Return the sources of the documents that one lies in."""
    parts = source.split(INSIDE)
    return [INSIDE.join(parts[:i]) for i in range(1, len(parts))]


def _status(extracted: Extracted) -> Status:
    return "skipped" if extracted["skipped"] else "failed" if extracted["reason"] else "indexed"


def _personal(extracted: Extracted) -> dict[str, dict[str, int]]:
    """Say whether what was found of personal data stands in the passages, or was masked."""
    return {"masked" if extracted["redacted"] else "personal": extracted["personal"]}


def _outcome(file: File, extracted: Extracted, hint: str = "") -> Outcome:
    return Outcome(
        name=file.name,
        status=_status(extracted),
        reason=extracted["reason"],
        hint=hint or extracted["hint"],
        type=extracted["type"],
        pages=extracted["pages"],
        passages=len(extracted["chunks"]),
        notes=tuple(extracted["notes"]),
        **_personal(extracted),
    )
