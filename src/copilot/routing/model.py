"""The trained router as it is shipped: one file of arrays and one of words and figures."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from copilot.errors import Unavailable
from copilot.outside.tuned import quantised, restored
from copilot.routing.encoder import Labels

FOLDER = Path(__file__).with_name("model")


@dataclass(frozen=True)
class Model:
    """Everything that training found.

    Args:
        layers: The tuned layers of the encoder.
        heads: What is read off its states; see `Encoder`.
        labels: What the heads say.
        words: `lexicon` and `cues` (words for values),
            `clues` and `trust` (weights of the readings), `thresholds`
            and `card` (data, figures, date).
    """

    layers: Mapping[str, np.ndarray]
    heads: Mapping[str, np.ndarray]
    labels: Labels
    words: dict[str, Any]

    @classmethod
    def load(cls, folder: Path = FOLDER) -> "Model":
        """Read the shipped model; raise Unavailable when it is not there."""
        try:
            words = json.loads((folder / "router.json").read_text(encoding="utf-8"))
            with np.load(folder / "router.npz", allow_pickle=False) as arrays:
                stored = {name: arrays[name] for name in arrays.files}
        except (OSError, ValueError, BadZipFile) as error:
            raise Unavailable(f"The router's model cannot be read: {error}.", "Train it: python scripts/train_router.py") from error
        heads = {name.removeprefix("head."): array.astype(np.float32) for name, array in stored.items() if name.startswith("head.")}
        layers = restored({name: array for name, array in stored.items() if not name.startswith("head.")})
        return cls(layers, heads, Labels(**words["labels"]), words)

    def save(self, folder: Path) -> None:
        """Write both files."""
        arrays: dict[str, Any] = quantised(self.layers)
        arrays |= {f"head.{name}": array.astype(np.float16) for name, array in self.heads.items()}
        folder.mkdir(parents=True, exist_ok=True)
        np.savez(folder / "router.npz", **arrays)
        labels = {"abilities": self.labels.abilities, "words": self.labels.words, "values": self.labels.values}
        text = json.dumps({**self.words, "labels": labels}, ensure_ascii=False, indent=1, sort_keys=True)
        (folder / "router.json").write_text(text + "\n", encoding="utf-8")
