"""Time our path from PDF to index against the usual one, in one run: python -m benchmarks.ingestion [--files N] [--reading]."""

import argparse
import csv
import resource
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.retrieval import NIH, NTSB, ROOT, SHARED, TOP, split
from copilot.knowledge.extract import Task
from copilot.knowledge.formats import pdf
from copilot.knowledge.ingest import ingest
from copilot.knowledge.sandbox import Sandbox
from copilot.knowledge.search import search
from copilot.knowledge.shelf import Shelf
from copilot.outside.embed import Embedder
from copilot.outside.store import Store

SCAN = "NCT06155240_Prot_SAP_000.pdf"
"""A picture of a text: pypdf finds nothing in it."""
REPEATS = 3
PADDED, BATCH = 256, 32
"""Chroma's own embedding function makes every text so many tokens long, so many at a time."""


@dataclass
class Taken:
    """Seconds that went by, and those of processors that this process and its children used."""

    wall: float = 0.0
    processor: float = 0.0

    def over(self, other: "Taken") -> str:
        return f"{self.wall / other.wall:.1f} x by the clock, {self.processor / other.processor:.1f} x by processor time"

    def __str__(self) -> str:
        return f"{self.wall:6.1f} s, {self.processor:6.1f} s of processors"


@contextmanager
def timed() -> Iterator[Taken]:
    taken = Taken(-time.perf_counter(), -_processor())
    yield taken
    taken.wall += time.perf_counter()
    taken.processor += _processor()


def _processor() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


def median(run: Callable[[], object], repeats: int) -> Taken:
    """Return the medians of several runs."""
    runs = []
    for _ in range(repeats):
        with timed() as taken:
            run()
        runs.append(taken)
    return Taken(statistics.median(t.wall for t in runs), statistics.median(t.processor for t in runs))


def pypdf_texts(paths: Sequence[Path]) -> dict[str, str]:
    """Read PDFs the usual way."""
    from pypdf import PdfReader

    return {path.name: "\n".join(page.extract_text() for page in PdfReader(path).pages) for path in paths}


def usual_chunks(paths: Sequence[Path]) -> list[tuple[str, str]]:
    return [(name, chunk) for name, text in pypdf_texts(paths).items() for chunk in split(text)]


def our_passages(paths: Sequence[Path]) -> int:
    """Read PDFs as an ingest does: in processes of their own, tables and personal data looked for."""
    with Sandbox() as readers, tempfile.TemporaryDirectory() as folder:
        done = readers.extract((path, Task(path, False, Path(folder, path.name))) for path in paths)
        return sum(len(extracted["chunks"]) for _, extracted in done if extracted)


def reading(paths: Sequence[Path]) -> None:
    """Compare reading alone, in one process and turn by turn, and then with everything up to passages."""
    ours = [median(lambda: [pdf.read(path, "pdf") for path in paths], 1) for _ in range(REPEATS)]
    usual = [median(lambda: pypdf_texts(paths), 1) for _ in range(REPEATS)]
    ratio = statistics.median(b.processor / a.processor for a, b in zip(ours, usual, strict=True))
    print(f"text and tables, one process: {statistics.median(a.processor for a in ours):.2f} s of processor, pypdf {ratio:.1f} x")
    chunked, passages = median(lambda: usual_chunks(paths), REPEATS), median(lambda: our_passages(paths), REPEATS)
    print(f"files to passages: ours {passages}; pypdf and splitter {chunked}: {chunked.over(passages)}")


class Padded:
    """The embedding function of Chroma: its own where its model is on the machine, else ours on texts as long as its."""

    def __init__(self, embedder: Embedder) -> None:
        from chromadb.utils.embedding_functions import ONNXMiniLM_L6_V2

        model = ONNXMiniLM_L6_V2.DOWNLOAD_PATH / ONNXMiniLM_L6_V2.EXTRACTED_FOLDER_NAME / "model.onnx"
        self.theirs = ONNXMiniLM_L6_V2() if model.exists() else None
        self.embedder = embedder

    def encode(self, texts: Sequence[str]) -> Any:
        if self.theirs:
            return np.asarray(self.theirs(list(texts)))
        vectors = []
        for start in range(0, len(texts), BATCH):
            tokens = [encoding.ids for encoding in self.embedder.tokenizer.encode_batch_fast(list(texts[start : start + BATCH]))]
            ids, mask = np.zeros((len(tokens), PADDED), np.int64), np.zeros((len(tokens), PADDED), np.int64)
            for row, values in enumerate(tokens):
                ids[row, : len(values)], mask[row, : len(values)] = values, 1
            vectors.append(self.embedder._forward(ids, mask))
        return np.concatenate(vectors)


