"""Runs, their reports, and the gates before a deployment."""

import subprocess
import sys

import pytest

from copilot.answering.answer import Answer
from copilot.errors import Unavailable
from copilot.evaluation.cases import Case
from copilot.evaluation.gate import failing_gates
from copilot.evaluation.report import latest, summed, verdict
from copilot.evaluation.run import mark_interrupted, run
from copilot.evaluation.scorers import Bench
from copilot.intents.benchmarks.shown import score_of
from copilot.outside.embed import Embedder
from copilot.outside.store import Store

from .conftest import MakeSetup, answering, said

LEAVE, HOTEL, BANK = Case("How many days?", "28 days"), Case("Hotel limit?", "135 euros"), Case("Which bank?", "")


def test_a_report_counts_passes_failures_and_gaps(store: Store, make_setup: MakeSetup, embedder: Embedder) -> None:
    setup = make_setup(LEAVE, HOTEL, BANK, threshold=0.6)
    run(store, setup, answering({"How many days?": "It is 28 days."}), Bench(embedder), "op")
    (report,) = latest(store, "helpdesk")
    assert (report.cases, report.state, report.verdict) == (3, "done", "passed")
    assert report.pass_rate == pytest.approx(2 / 3)
    assert report.interval.low < 2 / 3 < report.interval.high
    assert [f.question for f in report.failures] == ["Hotel limit?"]
    assert report.gaps == ("Hotel limit?",)


def test_a_case_counts_only_when_it_passes_in_every_repeat(store: Store, make_setup: MakeSetup, embedder: Embedder) -> None:
    answers = iter(["28 days", "28 days", "27 days", "28 days"])
    setup = make_setup(LEAVE, LEAVE, repeats=2)
    report = summed(store, run(store, setup, lambda q: said(next(answers)), Bench(embedder), "op"))
    assert (report.score, report.pass_rate, report.repeats) == (0.75, 0.5, 2)
    assert report.pass_powers == (0.75, 0.5)


def test_a_case_without_an_answer_is_inconclusive_not_zero(store: Store, make_setup: MakeSetup, embedder: Embedder) -> None:
    def ask(question: str) -> Answer:
        if question == HOTEL.question:
            raise Unavailable("The endpoint is away.")
        return said("28 days")

    report = summed(store, run(store, make_setup(LEAVE, HOTEL, threshold=0.9), ask, Bench(embedder), "op"))
    assert (report.score, report.pass_rate, report.pass_powers) == (1.0, 1.0, (1.0,))
    assert (report.cases, report.inconclusive, report.verdict) == (2, 1, "inconclusive")
    assert score_of(report).sentence.startswith("qa: 1 of 1 cases passed, 100%")
    assert "1 could not be judged; inconclusive (pass mark 90%)" in score_of(report).sentence
    (gate,) = failing_gates(store, store.get("agent", "helpdesk"))
    assert str(gate) == "qa passed 100% and needs 90%, but 1 cases could not be judged"
    assert report.failures[0].passed is None


def test_a_dead_endpoint_stops_the_run_and_leaves_it_failed(store: Store, make_setup: MakeSetup, embedder: Embedder) -> None:
    asked = []

    def ask(question: str) -> Answer:
        asked.append(question)
        raise Unavailable("The endpoint is away.")

    with pytest.raises(Unavailable):
        run(store, make_setup(*[LEAVE] * 10), ask, Bench(embedder), "op")
    assert 3 <= len(asked) <= 4
    assert store.rows("SELECT state FROM runs") == [{"state": "failed"}]


def test_a_killed_run_is_interrupted_at_the_next_start_and_keeps_what_it_had(
    store: Store, make_setup: MakeSetup, embedder: Embedder
) -> None:
    setup = make_setup(LEAVE, LEAVE, HOTEL, threshold=0.5)
    code = f"""if True:
        import os
        from pathlib import Path
        from copilot.answering.answer import Answer
        from copilot.evaluation.run import Setup, run
        from copilot.evaluation.scorers import Bench
        from copilot.outside.store import Store
        store = Store(Path({str(store.path)!r}), "tester")
        operation = store.begin("run_benchmark", {{}}, True)
        def ask(question):
            if question == "Hotel limit?":
                os.kill(os.getpid(), 9)
            return Answer("28 days")
        run(store, Setup(store.get("benchmark", "qa"), store.get("agent", "helpdesk")), ask, Bench(None), operation)"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == -9
    mark_interrupted(store)
    (report,) = latest(store, "helpdesk")
    assert (report.state, report.pass_rate) == ("interrupted", 1.0)
    assert report.cases in (1, 2)
    assert [gate.verdict for gate in failing_gates(store, store.get("agent", "helpdesk"))] == ["unfinished"]
    run(store, setup, answering({"How many days?": "28 days", "Hotel limit?": "135 euros"}), Bench(embedder), "op")
    assert failing_gates(store, store.get("agent", "helpdesk")) == []


def test_a_gate_is_the_latest_run_of_a_benchmark_with_a_threshold(store: Store, make_setup: MakeSetup, embedder: Embedder) -> None:
    good, bad, bench = answering({"How many days?": "28 days"}), answering({}), Bench(embedder)
    run(store, make_setup(LEAVE, name="free"), bad, bench, "op")
    assert failing_gates(store, store.get("agent", "helpdesk")) == []
    gated = make_setup(LEAVE, name="gated", threshold=0.9)
    run(store, gated, bad, bench, "op")
    (gate,) = failing_gates(store, store.get("agent", "helpdesk"))
    assert str(gate) == "gated failed: 0%, needs 90%"
    run(store, gated, good, bench, "op")
    assert failing_gates(store, store.get("agent", "helpdesk")) == []
    run(store, gated, bad, bench, "op")
    store.remove("benchmark", "gated", "op")
    assert failing_gates(store, store.get("agent", "helpdesk")) == []


def test_another_owner_sees_no_run(store: Store, make_setup: MakeSetup, embedder: Embedder) -> None:
    run(store, make_setup(LEAVE, threshold=0.9), answering({}), Bench(embedder), "op")
    assert latest(Store(store.path, "someone else"), "helpdesk") == []


@pytest.mark.parametrize(
    ("threshold", "passed", "unclear", "said"),
    [(None, 0, 0, "no threshold"), (0.5, 5, 0, "passed"), (0.6, 5, 0, "failed"), (0.6, 5, 1, "inconclusive"), (0.8, 5, 1, "failed")],
)
def test_unclear_cases_leave_the_verdict_open_only_when_they_could_turn_it(
    threshold: float | None, passed: int, unclear: int, said: str
) -> None:
    assert verdict(threshold, passed, unclear, 10) == said
