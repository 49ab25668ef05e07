"""Benchmarks: make them from question-answer files, run them on agents, read the reports."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from annotated_types import Ge, Le

from copilot.context import Context
from copilot.errors import AlreadyExists, BadArguments, NotFound, Refused
from copilot.intent import intent
from copilot.intents.benchmarks.results import BenchmarkCreated, BenchmarkItem, Benchmarks, FailureItem, Ran, Reported, Score

if TYPE_CHECKING:
    from copilot.evaluation.report import Report
    from copilot.evaluation.scorers import Bench
    from copilot.outside.store import Thing

NAME = r"\w[\w .-]{0,62}"
STANDARD = ("knowledge", "reasoning", "safety", "latency")
Metric = Literal["exact_match", "contains", "semantic_similarity", "llm_judge", "citation"]
SAMPLE = 3


@intent("read", examples=("which tests can I run?", "list the benchmarks", "what benchmarks do we have"))
def list_benchmarks(ctx: Context) -> Benchmarks:
    """List benchmarks with their cases and pass marks."""
    return Benchmarks(
        benchmarks=tuple(
            BenchmarkItem(
                name=thing.name,
                cases=len(thing.body["cases"]),
                unanswerable=sum(not case["answer"] for case in thing.body["cases"]),
                metric=thing.body["metric"],
                threshold=thing.body["threshold"],
                source=thing.body["source"],
                version=thing.version,
            )
            for thing in ctx.store.all("benchmark")
        )
    )


@intent(
    "write",
    examples=(
        "make a benchmark hr-qa from ./qa.csv with a 90% pass mark",
        "generate a test suite called contracts-eval from the contracts collection",
        "create benchmark faq from questions.jsonl scored by semantic similarity",
    ),
)
def create_benchmark(
    ctx: Context,
    name: str,
    source: str,
    threshold: Annotated[float, Ge(0), Le(1)] | None = None,
    metric: Metric | None = None,
) -> BenchmarkCreated:
    """Create a benchmark from a question-answer file or from a collection.

    Args:
        name: Benchmark's name.
        source: Question-answer file path, or collection name to generate from.
        threshold: Pass mark as a fraction 0..1 (90% = 0.9).
        metric: How answers are scored; contains unless said.
    """
    if not re.fullmatch(NAME, name):
        raise BadArguments(
            f"'{name[:80]}' cannot be a benchmark's name.", "Use letters, digits, spaces, '-', '_' and '.', at most 63 of them."
        )
    if name.lower() in STANDARD:
        raise AlreadyExists(f"'{name}' is the name of a standard benchmark.", "Choose another name.")
    cases = _cases(ctx, source)
    metric = metric or "contains"
    body = {"cases": cases, "threshold": threshold, "metric": metric, "source": source}
    thing = ctx.store.add("benchmark", name, body, ctx.operation)
    return BenchmarkCreated(
        name=thing.name,
        cases=len(cases),
        unanswerable=sum(not case["answer"] for case in cases),
        metric=metric,
        threshold=threshold,
        source=source,
        sample=tuple(case["question"] for case in cases[:SAMPLE]),
    )


@intent("write", examples=("run hr-qa against helpdesk", "test helpdesk on hr-qa, 3 repeats", "evaluate helpdesk with all its benchmarks"))
def run_benchmark(ctx: Context, agent: str, benchmark: str | None = None, repeats: Annotated[int, Ge(1), Le(100)] = 1) -> Ran:
    """Run a benchmark on an agent, or all its benchmarks.

    Args:
        agent: Agent.
        benchmark: Benchmark's name; none = all.
        repeats: How many times each case is run.
    """
    from copilot.answering.agent import ask, open_agent
    from copilot.evaluation.report import summed
    from copilot.evaluation.run import Setup, mark_interrupted, run

    thing = ctx.store.get("agent", agent)
    chosen = [_benchmark(ctx, benchmark)] if benchmark else _all_for(ctx, thing)
    mark_interrupted(ctx.store)
    opened = open_agent(ctx.store, thing)
    bench = _bench(ctx)
    runs = [
        run(
            ctx.store,
            Setup(b, thing, repeats),
            lambda question: ask(ctx.store, ctx.embedder, opened, question),
            bench,
            ctx.operation,
            ctx.progress,
        )
        for b in chosen
    ]
    reports = [summed(ctx.store, identity) for identity in runs]
    return Ran(agent=thing.name, scores=tuple(map(_score, reports)), failures=_failures(reports))


@intent("read", examples=("how did helpdesk do?", "show the failures from the hr-qa run of helpdesk", "show me the report for helpdesk"))
def show_report(ctx: Context, agent: str, benchmark: str | None = None) -> Reported:
    """Show the latest evaluation report of an agent.

    Args:
        agent: Agent.
        benchmark: Only this benchmark.
    """
    from copilot.evaluation.report import latest, recommendations
    from copilot.evaluation.run import mark_interrupted

    thing = ctx.store.get("agent", agent)
    mark_interrupted(ctx.store)
    named = _benchmark(ctx, benchmark).name if benchmark else None
    reports = latest(ctx.store, thing.name, named)
    if not reports:
        what = f"{named} was never run on {thing.name}" if named else f"No benchmark was ever run on {thing.name}"
        raise NotFound(f"{what}.", f"Run one: copilot benchmarks run {thing.name}{f' --benchmark {named}' if named else ''}")
    return Reported(
        agent=thing.name,
        scores=tuple(map(_score, reports)),
        failures=_failures(reports),
        gaps=tuple(gap for report in reports for gap in report.gaps),
        recommendations=tuple(advice for report in reports for advice in recommendations(report, thing.version)),
    )


def _cases(ctx: Context, source: str) -> list[dict[str, str]]:
    """Read cases from a file, or make them from a collection of that name."""
    from copilot.evaluation.cases import read_cases

    path = Path(source).expanduser()
    collection = ctx.store.find("collection", source)
    if collection and not path.is_file():
        from copilot.evaluation.generate import generate

        return [case.as_json() for case in generate(ctx.store, collection.name)]
    if not path.exists() and not path.suffix and "/" not in source:
        hint = "Give a question-answer file (CSV or JSONL), or see: copilot data list-collections"
        raise NotFound.named("file or collection", source, ctx.store.names("collection"), hint)
    return [case.as_json() for case in read_cases(path)]


def _benchmark(ctx: Context, name: str) -> "Thing":
    if name.lower() in STANDARD and not ctx.store.find("benchmark", name):
        hint = "Make one of your own: copilot benchmarks create NAME qa.csv"
        raise NotFound(f"The standard benchmark '{name.lower()}' is not in this version.", hint)
    return ctx.store.get("benchmark", name)


def _all_for(ctx: Context, agent: "Thing") -> "list[Thing]":
    """Return the benchmarks that were run on the agent before; all there are when none was."""
    before = {row["benchmark"] for row in _runs(ctx, agent)}
    existing = ctx.store.all("benchmark")
    if not existing:
        raise Refused("There is no benchmark to run.", "Make one: copilot benchmarks create NAME qa.csv")
    return [thing for thing in existing if thing.name in before] or existing


def _runs(ctx: Context, agent: "Thing") -> list[dict[str, Any]]:
    return ctx.store.rows("SELECT DISTINCT benchmark FROM runs WHERE owner = ? AND agent = ?", ctx.store.owner, agent.name)


def _bench(ctx: Context) -> "Bench":
    """Give the scorers the embedder, and the workspace's language model as a judge when there is one."""
    from copilot.answering.agent import model_body
    from copilot.evaluation.scorers import Bench
    from copilot.outside.catalogue import BUILTIN, BUILTIN_NAME

    body = model_body(ctx.store, ctx.store.settings().get("model") or BUILTIN_NAME)
    if body["id"] == BUILTIN.id:
        return Bench(ctx.embedder)

    def judge(text: str) -> str:
        from copilot.outside.chat import Chat

        return Chat(body["id"], body.get("api_base"), 0.0).complete([{"role": "user", "content": text}]).text

    return Bench(ctx.embedder, judge)


def _score(report: "Report") -> Score:
    low, high = report.interval
    shared = {field: getattr(report, field) for field in Score.model_fields if field not in ("low", "high")}
    return Score(low=low, high=high, **shared)


def _failures(reports: "list[Report]") -> tuple[FailureItem, ...]:
    return tuple(
        FailureItem(question=f.question, expected=f.expected, answered=f.answered, cited=f.cited, why=f.why)
        for report in reports
        for f in report.failures
    )
