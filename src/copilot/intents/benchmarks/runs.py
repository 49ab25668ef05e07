"""Run benchmarks on agents, read the reports, compare agents."""

from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from annotated_types import Ge, Gt, Le

from copilot.context import Context
from copilot.errors import AlreadyExists, BadArguments, NotFound, Refused
from copilot.intent import Duration, intent
from copilot.intents.benchmarks.results import AgentsCompared, PairItem, Ran, Reported
from copilot.intents.benchmarks.shown import Retrieve, change_of, failure_items, score_of
from copilot.intents.benchmarks.wiring import all_benchmarks, answering, named_benchmark, scoring
from copilot.outside.access import own

if TYPE_CHECKING:
    from copilot.evaluation.compare import Paired
    from copilot.evaluation.report import Report
    from copilot.outside.store import Thing

WORKERS = 4
"""Cases at a time."""
UNITS = {"m": 60, "h": 3600, "d": 86400}


def resume_run(ctx: Context, agent: str, benchmark: str | None = None, **_rest: object) -> str:
    """Say how to take up a run that was killed; it is not run unasked, as it costs money where a language model answers."""
    from copilot.evaluation.run import mark_interrupted

    mark_interrupted(ctx.store, ctx.operation)
    return f"The run stopped half-way; go on with: copilot benchmarks run {agent}{f' --benchmark {benchmark}' if benchmark else ''}"


@intent(
    "write",
    recover=resume_run,
    examples=("run hr-qa against helpdesk", "test helpdesk on hr-qa, 3 repeats", "evaluate helpdesk with all its benchmarks"),
)
def run_benchmark(
    ctx: Context,
    agent: str,
    benchmark: str | None = None,
    repeats: Annotated[int, Ge(1), Le(100)] = 1,
    workers: Annotated[int, Ge(1), Le(64)] = WORKERS,
    max_usd: Annotated[float, Gt(0)] | None = None,
    max_time: Duration | None = None,
    fresh: bool = False,
    bless: bool = False,
) -> Ran:
    """Run a benchmark on an agent, or all its benchmarks.

    Args:
        agent: Agent.
        benchmark: Benchmark's name; a standard one is knowledge, reasoning, safety or latency; none = all.
        repeats: How many times each case is run.
        workers: Cases at a time.
        max_usd: Begin no more cases once this many dollars were spent; running it again goes on from there.
        max_time: Begin no more cases after this time; running it again goes on from there.
        fresh: Start anew where an earlier run of the same did not finish.
        bless: Make these runs the baseline that later reports are compared with.
    """
    from copilot.evaluation.report import summed
    from copilot.evaluation.run import Pace, Setup, bless_run, run

    thing = own(ctx.store, agent)
    chosen = [named_benchmark(ctx, benchmark, thing)] if benchmark else all_benchmarks(ctx, thing)
    pace = Pace(workers, max_usd, seconds_of(max_time), fresh)
    reports = []
    for each in chosen:
        with scoring(ctx, each) as bench, answering(ctx, each, thing) as put:
            identity = run(ctx.store, Setup(each, thing, repeats), put, bench, ctx.operation, ctx.progress, pace)
        if bless:
            bless_run(ctx.store, identity)
        reports.append(summed(ctx.store, identity))
    unblessed = ", ".join(report.benchmark for report in reports if bless and not report.blessed)
    note = f"No baseline was made of {unblessed}: run it to its end with --bless." if unblessed else ""
    return Ran(agent=thing.name, scores=tuple(map(score_of, reports)), failures=failure_items(reports), note=note)


@intent("read", examples=("how did helpdesk do?", "show the failures from the hr-qa run of helpdesk", "show me the report for helpdesk"))
def show_report(ctx: Context, agent: str, benchmark: str | None = None, html: Path | None = None, force: bool = False) -> Reported:
    """Show the latest evaluation report of an agent.

    Args:
        agent: Agent.
        benchmark: Only this benchmark.
        html: File to write it to as one page with plots, which needs no network.
        force: Write over the file if it is there.
    """
    from copilot.evaluation.advice import recommendations
    from copilot.evaluation.report import baseline, history, latest
    from copilot.evaluation.run import mark_interrupted

    thing = own(ctx.store, agent)
    if html and html.expanduser().exists() and not force:
        raise AlreadyExists(f"There is a file {html} already.", "Name another one, or add --force.")
    mark_interrupted(ctx.store)
    reports = latest(ctx.store, thing.name, benchmark)
    if not reports:
        named = named_benchmark(ctx, benchmark, thing).name if benchmark else None
        what = f"{named} was never run on {thing.name}" if named else f"No benchmark was ever run on {thing.name}"
        raise NotFound(f"{what}.", f"Run one: copilot benchmarks run {thing.name}{f' --benchmark {named}' if named else ''}")
    changes = [change for r in reports if (b := baseline(ctx.store, r)) and (change := change_of(ctx.store, r, b))]
    reported = Reported(
        agent=thing.name,
        scores=tuple(map(score_of, reports)),
        failures=failure_items(reports, _retriever(ctx, thing)),
        gaps=tuple(gap for report in reports for gap in report.gaps),
        recommendations=tuple(advice for r in reports for advice in recommendations(r, _changes(ctx, r, thing))),
        changes=tuple(changes),
        file=str(html.expanduser().resolve()) if html else None,
    )
    if html:
        from copilot.evaluation.page import page, write

        past = {report.benchmark: history(ctx.store, thing.name, report.benchmark) for report in reports}
        write(html.expanduser(), page(reported.as_json(), reports, past))
    return reported


