"""The simulated account of a home as a whole: what is in it, and starting a new one."""

import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from copilot.cloud.journal import Journal, Recorded
from copilot.errors import Refused, Unavailable
from copilot.outside.store import Store

FOLDER = "simulated"
LOCK = "lock"
WAIT_SECONDS = 10
OURS = "SELECT DISTINCT deployment FROM applies WHERE owner = ? AND account = 'simulated' ORDER BY deployment"


@dataclass(frozen=True)
class Inventory:
    """What a simulated account holds, without starting it.

    Args:
        calls: Changes that its journal has.
        bytes: Size on disk.
        types: How many resources of each type the workspace's deployments have in it.
    """

    folder: Path
    calls: int
    bytes: int
    deployments: tuple[str, ...]
    types: dict[str, int]


def inventory(store: Store, home: Path) -> Inventory:
    """Return what is in the account."""
    folder = home / FOLDER
    files = [path for path in folder.rglob("*") if path.is_file()] if folder.exists() else []
    journal = folder / "account.jsonl"
    calls = journal.read_bytes().count(b"\n") if journal.exists() else 0
    held = list(resources(store))
    types = Counter(resource.type for _, resource in held)
    return Inventory(folder, calls, sum(path.stat().st_size for path in files), tuple(dict.fromkeys(name for name, _ in held)), dict(types))


def resources(store: Store) -> Iterator[tuple[str, Recorded]]:
    """Yield every resource that the ledger has in the account, with its deployment."""
    for row in store.rows(OURS, store.owner):
        for resource in Journal(store, row["deployment"]).resources():
            yield row["deployment"], resource


def exported(store: Store) -> list[dict[str, Any]]:
    """Return those resources as JSON data."""
    return [
        {"deployment": name, "id": r.id, "type": r.type, "physical": r.physical, "properties": r.properties} for name, r in resources(store)
    ]


def reset(store: Store, home: Path, operation: str) -> int:
    """Delete the account with all that is in it, and forget the deployments it held; return how many resources are gone.

    Raises:
        Refused: somebody else who shares this home has deployments in it.
        Unavailable: another process is using it.
    """
    from copilot.cloud.simulator.account import shut_down

    others = (
        "SELECT DISTINCT owner FROM resources NATURAL JOIN (SELECT owner, deployment, account FROM applies) WHERE account = 'simulated'"
    )
    if strangers := sorted({row["owner"] for row in store.rows(others)} - {store.owner}):
        raise Refused(f"{', '.join(strangers)} has deployments in the simulated account too.", "They have to be removed first.")
    gone = sum(1 for _ in resources(store))
    shut_down()
    folder = home / FOLDER
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        with FileLock(folder / LOCK, timeout=WAIT_SECONDS):
            _forget(store, operation)
            for path in folder.iterdir():
                if path.is_dir():
                    shutil.rmtree(path)
                elif path.name != LOCK:
                    path.unlink()
    except Timeout:
        raise Unavailable("Another copilot is using the simulated account.", "Wait until it is done.") from None
    return gone


def _forget(store: Store, operation: str) -> None:
    with store.transaction() as connection:
        for row in store.rows(OURS, store.owner):
            if store.find("deployment", row["deployment"]):
                store.remove("deployment", row["deployment"], operation)
            connection.execute("DELETE FROM resources WHERE owner = ? AND deployment = ?", (store.owner, row["deployment"]))
        connection.execute("DELETE FROM applies WHERE owner = ? AND account = 'simulated'", (store.owner,))
