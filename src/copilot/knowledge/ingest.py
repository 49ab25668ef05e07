"""Read a source into a collection: a transaction a document, so that it can be killed, resumed, watched and undone."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from typing import Any

from copilot.knowledge.extract import Extracted, rejected
from copilot.knowledge.results import Outcome, Status
from copilot.knowledge.sandbox import Sandbox, Task
from copilot.knowledge.search import OPENING_PASSAGES, Encoder, document_opening, document_title
from copilot.knowledge.source import File, canonical, find
from copilot.outside.store import Store, now
from copilot.progress import Progress, Silent

KEPT = "The version that was read before is kept."
HEADING_CHARACTERS = 120
"""How much of a heading helps a passage's vector; it must not drown the passage."""


def ingest(
    store: Store,
    embedder: Encoder,
    source: str,
    collection: str,
    operation: str,
    redact_pii: bool = False,
    progress: Progress | None = None,
) -> tuple[Outcome, ...]:
    """Read every file of a source into a collection, in the order of their names.

    A file whose content has not changed is left alone; a changed one takes the place of its old version. A file that
    cannot be read is recorded with the reason, and costs nothing but itself. The collection is made with the first
    document that is indexed; until then nothing is written.

    Args:
        source: Path, glob pattern or http(s) URL.
        operation: Id of the running operation, under which everything is written.
        redact_pii: Mask personal data before anything is stored.
        progress: Where to report each finished file.

    Raises:
        NotFound, BadArguments, Unavailable: the source cannot be read at all.
    """
    with find(source) as files, Sandbox() as sandbox, (progress or Silent()).track("Reading", len(files)) as advance:
        shelf = _Shelf(store, embedder, collection, operation, {"source": canonical(source), "redact_pii": redact_pii})
        known = shelf.digests()
        digests = [_digest(file, redact_pii) for file in files]
        fresh = [file for file, digest in zip(files, digests, strict=True) if digest not in (known.get(file.source), "")]
        extracted = sandbox.extract(Task(file.path, redact_pii) for file in fresh)
        outcomes = []
        for file, digest in zip(files, digests, strict=True):
            outcomes.append(_settle(shelf, file, digest, known, extracted))
            advance(file.name)
        shelf.seal()
        return tuple(outcomes)


def _settle(shelf: "_Shelf", file: File, digest: str, known: dict[str, str], extracted: Iterator[Extracted]) -> Outcome:
    if digest and known.get(file.source) == digest:
        return Outcome(name=file.name, status="unchanged")
    if file.problem:
        return shelf.put(file, digest, rejected(file.problem, skipped=True))
    return shelf.put(file, digest, next(extracted) if digest else rejected("cannot be opened", "Check its permissions."))


def _digest(file: File, redact: bool) -> str:
    """Return a hash of what would be stored; empty when the file must not or cannot be read."""
    if file.problem:
        return ""
    try:
        with file.path.open("rb") as content:
            return hashlib.file_digest(content, "sha256").hexdigest() + ("+masked" if redact else "")
    except OSError:
        return ""


