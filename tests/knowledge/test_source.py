"""Sources: what is found, and what is left alone."""

import io
import os
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from copilot.cloud.account import connect
from copilot.errors import BadArguments, CopilotError, NotFound, Unavailable
from copilot.knowledge import web
from copilot.knowledge.detect import detect
from copilot.knowledge.ingest import ingest
from copilot.knowledge.refresh import refresh
from copilot.knowledge.shelf import Shelf
from copilot.knowledge.source import canonical, collection_name, find, plain
from copilot.outside.embed import Embedder
from copilot.outside.store import Store

STOP = threading.Event()
REDIRECTS = {"/moved": "/faq", "/ftp": "ftp://127.0.0.1:9/x", "/inside": "http://127.0.0.1:9/x", "/keys": "http://169.254.169.254/latest"}


class Page(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        page = urlsplit(self.path).path  # a proxy is asked for the whole address
        if page in REDIRECTS:
            self.send_response(302)
            self.send_header("Location", REDIRECTS[page])
            self.end_headers()
            return
        if page == "/missing":
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        if page == "/cut":
            self.send_header("Content-Length", "1000")
        if page == "/chunked":
            self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.write(b"<html><body><p>Served.</p></body></html>")
        while page == "/slow" and not STOP.wait(0.05):
            self.wfile.write(b" ")

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def site() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    STOP.clear()
    yield f"http://127.0.0.1:{server.server_port}"
    STOP.set()
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


def test_a_pattern_follows_no_link_out_of_its_folder_or_in_circles(tree: Path, tmp_path: Path) -> None:
    (tmp_path / "private").mkdir()
    (tmp_path / "private" / "secret.txt").write_text("secret")
    (tree / "out").symlink_to(tmp_path / "private")
    for name in ("left", "right"):
        (tree / name).symlink_to(tree)
    assert names(tree / "*") == ["a.md", "b.txt", "sub/c.txt"]
    assert names(tree / "**" / "*.txt") == ["b.txt", "sub/c.txt"]
    with find(str(tree / "*" / "*.txt")) as files:
        problems = {file.name: file.problem for file in files}
    assert problems == {"b.txt": "", "sub/c.txt": "", "secret.txt": "a link that leads out of the folder"}


def test_a_link_that_is_named_itself_is_read(tree: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "handbook.txt").symlink_to(tree / "b.txt")
    assert names(tmp_path / "elsewhere" / "handbook.txt") == ["b.txt"]


def test_names_that_no_terminal_or_database_takes_are_escaped(tree: Path) -> None:
    for odd in (b"caf\xe9.txt", b"two\nlines.txt", b"red\x1b[31m.txt"):
        Path(os.fsdecode(bytes(tree) + b"/" + odd)).write_text("text")
    with find(str(tree / "*.txt")) as files:
        assert [file.name for file in files] == ["b.txt", "caf\\udce9.txt", "red\\x1b[31m.txt", "two\\nlines.txt"]
        assert all(file.path.read_text() == "text" and file.source.isprintable() for file in files)


def test_what_is_no_file_is_never_opened(tree: Path) -> None:
    os.mkfifo(tree / "pipe.txt")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tree / "door.txt"))
        with find(str(tree)) as files:
            odd = {file.name: file.problem for file in files if file.problem}
    assert odd == {"pipe.txt": "not a regular file", "door.txt": "not a regular file"}


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_what_may_not_be_read_stops_nothing_else(tree: Path) -> None:
    for name, mode in (("closed", 0o000), ("listed", 0o400)):
        (tree / name).mkdir()
        (tree / name / "x.txt").write_text("text")
        (tree / name).chmod(mode)
    with find(str(tree)) as files:
        problems = {file.name: file.problem for file in files}
    for name in ("closed", "listed"):
        (tree / name).chmod(0o700)
    denied = "Permission denied"
    assert problems == {"a.md": "", "b.txt": "", "closed": denied, "listed/x.txt": denied, "sub/c.txt": ""}


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
    monkeypatch.setattr(web, "DOWNLOAD_BYTES", 10)
    with pytest.raises(Unavailable, match="larger than"), find(f"{site}/page"):
        pass


