"""What a benchmark costs beyond the answers themselves: python -m benchmarks.evaluation [--cases N] [--overhead]"""

import argparse
import tempfile
import time
from pathlib import Path

from copilot.context import Context
from copilot.evaluation.asking import asking
from copilot.evaluation.report import latest
from copilot.evaluation.run import Ask, Pace, Setup, run
from copilot.evaluation.scorers import Bench
from copilot.intents import REGISTRY
from copilot.resources import resource

SAMPLES = resource("data", "samples")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=1000)
    parser.add_argument("--overhead", action="store_true", help="leave the run out in which the agent answers every case")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        ctx = Context(home=Path(folder), user="benchmark", consent="person")
        REGISTRY["ingest_data"].run({"source": str(SAMPLES / "company"), "collection": "company"}, ctx)
        REGISTRY["create_agent"].run({"name": "helpdesk"}, ctx)
        REGISTRY["create_benchmark"].run({"name": "staff", "source": str(SAMPLES / "questions.csv")}, ctx)
        setup = _repeated(ctx, options.cases)
        with asking(ctx.store, ctx.embedder, setup.agent) as put:
            _measure_overhead(ctx, setup, put)
            if not options.overhead:
                _measure_run(ctx, setup, put)
        ctx.store.close()


def _repeated(ctx: Context, wanted: int) -> Setup:
    """Return the sample questions over and over, as one benchmark."""
    made = ctx.store.get("benchmark", "staff")
    cases = [made.body["cases"][n % len(made.body["cases"])] for n in range(wanted)]
    return Setup(ctx.store.put("benchmark", "staff", {**made.body, "cases": cases}, "op"), ctx.store.get("agent", "helpdesk"))


def _measure_overhead(ctx: Context, setup: Setup, put: Ask) -> None:
    """Run with answers that are there already, so that nothing but the run itself is measured; then read the report."""
    answers = {question: put(question) for question in {case.question for case in setup.cases}}
    started, worked = time.perf_counter(), time.process_time()
    run(ctx.store, setup, answers.__getitem__, Bench(ctx.embedder), "op", pace=Pace(fresh=True))
    wall, work = (time.perf_counter() - started) * 1000, (time.process_time() - worked) * 1000
    wanted = len(setup.cases)
    started = time.perf_counter()
    latest(ctx.store, "helpdesk")
    print(
        f"{wanted} cases: {wall / wanted:.2f} ms a case beyond the answer, {work / wanted:.2f} ms of them on a processor; "
        f"report in {time.perf_counter() - started:.2f} s"
    )


def _measure_run(ctx: Context, setup: Setup, put: Ask) -> None:
    """Run with the agent, four cases at a time."""
    started = time.perf_counter()
    run(ctx.store, setup, put, Bench(ctx.embedder), "op", pace=Pace(workers=4, fresh=True))
    wall = (time.perf_counter() - started) * 1000
    (report,) = latest(ctx.store, "helpdesk")
    print(f"answered, 4 at a time: {wall / len(setup.cases):.1f} ms a case in all, {report.pass_rate:.0%} passed")


if __name__ == "__main__":
    main()
