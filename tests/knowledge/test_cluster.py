"""Files are read on other machines as they are here: the same passages, parts, refusals and masking."""

import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

from copilot.context import Context
from copilot.errors import Unavailable
from copilot.intents import REGISTRY
from copilot.knowledge.cluster import Cluster, Engine, Station, local
from copilot.knowledge.ingest import ingest
from copilot.knowledge.results import Outcome
from copilot.knowledge.shelf import Shelf
from copilot.outside.embed import Embedder
from copilot.outside.store import Store


class Nearby:
    """A pool of two stations on this machine; they die over files called so."""

    size = 2

    def __init__(self, deadly: str = "") -> None:
        self.deadly = deadly
        self.took: list[str] = []

    def __enter__(self) -> "Nearby":
        self.stations = [Station() for _ in range(self.size)]
        self.threads = ThreadPoolExecutor(self.size)
        return self

    def __exit__(self, *_: object) -> None:
        self.threads.shutdown()
        for station in self.stations:
            station.close()

    def submit(self, *work: Any) -> Callable[[], Any]:
        self.took.append(work[0])
        if work[0] == self.deadly:
            return lambda: None
        return self.threads.submit(self.stations[len(self.took) % self.size].read, *work).result


@pytest.fixture
def papers(tmp_path: Path) -> Path:
    folder = tmp_path / "papers"
    folder.mkdir()
    (folder / "a.txt").write_text("Write to ada@corp.example about the ladder.")
    (folder / "b.csv").write_text("item,price\n" + "\n".join(f"thing {n},{n}" for n in range(700)))
    (folder / "c.txt").touch()
    with ZipFile(folder / "d.zip", "w") as archive:
        archive.writestr("deep/note.txt", "A note in an archive.")
        archive.writestr("note.txt", "Another note in an archive.")
        archive.writestr("tool.exe", "MZ")
    (folder / "e.md").write_text("# Rules\n\nHelmets are worn.")
    return folder


@pytest.fixture
def fill(store: Store, embedder: Embedder, papers: Path) -> Callable[..., dict[str, Outcome]]:
    def run(collection: str, engine: Engine, redact: bool = False) -> dict[str, Outcome]:
        outcomes = ingest(
            Shelf(store, embedder, collection, store.begin("ingest_data", {}, undoable=True)), str(papers), redact, engine=engine
        )
        return {outcome.name: outcome for outcome in outcomes}

    return run


def held(store: Store, collection: str) -> Iterator[tuple[Any, ...]]:
    sql = """SELECT d.name, d.type, d.status, d.reason, d.details, d.characters, c.ordinal, c.text, c.heading, c."row", c.start, c.end
        FROM documents d LEFT JOIN chunks c ON c.document = d.id WHERE d.collection = ? ORDER BY d.name, c.ordinal"""
    return (tuple(row.values()) for row in store.rows(sql, collection))


@pytest.mark.parametrize("redact", [False, True])
def test_a_cluster_reads_what_this_machine_reads(store: Store, fill: Callable[..., dict[str, Outcome]], redact: bool) -> None:
    pool = Nearby()
    here, there = fill("here", local, redact), fill("there", lambda folder: Cluster(pool, folder), redact)
    assert there == here
    assert sorted(pool.took) == ["a.txt", "b.csv", "c.txt", "d.zip", "e.md", "note.txt", "note.txt", "tool.exe"]
    assert list(held(store, "there")) == list(held(store, "here"))
    assert {name for name, outcome in there.items() if outcome.status == "indexed"} >= {"d.zip/deep/note.txt", "d.zip/note.txt", "b.csv"}


def test_a_station_that_dies_costs_its_file_only(fill: Callable[..., dict[str, Outcome]]) -> None:
    outcomes = fill("docs", lambda folder: Cluster(Nearby(deadly="b.csv"), folder))
    assert outcomes["b.csv"].reason == "it stopped the reader"
    assert outcomes["e.md"].status == outcomes["a.txt"].status == "indexed"


def test_without_ray_the_command_that_installs_it_is_said(ctx: Context, papers: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(Unavailable) as told:
        REGISTRY["ingest_data"].run({"source": str(papers), "engine": "ray"}, ctx)
    assert "pip install 'copilot[cluster]'" in told.value.hint
    assert ctx.store.names("collection") == []
