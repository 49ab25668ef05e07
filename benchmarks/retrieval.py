"""Measure search against each half of it and against the usual stack, in one run: python -m benchmarks.retrieval [--large]."""

import argparse
import csv
import os
import re
import resource
import sqlite3
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks.reports import write
from copilot.knowledge.formats import pdf
from copilot.knowledge.ingest import ingest
from copilot.knowledge.neighbours import DEPTH, merged
from copilot.knowledge.relevance import content_words
from copilot.knowledge.search import Within, _Scope, fuse, match_expression, search
from copilot.knowledge.shelf import Shelf
from copilot.outside.embed import Embedder
from copilot.outside.store import Store

ROOT = Path(__file__).resolve().parents[1]
SHARED = Path(os.environ.get("COPILOT_SHARED_DATA") or ROOT.parent / "shared" / "data") / "kg_rag_docs"
NTSB, NIH = "ntsb-aviation-incident-accident-reports", "nih-clinical-trial-protocols"
TOP, POOL = 5, 60
SIZE, OVERLAP = 1000, 200
DRAWS = 10_000
NUMBER = re.compile(r"\d[\d,.]*\d|\d")
LARGE = 100_000


class Asked(NamedTuple):
    """A question, and what the passages of one document must hold."""

    group: str
    text: str
    document: str
    wanted: tuple[str, ...]
    figures: bool


Find = Callable[[Asked], list[tuple[str, str]]]
"""Returns the names and texts of the best passages."""


def questions(folder: Path) -> list[Asked]:
    """Write the reports; return every question that has an answer."""
    asked = [Asked("tables, seen" if q.seen else "tables, unseen", q.text, q.document, q.numbers, True) for q in write(folder)]
    for name in ("ntsb", "tables") if SHARED.exists() else ():
        with (ROOT / "benchmarks" / ("answers" if name == "ntsb" else "retrieval_sets") / f"{name}.csv").open(encoding="utf-8") as file:
            rows = [row for row in csv.DictReader(file) if row["answer"]]
        asked += [Asked(f"{name}, real", row["question"], row["document"], tuple(row["answer"].split(" | ")), False) for row in rows]
    return asked


def score(asked: Asked, found: Sequence[tuple[str, str]]) -> float:
    """Return how much of what is wanted stands in the passages of the right document."""
    texts = [text for name, text in found if not asked.document or Path(name).name == asked.document]
    if asked.figures:
        held = {number for text in texts for number in NUMBER.findall(text)}
        return sum(number in held for number in asked.wanted) / len(asked.wanted)
    return sum(any(part.lower() in text.lower() for text in texts) for part in asked.wanted) / len(asked.wanted)


def split(text: str, marks: Sequence[str] = ("\n\n", "\n", " ", "")) -> list[str]:
    """Cut text the usual way: at the largest mark that gives parts of at most SIZE characters, OVERLAP repeated."""
    if len(text) <= SIZE:
        return [text]
    mark = next(m for m in marks if not m or m in text)
    chunks: list[str] = []
    held: list[str] = []
    for part in text.split(mark) if mark else [text[i : i + SIZE] for i in range(0, len(text), SIZE - OVERLAP)]:
        if held and len(mark.join([*held, part])) > SIZE:
            chunks.append(mark.join(held))
            while held and (len(mark.join(held)) > OVERLAP or len(mark.join([*held, part])) > SIZE):
                held.pop(0)
        if len(part) > SIZE:
            chunks += [mark.join(held)] if held else []
            chunks += split(part, marks[marks.index(mark) + 1 :])
            held = []
        else:
            held.append(part)
    return [chunk for chunk in [*chunks, mark.join(held)] if chunk.strip()]


