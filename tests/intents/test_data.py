"""The abilities about documents, called as every face calls them."""

import io
from pathlib import Path
from typing import Any

import pytest

from copilot.cloud.account import connect
from copilot.context import Context
from copilot.errors import BadArguments, CopilotError, NeedsConfirmation, NotFound, Refused
from copilot.intents import REGISTRY
from copilot.resources import resource

SAMPLES = resource("data", "samples", "company")


def run(ctx: Context, ability: str, **args: Any) -> Any:
    return REGISTRY[ability].run(args, ctx)


@pytest.fixture
def leave(ctx: Context, tmp_path: Path) -> Path:
    """A folder with one good and one empty file, ingested as 'leave'."""
    folder = tmp_path / "leave"
    folder.mkdir()
    (folder / "rules.txt").write_bytes((SAMPLES / "leave-rules.txt").read_bytes())
    (folder / "empty.txt").touch()
    run(ctx, "ingest_data", source=str(folder))
    return folder


def test_a_folder_becomes_a_collection_that_can_be_shown_and_searched(ctx: Context, leave: Path) -> None:
    again = run(ctx, "ingest_data", source=str(leave), collection="Leave")
    assert (again.collection, again.unchanged, again.failed) == ("leave", 1, 1)
    assert again.headline == "2 files into 'leave': 1 unchanged, 1 failed (0 new passages)."
    (row,) = run(ctx, "list_collections").collections
    assert (row.name, row.documents, row.failed, row.sources) == ("leave", 1, 1, (str(leave),))
    shown = run(ctx, "show_collection", collection="LEAVE")
    assert [(d.name, d.status) for d in shown.documents] == [("empty.txt", "failed"), ("rules.txt", "indexed")]
    found = run(ctx, "search_data", query="How many days of annual leave are there?", limit=2)
    assert found.relevant
    assert len(found.passages) == 2
    assert "28 days" in found.passages[0].text


def test_a_bucket_becomes_a_collection_that_follows_it(ctx: Context) -> None:
    with connect(ctx.home, ctx.region, live=False) as session:
        s3 = session.client("s3")
        s3.create_bucket(Bucket="acme-docs")
        for name in ("gate.txt", "lockers.txt"):
            s3.put_object(Bucket="acme-docs", Key=f"manuals/{name}", Body=f"All about the {name[:-4]}.".encode())
    done = run(ctx, "ingest_data", source="s3://acme-docs/manuals/")
    assert (done.collection, [file.name for file in done.files]) == ("manuals", ["gate.txt", "lockers.txt"])
    with connect(ctx.home, ctx.region, live=False) as session:
        s3 = session.client("s3")
        s3.delete_object(Bucket="acme-docs", Key="manuals/gate.txt")
        s3.put_object(Bucket="acme-docs", Key="manuals/lockers.txt", Body=b"Lockers hold ropes.")
    again = run(ctx, "refresh_collection", collection="manuals")
    assert (again.changed, again.removed) == (1, 1)
    assert {p.text for p in run(ctx, "search_data", query="lockers").passages} == {"Lockers hold ropes."}


def test_a_killed_ingest_of_what_was_piped_in_does_not_take_the_next_pipe(ctx: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"Meant for another command.")))
    resume = REGISTRY["ingest_data"].recover
    assert resume is not None
    assert "pipe it in again" in resume(ctx, source="-")
    assert run(ctx, "list_collections").collections == ()
    piped = run(ctx, "ingest_data", source="-", collection="notes")
    assert (piped.collection, piped.indexed) == ("notes", 1)
    assert run(ctx, "refresh_collection", collection="notes").files == ()


def test_failures_alone_can_be_asked_for(ctx: Context, leave: Path) -> None:
    shown = run(ctx, "show_collection", collection="leave", failures=True)
    assert [(d.name, d.reason) for d in shown.documents] == [("empty.txt", "empty")]


def test_a_search_for_something_else_says_so(ctx: Context, leave: Path) -> None:
    found = run(ctx, "search_data", query="kubernetes pods", collection="leave")
    assert not found.relevant
    assert found.headline.startswith("Nothing in 'leave' seems to be about that.")


def test_searching_before_anything_was_loaded_says_how_to_start(ctx: Context) -> None:
    with pytest.raises(NotFound) as caught:
        run(ctx, "search_data", query="leave")
    assert "data ingest" in caught.value.hint
    assert "data ingest" in run(ctx, "list_collections").headline


def test_a_folder_without_a_readable_file_fails_with_the_reasons_and_leaves_nothing(ctx: Context, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "song.wav").write_bytes(b"RIFF\0\0")
    (tmp_path / "in" / "empty.txt").touch()
    with pytest.raises(CopilotError, match=r"empty \(empty.txt\); \.wav files are not supported"):
        run(ctx, "ingest_data", source=str(tmp_path / "in"))
    assert run(ctx, "list_collections").collections == ()


