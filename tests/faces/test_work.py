"""`copilot work` in processes of their own, and a run that is killed and taken up from the command line."""

import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from copilot.faces.terminal import Options, Terminal
from copilot.faces.work import run_due
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


def test_what_is_due_every_few_minutes_is_run_every_time(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "one.csv").write_text("question,answer\nHow much is product 1?,\n")
    copilot(home, "benchmarks", "create", "one", str(home / "one.csv"))
    copilot(home, "benchmarks", "schedule", "helpdesk", "one", "*/5 * * * *")
    terminal = Terminal(Options(home=home, user="tester"), attended=False)
    looks = iter(range(3))

    def ten_minutes_pass(_: float) -> None:
        if next(looks, None) is None:
            raise KeyboardInterrupt
        earlier = (datetime.now(UTC) - timedelta(minutes=10)).isoformat()
        with terminal.ctx.store.transaction() as connection:
            connection.execute("UPDATE things SET changed_at = ? WHERE kind = 'schedule'", (earlier,))
            connection.execute("UPDATE runs SET started_at = ?", (earlier,))

    monkeypatch.setattr(time, "sleep", ten_minutes_pass)
    with pytest.raises(KeyboardInterrupt):
        run_due(terminal, once=False)
    assert counts(home) == (3, 3)
    terminal.ctx.store.close()
