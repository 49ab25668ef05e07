"""From the evaluation room's values to the rows of results."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from copilot.intents.benchmarks.results import CategoryItem, ChangeItem, FailureItem, Score

if TYPE_CHECKING:
    from copilot.evaluation.report import Report
    from copilot.outside.store import Store

Retrieve = Callable[[str], tuple[str, ...]]
"""Finds the passages that an agent has for a question, each with its place."""
RETRIEVED = 20
"""Failures that are shown with what search finds for them."""
SAME = ("run", "benchmark", "agent", "metric", "state", "cases", "repeats", "inconclusive", "score", "pass_rate", "pass_powers")
MORE = ("threshold", "verdict", "milliseconds", "agent_version", "tokens", "usd", "blessed")


def score_of(report: "Report") -> Score:
    from copilot.evaluation.statistics import quantile

    quality = report.quality
    return Score(
        **{name: getattr(report, name) for name in (*SAME, *MORE)},
        low=report.interval.low,
        high=report.interval.high,
        p95_milliseconds=quantile(report.latencies, 0.95),
        p99_milliseconds=quantile(report.latencies, 0.99),
        citation_precision=quality.citation_precision,
        citation_recall=quality.citation_recall,
        refused_right=quality.refused_right,
        refused_wrong=quality.refused_wrong,
        judge_agreement=quality.agreement,
        categories=tuple(CategoryItem(category=name, cases=cases, passed=passed) for name, cases, passed in report.categories),
    )


def failure_items(reports: "list[Report]", retrieve: Retrieve | None = None) -> tuple[FailureItem, ...]:
    """Return the failures of all reports, the first of them with their passages."""
    failures = [(report, failure) for report in reports for failure in report.failures]
    return tuple(
        FailureItem(
            benchmark=report.benchmark,
            question=f.question,
            expected=f.expected,
            answered=f.answered,
            cited=f.cited,
            why=f.why,
            retrieved=retrieve(f.question) if retrieve and n < RETRIEVED and not report.own_documents else (),
        )
        for n, (report, f) in enumerate(failures)
    )


def change_of(store: "Store", report: "Report", baseline: "Report") -> ChangeItem | None:
    """Return what differs from an earlier run of the same benchmark; None where they share no case."""
    from copilot.evaluation.compare import paired

    found = paired(store, baseline.run, report.run)
    if not found.cases:
        return None
    return ChangeItem(
        benchmark=report.benchmark,
        baseline=baseline.run,
        blessed=baseline.blessed,
        agent_version=baseline.agent_version,
        cases=found.cases,
        before=found.first,
        after=found.second,
        p_value=found.p_value,
        fixed=found.gained,
        broken=found.lost,
    )
