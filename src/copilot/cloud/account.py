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
LOCAL = "local"
"""Account and region of what runs on this machine, without AWS."""


def reachable(simulated: bool, region: str, live: bool) -> bool:
    """Tell whether a command acts on the account that something is in."""
    return region == LOCAL or simulated != live


def warm(home: Path) -> bool:
    """Tell whether this process runs the simulated account of a home already, so that reading it costs next to nothing."""
    simulator = sys.modules.get("copilot.cloud.simulator.account")
    return simulator is not None and bool(simulator.is_running(home / "simulated"))


@contextmanager
def connect(home: Path, region: str, live: bool) -> Iterator["Session"]:
    """Hold the account while the block runs, and yield a session on it.

    Args:
        home: The workspace's folder; the simulated account lies in it.
        region: `local` for this machine, which takes no account.
        live: True for real AWS.

    Raises:
        Unavailable: no credentials, or another process holds the account for too long.
    """
    from copilot.outside.aws import session

    if region == LOCAL:
        from copilot.cloud.providers.machine import ThisMachine

        with _held(home / "local.lock", "deploying on this machine"):
            yield ThisMachine(home / LOCAL)
        return
    if not live:
        from copilot.cloud.simulator.account import running

        with running(home / "simulated") as endpoint:
            yield session(region, endpoint)
        return
    with _held(home / "live.lock", "acting on AWS"):
        yield session(region)


@contextmanager
def _held(lock: Path, doing: str) -> Iterator[None]:
    try:
        lock.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        held = FileLock(lock, timeout=LOCK_SECONDS).acquire()
    except Timeout:
        raise Unavailable(f"Another copilot of this workspace is {doing}.", "Wait until it is done.") from None
    with held:
        yield
