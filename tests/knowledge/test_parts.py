"""Documents in documents: archives and mails, of which each part is a document of its own."""

import io
import stat
import zipfile
from collections.abc import Callable, Mapping
from email.message import EmailMessage
from pathlib import Path

import pytest

from copilot.knowledge.search import search
from copilot.outside.embed import Embedder
from copilot.outside.store import Store
from copilot.resources import resource
from tests.knowledge.conftest import Ingest

SAMPLES = resource("data", "samples", "company")


def packed(parts: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def letter(subject: str, text: str = "", html: str = "") -> EmailMessage:
    mail = EmailMessage()
    mail["Subject"], mail["From"], mail["To"] = subject, "ada@corp.example", "bob@corp.example"
    mail.set_content(text or "See below.")
    if html:
        mail.add_alternative(html, subtype="html")
    return mail


def live(store: Store) -> dict[str, str]:
    rows = store.rows("SELECT name, source FROM documents WHERE removed_by IS NULL AND status = 'indexed' ORDER BY name")
    return {row["name"]: row["source"] for row in rows}


def test_each_file_of_an_archive_is_a_document(read: Ingest, tmp_path: Path, store: Store, embedder: Embedder) -> None:
    files = {
        "hr/leave-rules.txt": (SAMPLES / "leave-rules.txt").read_bytes(),
        "hr/travel.docx": (SAMPLES / "travel-policy.docx").read_bytes(),
        "prices.csv": b"article,price\ntent,90\n",
        "song.wav": b"RIFF\0\0",
        "empty.txt": b"",
        "__MACOSX/junk.txt": b"junk",
        "hr/.hidden": b"hidden",
    }
    (tmp_path / "all.zip").write_bytes(packed(files))
    outcomes = read(tmp_path / "all.zip")
    assert {name: outcome.status for name, outcome in outcomes.items()} == {
        "all.zip/hr/leave-rules.txt": "indexed",
        "all.zip/hr/travel.docx": "indexed",
        "all.zip/prices.csv": "indexed",
        "all.zip/song.wav": "skipped",
        "all.zip/empty.txt": "failed",
    }
    found = search(store.connection, store.owner, embedder, ["docs"], "how long is the leave for the own wedding")
    assert found[0].name == "all.zip/hr/leave-rules.txt"
    assert {outcome.status for outcome in read(tmp_path / "all.zip").values()} == {"unchanged", "skipped", "failed"}
    assert not list(store.path.parent.glob("reading-*"))


def test_a_changed_archive_replaces_adds_and_drops_its_documents(read: Ingest, tmp_path: Path, store: Store) -> None:
    (tmp_path / "a.zip").write_bytes(packed({"x.txt": b"One.", "y.txt": b"Two.", "z.txt": b"Three."}))
    read(tmp_path / "a.zip")
    (tmp_path / "a.zip").write_bytes(packed({"x.txt": b"One.", "y.txt": b"Two and a half.", "new.txt": b"Four."}))
    assert {name: outcome.status for name, outcome in read(tmp_path / "a.zip").items()} == {
        "a.zip/x.txt": "unchanged",
        "a.zip/y.txt": "indexed",
        "a.zip/new.txt": "indexed",
    }
    assert list(live(store)) == ["a.zip/new.txt", "a.zip/x.txt", "a.zip/y.txt"]
    store.revert(store.last_operation()["id"])
    assert list(live(store)) == ["a.zip/x.txt", "a.zip/y.txt", "a.zip/z.txt"]


def test_names_that_lead_elsewhere_stay_inside(read: Ingest, tmp_path: Path, store: Store) -> None:
    with zipfile.ZipFile(tmp_path / "odd.zip", "w") as archive:
        archive.writestr("../../escape.txt", "Up.")
        archive.writestr("/etc/absolute.txt", "Root.")
        archive.writestr("c:\\windows\\name.txt", "Back.")
        archive.writestr("x" * 300 + ".txt", "Long.")
        link = zipfile.ZipInfo("link.txt")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr("/etc/absolute.txt", "Root again.")
    before = {path for path in tmp_path.rglob("*") if "copilot.db" not in path.name}
    outcomes = read(tmp_path / "odd.zip")
    assert sorted(outcome.status for outcome in outcomes.values()) == ["failed"] + ["indexed"] * 5
    assert outcomes["odd.zip/link.txt"].reason == "a link"
    assert {row["text"] for row in store.rows("SELECT text FROM chunks")} == {"Up.", "Root.", "Root again.", "Back.", "Long."}
    assert {path for path in tmp_path.rglob("*") if "copilot.db" not in path.name} == before


def test_an_archive_that_would_grow_too_large_is_refused_unopened(read: Ingest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "bomb.zip").write_bytes(packed({f"{i}.txt": b"0" * (5 << 20) for i in range(9)}))
    (tmp_path / "in" / "good.txt").write_text("Fine.")
    outcomes = read(tmp_path / "in")
    assert outcomes["bomb.zip"].reason == "refused: it would grow to 45 MB when unpacked"
    assert outcomes["good.txt"].status == "indexed"


def test_an_archive_in_an_archive_is_refused(read: Ingest, tmp_path: Path) -> None:
    inner = packed({"x.txt": b"One."})
    (tmp_path / "outer.zip").write_bytes(packed({"inner.zip": inner, "y.txt": b"Two."}))
    outcomes = read(tmp_path / "outer.zip")
    assert outcomes["outer.zip/inner.zip"].reason == "an archive inside an archive"
    assert outcomes["outer.zip/y.txt"].status == "indexed"


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda data: data[: len(data) // 2], "damaged: its archive cannot be opened"),
        (lambda data: data.replace(b"PK\x01\x02\x14\x03\x14\0\0\0", b"PK\x01\x02\x14\x03\x14\0\1\0"), "encrypted: it needs a password"),
        (lambda data: data.replace(b"\x14\0\0\0\x08\0", b"\x14\0\0\0\x0e\0"), "packed in a way that is not supported"),
    ],
)
def test_a_spoilt_archive_says_why(read: Ingest, tmp_path: Path, spoil: Callable[[bytes], bytes], reason: str) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.zip").write_bytes(spoil(packed({"x.txt": b"One word and another word and another word."})))
    (tmp_path / "in" / "good.txt").write_text("Fine.")
    outcomes = read(tmp_path / "in")
    assert reason in {outcome.reason for outcome in outcomes.values()}
    assert outcomes["good.txt"].status == "indexed"


