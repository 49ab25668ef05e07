"""Search: right passages first, nothing that a person types breaks it, and it says when nothing fits."""

import csv
import sqlite3
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from copilot.knowledge.search import RELEVANT, Passage, content_words, coverage, document_title, match_expression, relevance, search
from copilot.outside.embed import Embedder
from copilot.outside.store import Store
from copilot.resources import resource
from tests.knowledge.conftest import Ingest

ELSEWHERE = (
    "how do I cook rice",
    "who won the world cup in 2018",
    "how many kubernetes pods are running",
    "torque of the cylinder head bolts",
    "recommend a restaurant in Rome",
)


def find(store: Store, embedder: Embedder, query: str, limit: int = 5) -> list[Passage]:
    return search(store.connection, store.owner, embedder, ["company"], query, limit)


def sample_questions() -> list[dict[str, str]]:
    with resource("data", "samples", "questions.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_the_answer_to_every_sample_question_is_among_the_first_three(company: Store, embedder: Embedder) -> None:
    for case in sample_questions():
        if case["answer"]:
            passages = find(company, embedder, case["question"], 3)
            answering = [p for p in passages if p.name == case["document"] and case["answer"].split()[0].lower() in p.text.lower()]
            assert answering, case["question"]
            assert answering[0].relevance >= RELEVANT, case["question"]


@pytest.mark.parametrize("question", ELSEWHERE)
def test_what_the_documents_do_not_speak_of_is_not_relevant(company: Store, embedder: Embedder, question: str) -> None:
    assert all(passage.relevance < RELEVANT for passage in find(company, embedder, question))


def test_a_passage_names_its_page_or_row(company: Store, embedder: Embedder) -> None:
    handbook = find(company, embedder, "yearly training budget per employee")[0]
    assert (handbook.name, handbook.page, handbook.heading) == ("handbook.pdf", 2, "6. Learning")
    price = find(company, embedder, "price of the Downpour jacket")[0]
    assert price.name == "price-list.csv"
    assert price.row


@pytest.mark.parametrize(
    "query", ["", " ", "\0", '"', "a AND OR NOT (", "NEAR(x y", "*", "col:umn", "-", "\udcff", "ÆØ²", "the of and", "x" * 1_000_000]
)
def test_no_query_breaks_it(company: Store, embedder: Embedder, query: str) -> None:
    assert len(find(company, embedder, query)) <= 5


def test_other_owners_and_collections_are_not_seen(company: Store, embedder: Embedder) -> None:
    assert search(company.connection, "somebody else", embedder, ["company"], "leave") == []
    assert search(company.connection, company.owner, embedder, ["other"], "leave") == []
    assert search(company.connection, company.owner, embedder, [], "leave") == []


@given(st.text(st.characters(codec="utf-8"), max_size=200))
def test_any_text_is_a_safe_full_text_query(text: str) -> None:
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE VIRTUAL TABLE t USING fts5 (text, tokenize='porter unicode61')")
    connection.execute("INSERT INTO t VALUES ('some words')")
    if words := content_words(text):
        connection.execute("SELECT * FROM t WHERE t MATCH ?", (match_expression(words),)).fetchall()
    connection.close()


@given(st.floats(-1, 1), st.floats(-1, 1), st.floats(0, 1), st.floats(0, 1))
def test_relevance_is_a_share_that_grows_with_both_signs(low: float, high: float, few: float, many: float) -> None:
    low, high, few, many = min(low, high), max(low, high), min(few, many), max(few, many)
    assert 0 <= relevance(low, few) <= relevance(high, few) <= relevance(high, many) <= 1


@given(st.lists(st.sampled_from(["leave", "days", "annual", "kayak"]), max_size=4), st.lists(st.text(max_size=50), max_size=4))
def test_coverage_is_a_share(terms: list[str], texts: list[str]) -> None:
    shares = coverage(terms, texts)
    assert len(shares) == len(texts)
    assert all(0 <= share <= 1 for share in shares)


def test_coverage_sees_inflections_and_weighs_rare_words_more() -> None:
    price_only, both = coverage(["price", "kayaks"], ["the price list", "price of a kayak", "prices"])[:2]
    assert both == pytest.approx(1)
    assert price_only < 0.5


def test_a_file_name_becomes_words() -> None:
    assert document_title("hr/travel_policy-2026.docx") == "hr travel policy 2026"


def test_search_needs_nothing_but_numpy(tmp_path: Path) -> None:
    import subprocess
    import sys

    code = """import sys; import copilot.knowledge.search
ours = {m for m in sys.modules if m.startswith('copilot')}
assert ours == {'copilot', 'copilot.knowledge', 'copilot.knowledge.search'}, ours
assert not {'pydantic', 'onnxruntime', 'chromadb'} & set(sys.modules)"""
    subprocess.run([sys.executable, "-c", code], check=True, cwd=tmp_path)


def test_a_fact_is_found_by_what_its_document_is_about(read: Ingest, store: Store, embedder: Embedder, tmp_path: Path) -> None:
    folder = tmp_path / "reports"
    folder.mkdir()
    crew = "\n\n".join(f"Crew member {i} was not hurt and was released the same day." for i in range(20))
    for town, cause in {"Ashford": "ice on the wings", "Bexley": "an empty tank", "Corby": "a flock of geese"}.items():
        finding = f"The board finds that the cause of this accident was {cause}."
        (folder / f"{cause[-5:]}.md").write_text(f"Place: {town}, on a clear morning.\n\n# Cause\n\n{finding}\n\n# Crew\n\n{crew}")
    read(folder, "reports")
    best = search(store.connection, store.owner, embedder, ["reports"], "What was the cause of the accident in Bexley?")[0]
    assert "an empty tank" in best.text
    assert best.relevance >= RELEVANT
