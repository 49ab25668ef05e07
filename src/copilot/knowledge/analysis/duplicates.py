"""Documents that say the same: the same file twice, or most of the same words in the same order."""

import re
import zlib
from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np

from copilot.knowledge.analysis.corpus import Corpus
from copilot.knowledge.analysis.results import DuplicateRow

RUN = 5
"""Words that stand in a row count as one thing in common."""
SKETCH = 256
"""How many of a document's smallest hashes stand for it."""
ALIKE = 0.5
CROWD = 30
"""A run of words in more documents than this tells nothing about two of them."""
SHARED = 8
"""Hashes that two sketches share before they are compared."""
FEWEST_WORDS = 30
MOST_PAIRS = 100
WORD = re.compile(r"\w+")
ODD = np.uint64(0x9E3779B97F4A7C15)


def find_duplicates(corpus: Corpus) -> tuple[DuplicateRow, ...]:
    """Return the documents that are like an earlier one, each with the one it is most like; at most MOST_PAIRS."""
    alike = dict.fromkeys(_copies(corpus), 1.0)
    sketches = _sketches(corpus)
    for pair in _candidates(sketches) - alike.keys():
        alike[pair] = _alike(sketches[pair[0]], sketches[pair[1]])
    nearest: dict[int, tuple[float, int]] = {}
    for (first, second), share in alike.items():
        nearest[second] = min(nearest.get(second, (0.0, first)), (-share, first))
    names = [document.name for document in corpus.documents]
    rows = [
        DuplicateRow(first=names[first], second=names[second], alike=round(-share, 2))
        for second, (share, first) in nearest.items()
        if -share >= ALIKE
    ]
    return tuple(sorted(rows, key=lambda row: (-row.alike, row.first, row.second))[:MOST_PAIRS])


def _candidates(sketches: dict[int, Any]) -> set[tuple[int, int]]:
    """Return the pairs of documents that share some hashes."""
    holders: dict[int, list[int]] = defaultdict(list)
    for document, sketch in sorted(sketches.items()):
        for value in sketch.tolist():
            holders[value].append(document)
    shared: Counter[tuple[int, int]] = Counter()
    for documents in holders.values():
        if len(documents) <= CROWD:
            shared.update(combinations(documents, 2))
    return {pair for pair, count in shared.items() if count >= SHARED}


def repeated_share(texts: Sequence[tuple[int, str]]) -> float:
    """Return the share of passages that stand word for word in several documents.

    Args:
        texts: Documents and texts of the passages.
    """
    holders: dict[str, set[int]] = defaultdict(set)
    for document, text in texts:
        holders[text].add(document)
    return sum(len(holders[text]) > 1 for _, text in texts) / len(texts) if texts else 0.0


def _copies(corpus: Corpus) -> list[tuple[int, int]]:
    """Return each document that is the same file as an earlier one, with that one."""
    first: dict[str, int] = {}
    return [
        (first[document.digest], place)
        for place, document in enumerate(corpus.documents)
        if first.setdefault(document.digest, place) != place
    ]


def _sketches(corpus: Corpus) -> dict[int, Any]:
    """Return the smallest hashes of the runs of words of each document that is not too short."""
    hashes: dict[str, int] = {}
    words: dict[int, list[int]] = defaultdict(list)
    for passage in corpus.passages:
        if passage.row != 0:
            for word in WORD.findall(passage.text.lower()):
                words[passage.document].append(hashes.setdefault(word, zlib.crc32(word.encode("utf-8", "replace"))))
    return {document: _sketch(held) for document, held in words.items() if len(held) >= FEWEST_WORDS}


def _sketch(words: Sequence[int]) -> Any:
    values = np.asarray(words, np.uint64)
    runs = np.zeros(len(values) - RUN + 1, np.uint64)
    for offset in range(RUN):
        runs = (runs * ODD) ^ (values[offset : offset + len(runs)] * ODD)
    return np.unique(runs ^ (runs >> np.uint64(29)))[:SKETCH]


def _alike(first: Any, second: Any) -> float:
    """Estimate the share of runs that two documents have in common (Jaccard, by bottom-k sketches)."""
    together = np.union1d(first, second)[:SKETCH]
    both = np.intersect1d(np.intersect1d(first, second), together)
    return len(both) / len(together)