def test_a_page_that_comes_in_drips_is_given_up_in_time(site: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web, "DOWNLOAD_SECONDS", 0.2)
    with pytest.raises(Unavailable, match=r"took longer than 0\.2 seconds"), find(f"{site}/slow"):
        pass


@pytest.mark.parametrize("page", ["cut", "chunked"])
def test_a_page_that_is_cut_off_is_refused(site: str, page: str) -> None:
    with pytest.raises(Unavailable, match=f"Cannot fetch {site}/{page}"), find(f"{site}/{page}"):
        pass


def test_a_page_that_moved_is_followed_but_not_to_another_protocol_or_to_the_keys_of_a_cloud(site: str) -> None:
    with find(f"{site}/moved") as files:
        assert "Served." in files[0].path.read_text()
    with pytest.raises(Unavailable, match="no web page"), find(f"{site}/ftp"):
        pass
    with pytest.raises(Unavailable, match="link-local"), find(f"{site}/keys"):
        pass


def test_a_site_on_the_internet_cannot_send_us_into_this_network(site: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("http_proxy", site)  # the site stands in for the internet
    with find("http://93.184.216.34/faq") as files:
        assert "Served." in files[0].path.read_text()
    with pytest.raises(Unavailable, match="not on the internet"), find("http://93.184.216.34/inside"):
        pass


@pytest.mark.parametrize("url", ["http://exa mple/x", "http://[::1", "http://127.0.0.1:abc/"])
def test_an_address_that_is_none_is_refused_politely(url: str) -> None:
    with pytest.raises(CopilotError), find(url):
        pass
    with pytest.raises(BadArguments):
        collection_name("http://[::1")


def test_a_url_is_kept_without_its_credentials(site: str) -> None:
    with find(f"{site}/faq?token=abc123") as files:
        assert "abc123" not in files[0].source
    assert "hunter2" not in canonical("https://ann:hunter2@host/x")


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


def test_a_folder_says_what_is_to_be_left_alone(tree: Path) -> None:
    for name in ("notes/a.log", "notes/keep.log", "notes/b.txt", "build/x.txt", "sub/build/y.txt", "sub/deep/c.txt", "sub/deep/d.md"):
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_text("text")
    (tree / ".copilotignore").write_text("# drafts\n*.log\n!keep.log\n/build/\nsub/**/c.txt\n[bc].txt\n")
    (tree / "sub" / ".copilotignore").write_text("!c.txt\n")
    assert names(tree) == ["a.md", "notes/keep.log", "sub/c.txt", "sub/build/y.txt", "sub/deep/c.txt", "sub/deep/d.md"]


def piped(monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(data)))


def test_what_is_piped_in_is_a_document_named_by_its_content(monkeypatch: pytest.MonkeyPatch) -> None:
    found = []
    for data in (b"The gate closes at nine.", b"It opens at six.", b"The gate closes at nine."):
        piped(monkeypatch, data)
        with find("-") as files:
            assert files[0].path.read_bytes() == data
            found.append(files[0].source)
    assert found[0] == found[2] != found[1]
    assert canonical("-") == "-"
    assert collection_name("-") == "piped"


def test_without_a_pipe_it_is_said_how_to_make_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", None)
    with pytest.raises(BadArguments, match="Nothing is piped in"), find("-"):
        pass


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b'{"a": 1}\n{"a": 2}\n', "ndjson"),
        (b'{"a": 1}', "json"),
        (b'[\n {"a": 1}\n]', "json"),
        (b"<?xml version='1.0'?><a/>", "xml"),
        (b"<!DOCTYPE html><p>x", "html"),
        (b"a,b\n1,2\n3,4\n5,6\n", "csv"),
        (b"a\tb\n1\t2\n3\t4\n5\t6\n", "tsv"),
        (b"-- a dump\nCREATE TABLE t (a);\n", "sql"),
        (b"Dear Ann,\n[see below] we met, as you know.\nYours, Bob\n\nPS, more.", "txt"),
        (b"%PDF-1.4", "pdf"),
        (b"SQLite format 3\0", "sqlite"),
    ],
)
def test_a_file_without_an_extension_is_known_by_what_it_holds(tmp_path: Path, data: bytes, kind: str) -> None:
    (tmp_path / "piped").write_bytes(data)
    assert detect(tmp_path / "piped").type == kind


