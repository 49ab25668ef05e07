"""What a corpus of any size needs, computed from measured rates: python -m benchmarks.scale [--documents N] [--measure FOLDER]."""

import argparse
import math
import resource
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from copilot.knowledge.index import SWITCH_OVER
from copilot.knowledge.search import Encoder

WIDTH = 384
VECTOR = 4 * WIDTH
"""Bytes of a vector."""
GIB = 1 << 30
DAY = 24 * 3600
MACHINE = 16
"""Virtual processors of one machine."""


@dataclass(frozen=True)
class Rates:
    """What was measured, on one core where it is time.

    Args:
        pages: Pages of a document.
        passages: Passages of a page.
        read: Seconds of processor time to read a page and cut it; `recognise` those for the share of pages that are `scanned`.
        embed: Seconds of processor time to embed a passage.
        write: Seconds to write a passage into the database, of which there is one writer.
        stored: Bytes of a passage in the database: text, full-text index and vector.
        indexed: Bytes of a passage in an approximate index on disk, vector and links.
        memory: Bytes of a passage in an approximate index in memory.
        compare: Seconds to compare one query with a passage's vector, all of them being compared.
        efficiency: Share of a machine's processors that work, with its other half waiting for files and batches.
        price: US dollars for a virtual processor and hour.
    """

    pages: float = 4.5
    passages: float = 4.1
    read: float = 0.0085
    scanned: float = 0.05
    recognise: float = 1.5
    embed: float = 0.016
    write: float = 0.0002
    stored: float = 3400
    indexed: float = 1900
    memory: float = 1800
    compare: float = 7.3e-8
    efficiency: float = 0.8
    price: float = 0.0425


@dataclass(frozen=True)
class Need:
    """What a corpus needs: seconds, bytes and dollars."""

    documents: int
    passages: int
    reading: float
    embedding: float
    writing: float
    database: float
    index: float
    index_memory: float
    exact_memory: float
    exact_search: float
    usd: float

    def machines(self, days: float, rates: Rates) -> int:
        """Return how many machines read and embed everything in so many days."""
        return math.ceil((self.reading + self.embedding) / (days * DAY * MACHINE * rates.efficiency))


def need(documents: int, rates: Rates) -> Need:
    """Compute what so many documents need."""
    pages = documents * rates.pages
    passages = pages * rates.passages
    reading = pages * (rates.read + rates.scanned * rates.recognise)
    work = reading + passages * rates.embed
    return Need(
        documents=documents,
        passages=round(passages),
        reading=reading,
        embedding=passages * rates.embed,
        writing=passages * rates.write,
        database=passages * rates.stored,
        index=passages * rates.indexed,
        index_memory=passages * rates.memory,
        exact_memory=passages * VECTOR,
        exact_search=passages * rates.compare,
        usd=work / rates.efficiency / 3600 * rates.price,
    )


def place(wanted: Need) -> str:
    """Say where the vectors belong."""
    if wanted.passages <= SWITCH_OVER:
        return "SQLite, all compared"
    if wanted.index_memory <= 32 * GIB:
        return "Chroma beside SQLite"
    return "a vector service"


class Timed:
    """An embedder that counts the processor time it takes."""

    def __init__(self, embedder: Encoder) -> None:
        self.embedder = embedder
        self.seconds = 0.0

    def encode(self, texts: Sequence[str]) -> Any:
        started = time.process_time()
        vectors = self.embedder.encode(texts)
        self.seconds += time.process_time() - started
        return vectors


def measure(folder: Path) -> Rates:
    """Ingest a folder and return what it cost."""
    from copilot.knowledge.ingest import ingest
    from copilot.knowledge.shelf import Shelf
    from copilot.outside.embed import Embedder
    from copilot.outside.store import Store

    embedder = Timed(Embedder.load())
    with tempfile.TemporaryDirectory() as home:
        store = Store(Path(home, "copilot.db"), "bench")
        children, own = _children(), time.process_time()
        ingest(Shelf(store, embedder, "docs", store.begin("ingest_data", {}, undoable=True)), str(folder))
        children, own = _children() - children, time.process_time() - own
        documents, pages = store.connection.execute(
            "SELECT count(*), sum(ifnull(pages, 1 + characters / 3000)) FROM documents WHERE status = 'indexed'"
        ).fetchone()
        passages = store.connection.execute("SELECT count(*) FROM chunks").fetchone()[0]
        store.scrub()
        size = store.path.stat().st_size
        store.close()
    return replace(
        Rates(),
        pages=pages / documents,
        passages=passages / pages,
        read=children / pages,
        embed=embedder.seconds / passages,
        write=(own - embedder.seconds) / passages,
        stored=size / passages,
    )


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def table(rates: Rates, sizes: list[int], days: float) -> Iterator[str]:
    """Write what each size needs, as a Markdown table."""
    columns = "documents|passages|reading, core hours|embedding, core hours|machines|writing, hours|database|index on disk|index in memory"
    names = [*columns.split("|"), "comparing all, one query", "USD", "vectors belong in"]
    yield f"For {days:g} days, with machines of {MACHINE} virtual processors:\n"
    yield f"| {' | '.join(names)} |\n|{' --- |' * len(names)}"
    for wanted in (need(size, rates) for size in sizes):
        hours = [f"{seconds / 3600:,.1f}" for seconds in (wanted.reading, wanted.embedding)]
        volumes = [f"{volume / GIB:,.1f} GiB" for volume in (wanted.database, wanted.index, wanted.index_memory)]
        compared = f"{1000 * wanted.exact_search:,.0f} ms, {wanted.exact_memory / GIB:,.1f} GiB"
        cells = [
            f"{wanted.documents:,}",
            f"{wanted.passages:,}",
            *hours,
            f"{wanted.machines(days, rates)}",
            f"{wanted.writing / 3600:,.1f}",
        ]
        yield "| " + " | ".join([*cells, *volumes, compared, f"{wanted.usd:,.0f}", place(wanted)]) + " |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--documents", type=int, nargs="*", default=[10_000, 100_000, 1_000_000, 10_000_000])
    parser.add_argument("--days", type=float, default=7)
    parser.add_argument("--measure", type=Path, help="ingest this folder and compute with what it cost")
    for rate in fields(Rates):
        parser.add_argument(f"--{rate.name}", type=float)
    given = vars(parser.parse_args())
    rates = measure(given["measure"]) if given["measure"] else Rates()
    rates = replace(rates, **{rate.name: given[rate.name] for rate in fields(Rates) if given[rate.name] is not None})
    print("\n".join(f"{rate.name:10} {getattr(rates, rate.name):g}" for rate in fields(Rates)))
    print("\n".join(table(rates, given["documents"], given["days"])))


if __name__ == "__main__":
    main()
