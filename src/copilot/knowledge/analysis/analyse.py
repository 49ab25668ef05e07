"""Look at a collection as a whole, and write what was seen as a page and a graph."""

import os
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from copilot.errors import CopilotError, NotFound, Refused, Unavailable
from copilot.knowledge.analysis import corpus as corpora
from copilot.knowledge.analysis import duplicates, entities, gaps, graph, page, quality, topics
from copilot.knowledge.analysis.extraction import extract
from copilot.knowledge.analysis.results import Analysed, EntityRow, RelationRow
from copilot.knowledge.collections import analyses_of
from copilot.knowledge.index import choose_index
from copilot.knowledge.search import Encoder, search
from copilot.outside.chat import Chatter
from copilot.progress import Advance, Progress

if TYPE_CHECKING:
    from copilot.outside.store import Store

STEPS = 6
Point = tuple[float, float, int, str]


class _Names(NamedTuple):
    entities: tuple[EntityRow, ...]
    relations: tuple[RelationRow, ...]
    named_by: str
    notes: tuple[str, ...]


class Files(NamedTuple):
    """Where an analysis is written: the page, and the graph beside it."""

    page: Path
    graphml: Path
    graph_json: Path

    @classmethod
    def beside(cls, page: Path) -> "Files":
        return cls(page, page.with_suffix(".graphml"), page.with_suffix(".json"))


def analyse(store: "Store", collection: str, embedder: Encoder, out: Files, progress: Progress, chat: Chatter | None = None) -> Analysed:
    """Analyse the live documents of a collection and write the page and the graph.

    Args:
        chat: The model that finds names; statistics do where there is none, or where it fails.

    Raises:
        NotFound: the collection holds no passage.
        Unavailable: the files cannot be written.
    """
    with progress.track("Analysing", STEPS) as advance:
        corpus = corpora.read(store, collection)
        if not corpus.passages:
            hint = f"Read documents first: copilot data ingest FOLDER --collection {collection}"
            raise NotFound(f"'{collection}' holds nothing to analyse.", hint)
        advance("passages")
        names = [corpus.documents[passage.document].name for passage in corpus.passages]
        found = topics.find_topics([passage.said for passage in corpus.passages], corpus.vectors, names)
        advance("topics")
        named = _named(corpus, chat, advance)
        like = duplicates.find_duplicates(corpus)
        advance("duplicates")
        index = choose_index(store, [collection])

        def best(question: str) -> float:
            hits = search(store.connection, store.owner, embedder, [collection], question, 1, index)
            return hits[0].relevance if hits else 0.0

        lacking = gaps.find_gaps(corpus, found, gaps.asked(store, collection), best, embedder)
        advance("gaps")
        result = Analysed(
            collection=collection,
            documents=len(corpus.documents),
            passages=corpus.total,
            looked_at=len(corpus.passages),
            repeated=round(duplicates.repeated_share([(p.document, p.text) for p in corpus.passages]), 4),
            types=quality.by_type(store, collection, corpus),
            topics=found.rows,
            entities=named.entities,
            relations=named.relations,
            duplicates=like,
            stale=quality.find_stale(corpus, datetime.now(UTC).date()),
            gaps=(*lacking, *quality.unread(store, collection)),
            named_by=named.named_by,
            notes=named.notes,
            page=str(out.page),
            graphml=str(out.graphml),
            graph_json=str(out.graph_json),
        )
        _write(out, result, _points(found, names))
        advance("page")
    return result


def _named(corpus: corpora.Corpus, chat: Chatter | None, advance: Advance) -> _Names:
    """Find names and relations by the model, or by statistics where there is none or it fails."""
    note: tuple[str, ...] = ()
    if chat is not None:
        try:
            made = extract(corpus.passages, chat, lambda _: None)
            advance("names")
            shown = f"the model saw {made.shown:,} of {corpus.total:,} passages"
            return _Names(made.entities.rows, made.relations, chat.model, (shown,))
        except CopilotError as error:
            note = (f"names by statistics, because the model failed: {error.problem}",)
    counted = entities.find_entities(corpus.passages)
    advance("names")
    return _Names(counted.rows, graph.find_relations(counted), "statistics", note)


def _points(found: topics.Topics, names: Sequence[str]) -> list[Point]:
    places = zip(found.mapped.tolist(), found.places.tolist(), strict=True)
    return [(x, y, int(found.of[passage]) + 1, names[passage]) for passage, (x, y) in places]


def place(store: "Store", collection: str, output: Path | None, force: bool) -> Files:
    """Return where an analysis goes; raise Refused rather than write over a file of the person's."""
    if output is None:
        return Files.beside(analyses_of(store, collection) / "analysis.html")
    path = output.expanduser().absolute()
    chosen = Files.beside(path / "analysis.html" if path.is_dir() else path if path.suffix in (".html", ".htm") else Path(f"{path}.html"))
    taken = [file for file in chosen if file.exists()]
    if taken and not force:
        raise Refused(f"{taken[0]} exists already.", "Choose another file, or add --force to write over it.")
    return chosen


def _write(out: Files, result: Analysed, points: Sequence[Point]) -> None:
    contents = (
        page.as_html(result, points),
        graph.as_graphml(result.entities, result.relations),
        graph.as_json(result.entities, result.relations),
    )
    try:
        out.page.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        for path, content in zip(out, contents, strict=True):
            _put(path, content)
    except OSError as error:
        problem = f"{error.filename or out.page} cannot be written: {error.strerror}."
        raise Unavailable(problem, "Choose another place with --output.") from error


def _put(path: Path, content: bytes) -> None:
    """Write a file for its owner alone, as a whole or not at all."""
    descriptor, fresh = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        Path(fresh).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(fresh).unlink()
        raise
