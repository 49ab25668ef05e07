"""What the simulated account costs: a first deployment, status and a warm answer, split into imports and work.

    python -m benchmarks.simulated [RUNS]

Every command runs in a fresh process, with the bundle built before. Imports are what `-X importtime` adds up to (self times; the
flag itself slows them by a few per cent); work is the rest of the wall time. The warm call is measured inside one process.
"""

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from copilot.resources import resource

QUESTION = "How many days of paid holiday do employees get?"


def fresh(home: Path, *words: str) -> tuple[float, float]:
    """Run a command in a process of its own; return its wall time and its imports, in seconds."""
    env = {**os.environ, "COPILOT_HOME": str(home), "NO_COLOR": "1", "COPILOT_ROUTER": "offline"}
    command = [sys.executable, "-X", "importtime", "-m", "copilot", "--json", "--yes", *words]
    start = time.perf_counter()
    done = subprocess.run(command, env=env, capture_output=True, text=True)
    wall = time.perf_counter() - start
    if done.returncode:
        said = "\n".join(line for line in done.stderr.splitlines() if not line.startswith("import time:"))
        raise SystemExit(f"{words}: {done.stdout}{said}")
    timed = [line.split("|")[0].rpartition(":")[2].strip() for line in done.stderr.splitlines() if line.startswith("import time:")]
    return wall, sum(int(microseconds) for microseconds in timed if microseconds.isdigit()) / 1e6


def report(name: str, runs: list[tuple[float, float]]) -> None:
    wall, imports = (statistics.median(side) for side in zip(*runs, strict=True))
    print(f"{name:44} {wall:6.2f} s   imports {imports:5.2f}   work {wall - imports:5.2f}   (median of {len(runs)})", flush=True)


def warm_calls(home: Path, calls: int = 30) -> list[float]:
    """Ask the endpoint in one process, after one cold call; return the milliseconds of each call."""
    from copilot.cloud.endpoint import invoke
    from copilot.outside.store import Store

    store, taken = Store(home / "copilot.db", os.environ.get("COPILOT_USER", "bench")), []
    for number in range(calls + 1):
        start = time.perf_counter()
        invoke(store, home, False, "helpdesk-dev", QUESTION)
        if number:
            taken.append((time.perf_counter() - start) * 1000)
    return sorted(taken)


def main() -> None:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    os.environ["COPILOT_USER"] = "bench"
    with tempfile.TemporaryDirectory() as folder:
        home, before = Path(folder) / "home", Path(folder) / "before"
        fresh(home, "data", "ingest", str(resource("data", "samples")), "--collection", "company")
        fresh(home, "agents", "create", "helpdesk", "--collections", "company")
        fresh(home, "deployments", "plan", "--agent", "helpdesk")  # builds the bundle
        home.rename(before)
        deploys, states, checks = [], [], []
        for _ in range(runs):
            shutil.rmtree(home, ignore_errors=True)
            shutil.copytree(before, home)
            deploys.append(fresh(home, "deployments", "deploy-agent", "--agent", "helpdesk"))
            states.append(fresh(home, "deployments", "show", "helpdesk-dev"))
            checks.append(fresh(home, "deployments", "show", "helpdesk-dev", "--check"))
        report("first deployment, bundle built", deploys)
        report("status", states)
        report("status, every resource read (--check)", checks)
        warm = warm_calls(home)
        print(
            f"warm call of the endpoint                    p50 {statistics.median(warm):.0f} ms   p95 {warm[int(len(warm) * 0.95)]:.0f} ms"
        )


if __name__ == "__main__":
    main()
