"""The tour: the whole job by utterances, on this machine as it is."""

import json
from pathlib import Path

from tests.conftest import shared_data
from tests.faces.conftest import Run


def test_the_tour_does_everything_it_says_and_leaves_the_workspace_alone(copilot: Run, tmp_path: Path) -> None:
    ran = copilot("tour")
    assert ran.code == 0, ran.out[-3000:] + ran.err
    assert "everything did what it should" in ran.out
    assert not (tmp_path / "home").exists()


def test_without_tesseract_the_tour_goes_through_and_names_the_scanned_file(copilot: Run) -> None:
    ran = copilot("tour", "--json", PATH="/nowhere")
    assert ran.code == 0, ran.err
    turns = [json.loads(line) for line in ran.out.splitlines()]
    ingested = next(turn["result"] for turn in turns if turn["intent"] == "ingest_data")
    scanned = next(file for file in ingested["files"] if file["name"] == "notice-scanned.pdf")
    assert (scanned["status"], "tesseract" in scanned["hint"]) == ("failed", True)


def test_the_tour_reads_real_reports_and_cites_their_pages(copilot: Run) -> None:
    docs = shared_data("kg_rag_docs", "ntsb-aviation-incident-accident-reports")
    questions = {
        "Who owned the Reims F172 M that crashed near Chevroux?": "Besancon",
        "When did the Cessna 172 crash near Boquete, Panama?": "December 23, 2007",
        "How old was the pilot who landed at his private airstrip in Tallahassee?": "85",
    }
    asked = [word for question in questions for word in ("--ask", question)]
    ran = copilot("tour", "--json", "--docs", str(docs), *asked)
    assert ran.code == 0, ran.err
    turns = [json.loads(line) for line in ran.out.splitlines()]
    files = next(turn["result"]["files"] for turn in turns if turn["intent"] == "ingest_data")
    assert all(file["status"] == "indexed" or file["reason"] for file in files)
    answers = [turn["result"] for turn in turns if turn["intent"] == "ask_agent"]
    for answer, fact in zip(answers, questions.values(), strict=True):
        assert any(fact in citation["quote"] and citation["page"] for citation in answer["citations"]), answer
