"""Fit the guard against harmful requests on `data/guard/` and write its weights: `python scripts/fit_guard.py`."""

import base64
import textwrap
from pathlib import Path

import numpy as np

from copilot.outside.embed import Embedder

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "src" / "copilot" / "answering" / "harm_weights.py"
L2 = 0.001
STEPS, RATE = 4000, 2.0
FOLDS = 10
MODULE = '''"""Weights of the guard against harmful requests; made by `scripts/fit_guard.py`."""

BIAS = {bias:.4f}
WEIGHTS = (
{lines}
)
"""One half-precision number a dimension of the sentence's vector, little-endian, base64."""
'''


def read(name: str) -> list[str]:
    return (ROOT / "data" / "guard" / f"{name}.txt").read_text(encoding="utf-8").splitlines()


def fit(vectors: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, float]:
    """Fit a logistic regression by gradient descent; both classes weigh the same."""
    weights, bias = np.zeros(vectors.shape[1]), 0.0
    share = np.where(labels == 1, 0.5 / labels.mean(), 0.5 / (1 - labels.mean()))
    for _ in range(STEPS):
        wrong = share * (1 / (1 + np.exp(-vectors @ weights - bias)) - labels)
        weights -= RATE * (vectors.T @ wrong / len(labels) + L2 * weights)
        bias -= RATE * wrong.mean()
    return weights, float(bias)


def main() -> None:
    harmful, harmless = read("harmful"), read("harmless")
    vectors = np.asarray(Embedder.load().encode([*harmful, *harmless]), dtype=np.float64)
    labels = np.array([1.0] * len(harmful) + [0.0] * len(harmless))
    folds = np.random.default_rng(7).permutation(len(labels)) % FOLDS
    held_out = np.empty(len(labels))
    for fold in range(FOLDS):
        weights, bias = fit(vectors[folds != fold], labels[folds != fold])
        held_out[folds == fold] = vectors[folds == fold] @ weights + bias
    print(f"cross-validated: {((held_out > 0) & (labels == 1)).sum() / labels.sum():.2f} of the harmful refused,", end=" ")
    print(f"{((held_out > 0) & (labels == 0)).sum() / (1 - labels).sum():.2f} of the harmless")
    weights, bias = fit(vectors, labels)
    text = base64.b64encode(weights.astype("<f2").tobytes()).decode()
    lines = "\n".join(f'    "{line}"' for line in textwrap.wrap(text, 120))
    TARGET.write_text(MODULE.format(bias=bias, lines=lines), encoding="utf-8")


if __name__ == "__main__":
    main()
