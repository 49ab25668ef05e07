"""What a benchmark costs beyond the answers themselves: python -m benchmarks.evaluation [--cases N]"""

import argparse
import tempfile
import time
from pathlib import Path
from statistics import fmean

from copilot.answering.answer import Answer
from copilot.context import Context
from copilot.evaluation.asking import asking
from copilot.evaluation.cases import Case
from copilot.evaluation.report import latest
from copilot.evaluation.run import Pace, Setup, run
from copilot.evaluation.scorers import Bench
from copilot.evaluation.statistics import quantile
from copilot.intents import REGISTRY
from copilot.resources import resource

SAMPLES = resource("data", "samples")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=1000)
    wanted = parser.parse_args().cases
    with tempfile.TemporaryDirectory() as folder:
        ctx = Context(home=Path(folder), user="benchmark", consent="person")
        REGISTRY["ingest_data"].run({"source": str(SAMPLES / "company"), "collection": "company"}, ctx)
        REGISTRY["create_agent"].run({"name": "helpdesk"}, ctx)
        REGISTRY["create_benchmark"].run({"name": "staff", "source": str(SAMPLES / "questions.csv")}, ctx)
        for workers in (1, 4):
            _measure(ctx, wanted, workers)
        ctx.store.close()


def _measure(ctx: Context, wanted: int, workers: int) -> None:
    """Print the wall time a case that is not spent in answering, and how long the report takes."""
    made = ctx.store.get("benchmark", "staff")
    cases = [Case(**case) for case in made.body["cases"]]
    repeated = [cases[n % len(cases)].as_json() for n in range(wanted)]
    setup = Setup(ctx.store.put("benchmark", "staff", {**made.body, "cases": repeated}, "op"), ctx.store.get("agent", "helpdesk"))
    spent: list[float] = []
    with asking(ctx.store, ctx.embedder, setup.agent) as put:
        put("What is this about?")

        def ask(question: str) -> Answer:
            started = time.perf_counter()
            answer = put(question)
            spent.append((time.perf_counter() - started) * 1000)
            return answer

        started = time.perf_counter()
        run(ctx.store, setup, ask, Bench(ctx.embedder), "op", pace=Pace(workers=workers, fresh=True))
        wall = (time.perf_counter() - started) * 1000
    own = f"{wall / wanted - fmean(spent):.2f} ms a case beyond the answer" if workers == 1 else f"{wall / wanted:.1f} ms a case in all"
    started = time.perf_counter()
    (report,) = latest(ctx.store, "helpdesk")
    reading = time.perf_counter() - started
    print(
        f"{wanted} cases, {workers} at a time: {own}; an answer takes {quantile(spent, 0.5):.0f} ms (median); "
        f"report in {reading:.2f} s, {report.pass_rate:.0%} passed"
    )


if __name__ == "__main__":
    main()
