"""What a collection is about, as every face is told."""

import json
import os
import re
from datetime import date
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from copilot.context import Context
from copilot.errors import NotFound, Refused, Unavailable
from copilot.intents import REGISTRY
from copilot.knowledge.analysis import corpus as corpora
from copilot.knowledge.analysis import quality
from copilot.knowledge.analysis.analyse import Files, analyse
from copilot.knowledge.analysis.corpus import Corpus, Document, Passage
from copilot.knowledge.analysis.duplicates import find_duplicates
from copilot.knowledge.analysis.entities import find_entities
from copilot.knowledge.analysis.extraction import CALLS
from copilot.knowledge.analysis.graph import as_graphml
from copilot.knowledge.analysis.results import Analysed, EntityRow
from copilot.knowledge.analysis.topics import find_topics
from copilot.outside.chat import Reply, ScriptedChat
from copilot.outside.embed import Embedder
from copilot.outside.store import Store
from copilot.progress import Silent
from copilot.resources import resource
from tests.routing.openai_server import calls, serve

HOSTILE = "</title><script>alert(1)</script><img src=x onerror=alert(2)>"
LEAVE = "Ann Carter of Fellgate Holdings approves the leave of staff. "
RULES = " ".join(f"Rule {n} says that item number {n} is kept in cupboard {n} of the long corridor." for n in range(12))


def run(ctx: Context, ability: str, **args: Any) -> Any:
    return REGISTRY[ability].run(args, ctx)


@pytest.fixture
def office(ctx: Context, tmp_path: Path) -> Path:
    """A folder with everything that an analysis should notice, ingested as 'office'."""
    folder = tmp_path / "office"
    folder.mkdir()
    (folder / "rules.txt").write_text(RULES)
    (folder / "rules-copy.txt").write_text(RULES)
    (folder / "rules-new.txt").write_text(RULES + " This version was looked through by the board and holds since spring.")
    (folder / "old.txt").write_text("The canteen opened on March 3, 2011. Lunch was served by Ann Carter until noon. QZX is needed.")
    (folder / "leave.md").write_text(f"# Leave\n\n{LEAVE}See the travel policy. QZX forms are in archive-2020.pdf. Mr Ann Carter knows.")
    (folder / "empty.txt").touch()
    (folder / "people.csv").write_text("name,city,rank\nBo Ness,Lorne,1\nAnn Carter,Lorne,2\nBo Ness,Kestle,3\n")
    (folder / "qzx.txt").write_text(f"How the QZX works is up to Fellgate Holdings and Ann Carter. {HOSTILE}")
    run(ctx, "ingest_data", source=str(folder))
    return folder


def test_an_analysis_tells_types_names_duplicates_stale_documents_and_gaps(ctx: Context, office: Path) -> None:
    os.utime(office / "leave.md", (4e9, 4e9))
    (office / "qzx.txt").unlink()
    result = run(ctx, "analyze_data", collection="OFFICE")
    assert {(row.type, row.documents, row.unread) for row in result.types} >= {("csv", 1, 0), ("md", 1, 0)}
    named = {row.name: row.type for row in result.entities}
    assert (named["Ann Carter"], named["Fellgate Holdings"], named["Lorne"]) == ("person", "organization", "place")
    assert any({r.source, r.target} == {"Ann Carter", "Fellgate Holdings"} for r in result.relations)
    alike = {(d.first, d.second): d.alike for d in result.duplicates}
    assert alike[("rules-copy.txt", "rules.txt")] == 1
    assert 0.6 < alike[("rules-copy.txt", "rules-new.txt")] < 1
    assert len(alike) == 2, "three like documents are not three pairs"
    stale = {row.document: row.why for row in result.stale}
    assert stale["leave.md"] == "its file has changed since it was read"
    assert stale["qzx.txt"] == "its file is no longer there"
    assert stale["old.txt"] == "the newest date in it is 2011-03"
    gaps = {(gap.kind, gap.what) for gap in result.gaps}
    assert {("document", "archive-2020.pdf"), ("document", "travel policy"), ("term", "QZX")} <= gaps
    assert any(kind == "unread" and "empty.txt" in what for kind, what in gaps)
    assert 0 < result.repeated < 1


def test_questions_that_were_asked_and_are_answered_badly_are_gaps(ctx: Context, office: Path) -> None:
    asked = ["how is plutonium enriched", "where is item number 4 kept"]
    turns = [{"intent": "search_data", "args": {"query": q}} for q in asked]
    ctx.store.save_session(
        "main", {"history": [*turns, {"intent": "ask_agent", "args": {"agent": "x", "question": "who sang at Woodstock"}}]}
    )
    gaps = [gap.what for gap in run(ctx, "analyze_data", collection="office").gaps if gap.kind == "question"]
    assert gaps == ["how is plutonium enriched"], "an agent that does not read the collection says nothing about it"


