"""The data that ships with the product is what it says it is."""

import csv
import importlib.util
import io
import json
import re
import zipfile
from types import ModuleType

import pypdfium2
import pytest

from copilot.resources import resource
from tests.conftest import ROOT, shared_data

COMPANY = resource("data", "samples", "company")
SOURCES = {"handbook.pdf": "handbook.txt", "travel-policy.docx": "travel-policy.txt"}
with resource("data", "samples", "questions.csv").open(encoding="utf-8", newline="") as file:
    QUESTIONS = list(csv.DictReader(file))


@pytest.fixture(scope="module")
def maker() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_samples", ROOT / "scripts" / "make_samples.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def source(name: str) -> str:
    return resource("data", "samples", "src", name).read_text(encoding="utf-8")


def text_of(document: str) -> str:
    path = resource("data", "samples", "src", SOURCES[document]) if document in SOURCES else COMPANY / document
    return " ".join(re.sub(r"<[^>]+>", " ", path.read_text(encoding="utf-8")).split())


def test_the_catalogue_of_abilities_is_the_one_that_was_agreed() -> None:
    agreed = shared_data("..", "router", "intents.json")
    assert json.loads(resource("data", "intents.json").read_text(encoding="utf-8")) == json.loads(agreed.read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", [q for q in QUESTIONS if q["answer"]], ids=lambda case: case["question"])
def test_an_answer_stands_in_its_document(case: dict[str, str]) -> None:
    assert case["answer"].lower() in text_of(case["document"]).lower()


def test_the_questions_cover_every_readable_document_and_some_have_no_answer() -> None:
    asked = {q["document"] for q in QUESTIONS if q["answer"]}
    assert asked == {path.name for path in COMPANY.iterdir()} - {"notice-scanned.pdf"}
    assert sum(not q["answer"] for q in QUESTIONS) >= 4


def test_the_handbook_is_made_from_its_text(maker: ModuleType) -> None:
    made = maker.make_pdf(source("handbook.txt"))
    assert made == (COMPANY / "handbook.pdf").read_bytes()
    pages = pypdfium2.PdfDocument(made)
    read = " ".join(page.get_textpage().get_text_range() for page in pages)
    plain = re.sub(r"Page \d of \d|[\s#]+", " ", read)
    assert " ".join(plain.split()) == " ".join(re.sub(r"[\s#]+", " ", source("handbook.txt")).split())
    assert len(pages) == 3


def test_the_travel_policy_is_made_from_its_text(maker: ModuleType) -> None:
    made, kept = (
        zipfile.ZipFile(data) for data in (io.BytesIO(maker.make_docx(source("travel-policy.txt"))), COMPANY / "travel-policy.docx")
    )
    assert {name: made.read(name) for name in made.namelist()} == {name: kept.read(name) for name in kept.namelist()}


def test_the_scan_is_a_picture_without_text() -> None:
    (page,) = pypdfium2.PdfDocument(COMPANY / "notice-scanned.pdf")
    assert page.get_textpage().get_text_range().strip() == ""
    assert page.render(scale=1).to_pil().convert("L").getextrema() == (0, 255)
