"""Ingest: every file ends with a status, and nothing is lost or doubled whatever happens."""

import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from copilot.errors import BadArguments, NotFound, Refused
from copilot.knowledge import collections
from copilot.knowledge.ingest import ingest
from copilot.knowledge.search import search
from copilot.knowledge.shelf import Shelf
from copilot.outside.embed import Embedder
from copilot.outside.store import Store
from copilot.resources import resource
from tests.conftest import shared_data
from tests.knowledge.conftest import Ingest

SAMPLES = resource("data", "samples", "company")
CHILD = """
import os, signal, sys
from pathlib import Path
from copilot.knowledge import shelf
from copilot.knowledge.ingest import ingest
from copilot.outside.embed import Embedder
from copilot.outside.store import Store

shelf.BATCH = 25
store = Store(Path(sys.argv[1]), "tester")
operation = store.begin("ingest_data", {}, undoable=True)
doomed, left = sys.argv[3] if sys.argv[3:] else "", 10

def trace(statement):
    global left
    left -= bool(doomed) and statement.startswith(doomed)
    if not left:
        os.kill(os.getpid(), signal.SIGKILL)

store.connection.set_trace_callback(trace)
ingest(shelf.Shelf(store, Embedder.load(), "docs", operation), sys.argv[2])
store.finish(operation, "done")
"""
"""Ingests argv[2] into the database argv[1]; killed as it begins the tenth statement that starts with argv[3]."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of twenty texts, each with sentences that only it has."""
    made = tmp_path / "twenty"
    made.mkdir()
    for i in range(20):
        (made / f"note-{i:02}.txt").write_text("\n\n".join(f"Note {i}, part {j}: locker {100 * i + j} holds ropes." for j in range(9)))
    return made


def live(store: Store) -> list[str]:
    return [row["name"] for row in store.rows("SELECT name FROM documents WHERE removed_by IS NULL AND status = 'indexed' ORDER BY name")]


def whole(store: Store) -> None:
    """Assert that no passage stands twice or without its document, and that the full-text index agrees with the passages."""
    sql = "SELECT count(*) AS n, count(DISTINCT document || '/' || ordinal) AS places FROM chunks"
    counts = store.rows(sql)[0]
    assert counts["n"] == counts["places"]
    assert store.rows("SELECT count(*) AS n FROM chunks WHERE document NOT IN (SELECT id FROM documents)")[0]["n"] == 0
    store.connection.execute("INSERT INTO chunks_fts (chunks_fts) VALUES ('integrity-check')")
    assert store.rows("PRAGMA integrity_check")[0]["integrity_check"] == "ok"


def test_every_sample_is_indexed_or_reported_with_a_reason(company: Store) -> None:
    documents = {document.name: document for document in collections.documents(company, "company")}
    assert set(documents) == {path.name for path in SAMPLES.iterdir()}
    for document in documents.values():
        read_well = document.status == "indexed" and document.passages
        assert read_well or (document.status == "failed" and document.reason and document.hint)
    whole(company)


def test_reading_again_changes_nothing(read: Ingest, folder: Path, store: Store) -> None:
    read(folder)
    before = store.rows("SELECT id, document FROM chunks")
    assert {outcome.status for outcome in read(folder).values()} == {"unchanged"}
    assert store.rows("SELECT id, document FROM chunks") == before


def test_a_changed_file_takes_the_place_of_its_old_version(read: Ingest, folder: Path, store: Store, embedder: Embedder) -> None:
    read(folder)
    (folder / "note-07.txt").write_text("Locker 700 holds skis now.")
    outcomes = read(folder)
    assert [name for name, outcome in outcomes.items() if outcome.status == "indexed"] == ["note-07.txt"]
    texts = [p.text for p in search(store.connection, store.owner, embedder, ["docs"], "what does locker 700 hold", 50)]
    assert "Locker 700 holds skis now." in texts
    assert not any("Note 7," in text for text in texts)


def test_undo_removes_exactly_what_the_ingest_added(read: Ingest, folder: Path, store: Store, tmp_path: Path) -> None:
    read(folder)
    (folder / "note-07.txt").write_text("Locker 700 holds skis now.")
    (folder / "new.txt").write_text("A new note.")
    before = store.rows("SELECT id, text FROM chunks")
    body = store.get("collection", "docs").body
    read(folder)
    store.revert(store.last_operation()["id"])
    assert store.rows("SELECT id, text FROM chunks") == before
    assert len(live(store)) == 20
    assert store.get("collection", "docs").body == body
    store.revert(store.last_operation()["id"])
    assert store.names("collection") == []
    assert store.rows("SELECT * FROM documents") == []
    whole(store)


