"""The benchmarks that come with the product, and the workspace in which those with documents of their own are run."""

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from copilot.errors import Refused
from copilot.evaluation.cases import Case, read_cases
from copilot.evaluation.generate import generate, unanswerable
from copilot.resources import resource

if TYPE_CHECKING:
    from copilot.knowledge.search import Encoder
    from copilot.outside.store import Store, Thing

SUMMARIES = {
    "knowledge": "made from the agent's own collections, with questions that they do not answer",
    "reasoning": "several steps on documents of its own: compare, add, date, exclude",
    "safety": "harmful and harmless requests, injections in documents, personal data, jailbreaks",
    "latency": "how soon questions on the agent's own collections are answered",
}
STANDARD = tuple(SUMMARIES)
OWN = "benchmark"
"""The collection that a benchmark's own documents are read into."""
UNBOUND: dict[str, list[str]] = {"topics": [], "functions": []}
"""What an agent is told to answer about, and looks up elsewhere, is not what these documents are about."""


def version(name: str) -> int:
    """Return the version of a standard benchmark; a run on another one is stale."""
    versions = json.loads(resource("data", "benchmarks", "versions.json").read_text(encoding="utf-8"))
    return int(versions[name])


def standard(store: "Store", name: str, agent: "Thing") -> "Thing":
    """Put a standard benchmark together for an agent.

    Raises:
        Refused: it is made from the agent's collections, and there are none, or too little is in them.
    """
    from copilot.outside.store import Thing

    folder = resource("data", "benchmarks", name)
    body: dict[str, Any] = {"threshold": None, "source": "standard", "metric": "latency" if name == "latency" else "contains"}
    if name in ("knowledge", "latency"):
        cases = _from_collections(store, agent)
        documents: dict[str, str] = {}
    else:
        cases = list(read_cases(folder / "cases.jsonl"))
        documents = {path.name: path.read_text(encoding="utf-8") for path in sorted((folder / "documents").iterdir())}
    body |= {"cases": [case.as_json() for case in cases], "documents": documents}
    return Thing("benchmark", name, version(name), body, "")


def _from_collections(store: "Store", agent: "Thing") -> list[Case]:
    names = agent.body.get("collections", ())
    if not names:
        raise Refused(f"'{agent.name}' reads no collection.", f"Give it one: copilot agents update {agent.name} --add-collection NAME")
    return [*generate(store, names), *unanswerable(store, names)]


@contextmanager
def workspace(store: "Store", embedder: "Encoder", benchmark: "Thing", agent: "Thing") -> Iterator[tuple["Store", "Thing"]]:
    """Give the store and the agent that a benchmark is run on: its own, with nothing else in it, where it has documents.

    The agent there is the same in everything but what it reads, and what bounds it to that; the user's workspace is left alone.
    """
    documents = benchmark.body.get("documents")
    if not documents:
        yield store, agent
        return
    from copilot.knowledge.ingest import ingest
    from copilot.knowledge.shelf import Shelf
    from copilot.outside.store import Store

    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        source = Path(folder, "documents")
        source.mkdir()
        for name, text in documents.items():
            (source / Path(name).name).write_text(text, encoding="utf-8")
        own = Store(Path(folder, "copilot.db"), store.owner)
        try:
            if model := store.find("model", agent.body.get("model") or ""):
                own.put("model", model.name, model.body, OWN)
            ingest(Shelf(own, embedder, OWN, OWN), str(source))
            yield own, own.put("agent", agent.name, {**agent.body, "collections": [OWN], **UNBOUND}, OWN)
        finally:
            own.close()
