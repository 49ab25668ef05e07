"""Sources: what is found, and what is left alone."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from copilot.errors import CopilotError, NotFound, Unavailable
from copilot.knowledge import source
from copilot.knowledge.source import collection_name, find


class Page(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/missing":
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write(b"<html><body><p>Served.</p></body></html>")

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def site() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "tree"
    for name in ("b.txt", "a.md", "sub/c.txt", "sub/.hidden", ".git/config", "node_modules/x.txt", "~$lock.docx"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("text")
    return root


def names(text: Path | str) -> list[str]:
    with find(str(text)) as files:
        return [file.name for file in files if not file.problem]


def test_a_folder_is_read_with_its_folders_but_without_what_is_hidden(tree: Path) -> None:
    assert names(tree) == ["a.md", "b.txt", "sub/c.txt"]


def test_a_pattern_goes_into_folders(tree: Path) -> None:
    assert names(tree / "**" / "*.txt") == ["b.txt", "sub/c.txt"]
    with pytest.raises(NotFound, match="No file matches"):
        names(tree / "*.docx")


def test_links_do_not_lead_out_of_the_folder(tree: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("secret")
    (tree / "escape.txt").symlink_to(tmp_path / "secret.txt")
    (tree / "loop").symlink_to(tree)
    (tree / "gone.txt").symlink_to(tmp_path / "nothing")
    (tree / "inside.txt").symlink_to(tree / "b.txt")
    with find(str(tree)) as files:
        problems = {file.name: file.problem for file in files}
    assert problems["escape.txt"] == "a link that leads out of the folder"
    assert problems["gone.txt"] == "a link to nothing"
    assert problems["inside.txt"] == ""
    assert not any(name.startswith("loop") for name in problems)


def test_a_page_is_fetched_and_removed_afterwards(site: str) -> None:
    with find(f"{site}/faq") as files:
        (file,) = files
        assert (file.source, file.name) == (f"{site}/faq", "faq.html")
        assert "Served." in file.path.read_text()
    assert not file.path.exists()


def test_a_page_that_is_missing_or_too_large_is_refused(site: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Unavailable, match="Not Found"), find(f"{site}/missing"):
        pass
    monkeypatch.setattr(source, "DOWNLOAD_BYTES", 10)
    with pytest.raises(Unavailable, match="larger than"), find(f"{site}/page"):
        pass


def test_a_host_that_is_not_there_is_named() -> None:
    with pytest.raises(Unavailable, match=r"127\.0\.0\.1:9"), find("http://127.0.0.1:9/x"):
        pass


@pytest.mark.parametrize("odd", ["\0", "x" * 5000])
def test_a_path_that_no_system_can_have_is_refused_politely(odd: str) -> None:
    with pytest.raises(CopilotError), find(odd):
        pass


def test_a_collection_is_named_after_the_folder_file_or_host(tree: Path) -> None:
    assert collection_name(str(tree)) == "tree"
    assert collection_name(str(tree / "**" / "*.md")) == "tree"
    assert collection_name(str(tree / "b.txt")) == "b"
    assert collection_name("https://Docs.Example.com/x/y.html") == "docs.example.com"
