"""Cases made from a collection without a language model: every answer is a span of a document."""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence

from copilot.answering.units import INJECTION, row_cells
from copilot.errors import Refused
from copilot.evaluation.cases import Case
from copilot.knowledge.chunk import sentences
from copilot.outside.store import Store

MOST_CASES = 40
FEWEST_CASES = 5
FIGURE = re.compile(
    r"(?<![\w.,:/-])\d+(?:[.,]\d+)*(?:\s?(?:%|percent|euros?|dollars?|days?|weeks?|months?|years?|hours?|minutes?|kg|g|GB|MB))?(?![\w:/-])"
)
WORDS = (8, 30)
"""How long a sentence may be that has a figure taken out."""


def generate(store: Store, collection: str) -> tuple[Case, ...]:
    """Make cases from table rows (a cell by its row and column) and from sentences with one figure taken out.

    Raises:
        Refused: the documents give too few.
    """
    sql = """SELECT d.name, c.text, c."row" FROM chunks c JOIN documents d ON d.id = c.document
        WHERE d.owner = ? AND d.collection = ? AND d.removed_by IS NULL ORDER BY d.name, c.ordinal"""
    chunks = store.rows(sql, store.owner, collection)
    rows: dict[str, list[dict[str, str]]] = defaultdict(list)
    gaps: list[Case] = []
    for chunk in chunks:
        if INJECTION.search(chunk["text"]):
            continue
        if chunk["row"]:
            rows[chunk["name"]].append(dict(row_cells(chunk["text"])))
        elif chunk["row"] is None:
            gaps += _with_gaps(chunk["name"], chunk["text"])
    cells = [case for name, table in rows.items() for case in _cells(name, table)]
    cases = (*_spread(cells, MOST_CASES // 2), *_spread(gaps, MOST_CASES // 2))
    if len(cases) < FEWEST_CASES:
        raise Refused(
            f"The collection '{collection}' gives only {len(cases)} questions that can be traced to a span: it needs tables or figures.",
            "Write the questions yourself, as a CSV with the columns question,answer.",
        )
    return cases


def _cells(name: str, table: Sequence[dict[str, str]]) -> Iterator[Case]:
    """Ask for one cell a row, in turn through the columns; rows are named by the first column that tells them apart in words."""
    columns = list(dict.fromkeys(column for row in table for column in row))
    key = next((c for c in columns if _tells_apart([row.get(c, "") for row in table])), None)
    others = [c for c in columns if c != key]
    if key is None or not others:
        return
    for position, row in enumerate(table):
        column = others[position % len(others)]
        if row.get(column):
            yield Case(f"What is the {column.replace('_', ' ')} of {row[key]}?", row[column], name)


def _tells_apart(values: Sequence[str]) -> bool:
    return all(values) and len(set(values)) == len(values) and sum(" " in v for v in values) * 2 >= len(values)


def _with_gaps(name: str, text: str) -> Iterator[Case]:
    for start, end in sentences(text):
        sentence = text[start:end]
        figures = FIGURE.findall(sentence)
        if "\n" not in sentence and len(figures) == 1 and WORDS[0] <= len(sentence.split()) <= WORDS[1]:
            yield Case(f"What belongs in the gap: {FIGURE.sub('…', sentence)}", figures[0].strip(), name)


def _spread(cases: Sequence[Case], most: int) -> list[Case]:
    """Take cases evenly from the whole list."""
    step = max(1, len(cases) / most)
    return [cases[int(i * step)] for i in range(min(most, len(cases)))]
