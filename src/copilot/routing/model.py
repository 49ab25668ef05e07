"""The trained router as it is shipped: one file of arrays and one of words and figures."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from copilot.errors import Unavailable
from copilot.routing.linear import Linear
from copilot.routing.tagger import Tagger

FOLDER = Path(__file__).with_name("model")


@dataclass(frozen=True)
class Model:
    """Everything that training found.

    Args:
        intents: Utterance to ability.
        hints: Utterance to values of arguments with few values; its labels are `ARGUMENT=VALUE`, and `ARGUMENT=` for none.
        tagger: Words to arguments.
        words: `lexicon` and `cues` (words for values),
            `clues` and `trust` (weights of the readings), `thresholds`, `catalogue` (names trained on),
            and `card` (data, figures, date).
    """

    intents: Linear
    hints: Linear
    tagger: Tagger
    words: dict[str, Any]

    @classmethod
    def load(cls, folder: Path = FOLDER) -> "Model":
        """Read the shipped model; raise Unavailable when it is not there."""
        try:
            words = json.loads((folder / "router.json").read_text(encoding="utf-8"))
            with np.load(folder / "router.npz", allow_pickle=False) as arrays:
                stored = {name: arrays[name] for name in arrays.files}
        except (OSError, ValueError) as error:
            raise Unavailable(f"The router's model cannot be read: {error}.", "Train it: python scripts/train_router.py") from error
        tagged = {name.removeprefix("tagger_"): array for name, array in stored.items() if name.startswith("tagger_")}
        return cls(_linear("intents", words, stored), _linear("hints", words, stored), Tagger(words["labels"]["tagger"], **tagged), words)

    def save(self, folder: Path) -> None:
        """Write both files."""
        arrays = {
            f"{name}_{part}": getattr(head, part).astype(np.float16)
            for name, head in (("intents", self.intents), ("hints", self.hints))
            for part in ("dense", "sparse", "bias")
        }
        arrays["idf"] = self.intents.idf.astype(np.float16)
        arrays |= {f"tagger_{part}": getattr(self.tagger, part) for part in ("keys", "offsets", "columns")}
        arrays |= {f"tagger_{part}": getattr(self.tagger, part).astype(np.float16) for part in ("weights", "transitions")}
        folder.mkdir(parents=True, exist_ok=True)
        np.savez(folder / "router.npz", **arrays)
        labels = {"intents": self.intents.labels, "hints": self.hints.labels, "tagger": self.tagger.labels}
        text = json.dumps({**self.words, "labels": labels}, ensure_ascii=False, indent=1, sort_keys=True)
        (folder / "router.json").write_text(text + "\n", encoding="utf-8")


def _linear(name: str, words: dict[str, Any], stored: dict[str, np.ndarray]) -> Linear:
    dense, sparse, bias = (stored[f"{name}_{part}"] for part in ("dense", "sparse", "bias"))
    return Linear(words["labels"][name], dense, sparse, stored["idf"], bias)
