"""What the latest runs of an agent say: scores with intervals, failures, and what the documents seem to lack."""

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, median
from typing import Any, Literal

from copilot.evaluation.statistics import Interval, bootstrap, pass_power_k, wilson
from copilot.outside.store import Store

Verdict = Literal["passed", "failed", "inconclusive", "no threshold"]

FEW = 20
"""Below this many cases an interval is too wide to decide anything."""


@dataclass(frozen=True)
class Failure:
    """A case that did not pass every time. `passed` is None when it could not be judged."""

    question: str
    expected: str
    answered: str
    refused: bool
    cited: tuple[str, ...]
    why: str
    passed: bool | None


@dataclass(frozen=True)
class Report:
    """One run, summed up.

    `score` is the mean score of the cases that were judged; `pass_rate` the share of all cases that passed in every repeat
    (pass^k with k = `repeats`), with its 95 % interval; `pass_powers` estimates pass^1, pass^2, … from the
    repeats; `gaps` are questions that the documents should answer and the agent refused.
    """

    run: str
    benchmark: str
    agent: str
    agent_version: int
    metric: str
    state: str
    cases: int
    repeats: int
    inconclusive: int
    score: float
    score_interval: Interval
    pass_rate: float
    interval: Interval
    pass_powers: tuple[float, ...]
    threshold: float | None
    verdict: Verdict
    milliseconds: float
    failures: tuple[Failure, ...]
    gaps: tuple[str, ...]
    finished_at: str | None


def latest(store: Store, agent: str, benchmark: str | None = None) -> list[Report]:
    """Return the report of the latest run with any result of each benchmark, by name."""
    sql = """SELECT * FROM runs r WHERE owner = ? AND agent = ? COLLATE NOCASE AND benchmark = coalesce(?, benchmark) COLLATE NOCASE
        AND started_at = (SELECT max(started_at) FROM runs s WHERE s.owner = r.owner AND s.agent = r.agent AND s.benchmark = r.benchmark
            AND EXISTS (SELECT 1 FROM results WHERE run = s.id)) ORDER BY benchmark"""
    return [_report(store, row) for row in store.rows(sql, store.owner, agent, benchmark)]


def summed(store: Store, run: str) -> Report:
    """Return the report of one run."""
    return _report(store, store.rows("SELECT * FROM runs WHERE owner = ? AND id = ?", store.owner, run)[0])


def _report(store: Store, run: dict[str, Any]) -> Report:
    results = store.rows("SELECT * FROM results WHERE run = ? ORDER BY ordinal, repeat", run["id"])
    by_case: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for result in results:
        by_case[result["ordinal"]].append(result)
    tries = list(by_case.values())
    judged = [[r for r in case if r["passed"] is not None] for case in tries]
    scores = [fmean(r["score"] for r in case) for case in judged if case]
    steady = sum(_steady(case) for case in tries)
    unclear = sum(len(case) < len(tried) and all(r["passed"] for r in case) for case, tried in zip(judged, tries, strict=True))
    failures = tuple(_failure(case) for case in tries if not _steady(case))
    return Report(
        run=run["id"],
        benchmark=run["benchmark"],
        agent=run["agent"],
        agent_version=run["agent_version"],
        metric=run["metric"],
        state=run["state"],
        cases=len(tries),
        repeats=run["repeats"],
        inconclusive=unclear,
        score=fmean(scores) if scores else 0.0,
        score_interval=bootstrap(scores),
        pass_rate=steady / len(tries) if tries else 0.0,
        interval=wilson(steady, len(tries)),
        pass_powers=tuple(pass_power_k([[bool(r["passed"]) for r in case] for case in tries], k) for k in range(1, run["repeats"] + 1)),
        threshold=run["threshold"],
        verdict=verdict(run["threshold"], steady, unclear, len(tries)),
        milliseconds=median(r["milliseconds"] for r in results) if results else 0.0,
        failures=failures,
        gaps=tuple(f.question for f in failures if f.refused and f.expected),
        finished_at=run["finished_at"],
    )


def verdict(threshold: float | None, passed: int, unclear: int, cases: int) -> Verdict:
    """Hold the passed cases against the threshold; inconclusive when the unclear ones could turn it either way."""
    if threshold is None:
        return "no threshold"
    if cases and passed / cases >= threshold:
        return "passed"
    return "inconclusive" if cases and (passed + unclear) / cases >= threshold else "failed"


def _steady(tries: Sequence[dict[str, Any]]) -> bool:
    return all(r["passed"] for r in tries)


def _failure(tries: Sequence[dict[str, Any]]) -> Failure:
    worst = next((r for r in tries if r["passed"] == 0), None) or next(r for r in tries if not r["passed"])
    given = json.loads(worst["answer"])
    passed = None if worst["passed"] is None else bool(worst["passed"])
    return Failure(worst["question"], worst["expected"], given["text"], given["refused"], tuple(given["cited"]), worst["why"], passed)


def recommendations(report: Report, current_version: int) -> tuple[str, ...]:
    """Say what would help, drawn from the failures."""
    said = []
    if report.agent_version != current_version:
        said.append(
            f"{report.benchmark} was run on version {report.agent_version}; the agent is at version {current_version}: run it again."
        )
    if report.gaps:
        said.append(f"Add documents that answer the {len(report.gaps)} questions of {report.benchmark} that were refused.")
    if bold := sum(not f.refused and not f.expected for f in report.failures):
        said.append(
            f"{bold} questions of {report.benchmark} without an answer in the documents were answered all the same: check what is cited."
        )
    if report.cases < FEW:
        said.append(f"{report.benchmark} has only {report.cases} cases: with {FEW} or more the interval says something.")
    return tuple(said)
