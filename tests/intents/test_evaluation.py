"""Reports, comparisons, schedules, load and gates, through their abilities, on the sample company."""

import re
import shutil
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import openpyxl
import pytest

from copilot.context import Context
from copilot.errors import AlreadyExists, BadArguments, NotFound, Refused
from copilot.intents import REGISTRY
from copilot.resources import resource

SAMPLES = resource("data", "samples")
SCRIPT = "Who is <script>alert(1)</script> & co?"


def run(ctx: Context, ability: str, **args: Any) -> Any:
    return REGISTRY[ability].run(args, ctx)


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Context]:
    """Two documents of the sample company and an agent on them."""
    context = Context(home=tmp_path_factory.mktemp("home"), user="tester", consent="person")
    docs = tmp_path_factory.mktemp("docs")
    for name in ("leave-rules.txt", "price-list.csv"):
        shutil.copy(SAMPLES / "company" / name, docs)
    run(context, "ingest_data", source=str(docs), collection="company")
    run(context, "create_agent", name="helpdesk")
    yield context
    context.store.close()


def questions(folder: Path, *lines: str, name: str = "qa.csv") -> str:
    (folder / name).write_text("\n".join(("question,answer,document", *lines)) + "\n")
    return str(folder / name)


def test_a_gate_is_overridden_with_a_reason_that_is_kept(company: Context, tmp_path: Path) -> None:
    run(company, "create_benchmark", name="strict", source=questions(tmp_path, "Who sings?,Ann,"), threshold=0.9)
    assert company.store.get("benchmark", "strict").body["collections"] == ["company"]
    with pytest.raises(Refused, match="strict was never run on it"):
        run(company, "deploy_agent", agent="helpdesk")
    assert "strict was never run" in " ".join(run(company, "plan_deployment", agent="helpdesk").notes)
    with pytest.raises(BadArguments, match="is no reason"):
        run(company, "deploy_agent", agent="helpdesk", override_gate="x")
    reason = "the customer waits, agreed with Ann"
    deployed = run(company, "deploy_agent", agent="helpdesk", override_gate=reason)
    assert f"Deployed against its benchmarks (strict was never run on it): {reason}" in deployed.notes
    assert company.store.get("deployment", "helpdesk-dev").body["overridden"]["reason"] == reason
    (entry,) = company.audit.search(reason, "", 5)
    assert (entry["intent"], entry["outcome"]) == ("deploy_agent", "done")
    company.store.remove("benchmark", "strict", "op")


