"""`copilot work`: runs what is due, for as long as it is left running."""

import time
from typing import Any

from filelock import FileLock, Timeout
from rich.text import Text

from copilot.errors import Refused
from copilot.intents import REGISTRY

LOOK_SECONDS = 30
AGAIN_SECONDS = 3600
"""How soon what failed is tried again."""


def run_due(terminal: Any, once: bool) -> int:
    """Run scheduled benchmarks; return the first exit code that is not 0, once all that is due was run.

    Args:
        once: False to go on looking until stopped.

    Raises:
        Refused: another process works on this workspace already.
    """
    lock = FileLock(terminal.ctx.home / "work.lock")
    try:
        with lock.acquire(timeout=0):
            return _look(terminal, once)
    except Timeout:
        raise Refused("Another `copilot work` is running on this workspace.", "Leave it running, or stop it first.") from None


def _look(terminal: Any, once: bool) -> int:
    from copilot.intents.benchmarks.demand import due_benchmarks

    failed: dict[tuple[str, str], float] = {}
    first = 0
    while True:
        for due in due_benchmarks(terminal.ctx):
            key = (due.agent, due.benchmark)
            if time.monotonic() - failed.get(key, -AGAIN_SECONDS) >= AGAIN_SECONDS:
                terminal.err.print(Text(f"{due.benchmark} on {due.agent}: {due.why}", style="cyan"))
                if code := terminal.call(REGISTRY["run_benchmark"], {"agent": due.agent, "benchmark": due.benchmark}):
                    failed[key] = time.monotonic()
                    first = first or code
        if once:
            return first
        time.sleep(LOOK_SECONDS)