@pytest.fixture(scope="module")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with connect(tmp_path_factory.mktemp("home"), "us-east-1", live=False) as session:
        client = session.client("s3")
        client.create_bucket(Bucket="acme-docs")
        for key in ("manuals/a.txt", "manuals/sub/b.md", "manuals/.hidden", "manuals/sub/", "manuals-old/c.txt", "top.txt"):
            client.put_object(Bucket="acme-docs", Key=key, Body=f"Text of {key}.".encode())
        yield client


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("s3://acme-docs/manuals/", ["a.txt", "sub/b.md"]),
        ("s3://acme-docs/manuals/a.txt", ["a.txt"]),
        ("s3://acme-docs/manuals", ["manuals-old/c.txt", "a.txt", "sub/b.md"]),
        ("s3://acme-docs", ["manuals-old/c.txt", "manuals/a.txt", "manuals/sub/b.md", "top.txt"]),
    ],
)
def test_a_bucket_is_listed_below_its_prefix(s3: Any, source: str, expected: list[str], tmp_path: Path) -> None:
    with find(source, lambda: s3) as files:
        assert [file.name for file in files] == expected
        assert files[0].fetch
        files[0].fetch(tmp_path / "got")
    assert (tmp_path / "got").read_text() == f"Text of {files[0].source.removeprefix('s3://acme-docs/')}."


@pytest.mark.parametrize(("source", "error"), [("s3://acme-docs/nothing", NotFound), ("s3://nobody", NotFound), ("s3://", BadArguments)])
def test_a_bucket_that_holds_nothing_is_said_so(s3: Any, source: str, error: type[CopilotError]) -> None:
    with pytest.raises(error), find(source, lambda: s3):
        pass


def test_objects_that_did_not_change_are_not_fetched_again(s3: Any, store: Store, embedder: Embedder) -> None:
    def read() -> dict[str, str]:
        shelf = Shelf(store, embedder, "docs", store.begin("ingest_data", {}, undoable=True))
        return {outcome.name: outcome.status for outcome in ingest(shelf, "s3://acme-docs/manuals/", s3=lambda: s3)}

    fetched: list[str] = []
    s3.meta.events.register("before-call.s3.GetObject", lambda params, **_: fetched.append(params["url_path"]))
    assert set(read().values()) == {"indexed"}
    s3.put_object(Bucket="acme-docs", Key="manuals/a.txt", Body=b"Another text.")
    assert read() == {"a.txt": "indexed", "sub/b.md": "unchanged"}
    assert len(fetched) == 3


def test_objects_with_odd_keys_are_read(s3: Any, store: Store, embedder: Embedder) -> None:
    keys = ("odd/" + "文" * 120 + ".txt", "odd/a b+c%2F?#.txt", "odd/two//slashes.txt", "odd/wow!/x.txt")
    for key in keys:
        s3.put_object(Bucket="acme-docs", Key=key, Body=key.encode())
    shelf = Shelf(store, embedder, "docs", store.begin("ingest_data", {}, undoable=True))
    outcomes = ingest(shelf, "S3://acme-docs/odd/", s3=lambda: s3)
    assert {outcome.name: outcome.status for outcome in outcomes} == {plain(key.removeprefix("odd/")): "indexed" for key in keys}
    assert {outcome.status for outcome in refresh(shelf, s3=lambda: s3).outcomes} == {"unchanged"}
    for key in keys:
        s3.delete_object(Bucket="acme-docs", Key=key)
    assert [source.source for source in refresh(shelf, s3=lambda: s3).lost] == ["S3://acme-docs/odd/"]
    assert len(shelf.sources()) == len(keys)


def test_a_link_that_leads_in_a_circle_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    assert collection_name(str(tmp_path / "loop")) == "loop"
    with pytest.raises(NotFound, match="loop"), find(str(tmp_path / "loop")):
        pass
