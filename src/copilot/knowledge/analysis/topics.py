"""Topics: passages grouped by their vectors, named by the words that set them apart, and laid out on a map."""

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from copilot.knowledge.analysis.results import TopicRow
from copilot.knowledge.analysis.vocabulary import IDLE
from copilot.knowledge.search import document_title

COUNTS = (2, 3, 4, 6, 8, 11, 15, 20)
"""How many topics are tried, from half the root of half the passages to the root; what keeps groups furthest apart wins."""
SMALLEST = 3
"""Passages that make a topic; of fewer, each goes to the next nearest."""
SEED = 0
TRIED, ROUNDS = 3_000, 25
ON_MAP, PERPLEXITY, STEPS, EXAGGERATED, LEARNING = 800, 20.0, 300, 80, 50.0
TERM = re.compile(r"[^\W\d_][\w'’-]*[^\W_]")
LABEL_TERMS = 3


@dataclass(frozen=True)
class Topics:
    """`of` tells the topic of each passage; `places` those on the map of `mapped` passages, each from 0 to 1."""

    rows: tuple[TopicRow, ...]
    of: Any
    centroids: Any
    mean: Any
    mapped: Any
    places: Any

    def nearest(self, vectors: Any) -> Any:
        """Return the topics of other vectors."""
        return np.argmax(_centred(vectors, self.mean) @ self.centroids.T, axis=1)


def find_topics(texts: Sequence[str], vectors: Any, documents: Sequence[str]) -> Topics:
    """Group passages.

    Args:
        texts: What topics are named by; of a table row the values.
        vectors: As (passages, width), of length 1.
        documents: The name of each passage's document.
    """
    mean = vectors.mean(axis=0)
    points = _centred(vectors, mean)
    centroids = _grouped(points)
    of = np.argmax(points @ centroids.T, axis=1)
    centroids = centroids[np.argsort(-np.bincount(of, minlength=len(centroids)), kind="stable")]
    of = np.argmax(points @ centroids.T, axis=1)
    mapped = np.unique(np.linspace(0, len(points) - 1, min(ON_MAP, len(points))).astype(int))
    places = lay_out(points[mapped])
    labels = _labels(texts, of, len(centroids))
    rows = []
    for number, label in enumerate(labels):
        members = np.flatnonzero(of == number)
        inside = [documents[int(i)] for i in members]
        near = places[of[mapped] == number]
        x, y = near.mean(axis=0) if len(near) else (0.5, 0.5)
        rows.append(
            TopicRow(
                number=number + 1,
                label=label or document_title(Counter(inside).most_common(1)[0][0]),
                share=round(len(members) / len(points), 4),
                passages=len(members),
                documents=len(set(inside)),
                example=Counter(inside).most_common(1)[0][0],
                x=round(float(x), 4),
                y=round(float(y), 4),
            )
        )
    return Topics(tuple(rows), of, centroids, mean, mapped, places)


def _centred(vectors: Any, mean: Any) -> Any:
    """Take away what all passages have in common."""
    moved = vectors - mean
    return moved / np.maximum(np.linalg.norm(moved, axis=1, keepdims=True), 1e-9)


def _grouped(points: Any) -> Any:
    """Return the centroids of as many groups as are kept furthest apart."""
    sample = points[np.unique(np.linspace(0, len(points) - 1, min(TRIED, len(points))).astype(int))]
    best, furthest = sample[:1], -math.inf
    root = min(COUNTS[-1], math.sqrt(len(sample) / 2))
    for count in COUNTS:
        if count > len(sample) or not root / 2 <= count <= max(2, root):
            continue
        centroids = _k_means(sample, count)
        near = np.sort(1 - sample @ centroids.T, axis=1)
        apart = float(np.mean((near[:, 1] - near[:, 0]) / np.maximum(near[:, 1], 1e-9)))
        if apart > furthest:
            best, furthest = centroids, apart
    if len(best) > 1:
        best = _k_means(points, len(best), best)
        sizes = np.bincount(np.argmax(points @ best.T, axis=1), minlength=len(best))
        best = best[sizes >= min(SMALLEST, sizes.max())]
    return best


def _k_means(points: Any, count: int, centroids: Any = None) -> Any:
    """Spherical k-means, begun as k-means++ with a fixed seed."""
    if centroids is None:
        chance = np.random.default_rng(SEED)
        chosen = [int(np.argmax(points @ points.mean(axis=0)))]
        far = np.maximum(1 - points @ points[chosen[0]], 0)
        while len(chosen) < count:
            odds = far**2 + 1e-12
            chosen.append(int(chance.choice(len(points), p=odds / odds.sum())))
            far = np.minimum(far, np.maximum(1 - points @ points[chosen[-1]], 0))
        centroids = points[chosen]
    for _ in range(ROUNDS):
        of = np.argmax(points @ centroids.T, axis=1)
        sums = np.zeros_like(centroids)
        np.add.at(sums, of, points)
        norms = np.linalg.norm(sums, axis=1, keepdims=True)
        moved = np.where(norms > 1e-9, sums / np.maximum(norms, 1e-9), centroids)
        if np.allclose(moved, centroids, atol=1e-4):
            break
        centroids = moved
    return centroids


