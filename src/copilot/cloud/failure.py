"""Why a deployment failed, or does not answer: from its journal, its alarms and its logs."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from copilot.cloud.logs import read
from copilot.outside.aws import Session
from copilot.outside.store import Store

LOOK_BACK = timedelta(hours=24)
MOST_LINES = 5
SIGNS = ('"level": "ERROR"', "Task timed out", "Runtime exited", "errorType")
"""What lines about failures of a function have in them."""


@dataclass(frozen=True)
class FailedApply:
    """A deployment, rollback or removal that did not come to its end.

    Args:
        steps: What was begun, in order, and what became of it.
        left: What could not be put back, and why.
    """

    deployment: str
    agent: str
    kind: str
    operation: str
    state: str
    error: str
    at: str
    steps: tuple[str, ...]
    left: tuple[str, ...]


def failed_applies(store: Store) -> list[FailedApply]:
    """Return those of all deployments, oldest first."""
    sql = "SELECT * FROM applies WHERE owner = ? AND state NOT IN ('done', 'running') ORDER BY started_at"
    return [_failed(store, row) for row in store.rows(sql, store.owner)]


def _failed(store: Store, apply: dict[str, str]) -> FailedApply:
    rows = store.rows("SELECT * FROM steps WHERE apply = ? ORDER BY seq", apply["id"])
    return FailedApply(
        apply["deployment"],
        json.loads(apply["body"]).get("agent", ""),
        apply["kind"],
        apply["operation"],
        apply["state"],
        apply["error"],
        apply["finished_at"] or apply["started_at"],
        tuple(f"{row['action']} {row['type']} {row['id']}: {row['state']}" for row in rows),
        tuple(f"{row['type']} {row['physical'] or row['id']} ({row['error']})" for row in rows if row["state"] == "stuck"),
    )


def failing_lines(session: Session, groups: Iterable[str]) -> list[str]:
    """Return the newest lines of log groups that tell of failures."""
    lines = read(session, groups, datetime.now(UTC) - LOOK_BACK)
    return [f"{line.at[:19]} {line.text}" for line in lines if any(sign in line.text for sign in SIGNS)][-MOST_LINES:]
