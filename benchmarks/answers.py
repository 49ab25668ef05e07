"""Measure the built-in model's answers on documents of several kinds; see benchmarks/answers/README.md."""

import os
import tempfile
import time
from collections import Counter
from pathlib import Path

from copilot.answering.extract import answer
from copilot.evaluation.cases import Case, read_cases
from copilot.evaluation.scorers import Bench, score
from copilot.knowledge.ingest import ingest
from copilot.knowledge.search import search
from copilot.knowledge.shelf import Shelf
from copilot.outside.embed import Embedder
from copilot.outside.store import Store

ROOT = Path(__file__).resolve().parents[1]
HERE = ROOT / "benchmarks" / "answers"
SHARED = Path(os.environ.get("COPILOT_SHARED_DATA") or ROOT.parent / "shared" / "data")
SETS: dict[str, tuple[Path, list[Path]]] = {
    "made-up": (HERE / "made-up.csv", [HERE / "made-up"]),
    "samples": (ROOT / "data" / "samples" / "questions.csv", [ROOT / "data" / "samples" / "company"]),
    "company": (HERE / "company.csv", [ROOT / "data" / "samples" / "company"]),
    "ntsb": (HERE / "ntsb.csv", [SHARED / "kg_rag_docs" / "ntsb-aviation-incident-accident-reports" / "data"]),
    "held-out": (
        HERE / "held-out.csv",
        [
            SHARED / "unstructured_docs" / "norwich-city.txt",
            SHARED / "unstructured_docs" / "stanley-cups.csv",
            SHARED / "kg_rag_docs" / "nih-clinical-trial-protocols" / "data" / "v1" / "docs" / "NCT06153992_ICF_001.pdf",
        ],
    ),
}
PASSAGES = 8


def outcome(case: Case, store: Store, embedder: Embedder) -> str:
    said = answer(case.question, search(store.connection, store.owner, embedder, ["set"], case.question, PASSAGES), embedder)
    passed = score("contains", case, said, Bench(embedder)).passed
    if not case.answerable:
        return "rightly refused" if passed else "false answer"
    return "right" if passed else "refused" if said.refused else "wrong"


def main() -> None:
    embedder = Embedder.load()
    print("set        questions  right  wrong  refused  without answer  false answers  ms/question")
    for name, (questions, sources) in SETS.items():
        if not all(source.exists() for source in sources):
            print(f"{name:10} (documents not here)")
            continue
        with tempfile.TemporaryDirectory() as folder:
            store = Store(Path(folder) / "copilot.db", "bench")
            for source in sources:
                ingest(Shelf(store, embedder, "set", store.begin("ingest_data", {}, undoable=True)), str(source))
            cases = read_cases(questions)
            started = time.perf_counter()
            seen = Counter(outcome(case, store, embedder) for case in cases)
            each = (time.perf_counter() - started) * 1000 / len(cases)
            answerable = sum(case.answerable for case in cases)
            counts = f"{answerable:9}  {seen['right']:5}  {seen['wrong']:5}  {seen['refused']:7}"
            print(f"{name:10} {counts}  {len(cases) - answerable:14}  {seen['false answer']:13}  {each:11.0f}")
            store.close()


if __name__ == "__main__":
    main()