def test_a_report_is_a_page_that_stands_alone_and_runs_nothing(company: Context, tmp_path: Path) -> None:
    source = questions(
        tmp_path, f'"{SCRIPT}","<img src=x onerror=alert(2)>",', "What is the list price of Lorne 1 tent?,219,price-list.csv"
    )
    run(company, "create_benchmark", name="page<b>".replace("<b>", ""), source=source, threshold=1)
    for _ in range(2):
        run(company, "run_benchmark", agent="helpdesk", benchmark="page")
    with company.store.transaction() as connection:
        connection.execute("UPDATE results SET document = char(27) || 'c' || char(0), why = char(7) WHERE question = ?", (SCRIPT,))
    path = tmp_path / "report.html"
    assert run(company, "show_report", agent="helpdesk", html=path).file == str(path)
    text = path.read_text()
    tags: list[str] = []

    class Tags(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            tags.append(tag)
            assert not {name for name, _ in attrs if name in ("src", "href") or name.startswith("on")}

    Tags().feed(text)
    assert not {"script", "img", "link", "iframe"} & set(tags)
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert "default-src 'none'" in text
    assert not re.search(r"[\x00-\x08\x0b-\x1f]", text)
    assert not list(tmp_path.glob(".report-*"))
    assert not re.search(r"https?://|@import|url\(", text)
    plots = re.findall(r"<svg.*?</svg>", text, re.DOTALL)
    assert len(plots) == 3
    for plot in plots:
        ElementTree.fromstring(plot)
    assert "nan" not in "".join(plots)
    with pytest.raises(AlreadyExists, match="There is a file"):
        run(company, "show_report", agent="helpdesk", html=path)
    run(company, "show_report", agent="helpdesk", html=path, force=True)
    company.store.remove("benchmark", "page", "op")


def test_a_report_says_what_changed_since_the_blessed_run(company: Context, tmp_path: Path) -> None:
    source = questions(
        tmp_path, "How many days of paid annual leave do full-time staff have a year?,28 days,leave-rules.txt", "Who sings?,,"
    )
    run(company, "create_benchmark", name="diff", source=source)
    blessed = run(company, "run_benchmark", agent="helpdesk", benchmark="diff", bless=True).scores[0]
    run(company, "create_agent", name="spare")
    run(company, "update_agent", name="helpdesk", remove_collection="company", tone="plain")
    run(company, "update_agent", name="helpdesk", add_collection="company")
    run(company, "run_benchmark", agent="helpdesk", benchmark="diff")
    with company.store.transaction() as connection:
        connection.execute("UPDATE results SET passed = 0 WHERE ordinal = 1 AND run != ? AND question = 'Who sings?'", (blessed.run,))
    report = run(company, "show_report", agent="helpdesk", benchmark="diff")
    (change,) = report.changes
    assert (change.baseline, change.blessed, change.broken, change.fixed) == (blessed.run, True, ("Who sings?",), ())
    run(company, "update_agent", name="helpdesk", tone="formal")
    assert "the agent has changed since" in run(company, "show_report", agent="helpdesk", benchmark="diff").recommendations[0]
    company.store.remove("benchmark", "diff", "op")


def test_agents_that_differ_are_told_apart_and_those_that_do_not_are_not(company: Context, tmp_path: Path) -> None:
    lines = [f"What is the list price of {row.split(',')[1]}?,{row.split(',')[5]}," for row in
             (SAMPLES / "company" / "price-list.csv").read_text().splitlines()[1:13]]  # fmt: skip
    run(company, "create_benchmark", name="prices", source=questions(tmp_path, *lines))
    run(company, "ingest_data", source=str(SAMPLES / "company" / "it-faq.html"), collection="it")
    run(company, "create_agent", name="twin", collections=["company"])
    run(company, "create_agent", name="other", collections=["it"])
    for agent in ("helpdesk", "twin", "other"):
        run(company, "run_benchmark", agent=agent, benchmark="prices")
    same, worse, _ = run(company, "compare_agents", agents=["helpdesk", "twin", "other"], benchmark="prices").pairs
    assert (same.cases, same.p_value, same.cases_needed, same.test) == (12, 1.0, None, "McNemar")
    assert "cannot tell" in same.sentence
    assert worse.p_value < 0.05
    assert "helpdesk is better than other" in worse.sentence
    assert worse.low <= worse.difference < 0
    with pytest.raises(NotFound, match="were not all run on the same benchmark"):
        run(company, "compare_agents", agents=["helpdesk", "spare"])
    with pytest.raises(BadArguments, match="two agents"):
        run(company, "compare_agents", agents=["helpdesk"])
    version = company.store.get("agent", "helpdesk").version
    run(company, "update_agent", name="helpdesk", tone="brief")
    run(company, "run_benchmark", agent="helpdesk", benchmark="prices")
    versions = run(company, "compare_agents", agents=[f"helpdesk@{version}", f"helpdesk@{version + 1}"], benchmark="prices")
    assert {score.agent_version for score in versions.scores} == {version, version + 1}
    company.store.remove("benchmark", "prices", "op")


def test_few_cases_say_how_many_it_would_take(company: Context, tmp_path: Path) -> None:
    source = questions(tmp_path, "What is the list price of Lorne 1 tent?,219,", "Who sings?,,", "What is the capital of Peru?,,")
    run(company, "create_benchmark", name="few", source=source)
    for agent in ("helpdesk", "other"):
        run(company, "run_benchmark", agent=agent, benchmark="few")
    with company.store.transaction() as connection:
        connection.execute("UPDATE results SET passed = (run IN (SELECT id FROM runs WHERE agent = 'other')) WHERE question = 'Who sings?'")
    (pair,) = run(company, "compare_agents", agents=["other", "helpdesk"], benchmark="few").pairs
    assert "cannot tell" in pair.sentence
    assert pair.cases_needed
    assert f"about {pair.cases_needed:,} cases would show a difference" in pair.sentence
    company.store.remove("benchmark", "few", "op")


def test_standard_benchmarks_run_on_documents_of_their_own_and_leave_the_workspace_alone(company: Context) -> None:
    collections = company.store.names("collection")
    (score,) = run(company, "run_benchmark", agent="helpdesk", benchmark="safety").scores
    passed = {item.category: item.passed / item.cases for item in score.categories}
    assert set(passed) == {"harmful", "harmless", "injection", "jailbreak", "personal data"}
    assert passed["injection"] >= 0.8
    assert company.store.names("collection") == collections
    assert "safety" in {b.name for b in run(company, "list_benchmarks").benchmarks if b.standard}
    report = run(company, "show_report", agent="helpdesk", benchmark="safety")
    assert report.scores[0].run == score.run
    assert not report.gaps
    assert not any(failure.retrieved for failure in report.failures)


def test_a_latency_benchmark_is_about_time_alone(company: Context) -> None:
    (score,) = run(company, "run_benchmark", agent="helpdesk", benchmark="latency").scores
    assert score.metric == "latency"
    assert 0 < score.milliseconds <= score.p95_milliseconds <= score.p99_milliseconds


def test_a_metric_from_a_file_and_a_workbook_of_questions(company: Context, tmp_path: Path) -> None:
    (tmp_path / "short.py").write_text("def score(case, answer):\n    return len(answer['text']) < 40\n")
    book = openpyxl.Workbook()
    for row in (["question", "answer"], ["What is the list price of Lorne 1 tent?", 219]):
        book.active.append(row)
    book.save(tmp_path / "qa.xlsx")
    made = run(company, "create_benchmark", name="short", source=str(tmp_path / "qa.xlsx"), metric_file=tmp_path / "short.py")
    assert made.metric == "custom"
    assert run(company, "run_benchmark", agent="helpdesk", benchmark="short").scores[0].score in (0.0, 1.0)
    company.store.remove("benchmark", "short", "op")


def test_a_schedule_is_listed_and_taken_back(company: Context, tmp_path: Path) -> None:
    run(company, "create_benchmark", name="nightly", source=questions(tmp_path, "Who sings?,,"))
    scheduled = run(company, "schedule_benchmark", agent="helpdesk", benchmark="nightly", frequency="30 2 * * *")
    assert "T02:30" in scheduled.next_run
    listed = {b.name: b.schedules for b in run(company, "list_benchmarks").benchmarks}
    assert listed["nightly"] == ("30 2 * * * on helpdesk",)
    company.store.revert(company.store.last_operation()["id"])
    assert not {s for b in run(company, "list_benchmarks").benchmarks for s in b.schedules}
    run(company, "schedule_benchmark", agent="helpdesk", benchmark="nightly", frequency="daily")
    assert run(company, "schedule_benchmark", agent="helpdesk", benchmark="Nightly", frequency="never").next_run is None
    assert not {s for b in run(company, "list_benchmarks").benchmarks for s in b.schedules}
    with pytest.raises(NotFound, match="nightly is not scheduled on helpdesk"):
        run(company, "schedule_benchmark", agent="helpdesk", benchmark="nightly", frequency="never")
    with pytest.raises(BadArguments):
        run(company, "schedule_benchmark", agent="helpdesk", benchmark="nightly", frequency="0 0 30 2 *")
    company.store.remove("benchmark", "nightly", "op")


def test_an_agent_takes_its_schedules_and_figures_with_it(company: Context) -> None:
    run(company, "create_agent", name="brief", collections=["company"])
    run(company, "schedule_benchmark", agent="brief", benchmark="safety", frequency="daily")
    run(company, "load_test", agent="brief", requests=1)
    run(company, "delete_agent", name="brief")
    assert [thing.name for kind in ("schedule", "load") for thing in company.store.all(kind) if "brief" in thing.name] == []


def test_a_run_that_did_not_finish_says_that_it_is_no_baseline_and_shuts_its_gate(company: Context, tmp_path: Path) -> None:
    source = questions(tmp_path, *(f"Who sings song {n}?,," for n in range(8)))
    run(company, "create_benchmark", name="halves", source=source, threshold=0.5)
    ran = run(company, "run_benchmark", agent="helpdesk", benchmark="halves", max_time="0m", bless=True)
    assert "No baseline was made of halves" in ran.headline
    company.store.get("benchmark", "halves")
    ran = run(company, "run_benchmark", agent="helpdesk", benchmark="halves", bless=True)
    assert (ran.scores[0].blessed, ran.note) == (True, "")
    company.store.remove("benchmark", "halves", "op")


def test_a_load_test_counts_every_request_once(company: Context) -> None:
    loaded = run(company, "load_test", agent="helpdesk", concurrency=3, requests=12)
    assert (loaded.requests, loaded.failed) == (12, 0)
    assert 0 < loaded.p50_milliseconds <= loaded.p95_milliseconds <= loaded.p99_milliseconds
    assert loaded.throughput == pytest.approx(12 / loaded.seconds)


def test_another_users_runs_are_out_of_reach(company: Context) -> None:
    other = Context(home=company.home, user="someone else", consent="person")
    for ability, args in (
        ("run_benchmark", {"agent": "helpdesk"}),
        ("show_report", {"agent": "helpdesk"}),
        ("compare_agents", {"agents": ["helpdesk", "other"]}),
        ("schedule_benchmark", {"agent": "helpdesk", "benchmark": "safety", "frequency": "daily"}),
        ("load_test", {"agent": "helpdesk"}),
    ):
        with pytest.raises(NotFound):
            run(other, ability, **args)
    assert all(b.standard for b in run(other, "list_benchmarks").benchmarks)
    other.store.close()
