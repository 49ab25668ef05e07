"""What ran before: the graphs of earlier deployments, kept so that one can go back to them."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

from copilot.cloud.graph import Resource
from copilot.errors import NotFound, Refused
from copilot.outside.store import Store

KEPT = 5
"""Revisions of a deployment that can be gone back to, the one that runs included."""
DONE = "owner = ? AND deployment = ? AND state = 'done'"


@dataclass(frozen=True)
class Revision:
    """A graph that ran, and what the workspace kept about it."""

    number: int
    wanted: tuple[Resource, ...]
    body: dict[str, Any]


def ran(store: Store, deployment: str) -> list[int]:
    """Return the revisions in the order in which they came to run, since the deployment was last removed."""
    rows = store.rows(f"SELECT kind, revision FROM applies WHERE {DONE} ORDER BY started_at DESC", store.owner, deployment)
    since = takewhile(lambda row: row["kind"] != "destroy", rows)
    return [int(row["revision"]) for row in since][::-1]


def current(store: Store, deployment: str) -> int | None:
    """Return the number of what runs now; None when nothing does."""
    past = ran(store, deployment)
    return past[-1] if past else None


def revision(store: Store, deployment: str, number: int | None = None) -> Revision:
    """Return a revision of a deployment.

    Args:
        number: None for what ran before the one that runs now came.

    Raises:
        Refused: nothing ran before.
        NotFound: there is no such revision, or it is no longer kept.
    """
    number = number or _before(store, deployment)
    sql = f"SELECT wanted, body FROM applies WHERE {DONE} AND revision = ? AND wanted IS NOT NULL ORDER BY started_at DESC LIMIT 1"
    found = store.rows(sql, store.owner, deployment, number)
    if not found:
        kept = ", ".join(str(kept) for kept in _kept(store, deployment)) or "none"
        raise NotFound(
            f"{deployment} has no revision {number} to go back to.", f"Kept are: {kept}. See: copilot deployments show {deployment}"
        )
    wanted = tuple(Resource.from_json(resource) for resource in json.loads(found[0]["wanted"]))
    return Revision(number, wanted, json.loads(found[0]["body"]))


def revise(store: Store, deployment: str, apply: str, wanted: Iterable[Resource], number: int | None = None) -> None:
    """Record what runs once an apply is done.

    Args:
        number: The revision that was gone back to; None counts on, unless the same was running already.
    """
    text, running = json.dumps([resource.as_json() for resource in wanted], sort_keys=True), current(store, deployment)
    if number is None:
        sql = f"SELECT max(revision) AS last, max(revision = ? AND wanted = ?) AS same FROM applies WHERE {DONE}"
        known = store.rows(sql, running, text, store.owner, deployment)[0]
        number = running if known["same"] else (known["last"] or 0) + 1
    with store.transaction() as connection:
        connection.execute("UPDATE applies SET revision = ?, wanted = ? WHERE id = ?", (number, text, apply))
        for old in [kept for kept in _kept(store, deployment) if kept != number][KEPT - 1 :]:
            forget(store, deployment, old)


def absorb(store: Store, deployment: str, number: int) -> None:
    """Count a revision that only ran on trial as a part of what runs now, so that nobody goes back to the trial."""
    with store.transaction() as connection:
        sql = "UPDATE applies SET revision = ?, wanted = NULL WHERE owner = ? AND deployment = ? AND revision = ?"
        if (running := current(store, deployment)) != number:
            connection.execute(sql, (running, store.owner, deployment, number))


def forget(store: Store, deployment: str, number: int | None = None) -> None:
    """Drop a revision, or all of a deployment: nobody can go back to it any more."""
    with store.transaction() as connection:
        sql = "UPDATE applies SET wanted = NULL WHERE owner = ? AND deployment = ? AND (? IS NULL OR revision = ?)"
        connection.execute(sql, (store.owner, deployment, number, number))


def forget_erased(store: Store) -> None:
    """Drop the revisions, but for those that run, which hold documents of a collection that was deleted since."""
    sql = """UPDATE applies SET wanted = NULL WHERE wanted IS NOT NULL AND EXISTS (
        SELECT 1 FROM operations o, json_each(applies.body, '$.collections') held WHERE o.owner = applies.owner
        AND o.intent = 'delete_collection' AND o.state = 'done' AND o.at > applies.started_at
        AND json_extract(o.args, '$.collection') = held.value)
        AND revision != (SELECT n.revision FROM applies n WHERE n.owner = applies.owner AND n.deployment = applies.deployment
        AND n.state = 'done' ORDER BY n.started_at DESC LIMIT 1)"""
    with store.transaction() as connection:
        connection.execute(sql)


def _before(store: Store, deployment: str) -> int:
    """Return what ran before the revision that runs now was first deployed."""
    past = ran(store, deployment)
    first = past.index(past[-1]) if past else 0
    if not first:
        raise Refused(f"Nothing ran before what {deployment} runs now.", f"See its history: copilot deployments show {deployment}")
    return past[first - 1]


def _kept(store: Store, deployment: str) -> list[int]:
    """Return the revisions that can be gone back to, the one that ran last first."""
    sql = f"SELECT revision FROM applies WHERE {DONE} AND wanted IS NOT NULL GROUP BY revision ORDER BY max(started_at) DESC"
    return [row["revision"] for row in store.rows(sql, store.owner, deployment)]
