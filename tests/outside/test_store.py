"""The store keeps what it acknowledged, sees only its owner's rows, and undoes whole operations."""

import json
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from copilot.errors import AlreadyExists, NotFound, Refused, Unavailable
from copilot.outside.audit import Audit
from copilot.outside.store import Store

WRITER = """
import sys
from pathlib import Path
from copilot.outside.store import Store
store = Store(Path(sys.argv[1]), "tester")
for n in range(50):
    store.add("agent", f"{sys.argv[2]}-{n}", {"n": n}, store.begin("create_agent", {}, True))
"""


def write(store: Store, name: str, **body: object) -> str:
    operation = store.begin("create_agent", {"name": name}, undoable=True)
    store.put("agent", name, body, operation)
    store.finish(operation, "done")
    return operation


def test_a_thing_is_found_whatever_the_case_and_a_near_name_is_offered(store: Store) -> None:
    write(store, "Helpdesk", model="offline")
    assert store.get("agent", "helpdesk").name == "Helpdesk"
    with pytest.raises(NotFound, match="Did you mean 'Helpdesk'"):
        store.get("agent", "Helpdsk")


def test_a_taken_name_is_refused_and_leaves_the_old_one(store: Store) -> None:
    write(store, "helpdesk", model="a")
    with pytest.raises(AlreadyExists, match="helpdesk"):
        store.add("agent", "HELPDESK", {"model": "b"}, store.begin("create_agent", {}, True))
    assert store.get("agent", "helpdesk").body == {"model": "a"}


def test_undo_brings_back_the_version_before(store: Store) -> None:
    write(store, "helpdesk", model="a")
    write(store, "helpdesk", model="b")
    store.revert(store.last_operation()["id"])
    assert store.get("agent", "helpdesk").body == {"model": "a"}
    store.revert(store.last_operation()["id"])
    assert store.names("agent") == []
    with pytest.raises(Refused):
        store.last_operation()


def test_undo_brings_back_what_was_removed(store: Store) -> None:
    write(store, "helpdesk", model="a")
    operation = store.begin("remove", {}, True)
    store.remove("agent", "helpdesk", operation)
    store.revert(operation)
    assert store.get("agent", "helpdesk").body == {"model": "a"}


def test_undo_keeps_what_an_operation_that_began_earlier_wrote_later(store: Store) -> None:
    earlier, later = (store.begin("ingest_data", {}, True) for _ in range(2))
    store.add("collection", "docs", {"by": "later"}, later)
    store.put("collection", "docs", {"by": "earlier"}, earlier)
    store.revert(later)
    assert store.get("collection", "docs").body == {"by": "earlier"}
    store.revert(earlier)
    assert store.names("collection") == []


@given(st.lists(st.tuples(st.sampled_from("abc"), st.one_of(st.none(), st.integers())), max_size=12))
@settings(deadline=None, max_examples=40)
def test_undoing_everything_leaves_nothing(tmp_path_factory: pytest.TempPathFactory, writes: list[tuple[str, int | None]]) -> None:
    store = Store(tmp_path_factory.mktemp("undo") / "copilot.db", "tester")
    states = []
    for name, value in writes:
        states.append({t.name: t.body for t in store.all("agent")})
        operation = store.begin("x", {}, True)
        if value is not None:
            store.put("agent", name, {"v": value}, operation)
        elif store.find("agent", name):
            store.remove("agent", name, operation)
        store.finish(operation, "done")
        if not store.rows("SELECT 1 FROM versions WHERE operation = ?", operation):
            states.pop()
    while states:
        store.revert(store.last_operation()["id"])
        assert {t.name: t.body for t in store.all("agent")} == states.pop()
    store.close()


def test_one_user_never_changes_anothers_things(store: Store) -> None:
    other = Store(store.path, "stranger")
    for model in "ab":
        write(store, "helpdesk", model=model)
    store.save_session("chat", {"mine": True})
    assert other.session("chat") == {}
    assert write(other, "helpdesk", model="x")
    assert [thing.version for thing in other.versions("agent", "helpdesk")] == [1]
    other.remove("agent", "helpdesk", other.begin("remove", {}, True))
    other.revert(other.last_operation()["id"])
    other.revert(other.last_operation()["id"])
    assert other.names("agent") == []
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    mine = store.begin("ingest_data", {}, True)
    store.connection.execute("UPDATE operations SET process = ? WHERE id = ?", (gone.pid, mine))
    assert other.interrupted() == []
    assert [row["id"] for row in store.interrupted()] == [mine]
    write(other, "helpdesk", model="x")
    other.erase("agent", "helpdesk")
    assert [thing.body["model"] for thing in store.versions("agent", "helpdesk")] == ["a", "b"]
    assert store.get("agent", "helpdesk").body == {"model": "b"}
    other.close()


def test_one_user_never_sees_anothers_things(store: Store) -> None:
    write(store, "secret-agent", model="a")
    other = Store(store.path, "stranger")
    assert other.names("agent") == []
    with pytest.raises(NotFound):
        other.get("agent", "secret-agent")
    other.close()


def test_what_is_erased_leaves_no_text_in_the_files(store: Store) -> None:
    write(store, "helpdesk", purpose="xyzzy-plugh-secret")
    store.erase("agent", "helpdesk")
    store.scrub()
    assert not any(b"xyzzy-plugh-secret" in file.read_bytes() for file in store.path.parent.iterdir() if file.is_file())


