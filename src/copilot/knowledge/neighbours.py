"""Passages that stand side by side in a document, shown as one."""

from collections.abc import Sequence
from dataclasses import replace

from copilot.knowledge.search import Passage

DEPTH = 4
"""How many times the wanted number of passages to look at."""
LONGEST = 1000
"""Characters of the longest passage that is put together."""


def merged(passages: Sequence[Passage], limit: int) -> list[Passage]:
    """Join passages that follow each other under one heading; return at most `limit`, each in the place of its best part.

    The text of a joined passage is the document's from `start` to `end`, but for the kind of space between the parts.

    Args:
        passages: The best first, some DEPTH times `limit` of them.
    """
    kept: list[Passage] = []
    for passage in passages:
        for i, other in enumerate(kept):
            if joined := _joined(other, passage):
                kept[i] = joined
                break
        else:
            if len(kept) < limit:
                kept.append(passage)
    return kept


def _joined(best: Passage, other: Passage) -> Passage | None:
    """Put two passages together where they belong together."""
    first, second = sorted((best, other), key=lambda passage: passage.start)
    places = {(p.document, p.page, p.heading, p.row is None) for p in (first, second)}
    if len(places) > 1 or second.start - first.end != 1 or second.end - first.start > LONGEST:
        return None
    text = f"{first.text}{' ' if first.row is None else chr(10)}{second.text}"
    return replace(best, row=first.row, text=text, start=first.start, end=second.end)
