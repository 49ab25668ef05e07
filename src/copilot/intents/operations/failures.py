"""Why something failed, and what to do about it."""

import json
import shlex
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from copilot.context import Context
from copilot.errors import NotFound
from copilot.intent import intent
from copilot.outside.store import Thing
from copilot.result import Result

if TYPE_CHECKING:
    from copilot.cloud.failure import FailedApply

KINDS = ("deployment", "agent", "collection", "benchmark")
MOST_ENTRIES = 50
"""Failed calls of the audit trail that are looked through."""
MOST_FILES = 5
WORDS = {"deploy": "The deployment of", "destroy": "The removal of", "rollback": "Going back with"}
ENDED = {
    "rolled_back": "Every step was taken back: the account is as it was before.",
    "stuck": "The steps were taken back, except for what is left.",
    "interrupted": "The process was killed; what had been removed by then is gone.",
    "partial": "What could be removed is gone.",
}


class ExplainedFailure(Result):
    """What failed first and why; `put_back` says what was done about it, `evidence` are steps, alarms and log lines."""

    failed: bool
    what: str
    at: str
    first: str
    why: str
    put_back: str
    left: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()

    @property
    def headline(self) -> str:
        if not self.failed:
            return self.what
        return f"{self.what} failed on {self.at[:10]} at {self.at[11:16]} UTC: {self.why.rstrip('.')}."

    @property
    def next_steps(self) -> tuple[str, ...]:
        return self.commands


class Failure(NamedTuple):
    """Something that went wrong; `names` are what people may call it by."""

    at: str
    names: tuple[str, ...]
    told: ExplainedFailure


@intent(
    "read",
    examples=("why did the last deployment fail?", "what went wrong with the ingest of hr-policies?", "helpdesk does not answer, why?"),
)
def explain_failure(ctx: Context, subject: str | None = None) -> ExplainedFailure:
    """Explain why something failed, what was put back and what to do.

    Args:
        subject: Deployment, agent, collection or benchmark; whatever failed last unless said.
    """
    failures = [*_applies(ctx), *_calls(ctx), *_documents(ctx), *_runs(ctx)]
    if subject is None:
        return max(failures, key=lambda failure: failure.at).told if failures else _nothing("Nothing has failed in this workspace.")
    name = subject.lower()
    about = [failure for failure in failures if name in map(str.lower, failure.names)]
    running = [thing for thing in ctx.store.all("deployment") if name in (thing.name.lower(), thing.body["agent"].lower())]
    about += [failure for thing in running for failure in _answers(ctx, thing)]
    if about:
        return max(about, key=lambda failure: failure.at).told
    if not running and not any(ctx.store.find(kind, subject) for kind in KINDS):
        known = [known for kind in KINDS for known in ctx.store.names(kind)]
        raise NotFound.named(
            "deployment, agent, collection or benchmark", subject, known, "See what was done: copilot operations show-history"
        )
    return _nothing(f"Nothing about {subject} has failed.")


def _nothing(said: str) -> ExplainedFailure:
    return ExplainedFailure(failed=False, what=said, at="", first="", why="", put_back="")


def _applies(ctx: Context) -> Iterator[Failure]:
    """Tell of deployments and removals that did not come to their end."""
    from copilot.cloud.failure import failed_applies

    for apply in failed_applies(ctx.store):
        told = ExplainedFailure(
            failed=True,
            what=f"{WORDS[apply.kind]} {apply.deployment}",
            at=apply.at,
            first=_first(apply),
            why=apply.error or apply.state,
            put_back=ENDED.get(apply.state, ""),
            left=apply.left,
            evidence=apply.steps,
            commands=_after_apply(apply),
        )
        yield Failure(apply.at, tuple(filter(None, (apply.deployment, apply.agent))), told)


def _first(apply: "FailedApply") -> str:
    """Return the step that failed first: the one that the error names, else the last that was begun."""
    named = [step for step in apply.steps if f"'{step.split()[2].rstrip(':')}'" in apply.error]
    return (named or list(apply.steps[-1:]) or [""])[0].rpartition(":")[0]


def _after_apply(apply: "FailedApply") -> tuple[str, ...]:
    again = f"copilot deployments destroy {apply.deployment}"
    if apply.kind == "destroy":
        return (again,)
    deploy = f"copilot deployments plan{f' --agent {apply.agent}' if apply.agent else ''}"
    return (deploy, again) if apply.left else (deploy,)


def _calls(ctx: Context) -> Iterator[Failure]:
    """Tell of calls that ended with an error, as the audit trail has them."""
    from copilot.cloud.failure import failed_applies

    told_already = {apply.operation for apply in failed_applies(ctx.store)}
    sql = "SELECT * FROM audit WHERE owner = ? AND outcome = 'failed' ORDER BY seq DESC LIMIT ?"
    for row in ctx.store.rows(sql, ctx.store.owner, MOST_ENTRIES):
        if row["operation"] not in told_already:
            args = json.loads(row["args"])
            told = ExplainedFailure(
                failed=True,
                what=row["intent"].replace("_", " "),
                at=row["at"],
                first=row["intent"],
                why=row["detail"] or "no reason was kept",
                put_back=_kept(ctx, row["operation"]),
                commands=(_typed(row["intent"], args),),
            )
            yield Failure(row["at"], tuple(_values(args)), told)


