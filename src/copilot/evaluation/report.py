"""What the runs of an agent say: scores with intervals, failures, and what the documents seem to lack."""

import json
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any, Literal

from copilot.evaluation.scorers import cited
from copilot.evaluation.statistics import Interval, bootstrap, clustered_wilson, pass_power_k, quantile
from copilot.outside.store import Store

Verdict = Literal["passed", "failed", "inconclusive", "no threshold"]
Tries = list[dict[str, Any]]
"""The results of one case, a repeat each."""


@dataclass(frozen=True)
class Failure:
    """A case that did not pass every time. `passed` is None when it could not be judged; `confidence` is the agent's own, 0..1."""

    question: str
    expected: str
    answered: str
    refused: bool
    cited: tuple[str, ...]
    why: str
    passed: bool | None
    document: str
    category: str
    confidence: float


@dataclass(frozen=True)
class Quality:
    """Shares behind the pass rate, 0..1; None where no case says anything about them.

    `citation_precision`: citations that are of an expected document. `citation_recall`: expected documents that are cited.
    `refused_right`: questions without an answer that were refused. `refused_wrong`: questions with one that were refused.
    `agreement`: of the judge with itself.
    """

    citation_precision: float | None
    citation_recall: float | None
    refused_right: float | None
    refused_wrong: float | None
    agreement: float | None