def test_undo_of_what_was_replaced_again_is_refused_and_changes_nothing(
    read: Ingest, folder: Path, store: Store, embedder: Embedder
) -> None:
    read(folder)
    earlier, later = (store.begin("ingest_data", {}, undoable=True) for _ in range(2))
    for operation in (later, earlier):
        (folder / "note-07.txt").write_text(f"Written for {operation}.")
        ingest(Shelf(store, embedder, "docs", operation), str(folder))
    before = store.rows("SELECT id, added_by, removed_by FROM documents")
    with pytest.raises(Refused, match=r"'note-07.txt' in 'docs' was replaced again"):
        store.revert(later)
    assert store.rows("SELECT id, added_by, removed_by FROM documents") == before
    assert store.rows("SELECT state FROM operations WHERE id = ?", later) == [{"state": "running"}]
    store.revert(earlier)
    store.revert(later)
    assert [row["text"] for row in store.rows("SELECT text FROM chunks WHERE text LIKE '%Written for%'")] == []
    assert len(live(store)) == 20
    whole(store)


@pytest.mark.parametrize("statement", ["BEGIN", "INSERT INTO documents", "INSERT INTO chunks", "COMMIT"])
def test_a_killed_ingest_resumes_without_duplicates(read: Ingest, folder: Path, store: Store, statement: str) -> None:
    assert store.names("collection") == []
    child = subprocess.run([sys.executable, "-c", CHILD, str(store.path), str(folder), statement], check=False)
    assert child.returncode == -signal.SIGKILL
    whole(store)
    acknowledged = live(store)
    assert 0 < len(acknowledged) < 20
    outcomes = read(folder)
    assert [name for name, outcome in outcomes.items() if outcome.status == "unchanged"] == acknowledged
    assert live(store) == sorted(path.name for path in folder.iterdir())
    assert len(store.rows("SELECT id FROM documents")) == 20
    whole(store)


@pytest.mark.parametrize("statement", ["BEGIN", "INSERT INTO chunks", "COMMIT"])
def test_a_long_table_whose_ingest_was_killed_is_read_from_its_start(
    tmp_path: Path, store: Store, embedder: Embedder, statement: str
) -> None:
    (tmp_path / "long.csv").write_text("id,town\n" + "".join(f"{i},Oslo\n" for i in range(400)))
    assert store.names("collection") == []
    child = subprocess.run([sys.executable, "-c", CHILD, str(store.path), str(tmp_path / "long.csv"), statement], check=False)
    assert child.returncode == -signal.SIGKILL
    assert live(store) == []
    (killed,) = store.interrupted()
    assert store.take_over(killed["id"])
    ingest(Shelf(store, embedder, "docs", killed["id"]), str(tmp_path / "long.csv"))
    assert live(store) == ["long.csv"]
    assert store.rows("SELECT count(*) AS n FROM chunks") == [{"n": 401}]
    assert len(store.rows("SELECT id FROM documents")) == 1
    assert not list(tmp_path.glob("reading-*"))
    whole(store)


def test_two_processes_at_once_both_succeed(folder: Path, store: Store) -> None:
    assert store.names("collection") == []
    children = [subprocess.Popen([sys.executable, "-c", CHILD, str(store.path), str(folder)]) for _ in range(2)]
    assert [child.wait() for child in children] == [0, 0]
    assert live(store) == sorted(path.name for path in folder.iterdir())
    assert store.rows("SELECT count(*) AS n FROM documents")[0]["n"] == 20
    whole(store)


def test_a_file_that_breaks_later_keeps_its_last_good_version(read: Ingest, tmp_path: Path, store: Store) -> None:
    document = tmp_path / "docs" / "handbook.pdf"
    document.parent.mkdir()
    document.write_bytes((SAMPLES / "handbook.pdf").read_bytes())
    read(document.parent)
    document.write_bytes(b"%PDF-1.7 cut off")
    outcome = read(document.parent)["handbook.pdf"]
    assert outcome.status == "failed"
    assert "kept" in outcome.hint
    assert live(store) == ["handbook.pdf"]


