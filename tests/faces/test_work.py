"""`copilot work` in processes of their own, and a run that is killed and taken up from the command line."""

import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from copilot.outside.store import Store
from copilot.resources import resource

COMPANY = resource("data", "samples", "company")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "qa.csv").write_text("question,answer\n" + "".join(f"How much is product {n}?,\n" for n in range(60)))
    for line in (
        ["data", "ingest", str(COMPANY / "leave-rules.txt"), "--collection", "company"],
        ["agents", "create", "helpdesk"],
        ["benchmarks", "create", "qa", str(tmp_path / "qa.csv")],
    ):
        assert copilot(tmp_path, *line).returncode == 0
    return tmp_path


def command(home: Path, *words: str) -> list[str]:
    return [sys.executable, "-m", "copilot", "--home", str(home), "--user", "tester", *words]


def copilot(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(home, *words), capture_output=True, text=True, timeout=120, check=False)


def counts(home: Path) -> tuple[int, int]:
    store = Store(home / "copilot.db", "tester")
    try:
        return len(store.rows("SELECT 1 FROM runs")), len(store.rows("SELECT 1 FROM results"))
    finally:
        store.close()


def test_a_run_killed_in_the_middle_goes_on_with_the_next_command(home: Path) -> None:
    running = subprocess.Popen(
        command(home, "benchmarks", "run", "helpdesk", "--workers", "2"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    while counts(home)[1] < 5 and running.poll() is None:
        time.sleep(0.05)
    os.kill(running.pid, signal.SIGKILL)
    assert running.wait() == -signal.SIGKILL
    runs, before = counts(home)
    assert (runs, 5 <= before < 60) == (1, True)
    again = copilot(home, "benchmarks", "run", "helpdesk")
    assert again.returncode == 0, again.stderr
    assert counts(home) == (1, 60)


def test_work_runs_what_is_due_and_nothing_else(home: Path) -> None:
    assert copilot(home, "benchmarks", "schedule", "helpdesk", "qa", "hourly").returncode == 0
    assert copilot(home, "work", "--once").returncode == 0
    assert counts(home) == (0, 0)
    store = Store(home / "copilot.db", "tester")
    with store.transaction() as connection:
        earlier = (datetime.now(UTC) - timedelta(hours=2)).isoformat()
        connection.execute("UPDATE things SET changed_at = ? WHERE kind = 'schedule'", (earlier,))
    store.close()
    worked = copilot(home, "work", "--once")
    assert worked.returncode == 0, worked.stderr
    assert "qa on helpdesk: scheduled hourly" in worked.stderr
    assert counts(home) == (1, 60)
    copilot(home, "work", "--once")
    assert counts(home) == (1, 60)
    (home / "more.txt").write_text("The warehouse opens at seven.")
    copilot(home, "data", "ingest", str(home / "more.txt"), "--collection", "company")
    assert "its documents have changed" in copilot(home, "work", "--once").stderr
    assert counts(home) == (2, 120)
