"""The built-in answerer: it picks the sentences or the table cell that answer, and says nothing of its own.

It needs numpy and the standard library only: the same files run in the deployed function.
"""

import re
from collections.abc import Sequence

from copilot.answering.answer import Answer, Claim, cite, refuse, supported
from copilot.answering.evidence import Evidence, weigh
from copilot.answering.question import Question, read
from copilot.knowledge.search import Encoder, Passage

ENOUGH = 0.5
"""The score from which a unit is given as an answer; fitted with the weights in `evidence.py`."""

MOST_CLAIMS = 3
MORE_WORDS = 0.25
"""The share of the question's words a further claim must add."""

WHOLE_TABLE = re.compile(
    r"""(?ix)\b(cheapest|dearest|most|least|highest|lowest|largest|biggest|smallest|longest|shortest|heaviest|lightest|oldest|newest
    |latest|earliest|best|worst|average|total|sum|altogether|all\s(?:the\s)?\w+s|list\s(?:of|all))\b
    |\bhow\smany\s(?:different\s)?\w+s\s(?:are\sthere|do\swe|have\swe)"""
)


def answer(question: str, passages: Sequence[Passage], embedder: Encoder) -> Answer:
    """Answer a question from the passages, or refuse.

    Args:
        question: As the person asked it.
        passages: What the search found, the best first.
        embedder: Turns texts into vectors of length 1.
    """
    asked = read(question)
    ranked = weigh(asked, passages, embedder)
    if not ranked:
        return refuse("nothing in the collection is about it" if asked.terms else "there is no question in it")
    best = ranked[0]
    if best.score < ENOUGH:
        return refuse("no sentence or table row answers it", best.score)
    if best.unit.cells and (word := WHOLE_TABLE.search(asked.text)) and word[0].lower() not in best.unit.text.lower():
        return refuse(f"'{word[0]}' needs the whole table, and the built-in model reads one row at a time", best.score)
    claims = tuple(claim for claim in map(_claim, _chosen(asked, ranked)) if supported(claim, passages))
    return Answer(" ".join(c.text for c in claims), claims, confidence=best.score) if claims else refuse("nothing could be verified")


def _chosen(asked: Question, ranked: Sequence[Evidence]) -> list[Evidence]:
    """Take the best unit, and further ones while they are sure themselves and cover more of the question."""
    chosen, held = [ranked[0]], set(ranked[0].held)
    for further in ranked[1:]:
        if further.score < ENOUGH or len(chosen) == MOST_CLAIMS or chosen[0].unit.cells:
            break
        if len(further.held - held) >= MORE_WORDS * len(asked.terms):
            chosen.append(further)
            held |= further.held
    return chosen


def _claim(evidence: Evidence) -> Claim:
    unit = evidence.unit
    if evidence.cell:
        return Claim(evidence.cell.text, cite(unit.passage, unit.start, unit.end))
    return Claim(_plain(unit.text), cite(unit.passage, unit.start, unit.end))


def _plain(text: str) -> str:
    """Return a quote as a sentence to read: without line breaks and the mark of a list item."""
    return " ".join(re.sub(r"(?m)^\s*[-*•·▪–|]\s+", "", text).split())
