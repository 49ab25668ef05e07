"""What benchmarks there are, and making new ones."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from annotated_types import Ge, Le

from copilot.context import Context
from copilot.errors import AlreadyExists, BadArguments, NotFound
from copilot.intent import intent
from copilot.intents.benchmarks.results import BenchmarkCreated, BenchmarkItem, Benchmarks

if TYPE_CHECKING:
    from copilot.evaluation.cases import Case, Source
    from copilot.outside.store import Thing

NAME = r"\w[\w .-]{0,62}"
Metric = Literal["exact_match", "contains", "semantic_similarity", "llm_judge", "citation"]
SAMPLE = 3
PASSES = 0.5
"""The score from which a case passes a metric of one's own."""


@intent("read", examples=("which tests can I run?", "list the benchmarks", "what benchmarks do we have"))
def list_benchmarks(ctx: Context) -> Benchmarks:
    """List standard and custom benchmarks with cases and pass marks."""
    from copilot.evaluation.schedule import KIND
    from copilot.evaluation.standard import SUMMARIES, version

    schedules = ctx.store.all(KIND)
    own = [_item(thing, schedules) for thing in ctx.store.all("benchmark")]
    standard = [
        BenchmarkItem(
            name=name,
            standard=True,
            cases=None,
            unanswerable=None,
            metric="latency" if name == "latency" else "contains",
            threshold=None,
            source=summary,
            collections=(),
            schedules=_schedules(name, schedules),
            version=version(name),
        )
        for name, summary in SUMMARIES.items()
    ]
    return Benchmarks(benchmarks=(*own, *standard))


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
    collections: list[str] | None = None,
    criteria: str | None = None,
    metric_file: Path | None = None,
) -> BenchmarkCreated:
    """Create a benchmark from a question-answer file or from a collection.

    Args:
        name: Benchmark's name.
        source: Question-answer file path (CSV, JSONL, YAML, XLSX), or collection name to generate from.
        threshold: Pass mark as a fraction 0..1 (90% = 0.9); agents that it holds are not deployed below it.
        metric: How answers are scored; contains unless said, or what a public set asks for.
        collections: Collections it is about; agents that read them are held to it.
        criteria: What an answer must do besides being right, for llm_judge.
        metric_file: Python file with score(case, answer), in place of a metric.
    """
    from copilot.evaluation.custom import read_metric

    _check_name(name)
    if metric_file and metric:
        raise BadArguments("A metric and a file with one were given.", "Give one of --metric and --metric-file.")
    if criteria and (metric or "llm_judge") != "llm_judge":
        raise BadArguments(f"{metric} knows no criteria.", "Leave --metric out, or say --metric llm_judge.")
    found, tied = _source(ctx, source)
    tied += [ctx.store.get("collection", c).name for c in collections or ()]
    chosen = "custom" if metric_file else metric or ("llm_judge" if criteria else "") or found.metric or "contains"
    cases = [case.as_json() for case in found.cases]
    body: dict[str, Any] = {"cases": cases, "threshold": threshold, "metric": chosen, "source": source, "collections": sorted(set(tied))}
    body |= {"documents": dict(found.documents)} if found.documents else {}
    body |= {"criteria": criteria} if criteria else {}
    body |= {"code": read_metric(metric_file.expanduser()), "passes": PASSES} if metric_file else {}
    thing = ctx.store.add("benchmark", name, body, ctx.operation)
    return BenchmarkCreated(
        name=thing.name,
        cases=len(cases),
        unanswerable=sum(not case["answer"] for case in cases),
        metric=chosen,
        threshold=threshold,
        source=source,
        collections=tuple(body["collections"]),
        sample=tuple(case["question"] for case in cases[:SAMPLE]),
    )


def _check_name(name: str) -> None:
    from copilot.evaluation.standard import STANDARD

    if not re.fullmatch(NAME, name):
        raise BadArguments(
            f"'{name[:80]}' cannot be a benchmark's name.", "Use letters, digits, spaces, '-', '_' and '.', at most 63 of them."
        )
    if name.lower() in STANDARD:
        raise AlreadyExists(f"'{name}' is the name of a standard benchmark.", "Choose another name.")


def _source(ctx: Context, source: str) -> "tuple[Source, list[str]]":
    """Read cases from a file, or make them from a collection of that name; return them with the collections they are about.

    A file is about the only collection there is; about none where there are several and none is named.
    """
    from copilot.evaluation.cases import Source, read_source

    path = Path(source).expanduser()
    collection = ctx.store.find("collection", source)
    if collection and not path.is_file():
        return Source(_made(ctx, collection.name)), [collection.name]
    existing = ctx.store.names("collection")
    if not path.exists() and not path.suffix and "/" not in source:
        hint = "Give a question-answer file (CSV or JSONL), or see: copilot data list-collections"
        raise NotFound.named("file or collection", source, existing, hint)
    found = read_source(path)
    return found, existing if len(existing) == 1 and not found.documents else []


def _made(ctx: Context, collection: str) -> "tuple[Case, ...]":
    """Have the workspace's language model draft cases; without one, take them from spans of the documents."""
    from copilot.evaluation.generate import generate, unanswerable
    from copilot.intents.benchmarks.wiring import chat

    if model := chat(ctx):
        from copilot.evaluation.draft import draft

        made = draft(ctx.store, [collection], model, ctx.progress)
    else:
        made = generate(ctx.store, [collection])
    return (*made, *unanswerable(ctx.store, [collection]))


def _item(thing: "Thing", schedules: "list[Thing]") -> BenchmarkItem:
    return BenchmarkItem(
        name=thing.name,
        standard=False,
        cases=len(thing.body["cases"]),
        unanswerable=sum(not case["answer"] for case in thing.body["cases"]),
        metric=thing.body["metric"],
        threshold=thing.body["threshold"],
        source=thing.body["source"],
        collections=tuple(thing.body.get("collections", ())),
        schedules=_schedules(thing.name, schedules),
        version=thing.version,
    )


def _schedules(benchmark: str, schedules: "list[Thing]") -> tuple[str, ...]:
    return tuple(f"{s.body['frequency']} on {s.body['agent']}" for s in schedules if s.body["benchmark"] == benchmark)
