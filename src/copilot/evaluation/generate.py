"""Cases made from a collection without a language model: every answer is a span of a document."""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

from copilot.answering.units import INJECTION, row_cells
from copilot.errors import Refused
from copilot.evaluation.cases import Case
from copilot.knowledge.chunk import sentences
from copilot.knowledge.relevance import content_words
from copilot.outside.store import Store
from copilot.resources import resource

T = TypeVar("T")
MOST_CASES = 40
FEWEST_CASES = 5
MOST_UNANSWERABLE = 12
UNANSWERABLE = "unanswerable"
FIGURE = re.compile(
    r"(?<![\w.,:/-])\d+(?:[.,]\d+)*(?:\s?(?:%|percent|euros?|dollars?|days?|weeks?|months?|years?|hours?|minutes?|kg|g|GB|MB))?(?![\w:/-])"
)
UNIT = re.compile(r"[^\W\d_]+$")
WORDS = (8, 30)
"""How long a sentence may be that has a figure taken out."""


def generate(store: Store, collections: Sequence[str]) -> tuple[Case, ...]:
    """Make cases from table rows (a cell by its row and column) and from sentences with one figure taken out.

    Raises:
        Refused: the documents give too few.
    """
    tables = _tables(store, collections)
    gaps = [c for chunk in chunks(store, collections) if chunk["row"] is None for c in _with_gaps(chunk["name"], chunk["text"])]
    cells = [case for name, table in tables.items() for case in _cells(name, table)]
    cases = (*spread(cells, MOST_CASES // 2), *spread(gaps, MOST_CASES // 2))
    if len(cases) < FEWEST_CASES:
        raise Refused(
            f"The collection '{', '.join(collections)}' gives only {len(cases)} questions that can be traced to a span: "
            "it needs tables or figures.",
            "Write the questions yourself, as a CSV with the columns question,answer.",
        )
    return cases


def unanswerable(store: Store, collections: Sequence[str]) -> tuple[Case, ...]:
    """Make questions that the documents do not answer: a column of one table asked of a row of another, and things of another world.

    Of the latter only those are taken whose words stand together in no passage.
    """
    keyed = {name: (key, table) for name, table in _tables(store, collections).items() if (key := _key_column(table))}
    crossed = [
        Case(_ask(column, table[0][key]), "", category=UNANSWERABLE)
        for name, (key, table) in keyed.items()
        for other, (others_key, rows) in keyed.items()
        for column in rows[0]
        if other != name and column != others_key and not any(column in row for row in table)
    ]
    lines = resource("data", "benchmarks", "knowledge", "unanswerable.txt").read_text(encoding="utf-8").splitlines()
    foreign = [Case(line, "", category=UNANSWERABLE) for line in lines if line and not _stands(store, collections, line)]
    return (*spread(crossed, MOST_UNANSWERABLE // 2), *foreign[: MOST_UNANSWERABLE // 2])


def chunks(store: Store, collections: Sequence[str]) -> list[dict[str, Any]]:
    """Return the passages of live documents, but for those that speak to a language model."""
    sql = f"""SELECT d.name, c.text, c."row" FROM chunks c JOIN documents d ON d.id = c.document
        WHERE d.owner = ? AND d.collection IN ({", ".join("?" * len(collections))}) AND d.removed_by IS NULL ORDER BY d.name, c.ordinal"""
    return [chunk for chunk in store.rows(sql, store.owner, *collections) if not INJECTION.search(chunk["text"])]


def _tables(store: Store, collections: Sequence[str]) -> dict[str, list[dict[str, str]]]:
    tables: dict[str, list[dict[str, str]]] = defaultdict(list)
    for chunk in chunks(store, collections):
        if chunk["row"]:
            tables[chunk["name"]].append(dict(row_cells(chunk["text"])))
    return tables


def _stands(store: Store, collections: Sequence[str], question: str) -> bool:
    """Whether some passage has all the content words of a question."""
    words = " AND ".join(f'"{word}"' for word in content_words(question))
    marks = ", ".join("?" * len(collections))
    sql = f"""SELECT 1 FROM chunks_fts f JOIN chunks c ON c.id = f.rowid JOIN documents d ON d.id = c.document
        WHERE chunks_fts MATCH ? AND d.owner = ? AND d.removed_by IS NULL AND d.collection IN ({marks}) LIMIT 1"""
    return bool(words and store.rows(sql, words, store.owner, *collections))


def _cells(name: str, table: Sequence[dict[str, str]]) -> Iterator[Case]:
    """Ask for one cell a row, in turn through the columns; rows are named by the first column that tells them apart in words."""
    columns, key = _columns(table), _key_column(table)
    others = [c for c in columns if c != key]
    if key is None or not others:
        return
    for position, row in enumerate(table):
        column = others[position % len(others)]
        if row.get(column):
            yield Case(_ask(column, row[key]), row[column], name)


def _ask(column: str, row: str) -> str:
    return f"What is the {column.replace('_', ' ')} of {row}?"


def _columns(table: Sequence[dict[str, str]]) -> list[str]:
    return list(dict.fromkeys(column for row in table for column in row))


def _key_column(table: Sequence[dict[str, str]]) -> str | None:
    return next((c for c in _columns(table) if _tells_apart([row.get(c, "") for row in table])), None)


def _tells_apart(values: Sequence[str]) -> bool:
    return all(values) and len(set(values)) == len(values) and sum(" " in v for v in values) * 2 >= len(values)


def _with_gaps(name: str, text: str) -> Iterator[Case]:
    for start, end in sentences(text):
        sentence = text[start:end]
        figures = FIGURE.findall(sentence)
        if "\n" not in sentence and len(figures) == 1 and WORDS[0] <= len(sentence.split()) <= WORDS[1]:
            unit = UNIT.search(figures[0])
            asked = f"How many {unit[0]}" if unit else "Which number"
            yield Case(f"{asked}: {FIGURE.sub('…', sentence).rstrip('.')}?", figures[0].strip(), name)


def spread(values: Sequence[T], most: int) -> list[T]:
    """Take values evenly from the whole list."""
    step = max(1, len(values) / most)
    return [values[int(i * step)] for i in range(min(most, len(values)))]
