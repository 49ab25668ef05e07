"""Other layers for the published sentence encoder, tuned for one job: how they are stored."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer


def open_tokenizer(folder: Path) -> Tokenizer:
    """Open the published tokenizer, which neither pads nor cuts."""
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer


def quantised(layers: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return matrices as int8 with a scale a row (`NAME.scale`), vectors as float16: a quarter of the size.

    Only how weights are stored is rounded: what is computed stays float32, so that a text scores the same in any company.
    """
    stored: dict[str, np.ndarray] = {}
    for name, values in layers.items():
        if values.ndim == 1:
            stored[name] = values.astype(np.float16)
        else:
            scale = (np.abs(values).max(axis=1) / 127).astype(np.float32)
            stored[name], stored[f"{name}.scale"] = np.round(values / scale[:, None]).astype(np.int8), scale
    return stored


def restored(stored: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Undo `quantised`."""
    return {
        name: values.astype(np.float32) * stored[f"{name}.scale"][:, None] if f"{name}.scale" in stored else values.astype(np.float32)
        for name, values in stored.items()
        if not name.endswith(".scale")
    }
