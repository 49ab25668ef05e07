"""Results that deserve more than their fields, by class name."""

import re
from collections.abc import Callable, Iterator
from typing import Any

from rich.console import RenderableType
from rich.padding import Padding
from rich.text import Text

from copilot.faces.analysis import analysed
from copilot.faces.layout import INDENT, Rows, cell, fields, plain_table

SIGNS = {"create": ("+", "green"), "update": ("~", "yellow"), "replace": ("±", "yellow"), "delete": ("-", "red")}
BAR = 30
"""Characters of a score's bar."""
QUESTIONS = 5
"""Questions of each side that a comparison shows."""
FILES = 50
"""Files of an ingest that a person is shown."""

ONLY: dict[str, tuple[str, ...]] = {
    "Agents": ("agents",),
    "Benchmarks": ("benchmarks",),
    "BenchmarkCreated": ("sample",),
    "Collection": ("sources", "types", "documents"),
    "Collections": ("collections",),
    "Comparison": ("models",),
    "Deployments": ("deployments",),
    "DestroyedDeployment": ("left",),
    "ExportedTemplate": ("findings", "artifacts", "notes"),
    "Forgotten": (),
    "Found": ("models",),
    "Listed": ("models",),
    "Loaded": ("errors",),
    "Registered": ("credentials", "similar"),
    "Said": (),
    "Scheduled": (),
    "Undone": (),
    "Used": (),
}
"""The fields that a person sees where the headline says the rest; JSON has them all."""


def short(name: str) -> str:
    """Cut the digests in a name down to what tells them apart."""
    return re.sub(r"\b([0-9a-f]{12})[0-9a-f]{52}\b", r"\1…", name)


def body(result: Any) -> list[RenderableType]:
    """Return what stands under the headline."""
    name = type(result).__name__
    if name == "Found" and hasattr(result, "passages"):
        name = "Passages"
    special = SPECIAL.get(name)
    return list(special(result)) if special else fields(result, ONLY.get(name))


def _answer(result: Any) -> Iterator[RenderableType]:
    for citation in (*result.citations, *result.nearest):
        place = f", page {citation.page}" if citation.page else f", row {citation.row}" if citation.row else ""
        yield Text.assemble((f"[{citation.number}] ", "cyan"), (f"{citation.document}{place}", "bold"))
        yield Padding(Text(f"“{' '.join(citation.quote.split())}”", style="italic dim"), (0, 0, 0, 4))
    yield from (Text(what, style="yellow") for what in result.reported)
    spent = f" · {result.tokens_in}+{result.tokens_out} tokens" if result.tokens_in is not None else ""
    usd = f" · ${result.usd:.4f}" if result.usd is not None else ""
    where = f" · from the endpoint of {result.deployment}" if result.deployment else ""
    why = f"{result.why} · " if result.refused and result.why else ""
    yield Text(f"{why}confidence {result.confidence:.2f} · {result.milliseconds:,.0f} ms{spent}{usd}{where}", style="dim")


def _ingested(result: Any) -> Iterator[RenderableType]:
    """List what could not be read first, and no more of a large folder than can be looked through."""
    shown = sorted(result.files, key=lambda file: file.status in ("indexed", "unchanged"))[:FILES]
    yield Rows(shown)
    if rest := len(result.files) - len(shown):
        yield Text(f"and {rest:,} more; see: copilot data show-collection {result.collection}", style="dim")


def _passages(result: Any) -> Iterator[RenderableType]:
    for number, passage in enumerate(result.passages, 1):
        place = [f"page {passage.page}" if passage.page else f"row {passage.row}" if passage.row else "", passage.heading]
        said = ", ".join([passage.name, *(part for part in place if part)])
        yield Text.assemble((f"{number}. ", "cyan"), (said, "bold"), (f"  relevance {passage.relevance:.2f}", "dim"))
        yield Padding(Text(passage.text), (0, 0, 0, 3))


