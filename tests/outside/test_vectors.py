"""The vector index: a copy that follows its original, and that no crash can take down."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from copilot.outside.vectors import VectorIndex


@pytest.fixture(scope="module")
def vectors() -> dict[int, bytes]:
    rows = np.random.default_rng(7).normal(size=(1500, 384)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return {3 * i + 1: row.tobytes() for i, row in enumerate(rows)}


def index(home: Path, vectors: dict[int, bytes], ids: Sequence[int] | None = None) -> VectorIndex:
    return VectorIndex(home, sorted(vectors) if ids is None else ids, lambda wanted: [vectors[i] for i in wanted])


def found(opened: VectorIndex, vector: bytes) -> int:
    """Return the nearest id; its cosine must be one, as the vector itself is in the index."""
    (nearest, cosine), *_ = opened.nearest(np.frombuffer(vector, np.float32), 3)
    assert cosine == pytest.approx(1, abs=1e-4)
    return nearest


def test_it_finds_what_comparing_all_finds(tmp_path: Path, vectors: dict[int, bytes]) -> None:
    opened = index(tmp_path / "v", vectors)
    for sought in list(vectors)[::300]:
        assert found(opened, vectors[sought]) == sought


def test_it_follows_what_was_added_and_removed(tmp_path: Path, vectors: dict[int, bytes]) -> None:
    first, *rest = sorted(vectors)
    few = rest[:40]
    assert found(index(tmp_path / "v", vectors, [first, *few]), vectors[first]) == first
    assert found(index(tmp_path / "v", vectors, [*few, rest[50]]), vectors[rest[50]]) == rest[50]
    nearest = index(tmp_path / "v", vectors, few).nearest(np.frombuffer(vectors[first], np.float32), 50)
    assert sorted(key for key, _ in nearest) == few


def test_nothing_is_near_in_an_empty_set(tmp_path: Path) -> None:
    assert index(tmp_path / "v", {}).nearest(np.zeros(384, np.float32), 3) == []
    assert not (tmp_path / "v").exists()


def test_a_damaged_index_is_built_again(tmp_path: Path, vectors: dict[int, bytes]) -> None:
    few = {i: vectors[i] for i in sorted(vectors)[:30]}
    sought = max(few)
    assert found(index(tmp_path / "v", few), few[sought]) == sought
    for database in (tmp_path / "v").rglob("chroma.sqlite3"):
        database.write_bytes(b"not a database" * 1000)
    assert found(index(tmp_path / "v", few), few[sought]) == sought


def test_an_index_whose_writer_died_is_built_again(tmp_path: Path, vectors: dict[int, bytes]) -> None:
    few = {i: vectors[i] for i in sorted(vectors)[:30]}
    sought = max(few)
    found(index(tmp_path / "v", few), few[sought])
    before = {path.name for path in (tmp_path / "v").iterdir() if path.is_dir()}
    (tmp_path / "v" / "index.json").unlink()
    assert found(index(tmp_path / "v", few), few[sought]) == sought
    assert before.isdisjoint(path.name for path in (tmp_path / "v").iterdir())


def test_an_index_that_killed_a_reader_is_built_again(tmp_path: Path, vectors: dict[int, bytes]) -> None:
    few = {i: vectors[i] for i in sorted(vectors)[:30]}
    sought = max(few)
    found(index(tmp_path / "v", few), few[sought])
    before = {path.name for path in (tmp_path / "v").iterdir() if path.is_dir()}
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    (tmp_path / "v" / f"reading.{gone.pid}").touch()
    assert found(index(tmp_path / "v", few), few[sought]) == sought
    assert before.isdisjoint(path.name for path in (tmp_path / "v").iterdir())
    assert not list((tmp_path / "v").glob("reading.*"))


def test_an_env_file_in_the_current_folder_is_not_read(tmp_path: Path, vectors: dict[int, bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".env").write_text("CHROMA_SERVER_HTTP_PORT=nonsense\nANONYMIZED_TELEMETRY=nonsense\n")
    monkeypatch.chdir(tmp_path)
    few = {i: vectors[i] for i in sorted(vectors)[:5]}
    assert found(index(tmp_path / "v", few), few[min(few)]) == min(few)
    assert os.environ.get("CHROMA_SERVER_HTTP_PORT") is None
