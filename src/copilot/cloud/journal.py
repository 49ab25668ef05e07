"""What we own in an account, and what was about to be done to it: written before every call, read after a crash."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from typing import Any, Literal
from uuid import uuid4

from copilot.cloud.plan import Change, Plan
from copilot.cloud.revisions import revise
from copilot.outside.store import Store, now

Kind = Literal["deploy", "rollback", "destroy"]
Outcome = Literal["done", "rolled_back", "stuck", "interrupted", "partial"]
"""How an apply ended. stuck: a rollback left something behind; interrupted: a removal was cut off; partial: a removal left something."""


@dataclass(frozen=True)
class Site:
    """Where a deployment is.

    Args:
        account: `simulated`, or the digits of a real one.
        stack: Value of the ownership tag.
    """

    account: str
    region: str
    stack: str


@dataclass(frozen=True)
class Recorded:
    """A resource that we made."""

    id: str
    type: str
    physical: str
    properties: dict[str, Any]
    position: int


@dataclass(frozen=True)
class Apply:
    """One deployment, rollback or removal.

    Args:
        body: What the workspace keeps about the deployment, as far as it was known before.
        revision: What runs since it was done; None when it was not.
    """

    id: str
    deployment: str
    kind: Kind
    site: Site
    body: dict[str, Any]
    revision: int | None
    state: str
    error: str
    started_at: str
    finished_at: str | None


class Journal:
    """The cloud tables of one deployment.

    Args:
        store: The workspace; its owner owns the deployment.
        deployment: The name.
    """

    def __init__(self, store: Store, deployment: str) -> None:
        self.store = store
        self.deployment = deployment

    def types(self) -> set[str]:
        """Return the types of all that was ever made here: anything else need not be looked for."""
        sql = "SELECT DISTINCT type FROM steps JOIN applies ON applies.id = apply WHERE owner = ? AND deployment = ?"
        return {row["type"] for row in self.store.rows(sql, self.store.owner, self.deployment)}

    def resources(self) -> list[Recorded]:
        """Return what is ours, in the order of dependencies."""
        sql = "SELECT * FROM resources WHERE owner = ? AND deployment = ? ORDER BY position, id"
        rows = self.store.rows(sql, self.store.owner, self.deployment)
        return [Recorded(r["id"], r["type"], r["physical"], json.loads(r["properties"]), r["position"]) for r in rows]

    def save(self, plan: Plan) -> None:
        with self.store.transaction() as connection:
            body = json.dumps(plan.as_json(), default=str)
            connection.execute(
                "INSERT OR REPLACE INTO plans VALUES (?, ?, ?, ?, ?)", (plan.id, self.store.owner, plan.deployment, body, now())
            )

    def knows(self, plan: str) -> bool:
        """Tell whether a plan of this deployment with that id was ever made."""
        sql = "SELECT 1 FROM plans WHERE owner = ? AND deployment = ? AND id = ?"
        return bool(self.store.rows(sql, self.store.owner, self.deployment, plan))

    def open(self, kind: Kind, site: Site, operation: str, plan: str = "", body: Mapping[str, Any] | None = None) -> str:
        """Begin an apply and return its id."""
        apply = uuid4().hex[:12]
        with self.store.transaction() as connection:
            connection.execute(
                """INSERT INTO applies (id, owner, deployment, kind, account, region, stack, plan, operation, body, state, started_at)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'running', ?)""",
                (apply, self.store.owner, self.deployment, kind, *astuple(site), plan, operation, json.dumps(body or {}), now()),
            )
        return apply

    def close(self, apply: str, outcome: Outcome, error: str = "") -> None:
        with self.store.transaction() as connection:
            sql = "UPDATE applies SET state = ?, error = ?, finished_at = ? WHERE id = ?"
            connection.execute(sql, (outcome, error, now(), apply))

    def succeed(self, apply: str, plan: Plan, revision: int | None) -> None:
        """End an apply whose plan is carried out.

        Args:
            revision: The one that was gone back to; None for what may be a new one.
        """
        with self.store.transaction():
            self._reorder([resource.id for resource in plan.wanted])
            revise(self.store, self.deployment, apply, plan.wanted, revision)
            self.close(apply, "done")

    def begin(self, apply: str, change: Change) -> int:
        """Write down what is about to be done; return the number of the step."""
        sql = """INSERT INTO steps (apply, position, action, id, type, physical, before, after, state, at)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""
        bodies = (_text(change.before), _text(change.after))
        with self.store.transaction() as connection:
            values = (apply, change.position, change.action, change.id, change.type, change.physical, *bodies, "begun", now())
            return int(connection.execute(sql, values).lastrowid or 0)

    def finish(self, step: int, change: Change, physical: str) -> None:
        """Write down that a step is done, together with what we own now."""
        with self.store.transaction() as connection:
            connection.execute("UPDATE steps SET state = 'done', physical = ? WHERE seq = ?", (physical, step))
            self.own(change, physical, change.after)

    def undo(self, step: int, change: Change, physical: str, error: str = "") -> None:
        """Write down that a step was taken back, or with `error` that it could not be."""
        with self.store.transaction() as connection:
            sql = "UPDATE steps SET state = ?, error = ? WHERE seq = ?"
            connection.execute(sql, ("stuck" if error else "undone", error, step))
            if error and change.action == "create":
                self.own(change, physical, change.after)
            elif not error:
                self.own(change, physical, change.before)

    def own(self, change: Change, physical: str, properties: Mapping[str, Any] | None) -> None:
        """Set the ledger's entry for a resource; no properties means that it is no longer there."""
        key = (self.store.owner, self.deployment, change.id)
        with self.store.transaction() as connection:
            if properties is None:
                connection.execute("DELETE FROM resources WHERE owner = ? AND deployment = ? AND id = ?", key)
            else:
                sql = """INSERT INTO resources VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (owner, deployment, id) DO UPDATE
                    SET physical = excluded.physical, properties = excluded.properties"""
                connection.execute(sql, (*key, change.type, physical, _text(properties), change.position, now()))

    def _reorder(self, order: Sequence[str]) -> None:
        """Set where resources stand in the order of dependencies, once a whole graph is in place."""
        sql = "UPDATE resources SET position = ? WHERE owner = ? AND deployment = ? AND id = ?"
        with self.store.transaction() as connection:
            connection.executemany(sql, [(at, self.store.owner, self.deployment, name) for at, name in enumerate(order)])

    def steps(self, apply: str) -> list[tuple[int, Change]]:
        """Return the steps of an apply that may have had an effect, newest first."""
        sql = "SELECT * FROM steps WHERE apply = ? AND state IN ('begun', 'done') ORDER BY seq DESC"
        return [(row["seq"], _change(row)) for row in self.store.rows(sql, apply)]

    def history(self) -> list[Apply]:
        """Return the applies of this deployment, newest first."""
        sql = "SELECT * FROM applies WHERE owner = ? AND deployment = ? ORDER BY started_at DESC"
        return [_apply(row) for row in self.store.rows(sql, self.store.owner, self.deployment)]


