"""What a run stands on, so that a later look can tell whether that has changed."""

import hashlib
import json
from typing import Any

from copilot.outside.store import Store, Thing, as_text

WORDS = {
    "agent": "the agent has changed",
    "model": "the agent's model has changed",
    "documents": "its documents have changed",
    "benchmark": "the benchmark has changed",
}


def basis(store: Store, benchmark: Thing, agent: Thing) -> dict[str, Any]:
    """Return the versions and digests that a run depends on, and whether the benchmark has documents of its own in place of the agent's."""
    model = store.find("model", agent.body.get("model") or "")
    return {
        "agent": agent.version,
        "model": _digest(model.body if model else agent.body.get("model")),
        "documents": documents(store, () if benchmark.body.get("documents") else agent.body.get("collections", ())),
        "benchmark": benchmark.version,
        "own_documents": bool(benchmark.body.get("documents")),
    }


def changed(then: str, now: dict[str, Any]) -> tuple[str, ...]:
    """Say what is no longer as it was in a recorded basis."""
    recorded = json.loads(then)
    return tuple(words for part, words in WORDS.items() if recorded.get(part) != now[part])


def documents(store: Store, collections: Any) -> str:
    """Return a digest of what some collections hold."""
    names = sorted(collections)
    sql = f"""SELECT collection, source, digest FROM documents WHERE owner = ? AND removed_by IS NULL
        AND collection IN ({", ".join("?" * len(names))}) ORDER BY collection, source"""
    return _digest([names, [tuple(row) for row in store.connection.execute(sql, (store.owner, *names))]])


def _digest(value: Any) -> str:
    return hashlib.sha256(as_text(value).encode()).hexdigest()[:16]
