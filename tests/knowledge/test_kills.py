"""Ingest and refresh are killed at random points, again and again: whatever was acknowledged is there, once and whole."""

import hashlib
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from copilot.knowledge.index import choose_index
from copilot.knowledge.search import search
from copilot.outside.embed import Embedder
from copilot.outside.store import Store

pytestmark = pytest.mark.sweep
ROUNDS = 50
FILES = 14
COMMAND = "import sys; from copilot.knowledge import shelf; shelf.BATCH = 20; from copilot.__main__ import main; sys.exit(main())"
"""The command line, except that a document of a few passages is written in several steps, as a long one is."""
WORDS = ("canteen", "library", "parking", "ladder", "garden", "invoice", "helmet", "winter", "cable", "orchard")


def change(folder: Path, chance: random.Random) -> None:
    """Add, change and delete some files."""
    for n in chance.sample(range(FILES), 5):
        path = folder / f"note-{n:02}.txt"
        if path.exists() and chance.random() < 0.3:
            path.unlink()
        else:
            path.write_text("\n\n".join(f"The {chance.choice(WORDS)} number {chance.randrange(10**6)} is open. " * 3 for _ in range(4)))
    rows = (f"{chance.choice(WORDS)},{chance.randrange(10**6)}" for _ in range(50))
    (folder / "table.csv").write_text("thing,number\n" + "\n".join(rows) + "\n")


def start(home: Path, *arguments: str) -> "subprocess.Popen[bytes]":
    environment = {**os.environ, "COPILOT_HOME": str(home), "COPILOT_USER": "tester"}
    return subprocess.Popen(
        [sys.executable, "-c", COMMAND, *arguments],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


def live(home: Path) -> dict[str, str]:
    """Return the digests of the live documents by source, read as another program would read them."""
    if not (home / "copilot.db").exists():
        return {}
    connection = sqlite3.connect(home / "copilot.db")
    try:
        sql = "SELECT source, digest FROM documents WHERE removed_by IS NULL AND status = 'indexed'"
        return dict(connection.execute(sql).fetchall())
    except sqlite3.OperationalError:  # the tables were not made yet
        return {}
    finally:
        connection.close()


def check_whole(home: Path) -> None:
    """Check that the database is sound, and that each live document is there once, with all of its passages and vectors."""
    connection = sqlite3.connect(home / "copilot.db")
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    connection.execute("INSERT INTO chunks_fts (chunks_fts, rank) VALUES ('integrity-check', 1)")
    connection.rollback()
    doubled = "SELECT document, ordinal FROM chunks GROUP BY document, ordinal HAVING count(*) > 1"
    assert connection.execute(doubled).fetchall() == []
    staged = "SELECT name FROM documents WHERE added_by = removed_by"
    assert connection.execute(staged).fetchall() == []
    broken = """SELECT d.name FROM documents d JOIN chunks c ON c.document = d.id WHERE d.status = 'indexed'
        GROUP BY d.id HAVING max(c.ordinal) + 1 <> count(*) OR min(length(c.vector)) <> 1536 OR max(length(c.vector)) <> 1536"""
    assert connection.execute(broken).fetchall() == []
    connection.close()


def check_search(home: Path, embedder: Embedder) -> None:
    """Check that both ways of comparing vectors find the same, and only what is live."""
    store = Store(home / "copilot.db", "tester")
    found = {}
    for mode in ("exact", "chroma"):
        store.set("test", vectors=mode)
        hits = search(store.connection, "tester", embedder, ["notes"], "Which canteen is open?", 5, choose_index(store, ["notes"]))
        found[mode] = [hit.chunk for hit in hits]
        assert {hit.source for hit in hits} <= live(home).keys()
    store.close()
    assert found["exact"] == found["chroma"]
    assert found["exact"]


def digests(folder: Path) -> dict[str, str]:
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


def run(home: Path, *arguments: str, kill_after: float = 120) -> tuple[bool, bytes]:
    """Run a command and kill it after so many seconds; return whether it was killed, and what it said to people."""
    running = start(home, *arguments)
    try:
        return False, running.communicate(timeout=kill_after)[1]
    except subprocess.TimeoutExpired:
        os.kill(running.pid, signal.SIGKILL)
        return True, running.communicate()[1]


def check_next_start(home: Path, folder: Path) -> bool:
    """Start once more, and check that nothing is lost, doubled or half done; return whether a command had been interrupted."""
    acknowledged, wanted = live(home), digests(folder)
    stopped, said = run(home, "data", "show-collection", "notes")
    assert not stopped
    assert b"Traceback" not in said, said.decode()
    check_whole(home)
    now, interrupted = live(home), b"interrupted" in said
    kept = {source: digest for source, digest in acknowledged.items() if wanted.get(source) == digest}
    assert kept.items() <= now.items(), "what had been acknowledged and is still true stays"
    if interrupted:
        assert {source: now.get(source) for source in wanted} == wanted, "what was interrupted is finished by the next start"
    return interrupted


def test_nothing_acknowledged_is_lost_or_doubled_by_fifty_kills(tmp_path: Path, embedder: Embedder) -> None:
    chance = random.Random(20)
    home, folder = tmp_path / "home", tmp_path / "notes"
    folder.mkdir()
    change(folder, chance)
    ingest, refresh = ("data", "ingest", str(folder), "--collection", "notes"), ("data", "refresh-collection", "notes")
    began = time.monotonic()
    run(home, *ingest)
    longest = time.monotonic() - began
    killed, interrupted = 0, 0
    while killed < ROUNDS:
        change(folder, chance)
        killed += run(home, *chance.choice((ingest, refresh)), kill_after=chance.uniform(0.1, 1.0) * longest)[0]
        interrupted += check_next_start(home, folder)
        if killed % 10 == 0:
            check_search(home, embedder)
    assert interrupted > ROUNDS // 3, "most kills should hit a command at work"
    run(home, *refresh)
    assert live(home) == digests(folder)
    check_whole(home)
    check_search(home, embedder)
    assert list(home.glob("reading-*")) == []
