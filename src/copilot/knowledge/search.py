"""Hybrid search: full text (BM25) and vectors put passages forward, what they share with the query orders them.

Runs on the workspace's database and on an exported index.

Needs the standard library and numpy only: this file is also shipped to AWS Lambda.
"""

import sqlite3
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any, Protocol

import numpy as np

from copilot.knowledge.relevance import WORD, content_words, coverage, is_title, names, names_among, rarities, relevance, stems

POOL = 40
"""Best passages that each way of searching puts forward."""
SPARE = 4
"""How many times as many full text looks at, before those of other collections are taken out."""
RANK_DAMPING = 60
"""The constant of reciprocal rank fusion: how little the first places count more than those after them."""
HEADING_WEIGHT = 0.5
OPENING_PASSAGES, OPENING_CHARACTERS = 3, 160
COVER_PASSAGES, COVER_CHARACTERS = 8, 1500
"""How much of a document may hold the names of whom it is about."""
MAX_QUERY = 20_000
FAMILIAR, HALF_KNOWN = 0.05, 2
"""A word in fewer than this share of all passages tells documents apart; one that has it in so many passages is half about it."""
MOST_TELLING = 2_000
"""A word in more passages than this is not looked up document by document."""
MOST_POSTINGS = 5_000
"""How many passages full text may look at: commoner words are left out of a query, the rarest never."""


class Encoder(Protocol):
    """What turns texts into vectors of length 1, as (len(texts), width)."""

    def encode(self, texts: Sequence[str]) -> Any: ...


class Index(Protocol):
    """A faster way to the nearest vectors than comparing all of them."""

    def nearest(self, vector: Any, limit: int) -> list[tuple[int, float]]:
        """Return chunk ids and cosines, the nearest first."""


@dataclass(frozen=True)
class Passage:
    """A chunk that was found, and where it stands.

    Args:
        chunk: Id of the chunk; `document` is the id of its document.
        page: From 1; `row` is the row of its table, from 1, or 0 for what describes the whole table.
        start: Where `text` starts in the document's extracted text, in characters; `end` is where it ends.
        score: Fused rank score; decides between passages of the same relevance.
        relevance: From 0 to 1, how likely the passage is to have to do with the query at all.
    """

    chunk: int
    document: int
    name: str
    source: str
    collection: str
    page: int | None
    row: int | None
    heading: str
    text: str
    start: int
    end: int
    score: float
    relevance: float


@dataclass(frozen=True)
class Within:
    """What to search: collections, or only some of their documents.

    Args:
        documents: File names, or ends of them, any of which will do; all of them when empty.
        types: Types such as `pdf`; all of them when empty.
        since: Earliest day of reading, as 2026-03-31; `until` is the last one.
    """

    collections: tuple[str, ...]
    documents: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    since: str = ""
    until: str = ""

    def live(self, owner: str) -> tuple[str, tuple[str, ...]]:
        """Return the SQL condition on a document `d`, and its values."""
        parts: list[tuple[str, tuple[str, ...]]] = [
            ("d.owner = ? AND d.removed_by IS NULL", (owner,)),
            (f"d.collection IN ({_marks(self.collections)})", self.collections),
        ]
        if self.documents:
            ends = tuple(name.lower() for name in self.documents)
            parts.append(
                (f"({' OR '.join('lower(substr(d.name, -length(?))) = ?' for _ in ends)})", tuple(v for e in ends for v in (e, e)))
            )
        if self.types:
            parts.append((f"d.type IN ({_marks(self.types)})", self.types))
        if self.since:
            parts.append(("substr(d.added_at, 1, 10) >= ?", (self.since,)))
        if self.until:
            parts.append(("substr(d.added_at, 1, 10) <= ?", (self.until,)))
        return " AND ".join(sql for sql, _ in parts), tuple(value for _, values in parts for value in values)


