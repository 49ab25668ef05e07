"""Refresh: a collection follows its sources, and nothing is lost when one of them is out of reach."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from copilot.context import Context
from copilot.errors import NotFound
from copilot.intents import REGISTRY
from copilot.knowledge import shelf as shelf_module
from copilot.knowledge.ingest import ingest
from copilot.knowledge.refresh import Refresh, refresh
from copilot.knowledge.search import search
from copilot.knowledge.shelf import Shelf
from copilot.outside.embed import Embedder
from copilot.outside.store import Store
from tests.knowledge.conftest import Ingest
from tests.knowledge.test_ingest import live, whole
from tests.knowledge.test_parts import letter, packed

Again = Callable[[], Refresh]


@pytest.fixture
def again(store: Store, embedder: Embedder) -> Again:
    def run() -> Refresh:
        operation = store.begin("refresh_collection", {}, undoable=True)
        done = refresh(Shelf(store, embedder, "docs", operation))
        store.finish(operation, "done")
        return done

    return run


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "in"
    (made / "sub").mkdir(parents=True)
    for name in ("a.txt", "b.txt", "sub/c.txt"):
        (made / name).write_text(f"This is {name}.")
    return made


def statuses(done: Refresh) -> dict[str, str]:
    return {outcome.name: outcome.status for outcome in done.outcomes}


def test_what_is_new_changed_deleted_or_failed_before_is_brought_up_to_date(read: Ingest, again: Again, folder: Path, store: Store) -> None:
    (folder / "bad.pdf").write_bytes(b"%PDF-1.7 cut off")
    read(folder)
    before = store.rows("SELECT id, source, added_by FROM documents WHERE removed_by IS NULL ORDER BY id")
    (folder / "a.txt").write_text("This is another a.")
    (folder / "sub" / "c.txt").unlink()
    (folder / "new.txt").write_text("This is new.")
    (folder / "bad.pdf").write_bytes(b"A text after all.")
    (folder / "bad.pdf").rename(folder / "bad.txt")
    done = again()
    assert statuses(done) == {
        "a.txt": "indexed",
        "b.txt": "unchanged",
        "new.txt": "indexed",
        "bad.txt": "indexed",
        "bad.pdf": "removed",
        "sub/c.txt": "removed",
    }
    assert done.known == {"a.txt", "b.txt", "sub/c.txt"}
    assert live(store) == ["a.txt", "b.txt", "bad.txt", "new.txt"]
    store.revert(store.last_operation()["id"])
    assert store.rows("SELECT id, source, added_by FROM documents WHERE removed_by IS NULL ORDER BY id") == before
    whole(store)


def test_a_failed_file_is_tried_again(read: Ingest, again: Again, folder: Path) -> None:
    (folder / "note.txt").write_bytes(bytes(range(256)) * 9)
    assert read(folder)["note.txt"].status == "failed"
    assert statuses(again())["note.txt"] == "failed"
    (folder / "note.txt").write_text("Readable now.")
    assert statuses(again())["note.txt"] == "indexed"


def test_a_source_out_of_reach_costs_nothing(read: Ingest, again: Again, folder: Path, tmp_path: Path, store: Store) -> None:
    (tmp_path / "other.txt").write_text("Another source.")
    read(folder)
    read(tmp_path / "other.txt")
    folder.rename(tmp_path / "moved")
    done = again()
    assert [source.source for source in done.lost] == [str(folder)]
    assert statuses(done) == {"other.txt": "unchanged"}
    assert live(store) == ["a.txt", "b.txt", "other.txt", "sub/c.txt"]


def test_a_file_that_was_named_itself_and_is_deleted_goes(read: Ingest, again: Again, folder: Path, store: Store) -> None:
    read(folder / "a.txt")
    read(folder / "sub" / "*.txt")
    (folder / "sub" / "other.csv").write_text("not asked for")
    (folder / "a.txt").unlink()
    (folder / "sub" / "c.txt").unlink()
    assert statuses(again()) == {"a.txt": "removed", "c.txt": "removed"}
    assert live(store) == []


@pytest.mark.parametrize("pattern", ["", "**/*.txt", "a.txt"])
def test_a_folder_that_lists_nothing_at_all_may_be_a_drive_that_is_gone(
    pattern: str, read: Ingest, again: Again, folder: Path, store: Store
) -> None:
    read(folder / pattern)
    before = live(store)
    shutil.rmtree(folder)
    folder.mkdir()
    done = again()
    assert [source.source for source in done.lost] == [str(folder / pattern)]
    assert done.outcomes == ()
    assert live(store) == before


@pytest.mark.parametrize("becomes", ["nothing", "a circle"])
def test_a_link_that_was_named_and_is_gone_costs_nothing(
    becomes: str, read: Ingest, again: Again, folder: Path, tmp_path: Path, store: Store
) -> None:
    (tmp_path / "other.txt").write_text("Another source.")
    (tmp_path / "current").symlink_to(folder)
    read(tmp_path / "current")
    read(tmp_path / "other.txt")
    (tmp_path / "current").unlink()
    if becomes == "a circle":
        (tmp_path / "current").symlink_to("current")
    done = again()
    assert [source.source for source in done.lost] == [str(tmp_path / "current")]
    assert live(store) == ["a.txt", "b.txt", "other.txt", "sub/c.txt"]


def test_while_one_source_is_lost_another_one_loses_what_was_deleted(
    read: Ingest, again: Again, folder: Path, tmp_path: Path, store: Store
) -> None:
    (tmp_path / "in-2").mkdir()
    (tmp_path / "in-2" / "d.txt").write_text("This is d.")
    read(folder)
    read(tmp_path / "in-2")
    shutil.rmtree(tmp_path / "in-2")
    (folder / "a.txt").unlink()
    assert statuses(again())["a.txt"] == "removed"
    assert live(store) == ["b.txt", "d.txt", "sub/c.txt"]


def test_a_folder_whose_name_ends_with_an_exclamation_mark_keeps_its_files(read: Ingest, again: Again, folder: Path, store: Store) -> None:
    (folder / "URGENT!").mkdir()
    (folder / "URGENT!" / "d.txt").write_text("This is d.")
    (folder / "URGENT!" / "z.zip").write_bytes(packed({"one.txt": b"One."}))
    read(folder)
    assert set(statuses(again()).values()) == {"unchanged"}
    (folder / "URGENT!" / "z.zip").unlink()
    (folder / "URGENT!" / "d.txt").unlink()
    assert [name for name, status in statuses(again()).items() if status == "removed"] == ["URGENT!/d.txt", "URGENT!/z.zip/one.txt"]


def test_a_folder_that_may_not_be_entered_keeps_what_was_read_from_it(read: Ingest, again: Again, folder: Path, store: Store) -> None:
    read(folder)
    (folder / "sub").chmod(0)
    try:
        if any((folder / "sub").glob("*")):
            pytest.skip("this user may enter any folder")
        assert statuses(again())["sub"] == "skipped"
    finally:
        (folder / "sub").chmod(0o700)
    assert "sub/c.txt" in live(store)


def test_two_sources_that_hold_the_same_file_read_it_once(read: Ingest, again: Again, folder: Path, store: Store) -> None:
    read(folder)
    read(folder / "sub", redact_pii=True)
    assert statuses(again()) == {"a.txt": "unchanged", "b.txt": "unchanged", "c.txt": "unchanged"}
    assert statuses(again()) == {"a.txt": "unchanged", "b.txt": "unchanged", "c.txt": "unchanged"}


def test_documents_inside_others_follow_them(read: Ingest, again: Again, folder: Path, store: Store) -> None:
    mail = letter("With a file")
    mail.add_attachment("The attached.", filename="x.txt")
    (folder / "m.eml").write_bytes(mail.as_bytes())
    (folder / "z.zip").write_bytes(packed({"one.txt": b"One.", "two.txt": b"Two."}))
    read(folder)
    assert set(statuses(again()).values()) == {"unchanged"}
    (folder / "z.zip").write_bytes(packed({"one.txt": b"One."}))
    (folder / "m.eml").unlink()
    done = statuses(again())
    assert (done["m.eml"], done["m.eml/x.txt"]) == ("removed", "removed")
    assert live(store) == ["a.txt", "b.txt", "sub/c.txt", "z.zip/one.txt"]


def test_a_long_table_becomes_live_as_a_whole_or_not_at_all(
    read: Ingest, tmp_path: Path, store: Store, embedder: Embedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shelf_module, "BATCH", 50)
    table = tmp_path / "long.csv"
    table.write_text("id,town\n" + "".join(f"{i},Oslo\n" for i in range(170)))
    read(table)
    whole(store)
    assert store.rows("SELECT count(*) AS n, max(ordinal) AS last FROM chunks") == [{"n": 171, "last": 170}]
    table.write_text("id,town\n" + "".join(f"{i},Bergen\n" for i in range(170)))
    operation = store.begin("ingest_data", {}, undoable=True)

    class Stopping:
        calls = 0

        def encode(self, texts: list[str]) -> object:
            self.calls += 1
            if self.calls == 3:
                raise KeyboardInterrupt
            staged = store.rows("SELECT count(*) AS n FROM chunks WHERE text LIKE '%Bergen%'")[0]["n"]
            assert staged == 50 * (self.calls - 1)
            assert not any("Bergen" in p.text for p in search(store.connection, "tester", embedder, ["docs"], "Bergen", 5))
            return embedder.encode(texts)

    with pytest.raises(KeyboardInterrupt):
        ingest(Shelf(store, Stopping(), "docs", operation), str(table))  # type: ignore[arg-type]
    assert store.rows("SELECT count(*) AS n FROM chunks WHERE text LIKE '%Bergen%'") == [{"n": 0}]
    assert store.rows("SELECT count(*) AS n FROM documents") == [{"n": 1}]
    whole(store)


def test_the_ability_says_what_it_did(ctx: Context, folder: Path) -> None:
    def run(ability: str, **args: object) -> "Refresh | object":
        return REGISTRY[ability].run(args, ctx)

    run("ingest_data", source=str(folder), collection="docs")
    (folder / "a.txt").write_text("This is another a.")
    (folder / "b.txt").unlink()
    (folder / "new.txt").write_text("This is new.")
    done = REGISTRY["refresh_collection"].run({"collection": "DOCS"}, ctx)
    assert done.headline == "'docs' is up to date with its sources: 1 new, 1 changed, 1 removed, 1 unchanged."
    run("undo")
    assert {d.name for d in REGISTRY["show_collection"].run({"collection": "docs"}, ctx).documents} == {"a.txt", "b.txt", "sub/c.txt"}
    with pytest.raises(NotFound, match="docz"):
        run("refresh_collection", collection="docz")
