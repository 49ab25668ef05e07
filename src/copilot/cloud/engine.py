"""Make an account look as wanted, or as it was before: plan, apply, roll back, recover, compare, remove."""

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from copilot.cloud.comparison import different
from copilot.cloud.drift import Drift, drifts, extras
from copilot.cloud.graph import Resource, depths, in_order, references, resolve
from copilot.cloud.journal import Apply, Journal, Recorded, Site
from copilot.cloud.plan import Change, Plan, plan_id
from copilot.cloud.providers.provider import STACK, Properties, Provider
from copilot.cloud.revisions import forget
from copilot.cloud.steps import Pause, Steps
from copilot.errors import CopilotError, Refused

ROLLBACK_WAITS = (0.1, 0.5, 2.0)
"""Seconds between tries of one compensation."""

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
        site: Where the deployment is.
        workers: How many resources that do not need each other are worked on at once.
        pause: How to wait for so many seconds.
    """

    def __init__(
        self, journal: Journal, providers: Mapping[str, Provider], site: Site, workers: int = 1, pause: Pause = time.sleep
    ) -> None:
        self.journal = journal
        self.providers = providers
        self.site = site
        self.workers = workers
        self.pause = pause

    @property
    def _steps(self) -> Steps:
        return Steps(self.providers, self.pause)

    # Planning

    def plan(self, wanted: tuple[Resource, ...]) -> Plan:
        """Compare what is recorded, what is there and what is wanted.

        Raises:
            Refused: something of the same name is there and is not ours, or a change would delete data.
        """
        ordered, ours = in_order(wanted), self.journal.resources()
        recorded = {r.id: r for r in ours if r.physical}
        depth = depths(ordered)
        physical: dict[str, str] = {}
        live: dict[str, Any] = {}
        changes: list[Change] = []
        for position, resource in enumerate(ordered):
            change, live[resource.id] = self._compare(position, resource, recorded.get(resource.id), physical)
            if change:
                changes.append(replace(change, depth=depth[resource.id]))
        gone = [self._located(r) for r in ours if r.id not in live]
        for number, old in enumerate(reversed(gone)):  # one after the other, when everything else is done
            live[old.id] = self._provider(old).read(old.physical) if old.physical else None
            changes.append(replace(_deletion(old), depth=len(ordered) + number))
        known = [asdict(r) for r in ours]
        return Plan(plan_id(self.journal.deployment, ordered, known, live), self.journal.deployment, tuple(changes), ordered)

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
        if "tags" in live and live["tags"].get(STACK) != self.site.stack:
            raise Refused(
                f"There already is a {resource.type} called {place}, and it is not part of this deployment.",
                "Rename the agent, or remove that resource yourself.",
            )

    # Applying

    def apply(
        self,
        plan: Plan,
        operation: str,
        body: Mapping[str, Any] | None = None,
        revision: int | None = None,
        report: Report = lambda _: None,
        commit: Callable[[], None] = lambda: None,
    ) -> None:
        """Carry out a plan that was made just now; put everything back when a step fails.

        Args:
            body: What the workspace will keep about the deployment, as far as it is known now.
            revision: The one that is gone back to; None for a deployment.
            commit: Records the outcome in the workspace; written together with the end of the apply, or not at all.

        Raises:
            Failed: a step did not succeed; says which, why, and whether everything is back as it was.
        """
        apply = self.journal.open("rollback" if revision else "deploy", self.site, operation, plan.id, body)
        failed: tuple[Change | None, BaseException] | None = None
        try:
            failed = self._carry_out(apply, plan, report)
            if failed is None:
                with self.journal.store.transaction():
                    self.journal.succeed(apply, plan, revision)
                    commit()
        except BaseException as error:  # a person stops it between two steps, or the workspace cannot be written
            failed = None, error
        if failed:
            self._give_up(apply, *failed)

    def _carry_out(self, apply: str, plan: Plan, report: Report) -> tuple[Change, BaseException] | None:
        """Make the changes, each written down before and after; return the first that failed."""
        physical = {r.id: r.physical for r in self.journal.resources()}
        for batch in plan.batches(self.workers):
            changes = [c.resolved(None if c.after is None else resolve(c.after, physical)) for c in batch]
            steps = [self.journal.begin(apply, change) for change in changes]
            failed = None
            for step, change, outcome in zip(steps, changes, self._steps.together(changes), strict=True):
                if isinstance(outcome, BaseException):
                    failed = failed or (change, outcome)
                    continue
                physical[change.id] = outcome
                self.journal.finish(step, change, outcome)
                report(f"{change.action} {change.type} {change.id}")
            if failed:
                return failed
        return None

    def _give_up(self, apply: str, change: Change | None, error: BaseException) -> None:
        """Roll back and say what happened."""
        what = f"{change.action} {change.type} '{change.id}'" if change else "go on"
        said = f"Could not {what}: {_said(error)}"
        stuck = self.rollback(apply, said)
        if not isinstance(error, Exception):
            raise error
        if stuck:
            left, name = ", ".join(f"{s.type} {s.physical}" for s in stuck), self.journal.deployment
            hint = f"These could not be put back: {left}. Deploy again, which takes them over, or: copilot deployments destroy {name}"
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
                physical = self._steps.persist(lambda: self._steps.reverse(change))
            except Exception as error:  # whatever one of them meets with, the others are taken back
                why = _said(error)
                self.pause(wait)
            else:
                self.journal.undo(step, change, physical)
                return ""
        self.journal.undo(step, change, change.physical, why)
        return why

    def recover(self, apply: Apply) -> list[Survivor]:
        """End an apply that a crash cut off: a deployment is rolled back, a removal can simply be run again."""
        if apply.kind == "destroy":
            self.journal.close(apply.id, "interrupted", "The process ended before the removal did.")
            return []
        return self.rollback(apply.id, "The process ended before the deployment did.")

    # Looking and removing

    def drift(self) -> list[Drift]:
        """Read everything we own and everything that carries our tag; return what is not as we made it. Changes nothing."""
        resources = [self._located(resource) for resource in self.journal.resources()]
        return [*drifts(resources, self.providers), *extras(resources, self._looked_into(), self.site.stack)]

    def destroy(self, operation: str, body: Mapping[str, Any] | None = None, report: Report = lambda _: None) -> list[Survivor]:
        """Delete what the ledger says is ours, then whatever else carries our tag; return what is left.

        Args:
            body: What the workspace knows about the deployment, by which what is left can be shown.
        """
        apply = self.journal.open("destroy", self.site, operation, body=body)
        survivors = []
        for resource in reversed(self.journal.resources()):
            why = self._remove(apply, resource)
            if why:
                survivors.append(Survivor(resource.type, resource.physical, why))
            report(f"delete {resource.type} {resource.id}")
        survivors += self._sweep({s.physical for s in survivors})
        self.journal.close(apply, "partial" if survivors else "done", "; ".join(f"{s.physical}: {s.why}" for s in survivors))
        if not survivors:
            forget(self.journal.store, self.journal.deployment)
        return survivors

    def _remove(self, apply: str, resource: Recorded) -> str:
        """Delete one resource of the ledger; return why it is still there, or nothing."""
        provider = self._provider(resource)
        change = _deletion(resource)
        step = self.journal.begin(apply, change)
        try:
            physical = self._located(resource).physical
            live = provider.read(physical) if physical else None
            if live and "tags" in live and live["tags"].get(STACK) != self.site.stack:
                return "it no longer carries our tag, so it was left alone"
            if physical:
                self._steps.persist(lambda: provider.delete(physical))
        except Exception as error:  # whatever one of them meets with, the others are removed
            return _said(error)
        self.journal.finish(step, change, physical)
        return ""

    def _sweep(self, known: set[str]) -> list[Survivor]:
        """Delete what carries our tag and is in no ledger, e.g. after the workspace was lost."""
        left = []
        for name, provider in reversed(self._looked_into().items()):
            try:
                found = [physical for physical in provider.owned(self.site.stack) if physical not in known]
            except Exception as error:
                left.append(Survivor(name, "that no ledger has", f"cannot be looked for: {_said(error)}"))
                continue
            for physical in found:
                try:
                    provider.delete(physical)
                except Exception as error:
                    left.append(Survivor(name, physical, _said(error)))
        return left

    def _looked_into(self) -> dict[str, Provider]:
        """Return the providers of what this deployment was ever made of; of other services nothing is asked, nor has to be allowed."""
        used = self.journal.types()
        return {name: provider for name, provider in self.providers.items() if name in used}

    def _located(self, resource: Recorded) -> Recorded:
        """Return a resource with its physical id: one that was cut off before AWS said it is looked for; empty when it is not there."""
        return resource if resource.physical else replace(resource, physical=self._provider(resource).find(resource.properties) or "")

    def _provider(self, resource: Recorded) -> Provider:
        return self.providers[resource.type]


def _said(error: BaseException) -> str:
    return str(error) or type(error).__name__


def _deletion(resource: Recorded) -> Change:
    return Change("delete", resource.id, resource.type, resource.position, resource.physical, resource.properties)