class Usual:
    """What is mostly built: pypdf, a recursive splitter, vectors of the bare text, and full text over the same chunks."""

    def __init__(self, paths: Sequence[Path], embedder: Embedder) -> None:
        from pypdf import PdfReader
        from pypdf.errors import PyPdfError

        started = time.process_time()
        texts = {}
        for path in paths:
            try:
                texts[path.name] = "\n".join(page.extract_text() for page in PdfReader(path).pages)
            except (PyPdfError, ValueError, KeyError):
                continue
        self.seconds = time.process_time() - started
        self.chunks = [(name, chunk) for name, text in texts.items() for chunk in split(text)]
        self.vectors = embedder.encode([chunk for _, chunk in self.chunks])
        self.embedder = embedder
        self.connection = sqlite3.connect(":memory:")
        self.connection.execute("CREATE VIRTUAL TABLE t USING fts5 (text, tokenize='porter unicode61')")
        self.connection.executemany("INSERT INTO t (rowid, text) VALUES (?, ?)", ((i, chunk) for i, (_, chunk) in enumerate(self.chunks)))

    def dense(self, asked: Asked) -> list[tuple[str, str]]:
        return [self.chunks[i] for i in self._near(asked)[:TOP]]

    def fused(self, asked: Asked) -> list[tuple[str, str]]:
        sql = "SELECT rowid FROM t WHERE t MATCH ? ORDER BY rank LIMIT ?"
        found = [row[0] for row in self.connection.execute(sql, (match_expression(content_words(asked.text)), POOL))]
        scores = fuse(found, self._near(asked)[:POOL])
        return [self.chunks[i] for i in sorted(scores, key=lambda i: -scores[i])[:TOP]]

    def _near(self, asked: Asked) -> list[int]:
        return [int(i) for i in np.argsort(-(self.vectors @ self.embedder.encode([asked.text])[0]), kind="stable")]


def ways(store: Store, embedder: Embedder) -> dict[str, Find]:
    """Return our search, and each half of it alone."""
    scope = _Scope(store.connection, store.owner, Within(("set",)))
    sql = "SELECT c.id, d.name, c.text FROM chunks c JOIN documents d ON d.id = c.document"
    passages = {row[0]: (row[1], row[2]) for row in store.connection.execute(sql)}

    def vectors(asked: Asked) -> list[tuple[str, str]]:
        return [passages[chunk] for chunk, _ in scope.nearest(embedder.encode([asked.text])[0], TOP)]

    def words(asked: Asked) -> list[tuple[str, str]]:
        return [passages[chunk] for chunk in scope.matching(scope.frequencies(content_words(asked.text)), TOP)]

    def hybrid(asked: Asked) -> list[tuple[str, str]]:
        return [(p.name, p.text) for p in search(store.connection, store.owner, embedder, ["set"], asked.text, TOP)]

    def shown(asked: Asked) -> list[tuple[str, str]]:
        found = search(store.connection, store.owner, embedder, ["set"], asked.text, TOP * DEPTH)
        return [(p.name, p.text) for p in merged(found, TOP)]

    return {"hybrid, neighbours merged": shown, "hybrid": hybrid, "vectors alone": vectors, "words alone (BM25)": words}


def interval(one: Sequence[float], other: Sequence[float]) -> tuple[float, float]:
    """Return the 95 % interval of the mean difference of paired scores, by bootstrap."""
    difference = np.asarray(one) - np.asarray(other)
    draws = np.random.default_rng(7).integers(0, len(difference), (DRAWS, len(difference)))
    low, high = np.quantile(difference[draws].mean(axis=1), (0.025, 0.975))
    return float(low), float(high)


