"""What the abilities of benchmarks return."""

from typing import Literal

from copilot.result import Item, Result

Verdict = Literal["passed", "failed", "inconclusive", "no threshold"]


class BenchmarkItem(Item):
    """`threshold` is the pass mark as a fraction, or None."""

    name: str
    cases: int
    unanswerable: int
    metric: str
    threshold: float | None
    source: str
    version: int


class Benchmarks(Result):
    benchmarks: tuple[BenchmarkItem, ...]

    @property
    def headline(self) -> str:
        count = len(self.benchmarks)
        return f"{count} benchmark{'s' if count != 1 else ''}." if count else "There is no benchmark yet."

    @property
    def next_steps(self) -> tuple[str, ...]:
        return () if self.benchmarks else ("make a benchmark hr-qa from ./qa.csv with a 90% pass mark",)


class BenchmarkCreated(Result):
    name: str
    cases: int
    unanswerable: int
    metric: str
    threshold: float | None
    source: str
    sample: tuple[str, ...]

    @property
    def headline(self) -> str:
        mark = f", pass mark {self.threshold:.0%}" if self.threshold is not None else ""
        refusals = f" ({self.unanswerable} of them to be refused)" if self.unanswerable else ""
        return f"Benchmark {self.name}: {self.cases} cases{refusals}, scored by {self.metric}{mark}."

    @property
    def next_steps(self) -> tuple[str, ...]:
        return (f"run {self.name} on …",)


class FailureItem(Item):
    """A case that did not pass every time. An empty `expected` means that the agent should have refused."""

    question: str
    expected: str
    answered: str
    cited: tuple[str, ...]
    why: str


class Score(Item):
    """One run.

    `score` is the mean over the judged cases, `pass_rate` the share of cases that passed in every repeat (pass^k, k = `repeats`);
    `low` and `high` bound it with 95 % confidence; `pass_powers` are pass^1, pass^2, … `milliseconds` is the median time of an answer.
    """

    benchmark: str
    metric: str
    cases: int
    repeats: int
    score: float
    pass_rate: float
    low: float
    high: float
    pass_powers: tuple[float, ...]
    threshold: float | None
    verdict: Verdict
    inconclusive: int
    milliseconds: float
    agent_version: int
    state: str
    run: str

    @property
    def sentence(self) -> str:
        tries = f" in all {self.repeats} repeats" if self.repeats > 1 else ""
        mark = f"; {self.verdict} (pass mark {self.threshold:.0%})" if self.threshold is not None else ""
        rate = f"{round(self.pass_rate * self.cases)} of {self.cases} cases passed{tries}, {self.pass_rate:.0%}"
        unfinished = f" The run was {self.state}." if self.state != "done" else ""
        return f"{self.benchmark}: {rate} (95 % interval {self.low:.0%} to {self.high:.0%}){mark}.{unfinished}"


class Ran(Result):
    agent: str
    scores: tuple[Score, ...]
    failures: tuple[FailureItem, ...]

    @property
    def headline(self) -> str:
        return " ".join(score.sentence for score in self.scores)

    @property
    def next_steps(self) -> tuple[str, ...]:
        return (f"show me the report for {self.agent}",)


class Reported(Result):
    """`gaps` are questions that the documents should answer and the agent refused."""

    agent: str
    scores: tuple[Score, ...]
    failures: tuple[FailureItem, ...]
    gaps: tuple[str, ...]
    recommendations: tuple[str, ...]

    @property
    def headline(self) -> str:
        return f"{self.agent}. " + " ".join(score.sentence for score in self.scores)
