"""Documents: read them into collections, see what is there, search, delete."""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from annotated_types import Ge, Le

from copilot.context import Context
from copilot.errors import BadArguments, CopilotError
from copilot.intent import Preview, intent
from copilot.knowledge import collections
from copilot.knowledge.analysis.results import Analysed
from copilot.knowledge.results import Collection, CollectionRow, Collections, Deleted, Doomed, Found, Ingested, PassageRow, Refreshed
from copilot.outside.catalogue import BUILTIN, BUILTIN_NAME

if TYPE_CHECKING:
    from copilot.outside.chat import Chat

SHOWN = 5
SHOWN_FILES = 50
NAME = r"[\w][\w .-]{0,62}"


def resume_ingest(
    ctx: Context, source: str, collection: str | None = None, redact_pii: bool = False, engine: Literal["local", "ray"] | None = None
) -> str:
    """Read what a killed ingest had not read yet."""
    if source == "-":
        return "What was piped in when copilot was killed is gone; pipe it in again."
    return ingest_data(ctx, source, collection, redact_pii, engine).headline


@intent(
    "write",
    recover=resume_ingest,
    examples=(
        "load everything in ./policies into the hr collection",
        "ingest ./manuals into manuals and strip personal data",
        "read the handbook at ~/docs/handbook.pdf",
    ),
)
def ingest_data(
    ctx: Context, source: str, collection: str | None = None, redact_pii: bool = False, engine: Literal["local", "ray"] | None = None
) -> Ingested:
    """Read files, a folder, a URL, a bucket or a database into a collection.

    Args:
        source: Path, folder, glob, URL, s3://bucket/prefix, database file or SQL dump; - for what is piped in.
        collection: Collection to put it in; named after the folder unless said.
        redact_pii: Mask personal data before indexing.
        engine: Where files are read: on this machine unless said, or on the Ray cluster of RAY_ADDRESS.
    """
    from copilot.knowledge.cluster import local, on_ray
    from copilot.knowledge.ingest import ingest
    from copilot.knowledge.shelf import Shelf
    from copilot.knowledge.source import collection_name

    name = _checked(collection) if collection else collection_name(source)
    shelf = Shelf(ctx.store, ctx.embedder, name, ctx.operation)
    with _buckets(ctx) as s3:
        outcomes = ingest(shelf, source, redact_pii, ctx.progress, s3, on_ray if engine == "ray" else local)
    counts = Counter(outcome.status for outcome in outcomes)
    if not counts["indexed"] + counts["unchanged"]:
        reasons = Counter(f"{o.reason}{f' ({o.name})' if len(outcomes) <= SHOWN else ''}" for o in outcomes)
        listed = "; ".join(f"{count} × {reason}" if count > 1 else reason for reason, count in reasons.most_common(SHOWN))
        hint = next((o.hint for o in outcomes if o.hint), "Give a folder with documents.")
        raise CopilotError(f"No document in {source} could be read: {listed or 'it is empty'}.", hint)
    personal, masked = Counter[str](), Counter[str]()
    for outcome in outcomes:
        personal.update(outcome.personal)
        masked.update(outcome.masked)
    return Ingested(
        collection=ctx.store.get("collection", name).name,
        indexed=counts["indexed"],
        unchanged=counts["unchanged"],
        skipped=counts["skipped"],
        failed=counts["failed"],
        passages=sum(outcome.passages for outcome in outcomes),
        personal=dict(personal),
        masked=dict(masked),
        files=outcomes,
    )


def resume_refresh(ctx: Context, collection: str) -> str:
    """Read what a killed refresh had not read yet."""
    return refresh_collection(ctx, collection).headline


@intent(
    "write",
    recover=resume_refresh,
    examples=("re-sync hr, some files changed", "pick up the new files of the contracts collection", "refresh manuals"),
)
def refresh_collection(ctx: Context, collection: str) -> Refreshed:
    """Read a collection's sources again: new, changed and deleted files.

    Args:
        collection: Collection.
    """
    from copilot.knowledge.refresh import refresh
    from copilot.knowledge.shelf import Shelf

    shelf = Shelf(ctx.store, ctx.embedder, ctx.store.get("collection", collection).name, ctx.operation)
    with _buckets(ctx) as s3:
        outcomes, known, lost = refresh(shelf, ctx.progress, s3)
    counts = Counter(outcome.status for outcome in outcomes)
    changed = sum(outcome.status == "indexed" and outcome.name in known for outcome in outcomes)
    return Refreshed(
        collection=shelf.collection,
        added=counts["indexed"] - changed,
        changed=changed,
        removed=counts["removed"],
        unchanged=counts["unchanged"],
        failed=counts["failed"],
        skipped=counts["skipped"],
        lost=lost,
        files=outcomes,
    )


@intent("read", examples=("what data have I loaded so far?", "which collections are there", "list my document collections"))
def list_collections(ctx: Context) -> Collections:
    """List data collections with sizes."""
    rows = []
    for thing in ctx.store.all("collection"):
        volume = collections.volume(ctx.store, thing.name)
        rows.append(
            CollectionRow(
                name=thing.name,
                documents=volume.documents,
                passages=volume.passages,
                characters=volume.characters,
                failed=volume.failed,
                sources=_sources(thing.body),
                changed_at=thing.changed_at[:19],
            )
        )
    return Collections(collections=tuple(rows))


