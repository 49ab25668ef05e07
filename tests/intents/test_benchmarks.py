"""Benchmarks, through their abilities, on the sample company."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from copilot.context import Context
from copilot.errors import AlreadyExists, BadArguments, NotFound, Refused, Unavailable
from copilot.intents import REGISTRY
from copilot.resources import resource

SAMPLES = resource("data", "samples")


def run(ctx: Context, ability: str, **args: Any) -> Any:
    return REGISTRY[ability].run(args, ctx)


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Context]:
    """The sample company's documents and an agent on them; tests add only what they name themselves."""
    context = Context(home=tmp_path_factory.mktemp("home"), user="tester", consent="person")
    run(context, "ingest_data", source=str(SAMPLES / "company"), collection="company")
    run(context, "create_agent", name="helpdesk")
    yield context
    context.store.close()


def questions(folder: Path, *lines: str) -> str:
    path = folder / "qa.csv"
    path.write_text("\n".join(("question,answer,document", *lines)) + "\n")
    return str(path)


def test_the_offline_model_answers_the_sample_questions_and_refuses_the_unanswerable(company: Context) -> None:
    made = run(company, "create_benchmark", name="staff", source=str(SAMPLES / "questions.csv"), threshold=0.9)
    assert (made.cases, made.unanswerable, made.metric) == (28, 4, "contains")
    ran = run(company, "run_benchmark", agent="helpdesk", benchmark="staff")
    (score,) = ran.scores
    assert score.verdict == "passed", ran.failures
    assert not [f for f in ran.failures if not f.expected], "a question without an answer was answered"
    assert 0.8 < score.low <= score.pass_rate <= score.high <= 1


def test_a_report_shows_failures_gaps_and_advice(company: Context, tmp_path: Path) -> None:
    source = questions(
        tmp_path, "How many hours is the standard working week?,44 hours,handbook.pdf", "Who is the head chef of the moon base?,Ann,"
    )
    run(company, "create_benchmark", name="hard", source=source, threshold=1)
    run(company, "run_benchmark", agent="helpdesk", benchmark="hard", repeats=2)
    report = run(company, "show_report", agent="helpdesk", benchmark="hard")
    wrong, gap = report.failures
    assert wrong.expected == "44 hours"
    assert "37.5" in wrong.answered
    assert wrong.cited[0].startswith("handbook.pdf")
    assert wrong.retrieved[0].startswith("handbook.pdf")
    assert report.gaps == (gap.question,)
    assert report.scores[0].verdict == "failed"
    assert "0 of 2 cases passed in all 2 repeats, 0% (95 % interval 0% to 66%); failed (pass mark 100%)" in report.headline
    assert any("only 2 cases" in advice for advice in report.recommendations)


def test_cases_made_from_a_collection_are_traceable_and_mostly_answered(company: Context) -> None:
    made = run(company, "create_benchmark", name="made", source="company")
    assert made.cases - made.unanswerable == 40
    assert made.unanswerable >= 5
    stored = company.store.get("benchmark", "made").body["cases"]
    texts = company.store.rows("SELECT d.name, c.text FROM chunks c JOIN documents d ON d.id = c.document")
    assert all(any(case["answer"] in t["text"] and case["document"] == t["name"] for t in texts) for case in stored if case["answer"])
    assert run(company, "run_benchmark", agent="helpdesk", benchmark="made").scores[0].pass_rate >= 0.8


def test_a_collection_without_figures_makes_no_benchmark(ctx: Context, tmp_path: Path) -> None:
    (tmp_path / "poem.txt").write_text("The river runs to the sea. The hills are green.")
    run(ctx, "ingest_data", source=str(tmp_path / "poem.txt"), collection="poems")
    with pytest.raises(Refused, match="gives only 0 questions"):
        run(ctx, "create_benchmark", name="poems-eval", source="poems")
    assert not ctx.store.names("benchmark")


def test_a_run_is_undone_with_its_results(company: Context, tmp_path: Path) -> None:
    run(company, "create_benchmark", name="tiny", source=questions(tmp_path, "How long is probation?,six months,"))
    run(company, "run_benchmark", agent="helpdesk", benchmark="tiny")
    company.store.revert(company.store.last_operation()["id"])
    with pytest.raises(NotFound, match="tiny was never run on helpdesk"):
        run(company, "show_report", agent="helpdesk", benchmark="tiny")
    assert not company.store.rows("SELECT 1 FROM results r LEFT JOIN runs u ON u.id = r.run WHERE u.id IS NULL")


@pytest.mark.parametrize(
    ("args", "error", "said"),
    [
        ({"name": "x", "source": "nowhere"}, NotFound, "No file or collection named 'nowhere'"),
        ({"name": "x", "source": "./nowhere.csv"}, NotFound, "nowhere.csv"),
        ({"name": "safety", "source": "qa.csv"}, AlreadyExists, "standard benchmark"),
        ({"name": "a/b", "source": "qa.csv"}, BadArguments, "cannot be a benchmark's name"),
        ({"name": "x", "source": "qa.csv", "threshold": 90}, BadArguments, "threshold"),
        ({"name": "x", "source": "qa.csv", "metric": "vibes"}, BadArguments, "metric"),
    ],
)
def test_a_bad_benchmark_is_refused_and_nothing_is_written(ctx: Context, args: dict[str, Any], error: type[Exception], said: str) -> None:
    with pytest.raises(error) as raised:
        run(ctx, "create_benchmark", **args)
    assert said in str(raised.value)
    assert all(b.standard for b in run(ctx, "list_benchmarks").benchmarks)


def test_what_cannot_be_run_says_why(ctx: Context, tmp_path: Path) -> None:
    run(ctx, "create_agent", name="helpdesk")
    with pytest.raises(Refused, match="reads no collection"):
        run(ctx, "run_benchmark", agent="helpdesk", benchmark="knowledge")
    with pytest.raises(NotFound, match="No benchmark named 'nothing'"):
        run(ctx, "run_benchmark", agent="helpdesk", benchmark="nothing")
    with pytest.raises(NotFound, match="No benchmark was ever run on helpdesk"):
        run(ctx, "show_report", agent="helpdesk")
    run(ctx, "create_benchmark", name="judged", source=questions(tmp_path, "Who?,Ann,"), metric="llm_judge")
    with pytest.raises(Unavailable, match="llm_judge needs a language model"):
        run(ctx, "run_benchmark", agent="helpdesk", benchmark="judged")
    assert not ctx.store.rows("SELECT 1 FROM runs")
