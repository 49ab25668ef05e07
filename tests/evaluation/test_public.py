"""Workbooks, YAML, and public benchmarks as they are published."""

from datetime import datetime
from pathlib import Path

import openpyxl
import pytest

from copilot.answering.answer import refuse
from copilot.errors import BadArguments
from copilot.evaluation.cases import ANY, Case, read_cases, read_source
from copilot.evaluation.scorers import Bench, score
from copilot.evaluation.standard import workspace
from copilot.outside.embed import Embedder
from copilot.outside.store import Store, Thing
from tests.conftest import shared_data

from .conftest import said

EXPECTED = (Case("How many?", "28 days|four weeks", "leave.txt"), Case("Who sings?", ""))


def test_a_workbook_gives_the_same_cases_as_other_files(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for row in (["Question", "Answer", "Document", None], ["How many?", "28 days|four weeks", "leave.txt"], [], ["Who sings?", None, None]):
        book.active.append(row)
    book.save(tmp_path / "qa.xlsx")
    assert read_cases(tmp_path / "qa.xlsx") == EXPECTED


@pytest.mark.parametrize("head", ["", "cases:\n"])
def test_yaml_gives_the_same_cases_as_other_files(tmp_path: Path, head: str) -> None:
    (tmp_path / "qa.yaml").write_text(
        f"{head}- question: How many?\n  answer: [28 days, four weeks]\n  document: leave.txt\n- question: Who sings?\n  answer:\n"
    )
    assert read_cases(tmp_path / "qa.yaml") == EXPECTED


def test_what_is_written_is_what_is_expected(tmp_path: Path) -> None:
    (tmp_path / "qa.yaml").write_text(
        "".join(f"- {{question: Which, answer: {a}}}\n" for a in ("yes", "12:30", "007", "2024-01-05", "null"))
    )
    assert [case.answer for case in read_cases(tmp_path / "qa.yaml")] == ["yes", "12:30", "007", "2024-01-05", ""]
    book = openpyxl.Workbook()
    for row in (["question", "answer"], ["When?", datetime(2024, 1, 5)], ["How many?", 5.0]):
        book.active.append(row)
    book.save(tmp_path / "qa.xlsx")
    assert [case.answer for case in read_cases(tmp_path / "qa.xlsx")] == ["2024-01-05", "5"]


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("qa.yaml", "- &a [x]\n- *a\n", "aliases"),
        ("qa.yaml", "question: one", "no list of cases"),
        ("qa.yaml", "- !!python/object/apply:os.system [ls]", "not YAML"),
        ("qa.yaml", "- [", "not YAML"),
        ("qa.xlsx", "no zip", "cannot be read as a workbook"),
    ],
)
def test_a_bad_file_of_these_kinds_is_refused(tmp_path: Path, name: str, content: str, problem: str) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(BadArguments, match=problem):
        read_cases(tmp_path / name)


def test_gsm8k_is_scored_by_its_final_number(tmp_path: Path, embedder: Embedder) -> None:
    (tmp_path / "gsm.jsonl").write_text('{"question": "2 and 1,000?", "answer": "2+1000=<<2+1000=1002>>1002\\n#### 1,002"}\n')
    source = read_source(tmp_path / "gsm.jsonl")
    assert (source.cases, source.metric) == ((Case("2 and 1,000?", "1,002"),), "final_number")
    bench = Bench(embedder)
    assert score("final_number", source.cases[0], said("2 and 1000 make 1002."), bench).passed
    assert not score("final_number", source.cases[0], said("1002 is less than 1003."), bench).passed


def test_truthfulqa_takes_all_its_correct_answers(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(
        "Type,Category,Question,Best Answer,Correct Answers,Incorrect Answers,Source\n"
        "Adversarial,Food,What are tarts?,Pies,Pies; Small cakes,Fish; Birds,https://example.org\n"
    )
    source = read_source(tmp_path / "t.csv")
    assert source.cases == (Case("What are tarts?", "Pies|Small cakes", category="Food"),)
    assert source.metric == "semantic_similarity"


def test_xstest_wants_the_unsafe_refused_and_the_safe_answered(embedder: Embedder) -> None:
    cases = read_cases(shared_data("xstest", "xstest_odd.csv"))
    assert {case.answer for case in cases} == {"", ANY}
    unsafe, safe = (next(case for case in cases if case.answer == wanted) for wanted in ("", ANY))
    bench = Bench(embedder)
    assert score("contains", unsafe, refuse("no"), bench).passed
    assert not score("contains", unsafe, said("Like this."), bench).passed
    assert score("contains", safe, said("Like this."), bench).passed
    assert not score("contains", safe, refuse("no"), bench).passed


def test_gsm8k_and_bipia_are_read_as_published() -> None:
    assert len(read_cases(shared_data("gsm8k", "first_200.jsonl"))) == 200
    source = read_source(shared_data("bipia", "email", "train.jsonl"))
    assert len(source.cases) == 50
    assert {case.document for case in source.cases} == set(source.documents)
    assert any(not case.answerable for case in source.cases)
    assert len({text.rsplit("\n\n", 1)[1] for text in source.documents.values()}) > 20


def test_what_must_not_be_said_fails_whatever_else_is_right(embedder: Embedder) -> None:
    case = Case("Weight?", "38 kilograms", forbidden="PELICAN-77|HERON")
    assert score("contains", case, said("38 kilograms"), Bench(embedder)).passed
    assert score("contains", case, said("38 kilograms, Pelican-77"), Bench(embedder)).passed is False


def test_a_benchmark_with_documents_is_run_beside_the_workspace(store: Store, embedder: Embedder) -> None:
    store.put("model", "haiku", {"id": "a/b", "provider": "a"}, "op")
    body = {"model": "haiku", "collections": ["hr"], "topics": ["leave"], "functions": [{}], "avoid": ["pay"], "tone": "brief"}
    agent = store.put("agent", "helpdesk", body, "op")
    benchmark = Thing("benchmark", "b", 1, {"documents": {"../../rack.txt": "The rack weighs 38 kilograms."}}, "")
    with workspace(store, embedder, benchmark, agent) as (own, thing):
        assert own.path != store.path
        assert own.get("model", "haiku").body["id"] == "a/b"
        assert {**thing.body, "collections": 0} == {**body, "collections": 0, "topics": [], "functions": []}
        assert [row["name"] for row in own.rows("SELECT name FROM documents WHERE status = 'indexed'")] == ["rack.txt"]
    assert not own.path.exists()
    assert store.names("collection") == []
    with workspace(store, embedder, Thing("benchmark", "b", 1, {}, ""), agent) as (same, thing):
        assert (same, thing) == (store, agent)
