"""Running a benchmark on an agent, case by case, so that a killed run leaves what it had."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from uuid import uuid4

from copilot.answering.answer import Answer
from copilot.errors import CopilotError
from copilot.evaluation.cases import Case
from copilot.evaluation.scorers import Bench, Metric, Score, require, score
from copilot.outside.process import alive
from copilot.outside.store import Store, Thing, now
from copilot.progress import Progress, Silent

Ask = Callable[[str], Answer]
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


def run(store: Store, setup: Setup, ask: Ask, bench: Bench, operation: str, progress: Progress | None = None) -> str:
    """Ask every question, score and record every answer; return the run's id.

    Raises:
        Unavailable: the metric needs a model to judge and there is none.
        CopilotError: several cases in a row got no answer; what was recorded stays, and the run is marked `failed`.
    """
    require(setup.metric, bench)
    identity = _open(store, setup, operation)
    try:
        _answer_all(store, identity, setup, ask, bench, progress or Silent())
    except BaseException as error:
        _close(store, identity, "failed" if isinstance(error, CopilotError) else "interrupted")
        raise
    _close(store, identity, "done")
    return identity


def mark_interrupted(store: Store) -> None:
    """Mark the runs whose process is gone."""
    sql = """SELECT r.id, o.process FROM runs r JOIN operations o ON o.id = r.operation
        WHERE r.owner = ? AND r.state = 'running'"""
    for row in store.rows(sql, store.owner):
        if not alive(row["process"]):
            _close(store, row["id"], "interrupted")


def _answer_all(store: Store, identity: str, setup: Setup, ask: Ask, bench: Bench, progress: Progress) -> None:
    failures = 0
    label = f"{setup.benchmark.name} on {setup.agent.name}"
    with progress.track(label, len(setup.cases) * setup.repeats) as advance:
        for repeat in range(setup.repeats):
            for ordinal, case in enumerate(setup.cases):
                started = time.perf_counter()
                try:
                    answer = ask(case.question)
                    scored = score(setup.metric, case, answer, bench)
                    failures = 0
                except CopilotError as error:
                    failures += 1
                    if failures == MOST_FAILURES:
                        raise
                    answer, scored = Answer(""), Score(None, None, f"no answer: {error.problem}")
                _record(store, identity, (ordinal, repeat), case, answer, scored, (time.perf_counter() - started) * 1000)
                advance(case.question)


def _open(store: Store, setup: Setup, operation: str) -> str:
    identity = uuid4().hex[:12]
    body = setup.benchmark.body
    values = (identity, store.owner, setup.benchmark.name, setup.agent.name, setup.agent.version, body["metric"], body.get("threshold"))
    sql = """INSERT INTO runs (id, owner, benchmark, agent, agent_version, metric, threshold, repeats, state, operation, started_at)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'running', ?, ?)"""
    with store.transaction() as connection:
        connection.execute(sql, (*values, setup.repeats, operation, now()))
    return identity


def _record(store: Store, identity: str, place: tuple[int, int], case: Case, answer: Answer, scored: Score, milliseconds: float) -> None:
    given = {"text": answer.text, "refused": answer.refused, "cited": [claim.citation.place for claim in answer.claims]}
    values = (
        identity, *place, case.question, case.answer, json.dumps(given, ensure_ascii=False),
        scored.value, scored.passed, scored.why, milliseconds,
    )  # fmt: skip
    with store.transaction() as connection:
        connection.execute("INSERT INTO results VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", values)


def _close(store: Store, identity: str, state: str) -> None:
    with store.transaction() as connection:
        connection.execute("UPDATE runs SET state = ?, finished_at = ? WHERE id = ? AND owner = ?", (state, now(), identity, store.owner))