def unfinished(store: Store) -> list[Apply]:
    """Return the applies that began and never ended."""
    sql = "SELECT * FROM applies WHERE owner = ? AND state = 'running' ORDER BY started_at"
    return [_apply(row) for row in store.rows(sql, store.owner)]


def workspace_id(store: Store) -> str:
    """Return what tells this workspace from every other one."""
    return str(store.rows("SELECT id FROM workspace")[0]["id"])


def deployed_by(store: Store, operation: str) -> str | None:
    """Return the name of the deployment that an operation was about; None when it came to nothing."""
    rows = store.rows("SELECT deployment FROM applies WHERE owner = ? AND operation = ? AND state = 'done'", store.owner, operation)
    return rows[0]["deployment"] if rows else None


def unsettled(store: Store) -> dict[str, Apply]:
    """Return the newest apply of each deployment where that did not come to a clean end."""
    sql = """SELECT *, max(started_at) FROM applies WHERE owner = ? GROUP BY deployment HAVING state NOT IN ('done', 'rolled_back')"""
    return {row["deployment"]: _apply(row) for row in store.rows(sql, store.owner)}


def left_over(store: Store) -> list[Apply]:
    """Return the newest apply of each deployment that the ledger has resources of, and the workspace does not know."""
    sql = """SELECT DISTINCT deployment FROM resources WHERE owner = ? AND deployment NOT IN
        (SELECT name FROM things WHERE owner = resources.owner AND kind = 'deployment') ORDER BY deployment"""
    return [Journal(store, row["deployment"]).history()[0] for row in store.rows(sql, store.owner)]


def objects_in_use(store: Store) -> set[str]:
    """Return the hashes of all objects that any deployment in this workspace holds or may have to be given back, whoever owns it."""
    held = "SELECT properties FROM resources WHERE type = 'object'"
    given_back = "SELECT before FROM steps JOIN applies ON applies.id = apply WHERE applies.state = 'running' AND type = 'object'"
    gone_back_to = """SELECT json_extract(resource.value, '$.properties') FROM applies, json_each(wanted) AS resource
        WHERE json_extract(resource.value, '$.type') = 'object'"""
    rows = store.rows(f"{held} UNION {given_back} AND before IS NOT NULL UNION {gone_back_to}")
    return {json.loads(row["properties"])["sha256"] for row in rows}


def objects_made(store: Store, prefix: str) -> set[str]:
    """Return the hashes of all objects that were ever put under keys with this prefix."""
    sql = "SELECT after FROM steps JOIN applies ON applies.id = apply WHERE owner = ? AND type = 'object' AND after IS NOT NULL"
    made = (json.loads(row["after"]) for row in store.rows(sql, store.owner))
    return {properties["sha256"] for properties in made if properties["key"].startswith(prefix)}


def _apply(row: Mapping[str, Any]) -> Apply:
    names = ("id", "deployment", "kind", "revision", "state", "error", "started_at", "finished_at")
    site = Site(row["account"], row["region"], row["stack"])
    return Apply(site=site, body=json.loads(row["body"]), **{name: row[name] for name in names})


def _change(row: Mapping[str, Any]) -> Change:
    before, after = (json.loads(row[name]) if row[name] else None for name in ("before", "after"))
    return Change(row["action"], row["id"], row["type"], row["position"], row["physical"], before, after)


def _text(body: Mapping[str, Any] | None) -> str | None:
    return None if body is None else json.dumps(body)
