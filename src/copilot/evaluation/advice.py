"""What would help, each piece of advice with the evidence it is drawn from."""

from collections import Counter

from copilot.evaluation.report import Failure, Report

FEW = 20
"""Below this many cases an interval is too wide to decide anything."""
SHOWN = 3
NEAR_MISS = 0.3
"""How sure the agent was, 0..1, from which a refusal was a close call."""
UNSTEADY = 0.1
"""How much fewer cases may pass every time than pass once."""
SLOW = 3000.0
"""Milliseconds that one answer in twenty may take."""


def recommendations(report: Report, changes: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Say what would help, drawn from the failures; `changes` is what no longer is as it was in that run."""
    said = [f"Run {report.benchmark} again: {' and '.join(changes)} since (it was version {report.agent_version})."] if changes else []
    said += [*([] if report.own_documents else _documents(report)), *_settings(report), *_numbers(report)]
    return tuple(said)


def _documents(report: Report) -> list[str]:
    """Which passages to add, or to look at."""
    said = []
    absent = [f for f in report.failures if f.refused and f.expected and f.confidence < NEAR_MISS]
    for document, count in Counter(f.document for f in absent if f.document).most_common(SHOWN):
        questions = [f for f in absent if f.document == document]
        said.append(f"Add to {document}, or ingest it again, what answers {_quoted(questions)}: {_of(count, report)} were refused.")
    if loose := [f for f in absent if not f.document]:
        said.append(f"Add documents that answer {_quoted(loose)}: {_of(len(loose), report)} were refused.")
    elsewhere = [f for f in report.failures if not f.refused and f.document and f.cited and not any(f.document in c for c in f.cited)]
    if elsewhere:
        told = f"{_quoted(elsewhere)} expects {elsewhere[0].document} and cites {elsewhere[0].cited[0]}"
        said.append(f"Look at what two documents say about the same: {told} ({_of(len(elsewhere), report)}).")
    return said


def _settings(report: Report) -> list[str]:
    """Which setting to change."""
    said = []
    close = [f for f in report.failures if f.refused and f.expected and f.confidence >= NEAR_MISS]
    if close:
        best = max(f.confidence for f in close)
        said.append(
            f"Give {report.agent} a language model, which reads what the built-in one only quotes: {_quoted(close)} "
            f"were refused although the documents came close (confidence up to {best:.2f})."
        )
    if bold := [f for f in report.failures if not f.refused and not f.expected]:
        said.append(f"Name topics that {report.agent} has to avoid (--avoid): {_quoted(bold)} should have been refused.")
    first, last = report.pass_powers[0], report.pass_powers[-1]
    if first - last >= UNSTEADY:
        said.append(f"Lower the temperature: {first:.0%} pass once, {last:.0%} {report.repeats} times in a row.")
    return said


def _numbers(report: Report) -> list[str]:
    said = []
    if report.cases < FEW:
        said.append(f"{report.benchmark} has only {report.cases} cases: with {FEW} or more the interval says something.")
    if report.inconclusive:
        said.append(f"{report.inconclusive} cases of {report.benchmark} could not be judged: run it again, they are tried anew.")
    slow = sorted(report.latencies)[int(0.95 * (len(report.latencies) - 1))] if report.latencies else 0.0
    if slow > SLOW:
        said.append(f"One answer in twenty takes longer than {slow / 1000:.1f} s: a smaller model or fewer documents would be faster.")
    return said


def _of(count: int, report: Report) -> str:
    return f"{count} of {report.cases} cases of {report.benchmark}"


def _quoted(failures: list[Failure]) -> str:
    shown = ", ".join(f"“{f.question[:90]}”" for f in failures[:SHOWN])
    return f"{shown} and {len(failures) - SHOWN} more" if len(failures) > SHOWN else shown