def usual_path(paths: Sequence[Path], folder: Path, padded: Padded) -> Any:
    """Read, split, embed and index the usual way; return the collection."""
    import chromadb

    client = chromadb.PersistentClient(str(folder), chromadb.Settings(anonymized_telemetry=False))
    collection = client.create_collection("set", embedding_function=None, metadata={"hnsw:space": "cosine"})
    chunks = usual_chunks(paths)
    texts = [chunk for _, chunk in chunks]
    ids, names = [str(i) for i in range(len(chunks))], [{"source": name} for name, _ in chunks]
    collection.add(ids=ids, documents=texts, metadatas=names, embeddings=padded.encode(texts))
    return collection


def our_path(paths: Sequence[Path], folder: Path, embedder: Embedder) -> Store:
    store = Store(folder / "copilot.db", "bench")
    shelf = Shelf(store, embedder, "set", store.begin("ingest_data", {}, undoable=True))
    for source in sorted({path.parent for path in paths}):
        ingest(shelf, str(source))
    return store


def asked(paths: Sequence[Path]) -> list[tuple[str, str]]:
    """Return the questions about these documents, none of a blind set, and where their answers stand."""
    names = {path.name for path in paths}
    found = []
    for path in sorted((ROOT / "benchmarks" / "answers").glob("*.csv")):
        if "blind" not in path.stem:
            with path.open(encoding="utf-8") as file:
                rows = [(row["question"], row.get("document") or "") for row in csv.DictReader(file) if row["answer"]]
            found += [(question, document) for question, document in rows if document in names]
    return found


def whole(paths: Sequence[Path], folder: Path) -> None:
    """Compare the whole path, and in how many cases the right document is among the first."""
    embedder = Embedder.load()
    padded = Padded(embedder)
    embedder.encode(["warm"])
    with timed() as ours:
        store = our_path(paths, folder, embedder)
    with timed() as usual:
        collection = usual_path(paths, folder / "chroma", padded)
    passages = store.connection.execute("SELECT count(*) FROM chunks").fetchone()[0]
    print(f"whole path, ours:  {ours}, {passages} passages")
    print(f"whole path, usual: {usual}, {collection.count()} chunks, embedded by {'Chroma' if padded.theirs else 'our model, padded'}")
    print(f"usual over ours: {usual.over(ours)}")
    questions = asked(paths)
    ours_hit = usual_hit = 0
    for question, document in questions:
        found = search(store.connection, "bench", embedder, ["set"], question, TOP)
        ours_hit += any(Path(passage.name).name == document for passage in found)
        near = collection.query(query_embeddings=padded.encode([question]).tolist(), n_results=TOP, include=["metadatas"])
        usual_hit += any(entry["source"] == document for entry in near["metadatas"][0])
    print(f"right document among the first {TOP} of {len(questions)} questions: ours {ours_hit}, usual {usual_hit}")
    store.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, help="use only the first so many files")
    parser.add_argument("--reading", action="store_true", help="stop before anything is embedded")
    given = parser.parse_args()
    found = sorted(path for name in (NTSB, NIH) for path in (SHARED / name / "data").rglob("*.pdf") if path.name != SCAN)
    with tempfile.TemporaryDirectory() as home:
        paths = []
        for path in found[: given.files]:  # both ways read the same folder, which the page cache holds
            paths.append(Path(home, "set", path.name))
            paths[-1].parent.mkdir(exist_ok=True)
            paths[-1].write_bytes(path.read_bytes())
        reading(paths)
        if not given.reading:
            whole(paths, Path(home))


if __name__ == "__main__":
    main()