def test_what_is_attached_to_a_mail_is_a_document(read: Ingest, tmp_path: Path, store: Store, embedder: Embedder) -> None:
    inner = letter("Earlier", "The old gate code was 4711.")
    mail = letter("Summer party", "It starts at six.", "<p>It starts at <b>six</b> in the garden.</p>")
    mail.add_attachment((SAMPLES / "price-list.csv").read_bytes(), maintype="text", subtype="csv", filename="price list.csv")
    mail.add_attachment(packed({"plan.txt": b"The band plays on the lawn."}), maintype="application", subtype="zip", filename="plan.zip")
    mail.add_attachment(b"ID3", maintype="audio", subtype="mpeg", filename="song.mp3")
    mail.add_attachment(inner)
    (tmp_path / "party.eml").write_bytes(mail.as_bytes())
    outcomes = read(tmp_path / "party.eml")
    assert {name: outcome.status for name, outcome in outcomes.items()} == {
        "party.eml": "indexed",
        "party.eml/price list.csv": "indexed",
        "party.eml/plan.zip/plan.txt": "indexed",
        "party.eml/song.mp3": "skipped",
        "party.eml/attachment-4.eml": "indexed",
    }
    texts = [row["text"] for row in store.rows("SELECT text FROM chunks JOIN documents d ON d.id = document WHERE name = 'party.eml'")]
    assert texts.count("It starts at six in the garden.") == 1
    assert not any("It starts at six." in text for text in texts), "the same said in plain words"
    assert live(store)["party.eml/plan.zip/plan.txt"] == f"{tmp_path / 'party.eml'}!/plan.zip!/plan.txt"
    for question, name in {
        "what does the band do": "party.eml/plan.zip/plan.txt",
        "the old gate code": "party.eml/attachment-4.eml",
    }.items():
        assert search(store.connection, store.owner, embedder, ["docs"], question)[0].name == name


def test_mails_in_mails_end_somewhere(read: Ingest, tmp_path: Path) -> None:
    mail = letter("Innermost", "The treasure is here.")
    for depth in range(6):
        outer = letter(f"Around {depth}")
        outer.add_attachment(mail)
        mail = outer
    (tmp_path / "deep.eml").write_bytes(mail.as_bytes())
    outcomes = read(tmp_path / "deep.eml")
    assert sum(outcome.status == "indexed" for outcome in outcomes.values()) == 3
    assert [outcome.reason for outcome in outcomes.values() if outcome.reason] == ["it lies too deep in other documents"]


def test_an_attachment_that_failed_is_tried_again_and_nothing_else(read: Ingest, tmp_path: Path, store: Store) -> None:
    mail = letter("Two files", "Both are attached.")
    mail.add_attachment(b"%PDF-1.7 cut", maintype="application", subtype="pdf", filename="broken.pdf")
    mail.add_attachment("Whole.", filename="whole.txt")
    (tmp_path / "m.eml").write_bytes(mail.as_bytes())
    assert read(tmp_path / "m.eml")["m.eml/broken.pdf"].status == "failed"
    again = read(tmp_path / "m.eml")
    assert {name: outcome.status for name, outcome in again.items()} == {
        "m.eml": "unchanged",
        "m.eml/broken.pdf": "failed",
        "m.eml/whole.txt": "unchanged",
    }
    assert len(store.rows("SELECT id FROM documents")) == 3


def test_an_archive_that_can_be_opened_at_last_is_no_failure_any_more(read: Ingest, tmp_path: Path, store: Store) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "good.txt").write_text("Fine.")
    good = packed({"x.txt": b"One."})
    (tmp_path / "in" / "a.zip").write_bytes(good[:40])
    assert read(tmp_path / "in")["a.zip"].status == "failed"
    (tmp_path / "in" / "a.zip").write_bytes(good)
    read(tmp_path / "in")
    assert [row["name"] for row in store.rows("SELECT name FROM documents WHERE removed_by IS NULL ORDER BY name")] == [
        "a.zip/x.txt",
        "good.txt",
    ]


def test_names_longer_than_a_file_system_takes_cost_nothing(read: Ingest, tmp_path: Path) -> None:
    long = "文" * 95 + ".txt"
    mail = letter("With a file")
    mail.add_attachment("The attached.", filename=long)
    (tmp_path / "m.eml").write_bytes(mail.as_bytes())
    (tmp_path / "z.zip").write_bytes(packed({long: b"A long name.", "ok.txt": b"A short one."}))
    outcomes = {**read(tmp_path / "m.eml"), **read(tmp_path / "z.zip")}
    assert {name: (outcome.status, outcome.type) for name, outcome in outcomes.items()} == {
        "m.eml": ("indexed", "eml"),
        f"m.eml/{long}": ("indexed", "txt"),
        f"z.zip/{long}": ("indexed", "txt"),
        "z.zip/ok.txt": ("indexed", "txt"),
    }
