"""Search: right passages first, nothing that a person types breaks it, and it says when nothing fits."""

import csv
import sqlite3
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from copilot.knowledge.neighbours import DEPTH, merged
from copilot.knowledge.relevance import RELEVANT, content_words, coverage, rarities, relevance, stems
from copilot.knowledge.search import Passage, Within, document_title, match_expression, search
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


Signs = tuple[float, float, float]
SHARES = st.tuples(st.floats(-1, 1), st.floats(0, 1), st.floats(0, 1))


@given(SHARES, SHARES)
def test_relevance_is_a_probability_that_grows_with_every_sign(one: Signs, other: Signs) -> None:
    low: Signs = tuple(map(min, one, other))  # type: ignore[assignment]
    high: Signs = tuple(map(max, one, other))  # type: ignore[assignment]
    assert 0 <= relevance(*low) <= relevance(*high) <= 1
    assert relevance(*high, True) <= relevance(*high)


@given(st.dictionaries(st.sampled_from(["leave", "days", "annual", "kayak"]), st.integers(0, 100)), st.text(max_size=50))
def test_coverage_is_a_share(counts: dict[str, int], text: str) -> None:
    assert 0 <= coverage(rarities(counts, 100), stems(text), {"leave": 0.5}) <= 1


def test_coverage_sees_inflections_and_weighs_rare_words_more() -> None:
    weights = rarities({"price": 60, "kayaks": 2}, 100)
    assert coverage(weights, stems("prices of a kayak")) == pytest.approx(1)
    assert coverage(weights, stems("the price list")) < 0.5 < coverage(weights, stems("a kayak"))
    assert coverage(weights, stems("the price list")) < coverage(weights, stems("the price list"), {"kayaks": 0.5}) < 1


def test_only_the_documents_that_were_chosen_are_searched(company: Store, embedder: Embedder) -> None:
    today = company.rows("SELECT max(added_at) AS at FROM documents")[0]["at"][:10]
    for within, names in (
        (Within(("company",), documents=("price-list.csv",)), {"price-list.csv"}),
        (Within(("company",), types=("md", "html")), {"security-policy.md", "it-faq.html"}),
        (Within(("company",), since=today, until=today, types=("docx",)), {"travel-policy.docx"}),
        (Within(("company",), until="2001-01-01"), set()),
    ):
        found = search(company.connection, company.owner, embedder, within, "price of the password", 10)
        assert {passage.name for passage in found} == names


def test_what_was_written_since_the_last_search_is_found(read: Ingest, store: Store, embedder: Embedder, tmp_path: Path) -> None:
    note = tmp_path / "note.txt"
    for word in ("walrus", "ostrich"):
        note.write_text(f"The mascot of the company is the {word}, since 1987.")
        read(note)
        assert word in search(store.connection, store.owner, embedder, ["docs"], "Which animal is the mascot?")[0].text


def test_a_file_name_becomes_words() -> None:
    assert document_title("hr/travel_policy-2026.docx") == "hr travel policy 2026"


def test_search_needs_nothing_but_numpy(tmp_path: Path) -> None:
    import subprocess
    import sys

    code = """import sys; import copilot.knowledge.search
ours = {m for m in sys.modules if m.startswith('copilot')}
assert ours == {'copilot', 'copilot.knowledge', 'copilot.knowledge.relevance', 'copilot.knowledge.search'}, ours
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


def test_rows_that_stand_side_by_side_are_shown_as_one(company: Store, embedder: Embedder) -> None:
    found = search(company.connection, company.owner, embedder, ["company"], "tents in the price list", 5 * DEPTH)
    shown = merged(found, 5)
    together = [p for p in shown if p.row and "\n" in p.text]
    assert len(shown) == 5
    assert together
    for passage in shown:
        parts = [p for p in found if p.document == passage.document and passage.start <= p.start and p.end <= passage.end]
        assert " ".join(passage.text.split()) == " ".join(" ".join(p.text for p in sorted(parts, key=lambda p: p.start)).split())
        assert passage.relevance == max(p.relevance for p in parts)


@given(st.lists(st.tuples(st.integers(1, 2), st.integers(0, 9)), unique=True, max_size=20), st.integers(1, 5))
def test_merging_keeps_the_best_and_repeats_nothing(places: list[tuple[int, int]], limit: int) -> None:
    found = [_passage(document, 100 * n, f"{'word ' * 19}{document}.{n:02}") for document, n in places]
    shown = merged(found, limit)
    assert len(shown) <= limit
    assert shown[:1] == [] or shown[0].chunk == found[0].chunk
    words = [word for passage in shown for word in passage.text.split() if word != "word"]
    assert len(words) == len(set(words))


def _passage(document: int, start: int, text: str) -> Passage:
    return Passage(start, document, "a.txt", "a.txt", "docs", 1, None, "", text, start, start + len(text), 0.0, 0.5)
