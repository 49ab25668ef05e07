"""What was killed is put right at the next start."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.faces.conftest import Run

WORDS = "The canteen opens at eleven. The library closes at nine. Parking costs two euros a day. "


def test_a_killed_ingest_is_finished_by_the_next_command_from_another_folder(copilot: Run, tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    for n in range(60):
        (docs / f"note-{n:02}.txt").write_text(f"Note number {n}. " + WORDS * 30)
    home = tmp_path / "home"
    command = [sys.executable, "-m", "copilot", "data", "ingest", "docs", "--collection", "notes"]
    running = subprocess.Popen(command, cwd=tmp_path, env={**os.environ, "COPILOT_HOME": str(home)}, stdout=subprocess.DEVNULL)
    acknowledged = 0
    while acknowledged < 3 and running.poll() is None:
        time.sleep(0.05)
        acknowledged = documents(home)
    running.send_signal(signal.SIGKILL)
    running.wait()
    assert acknowledged >= 3
    kept = documents(home)
    assert kept < 60
    ran = copilot("data", "show-collection", "notes", "--json")
    assert "interrupted" in ran.err
    result = ran.document["result"]
    assert (result["indexed"], result["failed"]) == (60, 0)
    assert copilot("data", "show-collection", "notes").err == ""
    assert doubled(home) == 0
    (entry,) = copilot("operations", "show-history", "--json").document["result"]["entries"]
    assert (entry["ability"], entry["outcome"], entry["detail"]) == ("ingest_data", "done", "its process was killed")
    assert copilot("undo", "--json").document["result"]["ability"] == "ingest_data"
    assert documents(home) == 0


def documents(home: Path) -> int:
    """Count committed documents, without waiting for the writer."""
    return count(home, "SELECT count(*) FROM documents WHERE removed_by IS NULL")


def doubled(home: Path) -> int:
    twice = "SELECT 1 FROM chunks c JOIN documents d ON d.id = c.document GROUP BY d.source, c.ordinal HAVING count(*) > 1"
    return count(home, f"SELECT count(*) FROM ({twice})")


def count(home: Path, sql: str) -> int:
    import sqlite3

    path = home / "copilot.db"
    if not path.exists():
        return 0
    connection = sqlite3.connect(path)
    try:
        return int(connection.execute(sql).fetchone()[0])
    except sqlite3.OperationalError:
        return 0
    finally:
        connection.close()


def test_a_killed_deployment_is_rolled_back_by_the_next_command(copilot: Run, tmp_path: Path) -> None:
    note = tmp_path / "note.txt"
    note.write_text(WORDS)
    copilot("data", "ingest", str(note), "--collection", "notes")
    copilot("agents", "create", "guide", "--collections", "notes")
    home = tmp_path / "home"
    command = [sys.executable, "-m", "copilot", "deployments", "deploy-agent", "--agent", "guide", "--yes"]
    running = subprocess.Popen(command, env={**os.environ, "COPILOT_HOME": str(home)}, stdout=subprocess.DEVNULL)
    while running.poll() is None and count(home, "SELECT count(*) FROM resources") < 4:
        time.sleep(0.01)
    running.send_signal(signal.SIGKILL)
    assert running.wait() == -signal.SIGKILL
    ran = copilot("deployments", "list", "--json")
    assert "put back" in ran.err
    assert ran.document["result"]["deployments"] == []
    assert count(home, "SELECT count(*) FROM resources") == 0
    assert copilot("deployments", "deploy-agent", "--agent", "guide", "--yes").code == 0
    assert (
        copilot("deployments", "show", "guide-dev", "--check", "--json").document["result"]["health"].endswith("resources are as deployed")
    )
