"""A linear softmax over a sentence vector, facts and hashed n-grams."""

from collections.abc import Mapping, Sequence

import numpy as np


class Linear:
    """Trained weights, inference only.

    Args:
        labels: Name of each column.
        dense: Weights of the sentence vector and the facts, one row a feature.
        sparse: Weights of the n-gram buckets.
        idf: Inverse document frequency of each bucket; 0 for one never seen in training.
        bias: One value a column.
    """

    def __init__(self, labels: Sequence[str], dense: np.ndarray, sparse: np.ndarray, idf: np.ndarray, bias: np.ndarray) -> None:
        self.labels = list(labels)
        self.dense, self.sparse, self.idf, self.bias = dense.astype(np.float32), sparse, idf.astype(np.float32), bias.astype(np.float32)

    def logits(self, dense: np.ndarray, grams: Mapping[int, float]) -> np.ndarray:
        """Score one utterance: one value a label."""
        buckets = np.fromiter(grams, np.int64, len(grams))
        values = np.fromiter(grams.values(), np.float32, len(grams)) * self.idf[buckets]
        norm = float(np.sqrt(values @ values)) or 1.0
        scores: np.ndarray = dense @ self.dense + (values / norm) @ self.sparse[buckets].astype(np.float32) + self.bias
        return scores


def softmax(logits: np.ndarray) -> np.ndarray:
    """Turn scores into probabilities."""
    exponents = np.exp(logits - logits.max())
    shares: np.ndarray = exponents / exponents.sum()
    return shares