def search(
    connection: sqlite3.Connection,
    owner: str,
    embedder: Encoder,
    collections: Sequence[str] | Within,
    query: str,
    limit: int = 5,
    index: Index | None = None,
) -> list[Passage]:
    """Return the most relevant passages of live documents, best first.

    Args:
        collections: Names of collections to search, or a choice of their documents.
        query: Any text of a user; it is never read as a query language.
        limit: Most passages to return.
        index: Takes the place of comparing all vectors, where whole collections are searched.
    """
    within = collections if isinstance(collections, Within) else Within(tuple(collections))
    scope = _Scope(connection, owner, within)
    query = query[:MAX_QUERY]
    terms = content_words(query)
    known = scope.frequencies(terms)
    vector = embedder.encode([query])[0]
    near = index.nearest(vector, POOL) if index and within == Within(within.collections) else scope.nearest(vector, POOL)
    named = names(query)
    unnamed = {term: count for term, count in known.items() if term not in named}
    matching = scope.matching(known, POOL)
    scores = fuse(matching, scope.matching(unnamed, POOL) if unnamed != known else matching, [chunk for chunk, _ in near])
    passages = scope.passages(scores, vector, known, named)
    return sorted(passages, key=lambda p: (-p.relevance, -p.score, p.chunk))[:limit]


def match_expression(terms: Iterable[str]) -> str:
    """Write words as a full-text query for any of them; each is quoted, so nothing in it is an operator."""
    return " OR ".join('"' + term.replace('"', '""') + '"' for term in terms)


def fuse(*rankings: Sequence[int]) -> dict[int, float]:
    """Reciprocal rank fusion of lists of ids, best first."""
    scores: dict[int, float] = {}
    for ranking in rankings:
        for rank, chunk in enumerate(ranking, 1):
            scores[chunk] = scores.get(chunk, 0.0) + 1 / (RANK_DAMPING + rank)
    return scores


def document_title(name: str) -> str:
    """Turn a file name into words: `hr/travel-policy.docx` becomes `hr travel policy`."""
    path = PurePath(name)
    return " ".join(WORD.findall(str(path.with_suffix("") if path.suffix else path).replace("_", " ")))


def document_opening(texts: Sequence[str]) -> str:
    """Return the first words of a document, which tell what all of it is about.

    Args:
        texts: Its first passages that are not table rows, in reading order.
    """
    return " ".join(texts[:OPENING_PASSAGES])[:OPENING_CHARACTERS]


@dataclass(frozen=True)
class _Matrix:
    """The vectors of a scope, as they are while nobody writes."""

    connection: sqlite3.Connection
    key: tuple[object, ...]
    ids: list[int]
    vectors: Any


_last: list[_Matrix] = []
"""The scope that was searched last: a conversation stays with its collections."""