def test_a_source_without_a_readable_file_leaves_nothing_behind(read: Ingest, tmp_path: Path, store: Store) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "empty.txt").touch()
    assert read(tmp_path / "in")["empty.txt"].reason == "empty"
    assert store.names("collection") == []
    assert store.rows("SELECT * FROM documents") == []


def test_failures_are_kept_once_there_is_a_collection(read: Ingest, tmp_path: Path, store: Store) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a-empty.txt").touch()
    (tmp_path / "in" / "b.txt").write_text("Some words.")
    read(tmp_path / "in")
    read(tmp_path / "in")
    rows = store.rows("SELECT name, status, reason FROM documents ORDER BY name")
    assert rows == [{"name": "a-empty.txt", "status": "failed", "reason": "empty"}, {"name": "b.txt", "status": "indexed", "reason": ""}]


def test_masked_documents_hold_no_personal_data(read: Ingest, tmp_path: Path, store: Store) -> None:
    (tmp_path / "staff.csv").write_text("name,mail,card\nAda,ada@corp.example,4111 1111 1111 1111\nBob,bob@corp.example,none\n")
    outcome = read(tmp_path / "staff.csv", redact_pii=True)["staff.csv"]
    assert outcome.masked == {"email": 2, "card": 1}
    assert b"ada@corp.example" not in b"".join(path.read_bytes() for path in tmp_path.glob("copilot.db*"))
    again = read(tmp_path / "staff.csv")["staff.csv"]
    assert again.status == "indexed", "masking or not makes another document"
    assert (again.personal, again.masked) == ({"email": 2, "card": 1}, {}), "what is not masked is reported all the same"


def test_a_collection_remembers_where_it_comes_from(read: Ingest, tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.txt").write_text("One.")
    monkeypatch.chdir(tmp_path)
    read("a.txt")
    read(tmp_path / "a.txt")
    assert store.get("collection", "docs").body == {"sources": [{"source": str(tmp_path / "a.txt"), "redact_pii": False}]}


@pytest.mark.parametrize("source", ["s3://bucket/prefix", "ftp://host/file"])
def test_a_source_of_another_kind_is_refused(read: Ingest, source: str, store: Store) -> None:
    with pytest.raises(BadArguments, match=source):
        read(source)


def test_a_missing_path_offers_the_nearest_name(read: Ingest, tmp_path: Path, store: Store) -> None:
    (tmp_path / "policies").mkdir()
    with pytest.raises(NotFound, match=r"Did you mean '.*policies'"):
        read(tmp_path / "polices")
    assert store.names("collection") == []


def test_a_fact_in_a_report_is_found_with_its_page(read: Ingest, store: Store, embedder: Embedder) -> None:
    reports = shared_data("kg_rag_docs", "ntsb-aviation-incident-accident-reports", "data", "v1", "docs")
    assert {outcome.status for outcome in read(reports / "2007*.pdf").values()} == {"indexed"}
    passages = search(store.connection, store.owner, embedder, ["docs"], "how old was the pilot who hit trees with a Piper PA-22-150")
    answering = [p for p in passages if "age 85" in p.text or "Age: 85" in p.text]
    assert answering
    assert answering[0].page in (1, 2)


class Recording:
    """An embedder that remembers what it was asked for."""

    def __init__(self, embedder: Embedder) -> None:
        self.embedder = embedder
        self.texts: list[str] = []

    def encode(self, texts: Sequence[str]) -> Any:
        self.texts += texts
        return self.embedder.encode(texts)


def test_a_passage_leans_towards_its_document_and_headings_which_are_embedded_once(
    store: Store, embedder: Embedder, tmp_path: Path
) -> None:
    steps = [f"Turn screw number {n} a quarter of a turn, and wait until the lamp beside it is green. " * 4 for n in range(12)]
    (tmp_path / "aurora-espresso-machine.md").write_text("# Descaling the boiler\n\n" + "\n\n".join(steps))
    recording = Recording(embedder)
    ingest(Shelf(store, recording, "docs", store.begin("ingest_data", {}, undoable=True)), str(tmp_path))
    passages = store.connection.execute("SELECT text, vector FROM chunks ORDER BY ordinal").fetchall()
    vectors = np.stack([np.frombuffer(row[1], np.float32) for row in passages])
    wanted = embedder.encode(["descaling the boiler of the aurora espresso machine"])[0]
    assert len(passages) > 3
    assert sum("boiler" in text for text in recording.texts) <= 2
    assert (vectors @ wanted > embedder.encode([row[0] for row in passages]) @ wanted).all()
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