def _kept(ctx: Context, operation: str) -> str:
    """Say what is left of an operation that failed."""
    sql = "SELECT (SELECT count(*) FROM versions WHERE operation = ?) + (SELECT count(*) FROM documents WHERE added_by = ?) AS parts"
    parts = ctx.store.rows(sql, operation, operation)[0]["parts"]
    return f"{parts} of its changes were already made, and stay; copilot undo takes them back." if parts else "It had changed nothing."


def _values(args: Mapping[str, Any]) -> Iterator[str]:
    for value in args.values():
        yield from (str(part) for part in (value if isinstance(value, list) else [value]))


def _typed(ability: str, args: Mapping[str, Any]) -> str:
    """Return the command that was given, without what was free text."""
    from copilot.intents import REGISTRY

    found = REGISTRY.get(ability)
    if found is None:
        return "copilot operations show-history"
    words = [f"copilot {' '.join(found.command)}"]
    for name in sorted(args, key=lambda name: name not in found.positional):
        value = args[name]
        if value is not False and not str(value).startswith("sha256:"):
            shown = [shlex.quote(str(part)) for part in (value if isinstance(value, list) else [value])]
            words += shown if name in found.positional else [f"--{name.replace('_', '-')} {part}" for part in shown]
    return " ".join(words)


def _documents(ctx: Context) -> Iterator[Failure]:
    """Tell of the files of each ingest that could not be read."""
    from copilot.knowledge.collections import unread

    for (collection, _), rows in unread(ctx.store).items():
        files = tuple(f"{row['name']}: {row['reason']}" for row in rows[:MOST_FILES])
        hints = tuple(dict.fromkeys(row["hint"] for row in rows if row["hint"]))
        told = ExplainedFailure(
            failed=True,
            what=f"Reading {len(rows)} {'file' if len(rows) == 1 else 'files'} into {collection}",
            at=rows[0]["added_at"],
            first=rows[0]["name"],
            why=rows[0]["reason"],
            put_back="The other files are in the collection.",
            evidence=files,
            commands=(*hints, f"copilot data show-collection {collection}"),
        )
        yield Failure(rows[0]["added_at"], (collection, *(row["name"] for row in rows)), told)


def _runs(ctx: Context) -> Iterator[Failure]:
    """Tell of the latest runs of benchmarks that were not passed or did not finish."""
    from copilot.evaluation.report import latest

    for agent in ctx.store.names("agent"):
        for run in latest(ctx.store, agent):
            at = ctx.store.rows("SELECT coalesce(finished_at, started_at) AS at FROM runs WHERE id = ?", run.run)[0]["at"]
            unfinished = run.state != "done"
            if not unfinished and run.verdict != "failed":
                continue
            short = f"{run.pass_rate:.0%} of {run.cases - run.inconclusive} cases passed, and {run.threshold or 0:.0%} are needed"
            told = ExplainedFailure(
                failed=True,
                what=f"{run.benchmark} on {run.agent}",
                at=at,
                first=run.failures[0].question if run.failures else "",
                why=f"the run is {run.state}" if unfinished else short,
                put_back="Its results so far are kept; running it again goes on from there."
                if unfinished
                else "Nothing was changed by it.",
                evidence=tuple(f"{failure.question}: {failure.why}" for failure in run.failures[:MOST_FILES]),
                commands=(f"copilot benchmarks {'run' if unfinished else 'show-report'} {run.agent} --benchmark {run.benchmark}",),
            )
            yield Failure(at, (run.benchmark, run.agent), told)


def _answers(ctx: Context, thing: Thing) -> Iterator[Failure]:
    """Tell what alarms and logs say about a deployment that is there, when this command reaches its account."""
    from copilot.cloud.failure import failing_lines
    from copilot.cloud.journal import Journal
    from copilot.cloud.trial import alarming
    from copilot.intents.deployments.preparation import hold_account

    if thing.body["simulated"] == ctx.live:
        return
    named: dict[str, list[str]] = {}
    for resource in Journal(ctx.store, thing.name).resources():
        named.setdefault(resource.type, []).append(str(resource.properties.get("name")))
    with hold_account(ctx, thing.body["region"]) as (session, _):
        alarms, lines = alarming(session, named.get("alarm", ())), failing_lines(session, named.get("log_group", ()))
    if not alarms and not lines:
        return
    at = lines[-1][:19] if lines else thing.changed_at
    told = ExplainedFailure(
        failed=True,
        what=f"Answering from {thing.name}",
        at=at,
        first=lines[0] if lines else alarms[0],
        why=_reason(lines[-1]) if lines else alarms[0],
        put_back="Nothing is changed by a request that fails.",
        evidence=(*alarms, *lines),
        commands=(
            f"copilot deployments detect-drift --deployment {thing.name}",
            f"copilot deployments show-logs {thing.name} --contains ERROR",
            f"copilot deployments rollback {thing.name}",
        ),
    )
    yield Failure(at, (thing.name, thing.body["agent"]), told)


def _reason(line: str) -> str:
    """Return what a line says went wrong: the handler's own words, else the line."""
    text = line[20:]
    try:
        return str(json.loads(text)["failed"])
    except (ValueError, KeyError, TypeError):
        return text
