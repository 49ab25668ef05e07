"""Running a benchmark on an agent, several cases at a time, so that a killed run goes on where it stopped."""

import json
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextvars import Context, copy_context
from dataclasses import dataclass
from uuid import uuid4

from copilot.answering.answer import Answer
from copilot.errors import CopilotError, Refused
from copilot.evaluation.basis import basis
from copilot.evaluation.cases import Case
from copilot.evaluation.scorers import Bench, Metric, Score, require, score, timed
from copilot.outside.process import alive
from copilot.outside.spending import Spent, counting
from copilot.outside.store import Store, Thing, as_text, now
from copilot.progress import Progress, Silent

Ask = Callable[[str], Answer]
Place = tuple[int, int]
"""A case's position in the benchmark, and the repeat."""
MOST_FAILURES = 3
"""A run stops after this many cases in a row that got no answer at all."""


@dataclass(frozen=True)
class Setup:
    """What is run: a benchmark and the version of the agent that answers, `repeats` times a case."""

    benchmark: Thing
    agent: Thing
    repeats: int = 1

    @property
    def cases(self) -> tuple[Case, ...]:
        return tuple(Case(**case) for case in self.benchmark.body["cases"])

    @property
    def metric(self) -> Metric:
        metric: Metric = self.benchmark.body["metric"]
        return metric


@dataclass(frozen=True)
class Pace:
    """How a run goes: cases at a time, what it may cost in USD and last in seconds, and whether it starts anew."""

    workers: int = 1
    usd: float | None = None
    seconds: float | None = None
    fresh: bool = False

    @property
    def ahead(self) -> int:
        """Cases that are given out: one waits while others are recorded, unless a limit may be reached meanwhile."""
        return self.workers + (self.usd is None and self.seconds is None)


@dataclass(frozen=True)
class Try:
    """One case, asked and scored; `error` is why there was no answer. The spending is the agent's and the judge's together."""

    place: Place
    case: Case
    answer: Answer
    scored: Score
    milliseconds: float
    spent: tuple[Spent, ...] = ()
    error: CopilotError | None = None

    @property
    def usd(self) -> float:
        return sum(call.usd or 0.0 for call in self.spent)


def run(
    store: Store, setup: Setup, ask: Ask, bench: Bench, operation: str, progress: Progress | None = None, pace: Pace | None = None
) -> str:
    """Ask every question, score and record every answer; return the run's id.

    A run of the same benchmark on the same agent and documents that did not finish is taken up again, unless `pace` says fresh:
    what has a score is not asked again. Once a limit is reached no new case begins, and the run is left `stopped`.

    Args:
        ask: Called from several threads where `pace` has several workers.

    Raises:
        Unavailable: the metric needs a model to judge and there is none.
        Refused: there is a limit in dollars, and a call has no known price.
        CopilotError: several cases in a row got no answer; what was recorded stays, and the run is marked `failed`.
    """
    require(setup.metric, bench)
    pace = pace or Pace()
    identity = _open(store, setup, operation, pace.fresh)
    try:
        complete = _answer_all(store, identity, setup, lambda place, case: _try(setup, place, case, ask, bench), progress or Silent(), pace)
    except BaseException as error:
        _close(store, identity, "failed" if isinstance(error, CopilotError) else "interrupted")
        raise
    _close(store, identity, "done" if complete else "stopped")
    return identity


def bless_run(store: Store, run: str) -> None:
    """Make a finished run the one baseline of its benchmark and agent; one that did not finish is left as it is."""
    sql = """UPDATE runs SET blessed = (id = ?) WHERE owner = ? AND (benchmark, agent) =
        (SELECT benchmark, agent FROM runs WHERE id = ? AND owner = ? AND state = 'done')"""
    with store.transaction() as connection:
        connection.execute(sql, (run, store.owner, run, store.owner))


def mark_interrupted(store: Store, operation: str = "") -> None:
    """Mark the runs whose process is gone, and those of an operation that is known to have been cut off."""
    sql = """SELECT r.id, r.operation, o.process FROM runs r JOIN operations o ON o.id = r.operation
        WHERE r.owner = ? AND r.state = 'running'"""
    for row in store.rows(sql, store.owner):
        if row["operation"] == operation or not alive(row["process"]):
            _close(store, row["id"], "interrupted")


def _answer_all(store: Store, identity: str, setup: Setup, attempt: Callable[[Place, Case], Try], progress: Progress, pace: Pace) -> bool:
    """Return whether every case was tried; False when a limit was reached before."""
    todo = _todo(store, identity, setup)
    began, usd, failures, running = time.monotonic(), 0.0, 0, set[Future[Try]]()
    pool = ThreadPoolExecutor(pace.workers, "case")
    try:
        with progress.track(f"{setup.benchmark.name} on {setup.agent.name}", len(todo)) as advance:
            waiting = iter(todo)
            while True:
                over = _over(pace, time.monotonic() - began, usd)
                while not over and len(running) < pace.ahead and (following := next(waiting, None)):
                    running.add(pool.submit(_inside, copy_context(), attempt, following))
                if not running:
                    return next(waiting, None) is None if over else True
                done, running = wait(running, return_when=FIRST_COMPLETED)
                tries = sorted((future.result() for future in done), key=lambda t: t.place)
                _record(store, identity, tries)
                usd += sum(tried.usd for tried in tries)
                _check_prices(pace, tries)
                for tried in tries:
                    failures = failures + 1 if tried.error else 0
                    if tried.error and failures == MOST_FAILURES:
                        raise tried.error
                    advance(tried.case.question)
    finally:
        pool.shutdown(cancel_futures=True)


