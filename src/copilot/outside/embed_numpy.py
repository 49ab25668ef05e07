"""all-MiniLM-L6-v2 in plain numpy, for places where onnxruntime does not fit, and what both embedders share."""

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

WIDTH = 384
LAYERS, HEADS = 6, 12
MAX_TOKENS = 256
MAX_CHARACTERS = 20_000
"""Longer texts are cut before they are split into tokens, so that a huge one costs no more than a long one."""
BATCH = 32
LIKE_LENGTH = 0.7
"""Shortest text of a batch, as a share of the longest."""
EPSILON = 1e-12

Vectors = np.ndarray[tuple[int, int], np.dtype[np.float32]]
Array = np.ndarray[tuple[int, ...], np.dtype[np.float32]]
Ids = np.ndarray[tuple[int, int], np.dtype[np.int64]]
States = Callable[[Ids, Ids], Array]
"""From the ids of word pieces and their mask, each (rows, length), to a state for each piece, (rows, length, 384)."""


def read_weights(path: Path) -> dict[str, Array]:
    """Map the float32 tensors of a safetensors file into memory, by name."""
    raw = np.memmap(path, np.uint8, "r")
    start = 8 + int.from_bytes(raw[:8].tobytes(), "little")
    header = json.loads(raw[8:start].tobytes())
    return {
        name: raw[start + entry["data_offsets"][0] : start + entry["data_offsets"][1]].view("<f4").reshape(entry["shape"])
        for name, entry in header.items()
        if entry.get("dtype") == "F32"
    }


class SentenceEncoder(ABC):
    """Turns texts into vectors whose dot product is the cosine of their meanings.

    Args:
        folder: Holds `tokenizer.json` and `model.safetensors` as published.
    """

    def __init__(self, folder: Path) -> None:
        self.tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.tokenizer.no_padding()
        self.tokenizer.enable_truncation(MAX_TOKENS)

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return one float32 vector of length 1 a text, as (len(texts), 384); tokens after the 256th are ignored."""
        readable = [text[:MAX_CHARACTERS].encode("utf-8", "replace").decode("utf-8") for text in texts]
        tokens = [encoding.ids for encoding in self.tokenizer.encode_batch_fast(readable)]
        vectors = np.empty((len(tokens), WIDTH), np.float32)
        for rows in batches([len(ids) for ids in tokens]):
            vectors[rows] = self._forward(*padded([tokens[row] for row in rows]))
        return vectors

    @abstractmethod
    def tuned(self, layers: Mapping[str, Array]) -> States:
        """Return the same network with other layers, which are float32 and named as the published ones."""

    @abstractmethod
    def _forward(self, ids: Ids, mask: Ids) -> Vectors:
        """Return a vector for each row of `ids`; `mask` is 1 where a token is and 0 where the row is padded."""


class NumpyEmbedder(SentenceEncoder):
    """The same vectors as the ONNX embedder (to 1e-5) from numpy alone, at half the speed.

    Args:
        folder: Holds `tokenizer.json` and `model.safetensors` as published.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.weights = read_weights(folder / "model.safetensors")
        self.states = NumpyStates(self.weights)

    def tuned(self, layers: Mapping[str, Array]) -> States:
        return NumpyStates({**self.weights, **layers})

    def _forward(self, ids: Ids, mask: Ids) -> Vectors:
        counted = mask[:, :, None].astype(np.float32)
        mean = (self.states(ids, mask) * counted).sum(1) / counted.sum(1)
        unit: Vectors = mean / np.linalg.norm(mean, axis=1, keepdims=True)
        return unit


class NumpyStates:
    """The network in numpy: a state for each word piece.

    Args:
        weights: Float32, named as published.
    """

    def __init__(self, weights: Mapping[str, Array]) -> None:
        self.weights = weights

    def __call__(self, ids: Ids, mask: Ids) -> Array:
        """Return (rows, length, 384)."""
        hidden = self.weights["embeddings.word_embeddings.weight"][ids]
        hidden = hidden + self.weights["embeddings.position_embeddings.weight"][: ids.shape[1]]
        hidden = hidden + self.weights["embeddings.token_type_embeddings.weight"][0]
        hidden = self._normalise(hidden, "embeddings.LayerNorm")
        blocked = np.where(mask[:, None, None, :] == 0, np.float32(-1e9), np.float32(0))
        for number in range(LAYERS):
            hidden = self._layer(hidden, blocked, f"encoder.layer.{number}")
        return hidden

    def _layer(self, hidden: Array, blocked: Array, name: str) -> Array:
        rows, length, _ = hidden.shape
        parts = (self._linear(hidden, f"{name}.attention.self.{part}") for part in ("query", "key", "value"))
        query, key, value = (part.reshape(rows, length, HEADS, -1).transpose(0, 2, 1, 3) for part in parts)
        scores = query @ key.transpose(0, 1, 3, 2) / np.float32(np.sqrt(WIDTH / HEADS)) + blocked
        shares = np.exp(scores - scores.max(-1, keepdims=True))
        shares /= shares.sum(-1, keepdims=True)
        attended = (shares @ value).transpose(0, 2, 1, 3).reshape(rows, length, WIDTH)
        mixed = self._linear(attended, f"{name}.attention.output.dense")
        hidden = self._normalise(hidden + mixed, f"{name}.attention.output.LayerNorm")
        wide = _gelu(self._linear(hidden, f"{name}.intermediate.dense"))
        return self._normalise(hidden + self._linear(wide, f"{name}.output.dense"), f"{name}.output.LayerNorm")

    def _linear(self, values: Array, name: str) -> Array:
        result: Array = values @ self.weights[f"{name}.weight"].T + self.weights[f"{name}.bias"]
        return result

    def _normalise(self, values: Array, name: str) -> Array:
        centred = values - values.mean(-1, keepdims=True)
        scale = np.sqrt((centred * centred).mean(-1, keepdims=True) + np.float32(EPSILON))
        result: Array = centred / scale * self.weights[f"{name}.weight"] + self.weights[f"{name}.bias"]
        return result


def batches(lengths: Sequence[int]) -> list[list[int]]:
    """Put texts of like length together, so that little is padded."""
    found: list[list[int]] = []
    for row in sorted(range(len(lengths)), key=lambda row: -lengths[row]):
        if found and len(found[-1]) < BATCH and lengths[row] > lengths[found[-1][0]] * LIKE_LENGTH:
            found[-1].append(row)
        else:
            found.append([row])
    return found


def padded(tokens: Sequence[Sequence[int]]) -> tuple[Ids, Ids]:
    """Return ids and mask, each (rows, longest row)."""
    ids = np.zeros((len(tokens), max(map(len, tokens))), np.int64)
    mask = np.zeros_like(ids)
    for row, values in enumerate(tokens):
        ids[row, : len(values)] = values
        mask[row, : len(values)] = 1
    return ids, mask


def _gelu(values: Array) -> Array:
    """The exact GELU; erf by Abramowitz and Stegun 7.1.26, which is off by at most 1.5e-7."""
    x = np.abs(values) * np.float32(np.sqrt(0.5))
    t = 1 / (1 + np.float32(0.3275911) * x)
    series = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))))
    erf = np.copysign(1 - series * np.exp(-x * x), values)
    result: Array = values * np.float32(0.5) * (1 + erf)
    return result
