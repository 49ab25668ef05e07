"""What the abilities of benchmarks return."""

from typing import Literal

from copilot.result import Item, Result

ALPHA = 0.05
Verdict = Literal["passed", "failed", "inconclusive", "no threshold"]


class BenchmarkItem(Item):
    """`threshold` is the pass mark as a fraction, or None; `cases` is None where they are made for each agent."""

    name: str
    standard: bool
    cases: int | None
    unanswerable: int | None
    metric: str
    threshold: float | None
    source: str
    collections: tuple[str, ...]
    schedules: tuple[str, ...]
    version: int


class Benchmarks(Result):
    benchmarks: tuple[BenchmarkItem, ...]

    @property
    def headline(self) -> str:
        own = sum(not b.standard for b in self.benchmarks)
        made = f"{own} benchmark{'s' if own != 1 else ''} of your own" if own else "No benchmark of your own yet"
        return f"{made}, and {len(self.benchmarks) - own} standard ones."

    @property
    def next_steps(self) -> tuple[str, ...]:
        return () if any(not b.standard for b in self.benchmarks) else ("make a benchmark hr-qa from ./qa.csv with a 90% pass mark",)


class BenchmarkCreated(Result):
    name: str
    cases: int
    unanswerable: int
    metric: str
    threshold: float | None
    source: str
    collections: tuple[str, ...]
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

    benchmark: str
    question: str
    expected: str
    answered: str
    cited: tuple[str, ...]
    why: str
    retrieved: tuple[str, ...]


class CategoryItem(Item):
    category: str
    cases: int
    passed: int


class Score(Item):
    """One run.

    `score` is the mean over the judged cases, `pass_rate` the share of them that passed in every repeat (pass^k, k = `repeats`);
    `low` and `high` bound it with 95 % confidence; `pass_powers` are pass^1, pass^2, … `milliseconds` is the median time of an answer.
    Tokens and USD are None where no language model was called or no price is known. `citation_precision` is the share of citations
    that are of an expected document, `citation_recall` that of expected documents cited, `refused_right` that of questions without
    an answer that were refused, `refused_wrong` that of the others that were.
    """

    benchmark: str
    agent: str
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
    p95_milliseconds: float
    p99_milliseconds: float
    tokens: int | None
    usd: float | None
    citation_precision: float | None
    citation_recall: float | None
    refused_right: float | None
    refused_wrong: float | None
    judge_agreement: float | None
    categories: tuple[CategoryItem, ...]
    blessed: bool
    agent_version: int
    state: str
    run: str

    @property
    def sentence(self) -> str:
        tries = f" in all {self.repeats} repeats" if self.repeats > 1 else ""
        mark = f"; {self.verdict} (pass mark {self.threshold:.0%})" if self.threshold is not None else ""
        judged = self.cases - self.inconclusive
        rate = f"{round(self.pass_rate * judged)} of {judged} cases passed{tries}, {self.pass_rate:.0%}"
        unclear = f"; {self.inconclusive} could not be judged" if self.inconclusive else ""
        unfinished = f" The run was {self.state}." if self.state != "done" else ""
        return f"{self.benchmark}: {rate} (95 % interval {self.low:.0%} to {self.high:.0%}){unclear}{mark}.{unfinished}"


class Ran(Result):
    """`note` says what was asked for and not done."""

    agent: str
    scores: tuple[Score, ...]
    failures: tuple[FailureItem, ...]
    note: str = ""

    @property
    def headline(self) -> str:
        return " ".join([*(score.sentence for score in self.scores), *filter(None, (self.note,))])

    @property
    def next_steps(self) -> tuple[str, ...]:
        return (f"show me the report for {self.agent}",)


class ChangeItem(Item):
    """What differs from the baseline: the blessed run, else the one before. `fixed` and `broken` are questions."""

    benchmark: str
    baseline: str
    blessed: bool
    agent_version: int
    cases: int
    before: float
    after: float
    p_value: float
    fixed: tuple[str, ...]
    broken: tuple[str, ...]


class Reported(Result):
    """`gaps` are questions that the documents should answer and the agent refused; `file` is the page that was written."""

    agent: str
    scores: tuple[Score, ...]
    failures: tuple[FailureItem, ...]
    gaps: tuple[str, ...]
    recommendations: tuple[str, ...]
    changes: tuple[ChangeItem, ...]
    file: str | None

    @property
    def headline(self) -> str:
        written = f" Written to {self.file}." if self.file else ""
        return f"{self.agent}. " + " ".join(score.sentence for score in self.scores) + written


class PairItem(Item):
    """Rates, their difference (second less first) with its 95 % interval; `p_value` is adjusted for the number of comparisons.

    `cases_needed` would show a difference of this size 4 times in 5; None when none was seen. `gained` are questions that only the
    second passes, `lost` those that only the first does.
    """

    benchmark: str
    first: str
    second: str
    cases: int
    first_rate: float
    second_rate: float
    difference: float
    low: float
    high: float
    p_value: float
    test: str
    cases_needed: int | None
    gained: tuple[str, ...]
    lost: tuple[str, ...]

    @property
    def sentence(self) -> str:
        rates = f"{self.first} {self.first_rate:.0%}, {self.second} {self.second_rate:.0%} of the same {self.cases} cases"
        if self.p_value < ALPHA:
            better, worse = (self.second, self.first) if self.difference > 0 else (self.first, self.second)
            return f"{self.benchmark}: {better} is better than {worse} ({rates}; {self.test}, p = {self.p_value:.3g})."
        needed = f"; about {self.cases_needed:,} cases would show a difference of that size" if self.cases_needed else ""
        return f"{self.benchmark}: cannot tell ({rates}; {self.test}, p = {self.p_value:.2f}{needed})."


class AgentsCompared(Result):
    agents: tuple[str, ...]
    pairs: tuple[PairItem, ...]
    scores: tuple[Score, ...]

    @property
    def headline(self) -> str:
        return " ".join(pair.sentence for pair in self.pairs)


class Scheduled(Result):
    """`next_run` is in local time; None when it was ended."""

    agent: str
    benchmark: str
    frequency: str
    next_run: str | None

    @property
    def headline(self) -> str:
        if self.next_run is None:
            return f"{self.benchmark} runs on {self.agent} by itself no more."
        return f"{self.benchmark} runs on {self.agent} {self.frequency}, first at {self.next_run}, while `copilot work` is running."

    @property
    def next_steps(self) -> tuple[str, ...]:
        return ("copilot work",) if self.next_run else ()


class ErrorItem(Item):
    problem: str
    times: int


class Loaded(Result):
    """`throughput` is answers a second; a refusal is an answer, an error is none."""

    agent: str
    agent_version: int
    deployment: str | None
    concurrency: int
    requests: int
    seconds: float
    throughput: float
    p50_milliseconds: float
    p95_milliseconds: float
    p99_milliseconds: float
    refused: int
    failed: int
    errors: tuple[ErrorItem, ...]

    @property
    def headline(self) -> str:
        where = f"the endpoint of {self.deployment}" if self.deployment else f"{self.agent}"
        times = f"p50 {self.p50_milliseconds:,.0f}, p95 {self.p95_milliseconds:,.0f}, p99 {self.p99_milliseconds:,.0f} ms"
        errors = f"{self.failed} errors" if self.failed else "no errors"
        return (
            f"{self.requests:,} requests by {self.concurrency} users to {where} in {self.seconds:.1f} s: "
            f"{self.throughput:.1f} answers a second, {times}, {errors}."
        )
