"""Real files of other projects' tests: each is read, or refused with the right reason; none is silently empty."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from copilot.knowledge.extract import Extracted, Task
from copilot.knowledge.formats.text import decode
from copilot.knowledge.ingest import _part
from copilot.knowledge.sandbox import Sandbox
from copilot.knowledge.source import File, find
from tests.conftest import shared_data

pytestmark = pytest.mark.sweep
NOT_OURS = {
    ".wav",
    ".org",
    ".rst",
    ".doc",
    ".rtf",
    ".msg",
    ".ppt",
    ".odt",
    ".yaml",
    ".xls",
    ".epub",
    ".heic",
    ".bmp",
    ".p7s",
    ".xsl",
    ".mp3",
}
REASONS = {
    "empty.txt": "empty",
    "fake-text-all-whitespace.txt": "empty",
    "empty.eml": "empty",
    "empty.xlsx": "sheet Sheet1 holds no cells",
    "password.pdf": "encrypted: it needs a password",
    "password_protected.xlsx": "encrypted: it needs a password",
    "picture.pptx": "no text",
    "test-image-jpg-mime.pptx": "no text",
    "example.jpg": "a picture without any text that could be recognised",
    "email-no-utf8-2014-03-17.111517.eml/profilephoto.png": "a picture without any text that could be recognised",
    "mime-no-body.eml/image.jpg": "damaged, or not a picture",
    "fake-encrypted.eml/attachment-1.pgp": "encrypted: only whom it was sent to can read it",
    "fake-encrypted.eml/attachment-2.bin": ".bin files are not supported",
    "dots_list.json": "cut off: it ends before its JSON does",
    "dots_simple.json": "cut off: it ends before its JSON does",
}
"""Files that cannot be read; those of types that are not read at all are in NOT_OURS."""
WORD = re.compile(r"\w+")


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[File, Extracted]]:
    scratch = tmp_path_factory.mktemp("inside")
    with Sandbox() as readers:
        return [pair for name in ("unstructured_docs", "docling_docs") for pair in _all(readers, name, scratch / name)]


def _all(readers: Sandbox, name: str, scratch: Path) -> Iterator[tuple[File, Extracted]]:
    with find(str(shared_data(name))) as files:
        own = [file for file in files if not {"groundtruth", "test_evaluate_files"} & set(Path(file.name).parts)]
    yield from _read(readers, own, (), scratch)


def _read(readers: Sandbox, files: list[File], inside: tuple[str, ...], scratch: Path) -> Iterator[tuple[File, Extracted]]:
    for (file, folder), extracted in readers.extract(
        ((file, scratch / str(i)), Task(file.path, False, scratch / str(i), inside)) for i, file in enumerate(files)
    ):
        assert extracted
        yield file, extracted
        parts = [_part(file, *part) for part in extracted["parts"]]
        yield from _read(readers, [part for part in parts if not part.problem], (*inside, extracted["type"]), folder / "inside")
        yield from ((part, {**extracted, "chunks": [], "parts": [], "reason": part.problem}) for part in parts if part.problem)


def test_every_file_is_read_or_refused_with_the_right_reason(everything: list[tuple[File, Extracted]]) -> None:
    assert len(everything) > 250
    for file, extracted in everything:
        expected = next((reason for name, reason in REASONS.items() if file.name == name or file.name.endswith(f"/{name}")), "")
        suffix = Path(file.name).suffix
        if not expected and extracted["skipped"] and suffix in NOT_OURS:
            expected = f"{suffix} files are not supported"
        assert extracted["reason"] == expected, file.name
        assert bool(extracted["reason"]) != bool(extracted["chunks"] or extracted["parts"]), file.name


@pytest.mark.filterwarnings("ignore::bs4.XMLParsedAsHTMLWarning")
def test_no_word_of_a_text_or_table_is_lost(everything: list[tuple[File, Extracted]]) -> None:
    checked = 0
    for file, extracted in everything:
        if extracted["type"] in ("txt", "csv", "tsv", "xml", "html") and not extracted["reason"]:
            source = decode(file.path.read_bytes())
            wanted = set(WORD.findall(_seen(source, extracted["type"]).lower()))
            kept = "".join("".join(f"{chunk[0]}{chunk[1]}" for chunk in extracted["chunks"]).lower().split())
            lost = [word for word in wanted if word not in kept]
            assert len(lost) <= 0.02 * len(wanted), (file.name, lost[:20])
            checked += 1
    assert checked > 90


def _seen(source: str, kind: str) -> str:
    if kind == "xml":
        return " ".join(re.findall(r">([^<]+)<", source)).replace("&amp;", "&")
    if kind != "html":
        return source
    from bs4 import BeautifulSoup

    soup = BeautifulSoup(source, "lxml")
    for hidden in soup(["script", "style", "template", "noscript", "head"]):
        hidden.decompose()
    return soup.get_text(" ")
