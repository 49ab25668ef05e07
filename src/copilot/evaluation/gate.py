"""Benchmarks with a threshold stand before a deployment."""

from dataclasses import dataclass

from copilot.evaluation.report import Verdict, latest
from copilot.evaluation.run import mark_interrupted
from copilot.outside.store import Store


@dataclass(frozen=True)
class Gate:
    """A benchmark whose latest run keeps an agent from being deployed. Rates are fractions, 0..1."""

    benchmark: str
    verdict: Verdict
    pass_rate: float
    threshold: float
    run: str

    def __str__(self) -> str:
        return f"{self.benchmark} {self.verdict}: {self.pass_rate:.0%}, needs {self.threshold:.0%}"


def failing_gates(store: Store, agent: str) -> list[Gate]:
    """Return the gates that are shut: the latest run did not pass its threshold, or did not finish."""
    mark_interrupted(store)
    return [
        Gate(r.benchmark, r.verdict if r.state == "done" else "inconclusive", r.pass_rate, r.threshold, r.run)
        for r in latest(store, agent)
        if r.threshold is not None and (r.verdict != "passed" or r.state != "done") and store.find("benchmark", r.benchmark)
    ]