def _planned(result: Any) -> Iterator[RenderableType]:
    for change in result.changes:
        sign, style = SIGNS.get(change.action, ("·", "dim"))
        yield Text.assemble((f"{sign} ", style), f"{change.type:<11} ", (short(change.details or change.resource), "dim"))
    if result.unchanged:
        yield Text(f"{result.unchanged} unchanged", style="dim")
    yield from (Text(problem, style="red") for problem in result.problems)
    yield from _cost(result)


def _cost(result: Any) -> Iterator[RenderableType]:
    if result.cost.parts:
        yield Rows(result.cost.parts)
    yield Text(f"{result.cost.assumptions}{_priced(result.cost, '; ')}", style="dim")
    yield from (Text(note, style="yellow") for note in result.notes)


def _priced(cost: Any, before: str) -> str:
    """Say of which day the prices are, where there are any."""
    return f"{before}prices as of {cost.as_of}" if cost.as_of else ""


def _configured(result: Any) -> Iterator[RenderableType]:
    yield from fields(result, ("serverless", "instances", "autoscaling"))
    if result.cost:
        yield from _cost(result)
    else:
        yield from (Text(note, style="yellow") for note in result.notes)


def _deployed(result: Any) -> Iterator[RenderableType]:
    yield Text(result.endpoint, style="cyan")
    yield from (Text(line, style="dim") for line in result.console)
    yield Text(f"{result.cost.phrase}{_priced(result.cost, ', ')}", style="dim")
    yield from (Text(note, style="yellow") for note in result.notes)


def _deployment(result: Any) -> Iterator[RenderableType]:
    if endpoint := getattr(result, "endpoint", ""):
        yield Text(endpoint, style="cyan")
    for resource in result.resources:
        style = "green" if resource.state in ("deployed", "as deployed") else "yellow"
        yield Text.assemble(f"{resource.type:<11} ", (f"{short(resource.name)}  ", "dim"), (resource.state, style))
    if getattr(result, "history", ()):
        yield Rows(result.history)
    yield from (Text(note, style="yellow") for note in getattr(result, "notes", ()))


MOST_FAILURES = 20
"""More than these are for the page."""


def _report(result: Any) -> Iterator[RenderableType]:
    for score in result.scores:
        yield _bar(score)
    if result.failures:
        yield Text("What did not pass", style="bold")
        for failure in result.failures[:MOST_FAILURES]:
            yield Text.assemble(("✗ ", "red"), failure.question)
            expected = f"expected “{failure.expected}”" if failure.expected else "expected a refusal"
            yield Padding(Text(f"{expected}; answered “{failure.answered}”: {failure.why}", style="dim"), INDENT)
            yield from (Padding(Text(f"found: {passage}", style="dim italic"), INDENT) for passage in failure.retrieved[:1])
        if (more := len(result.failures) - MOST_FAILURES) > 0:
            yield Text(f"… and {more} more: copilot benchmarks show-report {result.agent} --html report.html", style="dim")
    for change in getattr(result, "changes", ()):
        style = "green" if change.after >= change.before else "red"
        which = "the baseline" if change.blessed else "the run before"
        yield Text(f"{change.benchmark}: {change.before:.0%} in {which}, {change.after:.0%} now (p = {change.p_value:.2g})", style=style)
        yield from (Padding(Text(f"no longer passed: {question}", style="red"), INDENT) for question in change.broken)
    for title, lines in (("Gaps", getattr(result, "gaps", ())), ("Worth doing", getattr(result, "recommendations", ()))):
        if lines:
            yield Text(title, style="bold")
            yield from (Padding(Text(f"• {line}"), INDENT) for line in lines)


def _compared(result: Any) -> Iterator[RenderableType]:
    yield from (_bar(score, f"{score.agent} v{score.agent_version}, {score.benchmark}") for score in result.scores)
    for pair in result.pairs:
        yield Text(
            f"{pair.second} less {pair.first}: {pair.difference:+.0%}, 95 % interval {pair.low:+.0%} to {pair.high:+.0%}", style="dim"
        )
        for name, questions in ((pair.second, pair.gained), (pair.first, pair.lost)):
            yield from (Padding(Text(f"only {name} passes: {question}", style="dim"), INDENT) for question in questions[:QUESTIONS])


