"""Reading files: every format, and hostile input that costs nothing but itself."""

import ctypes
import io
import os
import random
import sys
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from copilot.errors import Unavailable
from copilot.knowledge import sandbox
from copilot.knowledge.extract import Extracted, Task
from copilot.knowledge.sandbox import Sandbox
from copilot.resources import resource
from tests.conftest import shared_data

SAMPLES = resource("data", "samples", "company")


@pytest.fixture(scope="module")
def readers() -> Iterator[Sandbox]:
    with Sandbox() as opened:
        yield opened


def read(readers: Sandbox, path: Path, data: bytes | None = None, redact: bool = False) -> Extracted:
    if data is not None:
        path.write_bytes(data)
    extracted = next(readers.extract([(None, task(path, redact))]))[1]
    assert extracted
    return extracted


def task(path: Path, redact: bool = False) -> Task:
    return Task(path, redact, path.parent / "inside")


def texts(extracted: Extracted) -> list[str]:
    return [chunk[0] for chunk in extracted["chunks"]]


def office_file(**parts: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name.replace("__", "/").replace("_xml", ".xml"), data)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("name", "sentence", "heading"),
    [
        ("handbook.pdf", "The standard working week is 37.5 hours.", "2. Working hours and attendance"),
        ("travel-policy.docx", "Business class is not reimbursed.", "Trains, flights and cars"),
        ("security-policy.md", "USB sticks are blocked;", "Information Security Policy > Devices"),
        ("it-faq.html", "Messages are limited to 25 MB.", "IT desk: frequently asked questions > How large may an e-mail be?"),
        ("leave-rules.txt", "Own wedding: 2 days.", "LEAVE RULES > 7. Special leave (paid)"),
    ],
)
def test_a_sentence_is_found_under_its_heading(readers: Sandbox, name: str, sentence: str, heading: str) -> None:
    extracted = read(readers, SAMPLES / name)
    assert [chunk[1] for chunk in extracted["chunks"] if sentence in chunk[0]] == [heading]


def test_a_table_gives_a_record_a_row_and_a_summary(readers: Sandbox) -> None:
    extracted = read(readers, SAMPLES / "price-list.csv")
    rows = {chunk[3]: chunk[0] for chunk in extracted["chunks"]}
    assert rows[0].startswith("Table price-list with 60 rows. Columns: article, product")
    assert rows[2].startswith("article: T-1002; product: Lorne 2 tent; category: tents;")
    assert len(rows) == 61


def test_a_table_inside_a_document_keeps_its_column_names(readers: Sandbox) -> None:
    assert any("Country: Norway; Full day (euros): 75;" in text for text in texts(read(readers, SAMPLES / "travel-policy.docx")))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
@pytest.mark.parametrize("name", ["café.csv", "note.txt"])
def test_text_is_read_in_the_encodings_of_offices(readers: Sandbox, tmp_path: Path, name: str, encoding: str) -> None:
    data = 'Ort,Größe\nKöln,groß\nBrüssel,"mittel, fast groß"\n'.encode(encoding)
    assert "Köln" in " ".join(texts(read(readers, tmp_path / name, data)))


def test_ragged_rows_and_nul_cells_lose_nothing(readers: Sandbox, tmp_path: Path) -> None:
    extracted = read(readers, tmp_path / "t.csv", b"a;b\n1;2;3\n4\n\n\x005;6\n" + b"name;value of it\n" * 9)
    assert texts(extracted)[:3] == ["a: 1; b: 2; 3", "a: 4", "a: 5; b: 6"]


def test_a_mail_names_its_subject_and_hands_on_what_is_attached(readers: Sandbox, tmp_path: Path) -> None:
    mail = b"""From: ada@corp.example\r\nTo: bob@corp.example\r\nSubject: Summer party\r\nMIME-Version: 1.0
Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: text/plain\r\n\r\nThe party starts at six in the garden.\r\n
--x\r\nContent-Type: application/zip\r\nContent-Disposition: attachment; filename=plan.zip\r\n\r\nPK\r\n--x--\r\n"""
    extracted = read(readers, tmp_path / "m.eml", mail)
    assert {chunk[1] for chunk in extracted["chunks"]} == {"Summer party"}
    assert any("starts at six" in text for text in texts(extracted))
    assert [(name, Path(path).read_bytes()) for name, path, _ in extracted["parts"]] == [("plan.zip", b"PK")]


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("junk.pdf", os.urandom(5000), "damaged, or not a PDF: it does not start like one"),
        ("cut.pdf", b"%PDF-1.7\n1 0 obj", "damaged, or not a PDF"),
        ("empty.docx", b"", "empty"),
        ("blank.txt", b" \n\t ", "empty"),
        ("binary.txt", bytes(range(256)) * 40, "not text: it holds binary data"),
        ("sealed.docx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "encrypted: it needs a password"),
        ("torn.docx", b"PK\x03\x04 torn", "damaged: its archive cannot be opened"),
        ("bomb.docx", office_file(word__document_xml=b"0" * (20 << 20)), "refused: it would grow to 20 MB when unpacked"),
        ("hollow.docx", office_file(word__document_xml=b"<w/>"), "cannot be read as docx"),
        ("bad.png", b"\x89PNG\r\n\x1a\n broken", "damaged, or not a picture"),
        ("silent.html", b"<html><body><script>1</script></body></html>", "no text"),
    ],
)
def test_a_hostile_file_fails_with_a_reason(readers: Sandbox, tmp_path: Path, name: str, data: bytes, reason: str) -> None:
    extracted = read(readers, tmp_path / name, data)
    assert extracted["reason"].startswith(reason)
    assert extracted["chunks"] == []
    assert not extracted["skipped"]


