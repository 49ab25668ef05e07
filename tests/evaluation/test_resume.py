"""Runs that are parallel, limited, killed and taken up again."""

import subprocess
import sys
import time
from collections import Counter
from threading import Lock

import pytest

from copilot.answering.answer import Answer
from copilot.errors import Refused, Unavailable
from copilot.evaluation.cases import Case
from copilot.evaluation.report import summed
from copilot.evaluation.run import Pace, bless_run, mark_interrupted, run
from copilot.evaluation.scorers import Bench
from copilot.outside.embed import Embedder
from copilot.outside.spending import Cap, counting, note
from copilot.outside.store import Store

from .conftest import MakeSetup, said

CASES = [Case(f"Question {n}?", f"answer {n}") for n in range(40)]


def test_a_killed_run_goes_on_and_asks_no_finished_case_again(store: Store, make_setup: MakeSetup, embedder: Embedder) -> None:
    setup = make_setup(*CASES, repeats=2)
    code = f"""if True:
        import os
        from pathlib import Path
        from threading import Lock
        from copilot.answering.answer import Answer
        from copilot.evaluation.run import Pace, Setup, run
        from copilot.evaluation.scorers import Bench
        from copilot.outside.store import Store
        store = Store(Path({str(store.path)!r}), "tester")
        count, lock = iter(range(1000)), Lock()
        def ask(question):
            with lock:
                if next(count) == 51:
                    os.kill(os.getpid(), 9)
            return Answer("answer " + question[9:-1])
        setup = Setup(store.get("benchmark", "qa"), store.get("agent", "helpdesk"), 2)
        run(store, setup, ask, Bench(None), store.begin("run_benchmark", {{}}, True), pace=Pace(workers=4))"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == -9
    mark_interrupted(store)
    before = {(row["question"], row["repeat"]) for row in store.rows("SELECT question, repeat FROM results")}
    assert 40 <= len(before) <= 51
    again: Counter[str] = Counter()
    lock = Lock()

    def ask(question: str) -> Answer:
        with lock:
            again[question] += 1
        return said(f"answer {question[9:-1]}")

    identity = run(store, setup, ask, Bench(embedder), store.begin("run_benchmark", {}, True), pace=Pace(workers=4))
    assert again.total() == 80 - len(before)
    assert all(again[question] == 2 - sum(q == question for q, _ in before) for question in {c.question for c in CASES})
    report = summed(store, identity)
    assert (report.cases, report.state, report.pass_rate) == (40, "done", 1.0)
    assert len(store.rows("SELECT 1 FROM runs")) == 1


def test_the_same_process_takes_a_run_up_that_its_recovery_found_cut_off(store: Store, make_setup: MakeSetup, embedder: Embedder) -> None:
    setup, operation = make_setup(*CASES), store.begin("run_benchmark", {}, True)
    first = run(store, setup, lambda q: said("answer 1"), Bench(embedder), operation, pace=Pace(seconds=0))
    with store.transaction() as connection:
        connection.execute("UPDATE runs SET state = 'running'")
    mark_interrupted(store, operation)
    assert run(store, setup, lambda q: said("answer 1"), Bench(embedder), "op") == first


def test_a_changed_agent_other_repeats_or_a_fresh_start_begin_anew(store: Store, make_setup: MakeSetup, embedder: Embedder) -> None:
    setup = make_setup(*CASES[:4])
    stop = Pace(seconds=0)

    def begun(pace: Pace = stop) -> str:
        return run(store, setup, lambda q: said("answer 1"), Bench(embedder), "op", pace=pace)

    first = begun()
    assert begun() == first
    assert begun(Pace(seconds=0, fresh=True)) != first
    store.put("agent", "helpdesk", {"tone": "other"}, "op")
    setup = make_setup(*CASES[:4])
    assert begun() != first


def test_cases_are_asked_at_the_same_time(store: Store, make_setup: MakeSetup, embedder: Embedder) -> None:
    asking, most, lock = 0, 0, Lock()

    def ask(question: str) -> Answer:
        nonlocal asking, most
        with lock:
            asking += 1
            most = max(most, asking)
        time.sleep(0.02)
        with lock:
            asking -= 1
        return said("answer 1")

    run(store, make_setup(*CASES), ask, Bench(embedder), "op", pace=Pace(workers=8))
    assert 4 <= most <= 8


def test_a_run_stops_at_its_cost_and_goes_on_from_there(store: Store, make_setup: MakeSetup, embedder: Embedder) -> None:
    def ask(question: str) -> Answer:
        note("haiku", 100, 10, 0.01)
        return said(f"answer {question[9:-1]}")

    setup = make_setup(*CASES)
    report = summed(store, run(store, setup, ask, Bench(embedder), "op", pace=Pace(usd=0.095)))
    assert (report.state, report.cases) == ("stopped", 10)
    assert report.usd == pytest.approx(0.1)
    assert report.tokens == 1100
    assert summed(store, run(store, setup, ask, Bench(embedder), "op")).cases == 40


def test_the_workspaces_cap_holds_on_other_threads_too(store: Store, make_setup: MakeSetup, embedder: Embedder) -> None:
    from copilot.outside.spending import check_caps

    def ask(question: str) -> Answer:
        check_caps()
        note("haiku", 100, 10, 0.5)
        return said("answer 1")

    with counting("turn", [Cap("day cap", 1.0, 0.0)]) as spent, pytest.raises(Refused, match="day cap"):
        run(store, make_setup(*CASES), ask, Bench(embedder), "op", pace=Pace(workers=2))
    assert 2 <= len(spent) <= 4


def test_what_got_no_answer_is_asked_again(store: Store, make_setup: MakeSetup, embedder: Embedder) -> None:
    def away(question: str) -> Answer:
        raise Unavailable("The endpoint is away.")

    setup = make_setup(*CASES)
    with pytest.raises(Unavailable):
        run(store, setup, away, Bench(embedder), "op")
    report = summed(store, run(store, setup, lambda q: said(f"answer {q[9:-1]}"), Bench(embedder), "op"))
    assert (report.state, report.pass_rate, report.inconclusive) == ("done", 1.0, 0)


def test_a_limit_in_dollars_is_refused_where_no_price_is_known(store: Store, make_setup: MakeSetup, embedder: Embedder) -> None:
    def ask(question: str) -> Answer:
        note("house-model", 100, 10, None)
        return said(f"answer {question[9:-1]}")

    setup = make_setup(*CASES)
    with pytest.raises(Refused, match="price of house-model is not known"):
        run(store, setup, ask, Bench(embedder), "op", pace=Pace(usd=1))
    report = summed(store, run(store, setup, ask, Bench(embedder), "op", pace=Pace(seconds=600)))
    assert (report.state, report.cases, report.usd) == ("done", 40, None)


def test_only_one_run_of_a_benchmark_is_blessed_and_only_when_it_is_done(store: Store, make_setup: MakeSetup, embedder: Embedder) -> None:
    setup = make_setup(*CASES[:2])
    first, second = (run(store, setup, lambda q: said("answer 1"), Bench(embedder), "op") for _ in range(2))
    half = run(store, setup, lambda q: said("answer 1"), Bench(embedder), "op", pace=Pace(seconds=0))
    for identity in (first, second, half):
        bless_run(store, identity)
    assert store.rows("SELECT id FROM runs WHERE blessed") == [{"id": second}]