def _labels(texts: Sequence[str], of: Any, count: int) -> list[str]:
    """Name each topic by terms that are more frequent in it than elsewhere (class-based TF-IDF)."""
    frequencies: list[Counter[str]] = [Counter() for _ in range(count)]
    for text, topic in zip(texts, of, strict=True):
        frequencies[topic].update(_terms(text))
    everywhere: Counter[str] = Counter()
    for frequency in frequencies:
        everywhere.update(frequency)
    average = sum(everywhere.values()) / count
    labels = []
    for frequency in frequencies:
        total = sum(frequency.values()) or 1
        weights = {
            term: held / total * math.log(1 + average / everywhere[term]) * (1.5 if " " in term else 1.0)
            for term, held in frequency.items()
            if held > 1
        }
        labels.append(", ".join(_distinct(sorted(weights, key=lambda term: (-weights[term], term)))))
    return labels


def _terms(text: str) -> set[str]:
    """Return the words and pairs of words of a passage, each once: one that repeats itself names no topic."""
    words = [word.lower() for word in TERM.findall(text)]
    meant = [word if len(word) > 2 and word not in IDLE else "" for word in words]
    pairs = {f"{first} {second}" for first, second in pairwise(meant) if first and second and first != second}
    return pairs | set(filter(None, meant))


def _distinct(terms: Iterable[str]) -> list[str]:
    """Take the first terms that share no word."""
    kept: list[str] = []
    taken: set[str] = set()
    for term in terms:
        roots = {word.rstrip("s") for word in term.split()}
        if not roots & taken:
            kept.append(term)
            taken |= roots
        if len(kept) == LABEL_TERMS:
            break
    return kept


def lay_out(points: Any) -> Any:
    """Lay points out in two dimensions so that neighbours stay neighbours (t-SNE from the principal components).

    Args:
        points: As (n, width).

    Returns:
        As (n, 2), each coordinate from 0 to 1.
    """
    if len(points) < 3:
        return np.full((len(points), 2), 0.5)
    left, singular, _ = np.linalg.svd(points - points.mean(axis=0), full_matrices=False)
    start = np.zeros((len(points), 2), np.float32)
    start[:, : singular[:2].size] = (left * singular)[:, :2]
    places = start / max(float(start.std()), 1e-9) * 1e-2
    if len(points) > 3 * PERPLEXITY:
        places = _descend(_affinities(points), places)
    low, high = places.min(axis=0), places.max(axis=0)
    return (places - low) / np.maximum(high - low, 1e-9)


def _affinities(points: Any) -> Any:
    """Return how much each two points belong together, so that each has about PERPLEXITY neighbours; the sum is 1."""
    squares = np.maximum(2 - 2 * points @ points.T, 0)
    np.fill_diagonal(squares, np.inf)
    low, high = np.full((len(points), 1), 1e-3), np.full((len(points), 1), 1e4)
    for _ in range(30):
        beta = np.sqrt(low * high)
        weights = np.exp(-beta * (squares - squares.min(axis=1, keepdims=True)))
        shares = weights / weights.sum(axis=1, keepdims=True)
        entropy = -np.sum(shares * np.log(np.maximum(shares, 1e-12)), axis=1, keepdims=True)
        wide = entropy > math.log(PERPLEXITY)
        low, high = np.where(wide, beta, low), np.where(wide, high, beta)
    return ((shares + shares.T) / (2 * len(points))).astype(np.float32)


def _descend(together: Any, places: Any) -> Any:
    speed = np.zeros_like(places)
    gains = np.ones_like(places)
    rate = max(LEARNING, len(places) / 12)
    for step in range(STEPS):
        squares = np.sum(places**2, axis=1)
        near = 1 / (1 + np.maximum(squares[:, None] + squares[None] - 2 * places @ places.T, 0))
        np.fill_diagonal(near, 0)
        pull = ((12 if step < EXAGGERATED else 1) * together - near / near.sum()) * near
        gradient = 4 * (pull.sum(axis=1, keepdims=True) * places - pull @ places)
        gains = np.maximum(np.where(np.sign(gradient) != np.sign(speed), gains + 0.2, gains * 0.8), 0.01)
        speed = (0.5 if step < EXAGGERATED else 0.8) * speed - rate * gains * gradient
        places = places + speed
        places -= places.mean(axis=0)
    return places
