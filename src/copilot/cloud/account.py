"""Which account a command acts on: the simulated one of this home, or real AWS; held by one process at a time."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from copilot.errors import Unavailable

if TYPE_CHECKING:
    from copilot.outside.aws import Session

LOCK_SECONDS = 120


def warm(home: Path) -> bool:
    """Tell whether this process runs the simulated account of a home already, so that reading it costs next to nothing."""
    simulator = sys.modules.get("copilot.cloud.simulator.account")
    return simulator is not None and bool(simulator.is_running(home / "simulated"))


@contextmanager
def connect(home: Path, region: str, live: bool) -> Iterator["Session"]:
    """Hold the account while the block runs, and yield a session on it.

    Args:
        home: The workspace's folder; the simulated account lies in it.
        live: True for real AWS.

    Raises:
        Unavailable: no credentials, or another process holds the account for too long.
    """
    from copilot.outside.aws import session

    if not live:
        from copilot.cloud.simulator.account import running

        with running(home / "simulated") as endpoint:
            yield session(region, endpoint)
        return
    try:
        with FileLock(home / "live.lock", timeout=LOCK_SECONDS):
            yield session(region)
    except Timeout:
        raise Unavailable("Another copilot of this workspace is acting on AWS.", "Wait until it is done.") from None