def test_the_page_needs_no_network_and_no_document_can_put_a_script_into_it(ctx: Context, office: Path) -> None:
    (office / f"{HOSTILE.replace('/', '')}.txt").write_text(f"{HOSTILE} {LEAVE}")
    run(ctx, "ingest_data", source=str(office), collection="office")
    result = run(ctx, "analyze_data", collection="office")
    text = Path(result.page).read_text(encoding="utf-8")
    tags = Tags(text)
    assert tags.count("script") == 1
    assert tags.count("img") == 0
    assert not any(name.startswith("on") or name in ("src", "href") for name in tags.attributes)
    assert re.search(r"content=\"default-src 'none'; style-src 'sha256-[^']+'; script-src 'sha256-[^']+'\"", text)
    assert "http:" not in text
    assert "https:" not in text
    assert tags.count("circle") > 10
    assert Path(result.page).stat().st_mode & 0o077 == 0


class Tags(HTMLParser):
    """The tags and attributes of a page as a browser sees them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.seen: list[str] = []
        self.attributes: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        self.attributes += [name for name, _ in attrs]

    def count(self, tag: str) -> int:
        return self.seen.count(tag)


def test_the_graph_can_be_read_by_others(ctx: Context, office: Path) -> None:
    result = run(ctx, "analyze_data", collection="office")
    graph = json.loads(Path(result.graph_json).read_text(encoding="utf-8"))
    assert {node["name"] for node in graph["nodes"]} == {row.name for row in result.entities}
    assert len(graph["edges"]) == len(result.relations)
    root = ElementTree.parse(result.graphml).getroot()
    space = {"g": "http://graphml.graphdrawing.org/xmlns"}
    nodes = {node.attrib["id"] for node in root.findall(".//g:node", space)}
    assert len(nodes) == len(result.entities)
    assert all({edge.attrib["source"], edge.attrib["target"]} <= nodes for edge in root.findall(".//g:edge", space))


@given(st.text(min_size=1, max_size=40))
def test_any_name_makes_a_graph_that_parses(name: str) -> None:
    ElementTree.fromstring(as_graphml([EntityRow(name=name, type="term", mentions=1, documents=1)], []))


def test_a_page_goes_where_it_is_told_and_over_nothing_that_exists(ctx: Context, office: Path, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    result = run(ctx, "analyze_data", collection="office", output=str(page))
    assert (result.page, page.exists(), page.with_suffix(".graphml").exists()) == (str(page), True, True)
    page.unlink()
    with pytest.raises(Refused, match="graphml exists"):
        run(ctx, "analyze_data", collection="office", output=str(page))
    assert run(ctx, "analyze_data", collection="office", output=str(page), force=True).page == str(page)
    with pytest.raises(Unavailable):
        run(ctx, "analyze_data", collection="office", output=str(office / "rules.txt" / "page.html"))


def test_an_analysis_goes_with_its_collection(ctx: Context, office: Path) -> None:
    run(ctx, "analyze_data", collection="office")
    run(ctx, "delete_collection", collection="office")
    left = [path for path in ctx.home.rglob("*") if path.is_file() and b"Fellgate" in path.read_bytes()]
    assert left == []


def test_what_holds_nothing_is_not_analysed(ctx: Context) -> None:
    ctx.store.add("collection", "void", {"sources": []}, "test")
    with pytest.raises(NotFound, match="nothing to analyse"):
        run(ctx, "analyze_data", collection="void")


def test_a_model_names_and_what_stands_in_no_passage_is_left_out(ctx: Context, office: Path, tmp_path: Path) -> None:
    names = [
        {"name": "Ann Carter", "type": "person"},
        {"name": "Fellgate Holdings", "type": "organization"},
        {"name": "Evil", "type": "term"},
    ]
    relations = [
        {"source": "Ann Carter", "relation": "works for", "target": "Fellgate Holdings"},
        {"source": "Ann Carter", "relation": "owns", "target": "Evil"},
    ]
    chat = ScriptedChat([Reply(json.dumps({"names": names, "relations": relations}))] * CALLS, model="scripted")
    result = examined(ctx, tmp_path, chat)
    assert {row.name for row in result.entities} == {"Ann Carter", "Fellgate Holdings"}
    assert {(r.source, r.relation, r.target) for r in result.relations} == {("Ann Carter", "works for", "Fellgate Holdings")}
    assert result.named_by == "scripted"


def test_a_registered_model_is_reached_over_http_and_its_passages_are_data(ctx: Context, office: Path) -> None:
    found = {"names": [{"name": "Ann Carter", "type": "person"}], "relations": []}
    with serve([calls("Extraction", found)] * CALLS) as endpoint:
        ctx.store.add("model", "namer", {"id": "openai/scripted", "provider": "openai", "api_base": endpoint.url}, "test")
        result = run(ctx, "analyze_data", collection="office", model="namer")
        assert run(ctx, "analyze_data", collection="office", model="offline").named_by == "statistics"
    assert ([row.name for row in result.entities], result.named_by) == (["Ann Carter"], "openai/scripted")
    roles = {message["role"]: message["content"] for message in endpoint.requests[0]["messages"]}
    assert "never an instruction" in roles["system"]
    assert isinstance(json.loads(roles["user"]), list)


def test_where_the_model_fails_statistics_name(ctx: Context, office: Path, tmp_path: Path) -> None:
    result = examined(ctx, tmp_path, ScriptedChat([Unavailable("It is down.")]))
    assert result.named_by == "statistics"
    assert "It is down." in result.notes[0]
    assert "Ann Carter" in {row.name for row in result.entities}


def examined(ctx: Context, folder: Path, chat: ScriptedChat) -> Analysed:
    return analyse(ctx.store, "office", ctx.embedder, Files.beside(folder / "page.html"), Silent(), chat)


def test_a_large_collection_is_sampled_the_same_way_in_like_documents(company: Store) -> None:
    whole, part = corpora.read(company, "company"), corpora.read(company, "company", most=40)
    assert len(whole.passages) == whole.total == part.total
    assert 15 < len(part.passages) < 70
    chosen = {passage.text for passage in part.passages}
    assert [p for p in whole.passages if p.text in chosen] == list(part.passages)
    assert part.vectors.shape == (len(part.passages), 384)


def test_topics_part_what_is_different_and_have_places_on_the_map(embedder: Embedder) -> None:
    texts = [
        f"The {animal} eats grass on the farm in {month}."
        for animal in ("cow", "sheep", "goat")
        for month in ("May", "June", "July", "March")
    ]
    texts += [f"Invoice {n} was paid by bank transfer after {n} reminders." for n in range(12)]
    topics = find_topics(texts, embedder.encode(texts), ["farm.txt"] * 12 + ["invoices.txt"] * 12)
    assert all(row.documents == 1 for row in topics.rows)
    assert sum(row.passages for row in topics.rows) == 24
    assert {"farm.txt", "invoices.txt"} == {row.example for row in topics.rows}
    farm, invoices = topics.places[:12].mean(axis=0), topics.places[12:].mean(axis=0)
    assert np.linalg.norm(farm - invoices) > 0.3
    question = topics.nearest(embedder.encode(["Which animals eat grass?"]))[0]
    assert topics.rows[question].example == "farm.txt"
    again = find_topics(texts, embedder.encode(texts), ["farm.txt"] * 12 + ["invoices.txt"] * 12)
    assert again.rows == topics.rows


def test_neighbours_stay_neighbours_on_the_map(company: Store) -> None:
    from sklearn.manifold import trustworthiness

    corpus = corpora.read(company, "company")
    topics = find_topics([p.said for p in corpus.passages], corpus.vectors, ["x"] * len(corpus.passages))
    assert trustworthiness(corpus.vectors[topics.mapped] - topics.mean, topics.places, n_neighbors=10) > 0.93, "a projection has 0.91"


def test_one_passage_is_a_topic(embedder: Embedder) -> None:
    topics = find_topics(["All there is."], embedder.encode(["All there is."]), ["one.txt"])
    assert [(row.passages, row.label) for row in topics.rows] == [(1, "one")]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("We met Dr Okafor there. Then Dr Okafor left.", "Okafor"),
        ("In short, the Acme Bank pays. Later the Acme Bank paid.", "Acme Bank"),
        ("It is with the IMF now. She asked the IMF.", "IMF"),
        ("He was heard by Ada Byrne of Kestle Bank there. Later Ada Byrne was heard again.", "Ada Byrne"),
    ],
)
def test_names_are_found_in_sentences(text: str, name: str) -> None:
    first, second = text.split(". ")
    assert name in {row.name for row in find_entities([Passage(0, None, "", f"{first}."), Passage(1, None, "", second)]).rows}


def test_words_that_are_capitalised_for_their_place_are_no_names() -> None:
    texts = [
        "Travel is paid. We travel.",
        "Travel is booked on Monday.",
        "Status: Open Date: May 3",
        "PLEASE READ THIS FIRST",
        "Status: Open Date: June 3",
    ]
    assert find_entities([Passage(n, None, "", text) for n, text in enumerate(texts)]).rows == ()


@given(st.lists(st.text("abc ", min_size=1, max_size=200), min_size=1, max_size=6))
def test_any_documents_can_be_compared(texts: list[str]) -> None:
    documents = tuple(Document(f"{n}.txt", f"/{n}", text, "2026") for n, text in enumerate(texts))
    passages = tuple(Passage(n, None, "", text) for n, text in enumerate(texts))
    for row in find_duplicates(Corpus(documents, passages, np.empty((0, 0)), len(texts))):
        assert 0.5 <= row.alike <= 1
        assert row.first != row.second


def test_a_document_that_looks_ahead_is_not_stale() -> None:
    documents = (Document("plan.txt", "https://x/plan.txt", "d", "2026"),)
    passages = (Passage(0, None, "", "Signed in May 2015, ends on 2031-05-01."),)
    assert quality.find_stale(Corpus(documents, passages, np.empty((0, 0)), 1), date(2026, 1, 1)) == ()


def test_the_sample_company_is_analysed_from_the_command_line(ctx: Context) -> None:
    from copilot.faces.show import consoles, view

    run(ctx, "ingest_data", source=str(resource("data", "samples", "company")), collection="company")
    result = run(ctx, "analyze_data", collection="company")
    out, _ = consoles()
    with out.capture() as captured:
        out.print(view(result))
    assert "Topics" in captured.get()
    assert "█" in captured.get()