@pytest.mark.parametrize("name", ["song.wav", "data.bin", "code.py", "letter.odt"])
def test_a_file_of_another_type_is_skipped(readers: Sandbox, tmp_path: Path, name: str) -> None:
    extracted = read(readers, tmp_path / name, office_file(x=b"y"))
    assert extracted["skipped"]
    assert extracted["reason"] == f"{Path(name).suffix} files are not supported"


def test_every_report_of_an_accident_is_read_page_by_page(readers: Sandbox) -> None:
    reports = sorted(shared_data("kg_rag_docs", "ntsb-aviation-incident-accident-reports").rglob("*.pdf"))
    for _, extracted in readers.extract((None, task(report)) for report in reports):
        assert extracted
        assert {chunk[2] for chunk in extracted["chunks"]} == set(range(1, (extracted["pages"] or 0) + 1))
        assert any("Aircraft and Owner/Operator Information" in chunk[1] for chunk in extracted["chunks"])


def test_an_encrypted_pdf_says_that_it_needs_a_password(readers: Sandbox) -> None:
    found = sorted(shared_data("unstructured_docs").rglob("password.pdf"))
    assert read(readers, found[0])["reason"] == "encrypted: it needs a password"


def test_what_a_file_holds_wins_over_its_name_and_is_said(readers: Sandbox, tmp_path: Path) -> None:
    extracted = read(readers, tmp_path / "policy.pdf", (SAMPLES / "travel-policy.docx").read_bytes())
    assert extracted["type"] == "docx"
    assert extracted["notes"] == ["its name says PDF, it holds DOCX"]
    assert extracted["chunks"]


def test_deeply_nested_html_keeps_its_text(readers: Sandbox, tmp_path: Path) -> None:
    page = b"<html><body>" + b"<div>" * 3000 + b"<p>The key is under the mat.</p>" + b"</div>" * 3000 + b"</body></html>"
    assert "The key is under the mat." in " ".join(texts(read(readers, tmp_path / "deep.html", page)))


def test_a_scanned_page_is_read_or_says_how_to_read_it(readers: Sandbox) -> None:
    extracted = read(readers, SAMPLES / "notice-scanned.pdf")
    assert extracted["chunks"] or (extracted["reason"] == "needs OCR" and "tesseract" in extracted["hint"])