@intent(
    "read",
    examples=("is helpdesk better than helpdesk-v2 on hr-qa?", "compare helpdesk and legal-bot", "compare helpdesk@1 with helpdesk@2"),
)
def compare_agents(ctx: Context, agents: list[str], benchmark: str | None = None) -> AgentsCompared:
    """Compare agents or versions on the same benchmark, with a test.

    Args:
        agents: Agents; NAME@VERSION is an earlier version.
        benchmark: Benchmark; every one that they were all run on unless said.
    """
    from copilot.evaluation.compare import paired
    from copilot.evaluation.statistics import holm

    names = list(dict.fromkeys(agents))
    if len(names) < 2:
        raise BadArguments("It takes two agents, or two versions of one, to compare.", "Like: copilot benchmarks compare-agents A B")
    runs = {name: _runs_of(ctx, name, benchmark) for name in names}
    shared = [name for name in runs[names[0]] if all(name in found for found in runs.values())]
    if not shared:
        lacking = next((name for name in names if not runs[name]), names[-1])
        what = f"on {benchmark}" if benchmark else "on the same benchmark"
        hint = f"Run it: copilot benchmarks run {lacking.partition('@')[0]}{f' --benchmark {benchmark}' if benchmark else ''}"
        raise NotFound(f"{' and '.join(names)} were not all run {what} to the end.", hint)
    pairs = [(name, one, two) for name in shared for one, two in combinations(names, 2)]
    found = [paired(ctx.store, runs[one][name].run, runs[two][name].run) for name, one, two in pairs]
    adjusted = holm([each.p_value for each in found])
    rows = tuple(_pair(*pair, each, p) for pair, each, p in zip(pairs, found, adjusted, strict=True))
    scores = tuple(score_of(runs[name][each]) for each in shared for name in names)
    return AgentsCompared(agents=tuple(names), pairs=rows, scores=scores)


def _runs_of(ctx: Context, name: str, benchmark: str | None) -> "dict[str, Report]":
    """Return the latest finished run of each benchmark on an agent, or on one version of it."""
    from copilot.evaluation.report import finished

    plain, _, version = name.rpartition("@") if "@" in name and not ctx.store.find("agent", name) else (name, "", "")
    thing = own(ctx.store, plain)
    if version and not version.removeprefix("v").isdigit():
        raise BadArguments(f"'{version}' is no version of {thing.name}.", f"Say it like {thing.name}@{thing.version}.")
    number = int(version.removeprefix("v")) if version else None
    return {report.benchmark: report for report in finished(ctx.store, thing.name, benchmark, number)}


def _pair(benchmark: str, one: str, two: str, found: "Paired", p_value: float) -> PairItem:
    return PairItem(
        benchmark=benchmark,
        first=one,
        second=two,
        cases=found.cases,
        first_rate=found.first,
        second_rate=found.second,
        difference=found.difference,
        low=found.interval.low,
        high=found.interval.high,
        p_value=p_value,
        test=found.test,
        cases_needed=found.needed,
        gained=found.gained,
        lost=found.lost,
    )


def _changes(ctx: Context, report: "Report", agent: "Thing") -> tuple[str, ...]:
    """Say what has changed since a run; nothing where its benchmark is gone."""
    from copilot.evaluation.basis import basis, changed

    try:
        return changed(report.basis, basis(ctx.store, named_benchmark(ctx, report.benchmark, agent), agent))
    except (NotFound, Refused):
        return ()


def _retriever(ctx: Context, agent: "Thing") -> Retrieve | None:
    """Return what finds the passages that the agent has for a question; None where it reads nothing."""
    from copilot.knowledge.search import search

    names = [name for name in agent.body.get("collections", ()) if ctx.store.find("collection", name)]
    if not names:
        return None

    def retrieve(question: str) -> tuple[str, ...]:
        passages = search(ctx.store.connection, ctx.store.owner, ctx.embedder, names, question, 3)
        return tuple(f"{p.name}{f', page {p.page}' if p.page else ''}: {' '.join(p.text.split())[:240]}" for p in passages)

    return retrieve


def seconds_of(duration: str | None) -> float | None:
    """Return the seconds of a duration such as 15m."""
    return None if duration is None else float(int(duration[:-1]) * UNITS[duration[-1]])