def test_an_empty_folder_fails(ctx: Context, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    with pytest.raises(CopilotError, match="it is empty"):
        run(ctx, "ingest_data", source=str(tmp_path / "in"))


@pytest.mark.parametrize(
    ("source", "error"), [("/no/such/folder", NotFound), ("ftp://host/manuals", BadArguments), ("s3://acme/manuals", NotFound)]
)
def test_a_source_that_cannot_be_read_writes_nothing(ctx: Context, source: str, error: type[CopilotError]) -> None:
    with pytest.raises(error):
        run(ctx, "ingest_data", source=source)
    assert run(ctx, "list_collections").collections == ()


@pytest.mark.parametrize("name", ["../up", "a/b", "x" * 80])
def test_an_odd_name_for_a_collection_is_refused(ctx: Context, name: str, leave: Path) -> None:
    with pytest.raises(BadArguments):
        run(ctx, "ingest_data", source=str(leave), collection=name)


def test_an_unknown_collection_offers_the_nearest(ctx: Context, leave: Path) -> None:
    for ability in ("show_collection", "delete_collection"):
        with pytest.raises(NotFound, match="Did you mean 'leave'"):
            run(ctx, ability, collection="leav")


def test_deleting_shows_first_what_would_go(ctx: Context, leave: Path) -> None:
    ctx.consent = "none"
    with pytest.raises(NeedsConfirmation) as caught:
        run(ctx, "delete_collection", collection="LEAVE")
    assert caught.value.preview.documents == 1
    assert caught.value.pending == {"confirm": {"intent": "delete_collection", "args": {"collection": "leave"}}}
    assert len(run(ctx, "list_collections").collections) == 1


@pytest.mark.parametrize("vectors", ["exact", "chroma"])
def test_deleting_leaves_no_word_in_any_file(ctx: Context, leave: Path, vectors: str) -> None:
    ctx.store.set("test", vectors=vectors)
    assert run(ctx, "search_data", query="sabbatical").relevant
    assert any(b"sabbatical" in data for data in files(ctx.home).values())
    assert run(ctx, "delete_collection", collection="leave").documents == 1
    assert [name for name, data in files(ctx.home).items() if b"sabbatical" in data.lower()] == []
    assert not list((ctx.home / "vectors").glob("*"))
    assert run(ctx, "list_collections").collections == ()


def test_deleting_leaves_no_word_in_the_full_text_index_nor_of_earlier_versions(ctx: Context, tmp_path: Path) -> None:
    note = tmp_path / "note.txt"
    for word in ("qzxjvk", "wqkxvz"):
        note.write_text(f"The {word} hangs in the hall.")
        run(ctx, "ingest_data", source=str(note), collection="notes")
    run(ctx, "analyze_data", collection="notes")
    for rest in (b"zxjvk", b"qkxvz"):  # an index leaves out the letters that a word shares with the one before it
        assert b"".join(files(ctx.home).values()).count(rest) >= 2, "in the text and in the index"
    run(ctx, "delete_collection", collection="notes")
    assert not any(rest in data for data in files(ctx.home).values() for rest in (b"zxjvk", b"qkxvz", b"hangs in"))


def test_a_collection_that_an_agent_reads_is_not_deleted(ctx: Context, leave: Path) -> None:
    ctx.store.add("agent", "helpdesk", {"collections": ["leave"]}, "test")
    with pytest.raises(Refused, match="helpdesk"):
        run(ctx, "delete_collection", collection="leave")


@pytest.mark.parametrize("vectors", ["exact", "chroma"])
def test_two_users_with_a_collection_of_the_same_name_never_meet(ctx: Context, leave: Path, tmp_path: Path, vectors: str) -> None:
    stranger = Context(home=ctx.home, user="stranger", consent="person")
    for each in (ctx, stranger):
        each.store.set("test", vectors=vectors)
    assert run(stranger, "list_collections").collections == ()
    with pytest.raises(NotFound):
        run(stranger, "show_collection", collection="leave")
    (tmp_path / "canteen.txt").write_text("Annual leave days of the canteen: lunch is at noon.")
    run(stranger, "ingest_data", source=str(tmp_path / "canteen.txt"), collection="leave")
    assert {p.name for p in run(stranger, "search_data", query="annual leave", limit=50).passages} == {"canteen.txt"}
    assert {p.name for p in run(ctx, "search_data", query="annual leave lunch", limit=50).passages} == {"rules.txt"}
    assert [d.name for d in run(stranger, "show_collection", collection="leave").documents] == ["canteen.txt"]
    before = run(ctx, "list_collections")
    assert [(row.documents, row.failed) for row in before.collections] == [(1, 1)]
    assert run(stranger, "ingest_data", source=str(leave)).indexed == 1, "what another user has read is not read yet"
    assert run(ctx, "list_collections") == before
    assert run(stranger, "undo").args["source"] == str(leave)
    assert {entry.user for entry in run(stranger, "show_history").entries} == {"stranger"}
    assert run(stranger, "undo").args["source"].endswith("canteen.txt")
    with pytest.raises(Refused):
        run(stranger, "undo")
    run(stranger, "ingest_data", source=str(tmp_path / "canteen.txt"), collection="leave")
    assert run(stranger, "delete_collection", collection="leave").documents == 1
    assert run(ctx, "search_data", query="How many days of annual leave are there?").relevant
    stranger.store.close()


def test_both_ways_of_comparing_vectors_find_the_same(ctx: Context, leave: Path) -> None:
    found = {}
    for vectors in ("exact", "chroma"):
        ctx.store.set("test", vectors=vectors)
        found[vectors] = [(p.start, p.relevance) for p in run(ctx, "search_data", query="paid days for a wedding").passages]
    assert found["exact"] == found["chroma"]


def files(home: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in home.rglob("*") if path.is_file()}