@dataclass(frozen=True)
class Report:
    """One run, summed up.

    `score` is the mean score of the cases that were judged; `pass_rate` the share of them that passed in every repeat (pass^k with
    k = `repeats`), with its 95 % interval, for which the cases of one document count together; `inconclusive` cases are those that
    failed in no repeat and could not be judged in some; `pass_powers` estimates pass^1, pass^2, … from the repeats;
    `gaps` are questions that the agent's documents should answer and the agent refused, none where the benchmark has `own_documents`;
    `latencies` are milliseconds; `categories` say how many cases there are of each and how many passed.
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
    latencies: tuple[float, ...]
    tokens: int | None
    usd: float | None
    quality: Quality
    categories: tuple[tuple[str, int, int], ...]
    failures: tuple[Failure, ...]
    gaps: tuple[str, ...]
    own_documents: bool
    basis: str
    blessed: bool
    started_at: str
    finished_at: str | None

    @property
    def milliseconds(self) -> float:
        """The median time of an answer."""
        return quantile(self.latencies, 0.5)


def latest(store: Store, agent: str, benchmark: str | None = None) -> list[Report]:
    """Return the report of the latest run with any result of each benchmark, by name."""
    sql = """SELECT * FROM runs r WHERE owner = ? AND agent = ? COLLATE NOCASE AND benchmark = coalesce(?, benchmark) COLLATE NOCASE
        AND started_at = (SELECT max(started_at) FROM runs s WHERE s.owner = r.owner AND s.agent = r.agent AND s.benchmark = r.benchmark
            AND EXISTS (SELECT 1 FROM results WHERE run = s.id)) ORDER BY benchmark"""
    return [_report(store, row) for row in store.rows(sql, store.owner, agent, benchmark)]


def history(store: Store, agent: str, benchmark: str) -> list[Report]:
    """Return the reports of all finished runs of a benchmark on an agent, oldest first."""
    sql = "SELECT * FROM runs WHERE owner = ? AND agent = ? AND benchmark = ? AND state = 'done' ORDER BY started_at"
    return [_report(store, row) for row in store.rows(sql, store.owner, agent, benchmark)]


def finished(store: Store, agent: str, benchmark: str | None = None, version: int | None = None) -> list[Report]:
    """Return the report of the latest finished run of each benchmark on an agent, or on one version of it."""
    sql = """SELECT *, max(started_at) FROM runs WHERE owner = ? AND agent = ? AND state = 'done'
        AND benchmark = coalesce(?, benchmark) COLLATE NOCASE AND agent_version = coalesce(?, agent_version)
        GROUP BY benchmark ORDER BY benchmark"""
    return [_report(store, row) for row in store.rows(sql, store.owner, agent, benchmark, version)]


def baseline(store: Store, report: Report) -> Report | None:
    """Return the run that a report is compared with: the blessed one, else the finished one before it; None when there is none."""
    sql = """SELECT * FROM runs WHERE owner = ? AND agent = ? AND benchmark = ? AND state = 'done' AND id != ?
        AND (blessed OR started_at < ?) ORDER BY blessed DESC, started_at DESC LIMIT 1"""
    found = store.rows(sql, store.owner, report.agent, report.benchmark, report.run, report.started_at)
    return _report(store, found[0]) if found and not report.blessed else None


def summed(store: Store, run: str) -> Report:
    """Return the report of one run."""
    return _report(store, store.rows("SELECT * FROM runs WHERE owner = ? AND id = ?", store.owner, run)[0])


def tries_of(store: Store, run: str) -> list[Tries]:
    """Return the results of a run, case by case; answers are read from their JSON."""
    by_case: dict[int, Tries] = defaultdict(list)
    for result in store.rows("SELECT * FROM results WHERE run = ? ORDER BY ordinal, repeat", run):
        by_case[result["ordinal"]].append({**result, "answer": json.loads(result["answer"])})
    return list(by_case.values())


def _report(store: Store, run: dict[str, Any]) -> Report:
    tries = tries_of(store, run["id"])
    judged = [[r for r in case if r["passed"] is not None] for case in tries]
    scored = [(fmean(r["score"] for r in case), groups_of([case])[0]) for case in judged if case]
    clear = [case for case in tries if not _unclear(case)]
    steady = [_steady(case) for case in clear]
    unclear = len(tries) - len(clear)
    failures = tuple(_failure(case) for case in tries if not _steady(case))
    flat, own = [r for case in tries for r in case], bool(json.loads(run["basis"]).get("own_documents"))
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
        score=fmean(value for value, _ in scored) if scored else 0.0,
        score_interval=bootstrap([value for value, _ in scored], [group for _, group in scored]),
        pass_rate=sum(steady) / len(clear) if clear else 0.0,
        interval=clustered_wilson(steady, groups_of(clear)),
        pass_powers=tuple(pass_power_k([[bool(r["passed"]) for r in case] for case in judged], k) for k in range(1, run["repeats"] + 1)),
        threshold=run["threshold"],
        verdict=verdict(run["threshold"], sum(steady), unclear, len(tries)),
        latencies=tuple(r["milliseconds"] for r in flat),
        tokens=_total([r["tokens_in"] for r in flat] + [r["tokens_out"] for r in flat]),
        usd=_total([r["usd"] for r in flat]),
        quality=_quality(flat),
        categories=_categories(tries),
        failures=failures,
        gaps=() if own else tuple(f.question for f in failures if f.refused and f.expected),
        own_documents=own,
        basis=run["basis"],
        blessed=bool(run["blessed"]),
        started_at=run["started_at"],
        finished_at=run["finished_at"],
    )


def verdict(threshold: float | None, passed: int, unclear: int, cases: int) -> Verdict:
    """Hold the passed cases against the threshold; inconclusive when the unclear ones could turn it either way."""
    if threshold is None:
        return "no threshold"
    if cases and passed / cases >= threshold:
        return "passed"
    return "inconclusive" if cases and (passed + unclear) / cases >= threshold else "failed"


def groups_of(tries: Sequence[Tries]) -> list[str]:
    """Return the document that each case is about; a case that names none stands for itself."""
    return [case[0]["document"] or f"case {case[0]['ordinal']}" for case in tries]


def _steady(tries: Tries) -> bool:
    return all(r["passed"] for r in tries)


def _unclear(tries: Tries) -> bool:
    return any(r["passed"] is None for r in tries) and not any(r["passed"] == 0 for r in tries)


def _failure(tries: Tries) -> Failure:
    worst = next((r for r in tries if r["passed"] == 0), None) or next(r for r in tries if not r["passed"])
    given = worst["answer"]
    return Failure(
        question=worst["question"],
        expected=worst["expected"],
        answered=given["text"],
        refused=given["refused"],
        cited=tuple(citation["place"] for citation in given["citations"]),
        why=worst["why"],
        passed=None if worst["passed"] is None else bool(worst["passed"]),
        document=worst["document"],
        category=worst["category"],
        confidence=given["confidence"],
    )


def _quality(results: Tries) -> Quality:
    answered = [r for r in results if r["answer"]["text"]]
    named = [(r["document"], [c["document"] for c in r["answer"]["citations"]]) for r in answered if r["document"] and r["expected"]]
    found = [cited(document, citations) for document, citations in named]
    return Quality(
        citation_precision=_mean([share.precision for share, (_, citations) in zip(found, named, strict=True) if citations]),
        citation_recall=_mean([share.recall for share in found]),
        refused_right=_mean([r["answer"]["refused"] for r in answered if not r["expected"]]),
        refused_wrong=_mean([r["answer"]["refused"] for r in answered if r["expected"]]),
        agreement=_mean([r["answer"]["agreement"] for r in answered if r["answer"]["agreement"] is not None]),
    )


def _categories(tries: Sequence[Tries]) -> tuple[tuple[str, int, int], ...]:
    counts, passed = Counter(case[0]["category"] for case in tries), Counter(case[0]["category"] for case in tries if _steady(case))
    return tuple((name, counts[name], passed[name]) for name in sorted(counts) if name)


def _mean(values: Sequence[float]) -> float | None:
    return fmean(values) if values else None


def _total(values: Sequence[Any]) -> Any:
    known = [value for value in values if value is not None]
    return sum(known) if known else None