def test_text_that_another_process_keeps_on_disk_is_said(store: Store) -> None:
    write(store, "helpdesk", purpose="xyzzy-plugh-secret")
    reader = Store(store.path, store.owner)
    reading = reader.connection.execute("SELECT body FROM things UNION ALL SELECT body FROM versions")
    next(reading)
    store.erase("agent", "helpdesk")
    store.connection.execute("PRAGMA busy_timeout = 50")
    with pytest.raises(Unavailable, match="another process is still reading"):
        store.scrub()
    reading.close()
    reader.close()


def test_a_full_disk_is_said_and_costs_only_what_did_not_fit(store: Store) -> None:
    write(store, "small", model="a")
    pages = store.rows("PRAGMA page_count")[0]["page_count"]
    store.connection.execute(f"PRAGMA max_page_count = {pages + 2}")
    with pytest.raises(Unavailable, match="full"):
        write(store, "big", text="x" * 1_000_000)
    assert store.names("agent") == ["small"]
    store.connection.execute("PRAGMA max_page_count = 1000000")
    write(store, "big", text="x" * 1_000_000)
    again = Store(store.path, store.owner)
    assert again.names("agent") == ["big", "small"], "it is committed, not left in a transaction that nobody ends"
    again.close()


def test_two_processes_writing_at_once_both_succeed(store: Store) -> None:
    assert store.names("agent") == []
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, str(store.path), name]) for name in ("left", "right")]
    assert [writer.wait(60) for writer in writers] == [0, 0]
    assert len(store.names("agent")) == 100
    assert store.rows("PRAGMA integrity_check")[0]["integrity_check"] == "ok"


def test_a_changed_audit_entry_shows(store: Store) -> None:
    for n in range(3):
        Audit(store).append("create_agent", {"name": f"a{n}"}, "done", "", None, "simulated")
    assert Audit(store).broken() == ""
    store.connection.execute("UPDATE audit SET args = '{}' WHERE seq = 2")
    assert "entry 2" in Audit(store).broken()


def test_a_cut_audit_tail_shows(store: Store) -> None:
    for n in range(3):
        Audit(store).append("create_agent", {"name": f"a{n}"}, "done", "", None, "simulated")
    store.connection.execute("DELETE FROM audit WHERE seq = 3")
    assert "cut off" in Audit(store).broken()


def test_a_cut_audit_tail_still_shows_after_new_entries(store: Store) -> None:
    for n in range(3):
        Audit(store).append("create_agent", {"name": f"a{n}"}, "done", "", None, "simulated")
    store.connection.execute("DELETE FROM audit WHERE seq = 3")
    Audit(store).append("create_agent", {"name": "b"}, "done", "", None, "simulated")
    assert "cut off" in Audit(store).broken()


def test_a_crash_while_an_audit_entry_is_written_is_no_tampering(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    Audit(store).append("create_agent", {"name": "a"}, "done", "", None, "simulated")
    pages = store.rows("PRAGMA page_count")[0]["page_count"]
    store.connection.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(Unavailable, match="full"):
        Audit(store).append("create_agent", {"name": "b" * 100_000}, "done", "", None, "simulated")
    assert Audit(store).broken() == "", "the note outside is not ahead"
    store.connection.execute("PRAGMA max_page_count = 1000000")
    head = store.path.with_name("audit.head")
    behind = head.read_text()
    Audit(store).append("create_agent", {"name": "c"}, "done", "", None, "simulated")
    head.write_text(behind)
    assert Audit(store).broken() == "", "the note outside may be behind"
    Audit(store).append("create_agent", {"name": "d"}, "done", "", None, "simulated")
    assert head.read_text() == store.rows("SELECT digest FROM audit ORDER BY seq DESC")[0]["digest"]


def test_history_is_searched_by_every_word_and_by_time(store: Store) -> None:
    Audit(store).append("create_agent", {"name": "helpdesk"}, "done", "", None, "simulated")
    Audit(store).append("delete_agent", {"name": "100%_sure"}, "done", "", None, "simulated")
    assert [row["intent"] for row in Audit(store).search("helpdesk create")] == ["create_agent"]
    assert [row["intent"] for row in Audit(store).search("100%_")] == ["delete_agent"]
    assert Audit(store).search("", since="9999") == []


def test_a_file_that_is_no_database_is_said_so(tmp_path: Path) -> None:
    path = tmp_path / "copilot.db"
    path.write_text("this is not a database, but it is long enough to look like one " * 20)
    with pytest.raises(Unavailable, match="Cannot open"):
        Store(path, "tester").names("agent")


def test_a_newer_database_is_refused(store: Store) -> None:
    store.connection.execute("PRAGMA user_version = 9999")
    again = Store(store.path, "tester")
    with pytest.raises(Unavailable, match="newer"):
        again.names("agent")


def test_a_failed_transaction_leaves_nothing(store: Store) -> None:
    with pytest.raises(sqlite3.IntegrityError), store.transaction() as connection:
        store.put("agent", "half", {}, "op")
        connection.execute("INSERT INTO operations (id) VALUES (NULL)")
    assert store.names("agent") == []


def test_an_interrupted_operation_is_taken_over_once(store: Store) -> None:
    operation = store.begin("ingest_data", {}, True)
    other = Store(store.path, store.owner)
    assert [store.take_over(operation), other.take_over(operation)] == [True, False]
    other.close()


def test_a_session_survives_the_process(store: Store) -> None:
    store.save_session("chat", {"pending": {"ask": "agent"}})
    again = Store(store.path, "tester")
    assert json.loads(json.dumps(again.session("chat"))) == {"pending": {"ask": "agent"}}
    again.close()