def _bar(score: Any, name: str = "") -> Text:
    """Draw a pass rate with its interval as a shade, and the pass mark."""
    cells = []
    for position in range(BAR):
        share = (position + 0.5) / BAR
        filled = "█" if share <= score.pass_rate else "▒" if share <= score.high else "·"
        marked = score.threshold is not None and position == min(BAR - 1, int(score.threshold * BAR))
        cells.append("│" if marked else filled)
    style = {"passed": "green", "failed": "red"}.get(score.verdict, "yellow")
    figures = (
        f" {score.pass_rate:.0%}, 95 % interval {score.low:.0%}–{score.high:.0%}, n {score.cases - score.inconclusive}, k {score.repeats}"
    )
    return Text.assemble(
        f"{name or score.benchmark}  ", ("".join(cells), style), (figures, "dim"), (f"  {score.milliseconds:,.0f} ms", "dim")
    )


def _history(result: Any) -> Iterator[RenderableType]:
    for entry in result.entries:
        given = " ".join(f"{k}={cell(v)}" for k, v in entry.args.items() if v is not False)
        style = {"done": "green", "failed": "red"}.get(entry.outcome, "yellow")
        yield Text.assemble((f"{entry.at}  ", "dim"), (f"{entry.outcome:<7}", style), f"{entry.ability} ", (given, "dim"))
        if entry.detail:
            yield Padding(Text(entry.detail, style="dim"), (0, 0, 0, 4))


def _logs(result: Any) -> Iterator[RenderableType]:
    for line in result.lines:
        style = "red" if '"ERROR"' in line.text else "yellow" if '"WARN"' in line.text else ""
        yield Text.assemble((f"{line.at[:23]}  ", "dim"), (line.text, style))


def _failure(result: Any) -> Iterator[RenderableType]:
    if result.first:
        yield Text.assemble(("first: ", "dim"), result.first)
    if result.put_back:
        yield Text(result.put_back, style="dim")
    yield from (Text(f"still there: {what}", style="red") for what in result.left)
    yield from (Padding(Text(line, style="dim"), INDENT) for line in result.evidence)


def _recommended(result: Any) -> Iterator[RenderableType]:
    yield Text(result.why)
    if result.runners_up:
        yield Text("Next cheapest", style="bold")
        yield Rows(result.runners_up)


def _explained(result: Any) -> Iterator[RenderableType]:
    table = plain_table("reading", "arguments", "confidence")
    for place, reading in enumerate(result.readings):
        table.add_row(Text(reading.intent, style="" if place else "bold"), Text(cell(reading.args)), f"{reading.confidence:.2f}")
    yield table
    yield Text(result.why, style="dim")
    for call in result.calls:
        usd = f"${call.usd:.4f}" if call.usd is not None else "price unknown"
        tokens = f"{call.tokens_in:,}+{call.tokens_out:,} tokens"
        yield Text.assemble((f"{call.purpose}: {call.said}", ""), (f"  {call.model} · {tokens} · {usd}", "dim"))


def _helped(result: Any) -> Iterator[RenderableType]:
    for topic in result.topics:
        yield Text.assemble((topic.command, "bold cyan"), f"  {topic.what}")
        yield Padding(Text(f"say: {topic.say}", style="dim"), (0, 0, 0, 4))


SPECIAL: dict[str, Callable[[Any], Iterator[RenderableType]]] = {
    "Analysed": analysed,
    "AgentsCompared": _compared,
    "Answered": _answer,
    "Config": _configured,
    "Configured": _configured,
    "Deployed": _deployed,
    "Explained": _explained,
    "ExplainedFailure": _failure,
    "DoomedDeployment": _deployment,
    "Helped": _helped,
    "History": _history,
    "Ingested": _ingested,
    "Logs": _logs,
    "Refreshed": _ingested,
    "Passages": _passages,
    "PlannedDeployment": _planned,
    "PlannedRollback": _planned,
    "Ran": _report,
    "Recommended": _recommended,
    "Reported": _report,
    "ShownDeployment": _deployment,
}