class _Scope:
    """The live documents of some collections."""

    def __init__(self, connection: sqlite3.Connection, owner: str, within: Within) -> None:
        self.connection = connection
        self.live, self.values = within.live(owner)
        self.total: int = connection.execute("SELECT ifnull(max(id), 0) FROM chunks").fetchone()[0]

    def nearest(self, vector: Any, limit: int) -> list[tuple[int, float]]:
        """Compare all vectors."""
        matrix = self._matrix()
        if not matrix.ids:
            return []
        cosines = matrix.vectors @ vector
        near = np.argpartition(-cosines, limit - 1)[:limit] if limit < len(cosines) else np.arange(len(cosines))
        best = near[np.lexsort((near, -cosines[near]))]
        return [(matrix.ids[i], float(cosines[i])) for i in best]

    def _matrix(self) -> _Matrix:
        """Read the vectors, unless they are those of the last search and nothing was written since."""
        version = self.connection.execute("PRAGMA data_version").fetchone()[0]
        key = (self.live, self.values, version, self.connection.total_changes)
        if not _last or _last[0].connection is not self.connection or _last[0].key != key:
            sql = f"SELECT c.id, c.vector FROM chunks c JOIN documents d ON d.id = c.document WHERE {self.live} ORDER BY c.id"
            ids, data = [], bytearray()  # grows in place: all vectors are never held twice
            for chunk, vector in self.connection.execute(sql, self.values):
                ids.append(chunk)
                data += vector
            vectors = np.frombuffer(data, np.float32).reshape(len(ids), -1) if ids else np.empty((0, 0))
            _last[:] = [_Matrix(self.connection, key, ids, vectors)]
        return _last[0]

    def frequencies(self, terms: Sequence[str]) -> dict[str, int]:
        """Count the passages that have each word."""
        sql = "SELECT count(*) FROM chunks_fts WHERE chunks_fts MATCH ?"
        return {term: self.connection.execute(sql, (match_expression([term]),)).fetchone()[0] for term in terms}

    def matching(self, known: Mapping[str, int], limit: int) -> list[int]:
        """Find any of the words, the best match first."""
        terms: list[str] = []
        postings = 0
        for term, count in sorted(known.items(), key=lambda item: item[1]):
            postings += count
            if count and (not terms or postings <= MOST_POSTINGS):
                terms.append(term)
        if not terms:
            return []
        order = f"ORDER BY bm25(chunks_fts, 1.0, {HEADING_WEIGHT}), rowid LIMIT ?"
        sql = f"SELECT rowid FROM chunks_fts WHERE chunks_fts MATCH ? {order}"
        best = [row[0] for row in self.connection.execute(sql, (match_expression(terms), SPARE * limit))]
        living = f"SELECT c.id FROM chunks c CROSS JOIN documents d ON d.id = c.document WHERE {self.live}"
        live = {row[0] for row in self.connection.execute(f"{living} AND c.id IN ({_marks(best)})", (*self.values, *best))}
        if len(live) < limit and len(best) == SPARE * limit:  # other collections crowd these out
            sql = f"SELECT rowid FROM chunks_fts WHERE chunks_fts MATCH ? AND rowid IN ({living}) {order}"
            return [row[0] for row in self.connection.execute(sql, (match_expression(terms), *self.values, limit))]
        return [chunk for chunk in best if chunk in live][:limit]

    def passages(self, scores: Mapping[int, float], vector: Any, known: Mapping[str, int], named: frozenset[str]) -> list[Passage]:
        """Fetch the chunks that have a score; an index may offer some that are gone."""
        sql = f"""SELECT c.id, d.id, d.name, d.source, d.collection, c.page, c."row", c.heading, c.text, c.start, c.end, c.vector
            FROM chunks c CROSS JOIN documents d ON d.id = c.document WHERE c.id IN ({_marks(scores)}) AND {self.live} ORDER BY c.id"""
        rows = [tuple(row) for row in self.connection.execute(sql, (*scores, *self.values))]
        documents = {row[1]: document_title(row[2]) for row in rows}
        weights = rarities(known, self.total)
        covers, presence = self._covers(documents), self._presence(known, documents)
        wanted = named & known.keys()
        owners = {document: dict.fromkeys(names_among(wanted, cover), 1.0) for document, cover in covers.items()}
        about = {document: stems(f"{title} {covers[document][:OPENING_CHARACTERS]}") for document, title in documents.items()}
        found = []
        for row in rows:
            document, heading, text = row[1], row[7], row[8]
            own = stems(f"{heading} {text}")
            covered = coverage(weights, own, owners[document])
            placed = coverage(weights, own | about[document], presence[document] | owners[document])
            cosine = float(np.frombuffer(row[-1], np.float32) @ vector)
            found.append(Passage(*(*row[:-1], scores[row[0]], relevance(cosine, covered, placed, row[6] == 0 or is_title(text)))))
        return found

    def _presence(self, known: Mapping[str, int], documents: Collection[int]) -> dict[int, dict[str, float]]:
        """Return how much each document has to do with each of the rarer words, from 0 to 1."""
        sql = f"""SELECT c.document, count(*) FROM chunks_fts f CROSS JOIN chunks c ON c.id = f.rowid
            WHERE chunks_fts MATCH ? AND c.document IN ({_marks(documents)}) GROUP BY c.document"""
        presence: dict[int, dict[str, float]] = {document: {} for document in documents}
        for term, count in known.items():
            if 0 < count < min(FAMILIAR * self.total, MOST_TELLING):
                for document, held in self.connection.execute(sql, (match_expression([term]), *documents)):
                    presence[document][term] = held / (held + HALF_KNOWN)
        return presence

    def _covers(self, documents: Mapping[int, str]) -> dict[int, str]:
        """Return how documents begin, by id."""
        sql = f"""SELECT document, text FROM chunks WHERE document IN ({_marks(documents)})
            AND ordinal < {COVER_PASSAGES} AND "row" IS NULL ORDER BY document, ordinal"""
        texts: dict[int, list[str]] = {document: [] for document in documents}
        for document, text in self.connection.execute(sql, tuple(documents)):
            texts[document].append(text)
        return {document: " ".join(found)[:COVER_CHARACTERS] for document, found in texts.items()}


def _marks(values: Collection[object]) -> str:
    return ", ".join("?" * len(values))
