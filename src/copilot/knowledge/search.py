"""Hybrid search: full text (BM25) and vectors put passages forward, what they have in common with the query orders them.

Runs on the workspace's database and on an exported index.

Needs the standard library and numpy only: this file is also shipped to AWS Lambda.
"""

import math
import re
import sqlite3
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any, Protocol

import numpy as np

POOL = 60
"""Best passages that each way of searching puts forward."""
RANK_DAMPING = 60
"""The constant of reciprocal rank fusion: how little the first places count more than those after them."""
RELEVANT = 0.5
"""A passage below this has nothing to do with the query."""
HEADING_WEIGHT = 0.5
OPENING_PASSAGES, OPENING_CHARACTERS = 3, 160
MAX_TERMS = 32
MAX_QUERY = 20_000
COSINE_WEIGHT, COVERAGE_WEIGHT, BIAS = 8.0, 4.0, -4.8
"""Near the logistic regression of "answers the question" on cosine and coverage, for questions about the sample documents
and questions that they do not answer; 0.5 then is an even chance."""

WORD = re.compile(r"\w+")
STOPWORDS = frozenset(
    WORD.findall(
        """a about all also am an and any are as at be been but by can could did do does for from had has have he her his how i if
        in into is it its may me must my no not of on or our shall she should so some than that the their them then there these they
        this those to was we were what when where which while who whom whose why will with would you your"""
    )
)


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


def search(
    connection: sqlite3.Connection,
    owner: str,
    embedder: Encoder,
    collections: Sequence[str],
    query: str,
    limit: int = 5,
    index: Index | None = None,
) -> list[Passage]:
    """Return the most relevant passages of live documents, best first.

    Args:
        collections: Names of collections to search.
        query: Any text of a user; it is never read as a query language.
        limit: Most passages to return.
        index: Takes the place of comparing all vectors.
    """
    scope = _Scope(connection, owner, tuple(collections))
    query = query[:MAX_QUERY]
    terms = content_words(query)
    vector = embedder.encode([query])[0]
    near = index.nearest(vector, POOL) if index else scope.nearest(vector, POOL)
    scores = fuse(scope.matching(terms, POOL), [chunk for chunk, _ in near])
    passages = scope.passages(scores, vector, terms)
    return sorted(passages, key=lambda p: (-p.relevance, -p.score, p.chunk))[:limit]


def content_words(text: str) -> tuple[str, ...]:
    """Return the distinct words that carry meaning, in order, at most MAX_TERMS; all words when none does."""
    words = list(dict.fromkeys(WORD.findall(text.lower())))
    return tuple([word for word in words if word not in STOPWORDS] or words)[:MAX_TERMS]


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


def coverage(terms: Sequence[str], texts: Sequence[str]) -> list[float]:
    """Return how much of the words each text has, in any inflection, from 0 to 1; words that few texts have weigh more."""
    wanted = {_stem(term) for term in terms}
    found = [wanted & {_stem(word) for word in WORD.findall(text.lower())} for text in texts]
    counts = Counter(stem for stems in found for stem in stems)
    weights = {stem: math.log(1 + (len(texts) - counts[stem] + 0.5) / (counts[stem] + 0.5)) for stem in wanted}
    return [sum(weights[stem] for stem in stems) / sum(weights.values()) if weights else 0.0 for stems in found]


def relevance(cosine: float, covered: float) -> float:
    """Return how likely a passage is to have to do with the query, from 0 to 1; grows with both."""
    return round(1 / (1 + math.exp(-(COSINE_WEIGHT * cosine + COVERAGE_WEIGHT * covered + BIAS))), 4)


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


class _Scope:
    """The live documents of some collections."""

    def __init__(self, connection: sqlite3.Connection, owner: str, collections: tuple[str, ...]) -> None:
        self.connection = connection
        marks = ", ".join("?" * len(collections))
        self.live = f"d.owner = ? AND d.removed_by IS NULL AND d.collection IN ({marks})"
        self.values = (owner, *collections)

    def nearest(self, vector: Any, limit: int) -> list[tuple[int, float]]:
        """Compare all vectors."""
        sql = f"SELECT c.id, c.vector FROM chunks c JOIN documents d ON d.id = c.document WHERE {self.live} ORDER BY c.id"
        rows = self.connection.execute(sql, self.values).fetchall()
        if not rows:
            return []
        cosines = np.frombuffer(b"".join(row[1] for row in rows), np.float32).reshape(len(rows), -1) @ vector
        best = np.argsort(-cosines, kind="stable")[:limit]
        return [(rows[i][0], float(cosines[i])) for i in best]

    def matching(self, terms: Sequence[str], limit: int) -> list[int]:
        """Find any of the words, the best match first."""
        if not terms:
            return []
        sql = f"""SELECT c.id FROM chunks_fts f JOIN chunks c ON c.id = f.rowid JOIN documents d ON d.id = c.document
            WHERE chunks_fts MATCH ? AND {self.live} ORDER BY bm25(chunks_fts, 1.0, {HEADING_WEIGHT}), c.id LIMIT ?"""
        return [row[0] for row in self.connection.execute(sql, (match_expression(terms), *self.values, limit))]

    def passages(self, scores: Mapping[int, float], vector: Any, terms: Sequence[str]) -> list[Passage]:
        """Fetch the chunks that have a score; an index may offer some that are gone."""
        sql = f"""SELECT c.id, d.id, d.name, d.source, d.collection, c.page, c."row", c.heading, c.text, c.start, c.end, c.vector
            FROM chunks c JOIN documents d ON d.id = c.document WHERE c.id IN ({", ".join("?" * len(scores))}) AND {self.live}
            ORDER BY c.id"""
        rows = [tuple(row) for row in self.connection.execute(sql, (*scores, *self.values))]
        openings = self._openings({row[1] for row in rows})
        covered = coverage(terms, [f"{document_title(row[2])} {openings[row[1]]} {row[7]} {row[8]}" for row in rows])
        cosines = [float(np.frombuffer(row[-1], np.float32) @ vector) for row in rows]
        return [
            Passage(*(*row[:-1], scores[row[0]], relevance(cosine, share)))
            for row, cosine, share in zip(rows, cosines, covered, strict=True)
        ]

    def _openings(self, documents: Collection[int]) -> dict[int, str]:
        """Return how documents begin, by id."""
        sql = f"""SELECT document, text FROM chunks WHERE document IN ({", ".join("?" * len(documents))})
            AND ordinal < {OPENING_PASSAGES} AND "row" IS NULL ORDER BY document, ordinal"""
        texts: dict[int, list[str]] = {document: [] for document in documents}
        for document, text in self.connection.execute(sql, tuple(documents)):
            texts[document].append(text)
        return {document: document_opening(found) for document, found in texts.items()}


def _stem(word: str) -> str:
    """Cut common English endings; numbers and short words stay whole."""
    for ending in ("ingly", "edly", "ings", "ing", "ies", "ed", "es", "ly", "s", "y"):
        if word.endswith(ending) and len(word) - len(ending) >= 3 and word.isalpha():
            return word.removesuffix(ending).removesuffix("e")
    return word.removesuffix("e") if len(word) > 4 else word
