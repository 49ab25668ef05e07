"""Measure the built-in model's answers on documents of several kinds; see benchmarks/answers/README.md."""

import csv
import os
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from copilot.answering.agent import PASSAGES
from copilot.answering.answer import Answer
from copilot.answering.extract import answer
from copilot.evaluation.cases import Case, read_cases
from copilot.evaluation.scorers import Bench, score
from copilot.knowledge.ingest import ingest
from copilot.knowledge.search import Passage, search
from copilot.knowledge.shelf import Shelf
from copilot.outside.embed import Embedder
from copilot.outside.store import Store

ROOT = Path(__file__).resolve().parents[1]
HERE = ROOT / "benchmarks" / "answers"
SHARED = Path(os.environ.get("COPILOT_SHARED_DATA") or ROOT.parent / "shared" / "data")
NTSB = [SHARED / "kg_rag_docs" / "ntsb-aviation-incident-accident-reports" / "data"]
NIH = [SHARED / "kg_rag_docs" / "nih-clinical-trial-protocols" / "data"]
MISC = (
    "docling_docs/md/sources/wiki.md", "docling_docs/html/sources/wiki_duck.html", "docling_docs/html/sources/kvp_data_example.html",
    "docling_docs/html/sources/example_08.html", "unstructured_docs/LICENSE.md", "unstructured_docs/README.md",
    "unstructured_docs/handbook-872p.docx", "unstructured_docs/category-level.docx", "unstructured_docs/simple.docx",
    "unstructured_docs/example-10k.html", "unstructured_docs/example-steelJIS-datasheet.html",
    "unstructured_docs/example-with-scripts.html", "unstructured_docs/fake-html-pre.htm", "unstructured_docs/ideas-page.html",
    "unstructured_docs/book-war-and-peace-1p.txt",
)  # fmt: skip
SETS: dict[str, tuple[Path, list[Path]]] = {
    "made-up": (HERE / "made-up.csv", [HERE / "made-up"]),
    "samples": (ROOT / "data" / "samples" / "questions.csv", [ROOT / "data" / "samples" / "company"]),
    "company": (HERE / "company.csv", [ROOT / "data" / "samples" / "company"]),
    "ntsb": (HERE / "ntsb.csv", NTSB),
    "ntsb-tuned": (HERE / "ntsb-tuned.csv", NTSB),
    "ntsb-more": (HERE / "ntsb-more.csv", NTSB),
    "nih": (HERE / "nih.csv", NIH),
    "misc": (HERE / "misc.csv", [SHARED / path for path in MISC]),
    "offices-a": (HERE / "offices-a.csv", [HERE / "offices-a"]),
    "offices-b": (HERE / "offices-b.csv", [HERE / "offices-b"]),
    "offices-c": (HERE / "offices-c.csv", [HERE / "offices-c"]),
    "ntsb-most": (HERE / "ntsb-most.csv", NTSB),
    "nih-more": (HERE / "nih-more.csv", NIH),
    "ntsb-blind": (HERE / "ntsb-blind.csv", NTSB),
    "ntsb-blind-2": (HERE / "ntsb-blind-2.csv", NTSB),
    "ntsb-blind-3": (HERE / "ntsb-blind-3.csv", NTSB),
    "held-out": (
        HERE / "held-out.csv",
        [
            SHARED / "unstructured_docs" / "norwich-city.txt",
            SHARED / "unstructured_docs" / "stanley-cups.csv",
            SHARED / "kg_rag_docs" / "nih-clinical-trial-protocols" / "data" / "v1" / "docs" / "NCT06153992_ICF_001.pdf",
        ],
    ),
}


OFF_TOPIC = (("company", "ntsb-blind"), ("ntsb", "offices-b"), ("nih", "offices-c"), ("offices-a", "nih"))
"""Documents, and questions about other documents, to which they hold no answer."""


@contextmanager
def opened(sources: list[Path], embedder: Embedder) -> Iterator[Store]:
    """Read the documents into a collection named `set` of a throw-away workspace."""
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder) / "copilot.db", "bench")
        for source in sources:
            ingest(Shelf(store, embedder, "set", store.begin("ingest_data", {}, undoable=True)), str(source))
        yield store
        store.close()


def find(question: str, store: Store, embedder: Embedder) -> list[Passage]:
    return search(store.connection, store.owner, embedder, ["set"], question, PASSAGES)


def pages(questions: Path) -> dict[str, int]:
    """Return the page that answers a question, where the set tells it."""
    with questions.open(encoding="utf-8", newline="") as file:
        return {row["question"]: int(row["page"]) for row in csv.DictReader(file) if row.get("page")}


def outcomes(case: Case, page: int | None, said: Answer, embedder: Embedder) -> list[str]:
    passed = score("contains", case, said, Bench(embedder)).passed
    if not case.answerable:
        return (["bare"] if not said.nearest else []) if passed else ["false answer"]
    if said.refused:
        quoted = Answer(" … ".join(citation.quote for citation in said.nearest))
        return ["refused", "quoted"] if score("contains", case, quoted, Bench(embedder)).passed else ["refused"]
    if not passed:
        return ["wrong"]
    cited = any(c.citation.page == page and c.citation.document.endswith(case.document) for c in said.claims)
    return ["right", "cited"] if page and cited else ["right"]


def main() -> None:
    embedder = Embedder.load()
    print("set           questions  right  on the cited page  wrong  refused  fact in the nearest  unanswerable  answered  no quote  ms")
    for name, (questions, sources) in SETS.items():
        if not all(source.exists() for source in sources):
            print(f"{name:13} (documents not here)")
            continue
        cases, page = read_cases(questions), pages(questions)
        seen: Counter[str] = Counter()
        seconds = 0.0
        with opened(sources, embedder) as store:
            for case in cases:
                started = time.perf_counter()
                said = answer(case.question, find(case.question, store, embedder), embedder)
                seconds += time.perf_counter() - started
                seen.update(outcomes(case, page.get(case.question), said, embedder))
        answerable = sum(case.answerable for case in cases)
        cited = seen["cited"] if page else "-"
        counts = f"{answerable:9}  {seen['right']:5}  {cited:>17}  {seen['wrong']:5}  {seen['refused']:7}  {seen['quoted']:19}"
        refusals = f"{len(cases) - answerable:12}  {seen['false answer']:8}  {seen['bare']:8}"
        print(f"{name:13} {counts}  {refusals}  {seconds * 1000 / len(cases):2.0f}", flush=True)
    off_topic(embedder)


def off_topic(embedder: Embedder) -> None:
    print("documents     questions about  asked  refused  no quote")
    for name, other in OFF_TOPIC:
        sources, questions = SETS[name][1], SETS[other][0]
        if all(source.exists() for source in sources):
            with opened(sources, embedder) as store:
                said = [answer(case.question, find(case.question, store, embedder), embedder) for case in read_cases(questions)]
            bare = sum(a.refused and not a.nearest for a in said)
            print(f"{name:13} {other:15}  {len(said):5}  {sum(a.refused for a in said):7}  {bare:8}", flush=True)


if __name__ == "__main__":
    main()