class _Shelf:
    """A collection that is being filled."""

    def __init__(self, store: Store, embedder: Encoder, collection: str, operation: str, origin: dict[str, Any]) -> None:
        self.store = store
        self.embedder = embedder
        known = store.find("collection", collection)
        self.collection = known.name if known else collection
        self.exists = known is not None
        self.operation = operation
        self.origin = origin
        self.waiting: list[tuple[File, str, Extracted]] = []

    def digests(self) -> dict[str, str]:
        """Return the digests of indexed documents by source."""
        sql = "SELECT source, digest FROM documents WHERE owner = ? AND collection = ? AND removed_by IS NULL AND status = 'indexed'"
        return {row["source"]: row["digest"] for row in self.store.rows(sql, self.store.owner, self.collection)}

    def put(self, file: File, digest: str, extracted: Extracted) -> Outcome:
        """Write one document, or why there is none."""
        if extracted["reason"]:
            return self._record(file, digest, extracted)
        vectors = self._vectors(file, extracted["chunks"])
        with self.store.transaction():
            live = self._live(file)
            if live and live["status"] == "indexed" and live["digest"] == digest:
                return Outcome(name=file.name, status="unchanged")  # another process was quicker
            self._open()
            document = self._insert(file, digest, extracted, live)
            rows = ((document, i, *chunk, vectors[i].tobytes()) for i, chunk in enumerate(extracted["chunks"]))
            sql = """INSERT INTO chunks (document, ordinal, text, heading, page, "row", start, end, vector)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"""
            self.store.connection.executemany(sql, rows)
        return _outcome(file, extracted)

    def seal(self) -> None:
        """Note where the collection comes from."""
        with self.store.transaction():
            thing = self.store.find("collection", self.collection)
            if thing and self.origin not in thing.body["sources"]:
                sources = [s for s in thing.body["sources"] if s["source"] != self.origin["source"]]
                self.store.put("collection", thing.name, {**thing.body, "sources": [*sources, self.origin]}, self.operation)

    def _record(self, file: File, digest: str, extracted: Extracted) -> Outcome:
        """Write why a file could not be read; a collection that does not exist yet waits for a file that can."""
        if not self.exists:
            self.waiting.append((file, digest, extracted))
            return _outcome(file, extracted)
        with self.store.transaction():
            live = self._live(file)
            if live and live["status"] == "indexed":
                return _outcome(file, extracted, hint=f"{extracted['hint']} {KEPT}".strip())
            if not live or (live["digest"], live["reason"]) != (digest, extracted["reason"]):
                self._insert(file, digest, extracted, live)
        return _outcome(file, extracted)

    def _open(self) -> None:
        """Make the collection with its first document, and write what waited for it."""
        if not self.store.find("collection", self.collection):
            self.store.add("collection", self.collection, {"sources": []}, self.operation)
        self.exists = True
        while self.waiting:
            self._record(*self.waiting.pop(0))

    def _live(self, file: File) -> dict[str, Any] | None:
        sql = "SELECT * FROM documents WHERE owner = ? AND collection = ? AND source = ? AND removed_by IS NULL"
        return next(iter(self.store.rows(sql, self.store.owner, self.collection, file.source)), None)

    def _insert(self, file: File, digest: str, extracted: Extracted, live: dict[str, Any] | None) -> int:
        """Insert a document in place of the one that is live."""
        connection = self.store.connection
        if live:
            connection.execute("UPDATE documents SET removed_by = ? WHERE id = ?", (self.operation, live["id"]))
        size = file.path.stat().st_size if file.path.is_file() else 0
        details = {"notes": extracted["notes"], "masked": extracted["masked"]}
        values = {
            "owner": self.store.owner,
            "collection": self.collection,
            "source": file.source,
            "name": file.name,
            "type": extracted["type"],
            "bytes": size,
            "digest": digest,
            "pages": extracted["pages"],
            "characters": extracted["characters"],
            "status": _status(extracted),
            "reason": extracted["reason"],
            "hint": extracted["hint"],
            "details": json.dumps(details),
            "added_by": self.operation,
            "added_at": now(),
        }
        sql = f"INSERT INTO documents ({', '.join(values)}) VALUES ({', '.join('?' * len(values))})"
        return int(connection.execute(sql, tuple(values.values())).lastrowid or 0)

    def _vectors(self, file: File, chunks: Sequence[Sequence[Any]]) -> Any:
        """Embed each passage together with what its document is called, how it begins, and what it stands under."""
        opening = document_opening([text for text, _, _, row, *_ in chunks[:OPENING_PASSAGES] if row is None])
        title = document_title(file.name)
        texts = []
        for i, (text, heading, *_) in enumerate(chunks):
            parts = (title, opening if i else "", heading[-HEADING_CHARACTERS:], text)
            texts.append(". ".join(part for part in parts if part))
        return self.embedder.encode(texts)


def _status(extracted: Extracted) -> Status:
    return "skipped" if extracted["skipped"] else "failed" if extracted["reason"] else "indexed"


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
        masked=extracted["masked"],
    )