def _check_prices(pace: Pace, tries: Iterable[Try]) -> None:
    """Raise Refused when a limit in dollars cannot be kept, as the price of a call is not known."""
    unpriced = next((call.model for tried in tries for call in tried.spent if call.usd is None), None)
    if pace.usd is not None and unpriced:
        raise Refused(
            f"The price of {unpriced} is not known, so a limit in dollars cannot be kept.", "Limit the time instead: --max-time 30m"
        )


def _inside(context: Context, attempt: Callable[[Place, Case], Try], following: tuple[Place, Case]) -> Try:
    """Try a case on another thread where spending is still put on the tab of this one."""
    return context.run(attempt, *following)


def _over(pace: Pace, seconds: float, usd: float) -> bool:
    return (pace.seconds is not None and seconds >= pace.seconds) or (pace.usd is not None and usd >= pace.usd)


def _try(setup: Setup, place: Place, case: Case, ask: Ask, bench: Bench) -> Try:
    started = time.perf_counter()
    with counting("benchmark") as spent:
        try:
            answer = ask(case.question)
        except CopilotError as error:
            milliseconds = (time.perf_counter() - started) * 1000
            return Try(place, case, Answer(""), Score(None, None, f"no answer: {error.problem}"), milliseconds, tuple(spent), error)
        milliseconds = (time.perf_counter() - started) * 1000
        scored = timed(answer, milliseconds) if setup.metric == "latency" else score(setup.metric, case, answer, bench)
        return Try(place, case, answer, scored, milliseconds, tuple(spent))


def _todo(store: Store, identity: str, setup: Setup) -> list[tuple[Place, Case]]:
    """Return the cases that have no score yet; those that could not be judged are tried again."""
    with store.transaction() as connection:
        connection.execute("DELETE FROM results WHERE run = ? AND passed IS NULL", (identity,))
    done = {(row["ordinal"], row["repeat"]) for row in store.rows("SELECT ordinal, repeat FROM results WHERE run = ?", identity)}
    return [(place, case) for place, case in _places(setup) if place not in done]


def _places(setup: Setup) -> Iterator[tuple[Place, Case]]:
    for repeat in range(setup.repeats):
        for ordinal, case in enumerate(setup.cases):
            yield (ordinal, repeat), case


def _open(store: Store, setup: Setup, operation: str, fresh: bool) -> str:
    """Take up the latest run when it stood on the same and did not finish, else begin one."""
    mark_interrupted(store)
    body, stands_on = setup.benchmark.body, as_text(basis(store, setup.benchmark, setup.agent))
    names = (store.owner, setup.benchmark.name, setup.agent.name)
    with store.transaction() as connection:
        last = store.rows("SELECT * FROM runs WHERE owner = ? AND benchmark = ? AND agent = ? ORDER BY started_at DESC LIMIT 1", *names)
        if last and not fresh and _goes_on(last[0]["state"]) and (last[0]["basis"], last[0]["repeats"]) == (stands_on, setup.repeats):
            identity = str(last[0]["id"])
            connection.execute("UPDATE runs SET state = 'running', operation = ? WHERE id = ?", (operation, identity))
            return identity
        identity = uuid4().hex[:12]
        sql = """INSERT INTO runs
            (id, owner, benchmark, agent, agent_version, metric, threshold, repeats, state, basis, operation, started_at)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'running', ?, ?, ?)"""
        values = (setup.agent.version, body["metric"], body.get("threshold"), setup.repeats, stands_on, operation, now())
        connection.execute(sql, (identity, *names, *values))
    return identity


def _goes_on(state: str) -> bool:
    return state in ("interrupted", "stopped", "failed")


def _record(store: Store, identity: str, tries: Iterable[Try]) -> None:
    with store.transaction() as connection:
        connection.executemany(f"INSERT INTO results VALUES ({', '.join('?' * 15)})", [_row(identity, tried) for tried in tries])


def _row(identity: str, tried: Try) -> tuple[object, ...]:
    case, answer, scored = tried.case, tried.answer, tried.scored
    citations = [
        {
            "document": c.citation.document,
            "place": c.citation.place,
            "quote": c.citation.quote,
            "start": c.citation.start,
            "end": c.citation.end,
        }
        for c in answer.claims
    ]
    given = {
        "text": answer.text, "refused": answer.refused, "why": answer.why, "confidence": answer.confidence, "citations": citations,
        "agreement": scored.agreement,
    }  # fmt: skip
    return (
        identity, *tried.place, case.question, case.answer, case.document, case.category, json.dumps(given, ensure_ascii=False),
        scored.value, scored.passed, scored.why, tried.milliseconds, *_spending(tried.spent),
    )  # fmt: skip


def _spending(spent: Sequence[Spent]) -> tuple[int | None, int | None, float | None]:
    """Return tokens in, tokens out and USD; None where no model was called or a price is unknown."""
    if not spent:
        return None, None, None
    usd = None if any(call.usd is None for call in spent) else sum(call.usd or 0.0 for call in spent)
    return sum(call.tokens_in for call in spent), sum(call.tokens_out for call in spent), usd


def _close(store: Store, identity: str, state: str) -> None:
    with store.transaction() as connection:
        connection.execute("UPDATE runs SET state = ?, finished_at = ? WHERE id = ? AND owner = ?", (state, now(), identity, store.owner))
