"""Make an account look as wanted, or as it was before: plan, apply, roll back, recover, compare, remove."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from copilot.cloud.graph import Resource, in_order, references, resolve
from copilot.cloud.journal import Apply, Journal, Recorded
from copilot.cloud.plan import Change, Plan, different, plan_id
from copilot.cloud.providers.provider import STACK, Properties, Provider
from copilot.errors import CopilotError, Refused
from copilot.outside.aws import BotoCoreError, ClientError

ROLLBACK_WAITS = (0.1, 0.5, 2.0)
"""Seconds between tries of one compensation."""

Answer = TypeVar("Answer")
Report = Callable[[str], None]


class Failed(CopilotError):
    """An apply did not come to its end."""

    code = "deployment_failed"


@dataclass(frozen=True)
class Survivor:
    """Something that a removal left behind, and why."""

    type: str
    physical: str
    why: str


class Engine:
    """Acts on one deployment through its providers; knows nothing of what is simulated.

    The caller holds the account: nobody else applies at the same time.

    Args:
        journal: Ledger and write-ahead journal of the deployment.
        providers: One for each type.
        stack: Value of the ownership tag.
    """

    def __init__(self, journal: Journal, providers: Mapping[str, Provider], stack: str) -> None:
        self.journal = journal
        self.providers = providers
        self.stack = stack

    # Planning

    def plan(self, wanted: tuple[Resource, ...]) -> Plan:
        """Compare what is recorded, what is there and what is wanted.

        Raises:
            Refused: something of the same name is there and is not ours, or a change would delete data.
        """
        ordered, recorded = in_order(wanted), {r.id: r for r in self.journal.resources()}
        physical: dict[str, str] = {}
        live: dict[str, Any] = {}
        changes: list[Change] = []
        for position, resource in enumerate(ordered):
            change, seen = self._compare(position, resource, recorded.get(resource.id), physical)
            live[resource.id] = seen
            if change:
                changes.append(change)
        gone = [r for r in recorded.values() if r.id not in live]
        for old in reversed(gone):
            live[old.id] = self._provider(old).read(old.physical)
            changes.append(_deletion(old))
        name = self.journal.deployment
        return Plan(plan_id(name, ordered, live), name, tuple(changes), tuple(resource.id for resource in ordered))

    def _compare(
        self, position: int, resource: Resource, known: Recorded | None, physical: dict[str, str]
    ) -> tuple[Change | None, dict[str, Any] | None]:
        """Return the change one resource needs, and its live state; add its physical id to `physical` when it stays."""
        provider = self.providers[resource.type]
        after = resolve(resource.properties, physical)
        place = known.physical if known else provider.find(after)
        inside_unmade = any(references(place or ""))
        live = provider.read(place) if place and not inside_unmade else None
        if place is None or live is None:
            return Change("create", resource.id, resource.type, position, "", None, after), None
        if not known:
            self._own(resource, live, place)
        before = {**after, **(known.properties if known else {}), **live}
        changed = different(live, after)
        if changed.keys() & provider.identity:
            if provider.stateful:
                raise Refused(
                    f"Changing {', '.join(sorted(changed))} of {resource.type} {place} would delete what is in it.",
                    "Remove the deployment first, then deploy again.",
                )
            return Change("replace", resource.id, resource.type, position, place, before, after), live
        physical[resource.id] = place
        if not changed and known:
            return None, live
        return Change("update", resource.id, resource.type, position, place, before, after), live

    def _own(self, resource: Resource, live: Properties, place: str) -> None:
        if "tags" in live and live["tags"].get(STACK) != self.stack:
            raise Refused(
                f"There already is a {resource.type} called {place}, and it is not part of this deployment.",
                "Rename the agent, or remove that resource yourself.",
            )

    # Applying

    def apply(
        self,
        plan: Plan,
        account: str,
        region: str,
        operation: str,
        report: Report = lambda _: None,
        commit: Callable[[], None] = lambda: None,
    ) -> None:
        """Carry out a plan that was made just now; put everything back when a step fails.

        Args:
            commit: Records the outcome in the workspace; written together with the end of the apply, or not at all.

        Raises:
            Failed: a step did not succeed; says which, why, and whether everything is back as it was.
        """
        apply = self.journal.open("deploy", account, region, self.stack, operation, plan.id)
        physical = {r.id: r.physical for r in self.journal.resources()}
        change = None
        try:
            for change in plan.changes:
                change = change.resolved(None if change.after is None else resolve(change.after, physical))
                step = self.journal.begin(apply, change)
                physical[change.id] = self._perform(change)
                self.journal.finish(step, change, physical[change.id])
                report(f"{change.action} {change.type} {change.id}")
            with self.journal.store.transaction():
                self.journal.reorder(plan.order)
                commit()
                self.journal.close(apply, "done")
        except BaseException as error:
            self._give_up(apply, change, error)

    def _perform(self, change: Change) -> str:
        provider = self.providers[change.type]
        if change.action in ("delete", "replace"):
            _twice(lambda: provider.delete(change.physical))
        if change.action in ("create", "replace"):
            return _twice(lambda: provider.create(change.after or {}))
        if change.action == "update":
            provider.update(change.physical, change.before or {}, change.after or {})
        return change.physical

    def _give_up(self, apply: str, change: Change | None, error: BaseException) -> None:
        """Roll back and say what happened."""
        what = f"{change.action} {change.type} '{change.id}'" if change else "begin"
        said = f"Could not {what}: {str(error) or type(error).__name__}"
        stuck = self.rollback(apply, said)
        if not isinstance(error, Exception):
            raise error
        if stuck:
            left = ", ".join(f"{s.type} {s.physical}" for s in stuck)
            hint = f"These could not be put back: {left}. Deploying again takes them over."
        else:
            hint = "Everything is back as it was before. Mend the cause and deploy again."
        raise Failed(said, hint) from error

    # Going back

    def rollback(self, apply: str, error: str) -> list[Survivor]:
        """Take back every step of an apply, newest first, the one that failed included; return what could not be taken back."""
        stuck = []
        for step, change in self.journal.steps(apply):
            why = self._compensate(step, change)
            if why:
                stuck.append(Survivor(change.type, change.physical or change.id, why))
        self.journal.close(apply, "stuck" if stuck else "rolled_back", error)
        return stuck

    def _compensate(self, step: int, change: Change) -> str:
        why = ""
        for wait in (*ROLLBACK_WAITS, 0.0):
            try:
                physical = self._reverse(change)
            except (ClientError, BotoCoreError, OSError) as error:
                why = str(error)
                time.sleep(wait)
            else:
                self.journal.undo(step, change, physical)
                return ""
        self.journal.undo(step, change, change.physical, why)
        return why

    def _reverse(self, change: Change) -> str:
        """Undo one step, however far it got; return the physical id of what is there now."""
        provider, before = self.providers[change.type], change.before or {}
        if change.action in ("create", "replace"):
            made = change.physical if change.action == "create" else ""
            made = made or provider.find(change.after or {}) or ""
            if made:
                provider.delete(made)
            return provider.create(before) if change.action == "replace" else made
        live = provider.read(change.physical)
        if live is None:
            return provider.create(before)
        if different(live, before):
            provider.update(change.physical, {**before, **live}, before)
        return change.physical

    def recover(self, apply: Apply) -> list[Survivor]:
        """End an apply that a crash cut off: a deployment is rolled back, a removal can simply be run again."""
        if apply.kind == "destroy":
            self.journal.close(apply.id, "interrupted", "The process ended before the removal did.")
            return []
        return self.rollback(apply.id, "The process ended before the deployment did.")

    # Looking and removing

    def drift(self) -> dict[str, str]:
        """Read everything we own; return what differs from what we made: id -> `missing` or the changed properties."""
        found = {}
        for resource in self.journal.resources():
            live = self._provider(resource).read(resource.physical)
            if live is None:
                found[resource.id] = "missing"
            elif changed := different(live, resource.properties):
                found[resource.id] = f"changed: {', '.join(sorted(changed))}"
        return found

    def destroy(self, account: str, region: str, operation: str, report: Report = lambda _: None) -> list[Survivor]:
        """Delete what the ledger says is ours, then whatever else carries our tag; return what is left."""
        apply = self.journal.open("destroy", account, region, self.stack, operation)
        survivors = []
        for resource in reversed(self.journal.resources()):
            why = self._remove(apply, resource)
            if why:
                survivors.append(Survivor(resource.type, resource.physical, why))
            report(f"delete {resource.type} {resource.id}")
        survivors += self._sweep({s.physical for s in survivors})
        self.journal.close(apply, "partial" if survivors else "done", "; ".join(f"{s.physical}: {s.why}" for s in survivors))
        return survivors

    def _remove(self, apply: str, resource: Recorded) -> str:
        """Delete one resource of the ledger; return why it is still there, or nothing."""
        provider = self._provider(resource)
        change = _deletion(resource)
        step = self.journal.begin(apply, change)
        try:
            live = provider.read(resource.physical)
            if live and "tags" in live and live["tags"].get(STACK) != self.stack:
                return "it no longer carries our tag, so it was left alone"
            _twice(lambda: provider.delete(resource.physical))
        except (ClientError, BotoCoreError) as error:
            return str(error)
        self.journal.finish(step, change, resource.physical)
        return ""

    def _sweep(self, known: set[str]) -> list[Survivor]:
        """Delete what carries our tag and is in no ledger, e.g. after the workspace was lost."""
        left = []
        for name in reversed(list(self.providers)):
            provider = self.providers[name]
            try:
                found = [physical for physical in provider.owned(self.stack) if physical not in known]
            except (ClientError, BotoCoreError) as error:
                left.append(Survivor(name, "that no ledger has", f"cannot be looked for: {error}"))
                continue
            for physical in found:
                try:
                    provider.delete(physical)
                except (ClientError, BotoCoreError) as error:
                    left.append(Survivor(name, physical, str(error)))
        return left

    def _provider(self, resource: Recorded) -> Provider:
        return self.providers[resource.type]


def _deletion(resource: Recorded) -> Change:
    return Change("delete", resource.id, resource.type, resource.position, resource.physical, resource.properties)


def _twice(call: Callable[[], Answer]) -> Answer:
    """Make a call, and once more when its answer was lost: creates look for what they may have made, deletes accept nothing."""
    try:
        return call()
    except BotoCoreError:
        return call()
    except ClientError as error:
        if error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0) < 500:
            raise
        return call()