def compare(folder: Path, embedder: Embedder) -> None:
    asked = questions(folder)
    sources = [folder, *(SHARED / name / "data" for name in (NTSB, NIH) if SHARED.exists())]
    store = Store(folder / "copilot.db", "bench")
    for source in sources:
        ingest(
            Shelf(store, embedder, "set", store.begin("ingest_data", {}, undoable=True)),
            str(source / "*.pdf" if source == folder else source),
        )
    paths = sorted(path for source in sources for path in source.rglob("*.pdf"))
    usual = Usual(paths, embedder)
    finds = ways(store, embedder) | {"usual stack, dense": usual.dense, "usual stack, fused": usual.fused}
    for group in dict.fromkeys(a.group for a in asked):
        own = [a for a in asked if a.group == group]
        scores = {name: [score(a, find(a)) for a in own] for name, find in finds.items()}
        print(f"\n{group}: {len(own)} questions, share of what is asked for in the first {TOP} passages")
        for name, values in scores.items():
            low, high = interval(scores["hybrid"], values)
            print(f"  {name:28} {np.mean(values):.2f}   hybrid minus it: {low:+.2f} to {high:+.2f}")
    readable = [path for path in paths if path.name != "NCT06155240_Prot_SAP_000.pdf"]  # a scan
    started = time.process_time()
    pages = sum(pdf.read(path, "pdf").pages or 0 for path in readable)
    seconds = time.process_time() - started
    ours, ratio = 1000 * seconds / pages, usual.seconds / seconds
    print(f"\nextraction: {ours:.1f} s of processor time for 1,000 pages; pypdf takes {ratio:.1f} times as long")
    store.close()


def large(folder: Path, embedder: Embedder) -> None:
    """Time searches among LARGE passages, made of the real ones with other words and turned vectors."""
    store = Store(folder / "large.db", "bench")
    source = Store(folder / "copilot.db", "bench")
    rows = source.connection.execute('SELECT text, heading, page, "row", start, end, vector FROM chunks ORDER BY id').fetchall()
    random = np.random.default_rng(3)
    document = (
        "INSERT INTO documents (owner, collection, source, name, type, bytes, digest, characters, status, added_by, added_at) VALUES "
    )
    with store.transaction() as connection:
        for number in range(LARGE // 500):
            values = ("bench", "set", f"{number}.txt", f"{number}.txt", "txt", 1, str(number), 1, "indexed", "x", "2026-01-01")
            held = connection.execute(f"{document} ({', '.join('?' * len(values))})", values).lastrowid
            for ordinal in range(500):
                text, *rest, vector = rows[int(random.integers(len(rows)))]
                turned = np.frombuffer(vector, np.float32) + random.normal(0, 0.03, 384).astype(np.float32)
                other = " ".join(w if random.random() < 0.8 else f"w{random.zipf(1.3) % 50_000}" for w in text.split())
                key = (held, ordinal, other, *rest, (turned / np.linalg.norm(turned)).astype(np.float32).tobytes())
                connection.execute(
                    'INSERT INTO chunks (document, ordinal, text, heading, page, "row", start, end, vector) VALUES (?,?,?,?,?,?,?,?,?)', key
                )
    asked = questions(folder)
    taken, used = [], []
    for a in asked[:3] + asked:
        started, before = time.perf_counter(), time.process_time()
        search(store.connection, "bench", embedder, ["set"], a.text, 20)
        taken.append(1000 * (time.perf_counter() - started))
        used.append(1000 * (time.process_time() - before))
    p50, p95 = np.quantile(taken[3:], (0.5, 0.95))
    print(f"\n{LARGE:,} passages: first search {taken[0]:.0f} ms, then p50 {p50:.0f} ms, p95 {p95:.0f} ms, {_resident()} MiB resident")
    p50, p95 = np.quantile(used[3:], (0.5, 0.95))
    print(f"of processor time: p50 {p50:.0f} ms, p95 {p95:.0f} ms")
    print(f"database {(folder / 'large.db').stat().st_size / 2**20:.0f} MiB")


def _resident() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--large", action="store_true", help="also time searches among 100,000 passages")
    embedder = Embedder.load()
    with tempfile.TemporaryDirectory() as folder:
        compare(Path(folder), embedder)
        if parser.parse_args().large:
            large(Path(folder), embedder)


if __name__ == "__main__":
    main()