@intent("read", examples=("show me what's inside hr", "any files that failed in the hr collection?", "how big is the contracts collection"))
def show_collection(ctx: Context, collection: str, failures: bool = False, limit: Annotated[int, Ge(1)] | None = None) -> Collection:
    """Show one collection: documents, types, volume, quality, failures.

    Args:
        collection: Collection.
        failures: Show only the files that could not be read.
        limit: Most files to list; 50 unless said.
    """
    thing = ctx.store.get("collection", collection)
    volume = collections.volume(ctx.store, thing.name)
    documents = collections.documents(ctx.store, thing.name)
    shown = [d for d in documents if not failures or d.status != "indexed"][: limit or SHOWN_FILES]
    return Collection(
        name=thing.name,
        sources=_sources(thing.body),
        types=dict(Counter(d.type for d in documents if d.status == "indexed").most_common()),
        bytes=volume.bytes,
        characters=volume.characters,
        passages=volume.passages,
        indexed=volume.documents,
        failed=volume.failed,
        documents=tuple(shown),
    )


@intent(
    "read",
    examples=(
        "find passages about parental leave in hr",
        "search the manuals for torque settings, top 3",
        "where do the contracts mention penalties",
    ),
)
def search_data(ctx: Context, query: str, collection: str | None = None, limit: Annotated[int, Ge(1), Le(50)] | None = None) -> Found:
    """Search the ingested documents and show the passages, without an agent.

    Args:
        query: What to look for, without the words that name the collection.
        collection: Collection to search; all of them unless said.
        limit: Number of passages; 5 unless said.
    """
    from copilot.knowledge.index import choose_index
    from copilot.knowledge.neighbours import DEPTH, merged
    from copilot.knowledge.relevance import RELEVANT
    from copilot.knowledge.search import search

    names = collections.searchable(ctx.store, collection)
    wanted = limit or SHOWN
    found = search(ctx.store.connection, ctx.store.owner, ctx.embedder, names, query, wanted * DEPTH, choose_index(ctx.store, names))
    passages = merged(found, wanted)
    rows = tuple(PassageRow(**{field: getattr(passage, field) for field in PassageRow.model_fields}) for passage in passages)
    return Found(collections=tuple(names), relevant=any(row.relevance >= RELEVANT for row in rows), passages=rows)


@intent(
    "read",
    examples=(
        "what topics and gaps are in the hr collection?",
        "build the knowledge graph for contracts",
        "which documents in manuals are duplicates or out of date",
    ),
)
def analyze_data(ctx: Context, collection: str, output: Path | None = None, force: bool = False, model: str | None = None) -> Analysed:
    """Analyse a collection: topics, names and their graph, duplicates, gaps.

    Args:
        collection: Collection.
        output: HTML page to write, with the graph beside it as GraphML and JSON; in the workspace unless said.
        force: Write over files that exist.
        model: Registered model that finds names and relations, or offline for statistics; the default unless said.
    """
    from copilot.knowledge.analysis.analyse import analyse, place

    name = ctx.store.get("collection", collection).name
    return analyse(ctx.store, name, ctx.embedder, place(ctx.store, name, output, force), ctx.progress, _namer(ctx, model))


def preview_deletion(ctx: Context, collection: str) -> Preview:
    """Show what would go; raise Refused when an agent still reads it."""
    thing = collections.unused(ctx.store, collection)
    volume = collections.volume(ctx.store, thing.name)
    doomed = Doomed(collection=thing.name, documents=volume.documents, passages=volume.passages, sources=_sources(thing.body))
    return Preview(doomed, {"collection": thing.name})


@intent(
    "destructive",
    examples=("get rid of the old-manuals collection", "delete collection hr", "erase everything indexed from the contracts"),
    preview=preview_deletion,
)
def delete_collection(ctx: Context, collection: str) -> Deleted:
    """Delete a collection and everything indexed from it.

    Args:
        collection: Collection.
    """
    thing = collections.unused(ctx.store, collection)
    volume = collections.volume(ctx.store, thing.name)
    collections.erase(ctx.store, thing.name)
    return Deleted(collection=thing.name, documents=volume.documents, passages=volume.passages)


@contextmanager
def _buckets(ctx: Context) -> Iterator[Callable[[], Any]]:
    """Offer a way to S3, in the account that this command acts on; the account is reached only when the way is taken."""
    from copilot.cloud.account import connect

    with ExitStack() as held:
        yield lambda: held.enter_context(connect(ctx.home, ctx.region, ctx.live)).client("s3")


def _namer(ctx: Context, model: str | None) -> "Chat | None":
    """Return the language model that finds names; None where that is the built-in one."""
    from copilot.outside.chat import Chat

    name = model or ctx.store.settings().get("model") or BUILTIN_NAME
    thing = ctx.store.find("model", name) if name == BUILTIN_NAME else ctx.store.get("model", name)
    if thing is None or thing.body["provider"] == BUILTIN.provider:
        return None
    return Chat(thing.body["id"], thing.body.get("api_base"), 0.0)


def _checked(name: str) -> str:
    if not re.fullmatch(NAME, name):
        raise BadArguments(
            f"'{name[:80]}' cannot be a collection's name.", "Use letters, digits, spaces, '-', '_' and '.', at most 63 of them."
        )
    return name


def _sources(body: dict[str, Any]) -> tuple[str, ...]:
    return tuple(origin["source"] for origin in body.get("sources", ()))
