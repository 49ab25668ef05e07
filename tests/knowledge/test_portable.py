"""The exported index: the same answers elsewhere, and nothing that need not travel."""

import sqlite3
from contextlib import suppress
from pathlib import Path

import pytest

from copilot.knowledge.portable import export
from copilot.knowledge.search import search
from copilot.outside.embed import Embedder, find_weights
from copilot.outside.embed_numpy import NumpyEmbedder
from copilot.outside.store import Store
from tests.knowledge.conftest import Ingest


def test_an_export_answers_as_the_workspace_does(read: Ingest, tmp_path: Path, store: Store, embedder: Embedder) -> None:
    for name, text in {"a": "The key is under the mat.", "b": "The car is blue.", "c": "Tea is at four."}.items():
        (tmp_path / f"{name}.txt").write_text(text)
    read(tmp_path / "a.txt", "one")
    read(tmp_path / "b.txt", "one")
    read(tmp_path / "c.txt", "two")
    (tmp_path / "b.txt").write_text("The car is red.")
    read(tmp_path / "b.txt", "one")
    store.connection.execute("UPDATE documents SET owner = 'stranger', collection = 'one' WHERE collection = 'two'")
    export(store, ["one"], tmp_path / "one.db")
    exported = sqlite3.connect(f"file:{tmp_path / 'one.db'}?mode=ro&immutable=1", uri=True)
    for query in ("where is the key", "colour of the car", "tea"):
        here = search(store.connection, store.owner, embedder, ["one"], query)
        there = search(exported, store.owner, NumpyEmbedder(find_weights()), ["one"], query)
        assert [(p.chunk, p.text, p.name) for p in here] == [(p.chunk, p.text, p.name) for p in there]
    exported.close()
    data = (tmp_path / "one.db").read_bytes()
    assert str(tmp_path).encode() not in data
    assert b"blue" not in data
    assert b"Tea" not in data


def test_an_export_shows_one_moment_while_others_write(read: Ingest, tmp_path: Path, store: Store) -> None:
    (tmp_path / "a.txt").write_text("The key is under the mat.")
    read(tmp_path / "a.txt", "one")
    other = Store(store.path, store.owner)
    other.connection.execute("PRAGMA busy_timeout = 0")

    def interfere(statement: str) -> None:
        if statement.startswith("SELECT * FROM chunks"):
            with suppress(sqlite3.OperationalError):
                other.connection.execute("DELETE FROM documents")

    store.connection.set_trace_callback(interfere)
    export(store, ["one"], tmp_path / "one.db")
    store.connection.set_trace_callback(None)
    other.close()
    exported = sqlite3.connect(tmp_path / "one.db")
    assert exported.execute("SELECT name, text FROM documents d LEFT JOIN chunks c ON c.document = d.id").fetchall() == [
        ("a.txt", "The key is under the mat.")
    ]
    exported.close()


def test_an_export_that_fails_leaves_no_text_behind(read: Ingest, tmp_path: Path, store: Store) -> None:
    (tmp_path / "a.txt").write_text("The key is under the mat.")
    read(tmp_path / "a.txt", "one")
    (tmp_path / "out" / "one.db").mkdir(parents=True)
    with pytest.raises(OSError, match="directory"):
        export(store, ["one"], tmp_path / "out" / "one.db")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["one.db"]


def test_the_same_content_gives_the_same_bytes(read: Ingest, tmp_path: Path, store: Store) -> None:
    (tmp_path / "a.txt").write_text("The key is under the mat.")
    read(tmp_path / "a.txt", "one")
    export(store, ["one"], tmp_path / "first.db")
    (tmp_path / "b.txt").write_text("Elsewhere.")
    read(tmp_path / "b.txt", "two")
    export(store, ["one"], tmp_path / "second.db")
    assert (tmp_path / "first.db").read_bytes() == (tmp_path / "second.db").read_bytes()
    assert sorted(path.suffix for path in tmp_path.glob("first*")) == [".db"]