@pytest.fixture
def tesseract(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program of that name that reads the same in every picture."""
    program = tmp_path / "bin" / "tesseract"
    program.parent.mkdir()
    program.write_text('#!/bin/sh\n/bin/cat > /dev/null\necho "The gate closes at nine."\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent))


@pytest.mark.usefixtures("tesseract")
def test_a_scanned_page_as_large_as_a_house_does_not_cost_the_others(tmp_path: Path) -> None:
    import pypdfium2

    with pypdfium2.PdfDocument.new() as made, pypdfium2.PdfDocument(SAMPLES / "notice-scanned.pdf") as page:
        made.import_pages(page)
        made.import_pages(page)
        made[1].set_mediabox(0, 0, 14_400, 14_400)
        made[1].set_cropbox(0, 0, 14_400, 14_400)
        made.save(tmp_path / "two.pdf")
    with Sandbox(1) as readers:
        extracted = read(readers, tmp_path / "two.pdf")
    assert [chunk[2] for chunk in extracted["chunks"]] == [1, 2]


def stamped(path: Path, words: str) -> Path:
    """Print words on a scanned page."""
    import pypdfium2

    with pypdfium2.PdfDocument(SAMPLES / "notice-scanned.pdf") as made:
        page, text = made[0], pypdfium2.raw.FPDFPageObj_NewTextObj(made, b"Helvetica", 9)
        pypdfium2.raw.FPDFText_SetText(text, (ctypes.c_ushort * (len(words) + 1))(*map(ord, words)))
        pypdfium2.raw.FPDFPageObj_Transform(text, 1, 0, 0, 1, 30, 20)
        pypdfium2.raw.FPDFPage_InsertObject(page, text)
        page.gen_content()
        made.save(path)
    return path


@pytest.mark.usefixtures("tesseract")
def test_a_scanned_page_with_a_stamp_says_both_and_nothing_twice(tmp_path: Path) -> None:
    with Sandbox(1) as readers:
        plain = read(readers, stamped(tmp_path / "stamped.pdf", "Received 4 May, page 1 of 1"))
        again = read(readers, stamped(tmp_path / "again.pdf", "At nine the gate closes."))
        full = read(readers, stamped(tmp_path / "full.pdf", "words that were recognised before " * 6))
    assert texts(plain) == ["Received 4 May, page 1 of 1\nThe gate closes at nine."]
    assert texts(again) == ["At nine the gate closes."]
    assert "gate" not in " ".join(texts(full))


def test_without_tesseract_a_stamp_is_kept_and_the_picture_under_it_is_noted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with Sandbox(1) as readers:
        extracted = read(readers, stamped(tmp_path / "stamped.pdf", "Received 4 May, page 1 of 1"))
    assert texts(extracted) == ["Received 4 May, page 1 of 1"]
    assert extracted["notes"] == ["page 1: needs OCR"]


@pytest.mark.usefixtures("tesseract")
def test_pictures_of_text_go_through_tesseract(tmp_path: Path) -> None:
    from PIL import Image

    frames = [Image.new("L", (40, 20), shade) for shade in (0, 255)]
    frames[0].save(tmp_path / "two.tiff", save_all=True, append_images=frames[1:])
    with Sandbox(1) as readers:
        photo = read(readers, tmp_path / "two.tiff")
        scanned = read(readers, SAMPLES / "notice-scanned.pdf")
    said = "The gate closes at nine."
    assert [(chunk[0], chunk[2]) for chunk in photo["chunks"]] == [(said, 1), (said, 2), ("picture: 40 × 20 pixels", None)]
    assert [(chunk[0], chunk[2]) for chunk in scanned["chunks"]] == [(said, 1)]


def test_running_titles_and_page_numbers_are_left_out(readers: Sandbox) -> None:
    assert not any("Page 2 of 3" in text for text in texts(read(readers, SAMPLES / "handbook.pdf")))


@pytest.mark.parametrize("name", sorted(path.name for path in SAMPLES.iterdir()))
def test_a_damaged_file_is_read_or_refused(readers: Sandbox, tmp_path: Path, name: str) -> None:
    good = (SAMPLES / name).read_bytes()
    for seed in range(8):
        chance = random.Random(seed)
        bad = bytearray(good[: chance.randrange(len(good))] if seed % 2 else good)
        for _ in range(chance.randrange(40)):
            bad[chance.randrange(len(bad))] = chance.randrange(256)
        extracted = read(readers, tmp_path / name, bytes(bad))
        assert bool(extracted["chunks"]) != bool(extracted["reason"])
        assert extracted["reason"] != "it stopped the reader"


def test_a_reader_that_runs_too_long_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "SECONDS", 0)
    monkeypatch.setattr(sandbox, "SECONDS_A_MEGABYTE", 0)
    (tmp_path / "slow.txt").write_text("word " * 1_500_000)
    with Sandbox(1) as readers:
        assert read(readers, tmp_path / "slow.txt")["reason"] == "gave up after 0 seconds"
        monkeypatch.setattr(sandbox, "SECONDS", 60)
        assert read(readers, SAMPLES / "leave-rules.txt")["chunks"], "the next file is read"


def test_a_reader_that_died_is_started_again(tmp_path: Path) -> None:
    with Sandbox(1) as readers:
        read(readers, SAMPLES / "leave-rules.txt")
        process = readers._readers[0]._process
        assert process
        process.kill()
        process.wait()
        assert read(readers, SAMPLES / "leave-rules.txt")["chunks"]


def test_a_system_that_starts_no_process_is_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/no/such/python")
    with Sandbox(1) as readers, pytest.raises(Unavailable, match="No process can be started"):
        read(readers, SAMPLES / "leave-rules.txt")


def test_leaving_ends_the_readers_at_once(tmp_path: Path) -> None:
    (tmp_path / "slow.txt").write_text("word " * 5_000_000)
    started = time.monotonic()
    with Sandbox(1) as readers:
        waiting = readers.extract([(None, task(tmp_path / "slow.txt"))] * 6)
        readers._pool.submit(next, waiting)
    assert time.monotonic() - started < 30
    assert all(reader._process is None for reader in readers._readers)
