"""Benchmarks with a threshold stand before a deployment."""

from dataclasses import dataclass
from typing import Literal

from copilot.evaluation.basis import basis, changed
from copilot.evaluation.report import Report, Verdict, latest
from copilot.evaluation.run import mark_interrupted
from copilot.outside.store import Store, Thing

State = Literal[Verdict, "stale", "missing", "unfinished"]


@dataclass(frozen=True)
class Gate:
    """A benchmark that keeps an agent from being deployed. Rates are fractions, 0..1; `why` says what a stale run no longer fits, or
    how many cases of an inconclusive one could not be judged.
    """

    benchmark: str
    verdict: State
    pass_rate: float
    threshold: float
    run: str
    why: str = ""

    def __str__(self) -> str:
        if self.verdict == "missing":
            return f"{self.benchmark} was never run on it"
        if self.verdict == "stale":
            return f"{self.benchmark} was run, but {self.why} since"
        if self.verdict == "inconclusive":
            return f"{self.benchmark} passed {self.pass_rate:.0%} and needs {self.threshold:.0%}, but {self.why} cases could not be judged"
        if self.verdict == "unfinished":
            return f"the last run of {self.benchmark} did not finish"
        return f"{self.benchmark} {self.verdict}: {self.pass_rate:.0%}, needs {self.threshold:.0%}"


def failing_gates(store: Store, agent: Thing) -> list[Gate]:
    """Return the gates that are shut: the latest run failed, did not finish, no longer fits, or there is none."""
    mark_interrupted(store)
    runs = {report.benchmark: report for report in latest(store, agent.name)}
    gates = [
        _gate(store, benchmark, agent, runs.get(benchmark.name))
        for benchmark in store.all("benchmark")
        if benchmark.body.get("threshold") is not None and concerns(store, benchmark, agent)
    ]
    return [gate for gate in gates if gate.verdict != "passed"]


def concerns(store: Store, benchmark: Thing, agent: Thing) -> bool:
    """Whether a benchmark is about an agent, so that its threshold holds it.

    One that is tied to collections is about the agents that read them; one that is tied to none is about the agents it was run on,
    and until its first run about every agent.
    """
    run_on = {row["agent"] for row in store.rows("SELECT agent FROM runs WHERE owner = ? AND benchmark = ?", store.owner, benchmark.name)}
    tied = set(benchmark.body.get("collections", ()))
    return agent.name in run_on or bool(tied & set(agent.body.get("collections", ())) if tied else not run_on)


def _gate(store: Store, benchmark: Thing, agent: Thing, run: Report | None) -> Gate:
    threshold = float(benchmark.body["threshold"])
    if run is None:
        return Gate(benchmark.name, "missing", 0.0, threshold, "")
    if since := changed(run.basis, basis(store, benchmark, agent)):
        return Gate(benchmark.name, "stale", run.pass_rate, threshold, run.run, " and ".join(since))
    state: State = run.verdict if run.state == "done" else "unfinished"
    return Gate(benchmark.name, state, run.pass_rate, threshold, run.run, str(run.inconclusive) if state == "inconclusive" else "")
