"""The built-in answerer: it picks the sentences or the table cell that answer, and says nothing of its own.

It needs numpy and the standard library only: the same files run in the deployed function.
"""

import re
from collections.abc import Sequence

from copilot.answering.answer import Answer, Citation, Claim, cite, refuse, supported
from copilot.answering.evidence import Evidence, trust, weigh
from copilot.answering.features import Candidate
from copilot.answering.memory import Memory, remembering
from copilot.answering.question import read
from copilot.answering.units import Unit
from copilot.knowledge.search import Passage
from copilot.outside.embed_numpy import SentenceEncoder

ENOUGH, ENOUGH_OF_ROW = 0.4, 0.52
"""How far a unit must be trusted to be given as an answer; a table row of which no cell is asked for has the words of any question
about its subject, and must be trusted further."""
ABOUT = 0.15
"""How relevant the best passage must be for the nearest quotes to be shown beside a refusal."""
NEAREST = 3
AS_GOOD = 1.0
"""A second unit of the document whose score is at most this much lower is given too."""

MOST_PARTS = 3
NEXT_QUESTION = re.compile(
    r"""(?ix)(?:,?\s+and\s+|\?\s+(?:and\s+)?)
    (?=(?:what|which|who|when|where|how|why|by\swhen|is|are|do|does|can\s(?:i|you|we|one)|may\s(?:i|we|one)|must)\b(?!.*\b(?:it|its|they|them|their|that|he|she)\b))"""
)
"""Where one question ends and the next begins, unless that leans on the first."""
WHOLE_TABLE = re.compile(
    r"""(?ix)\b(cheapest|dearest|most|least|highest|lowest|largest|biggest|smallest|longest|shortest|heaviest|lightest|oldest|newest
    |latest|earliest|best|worst|average|total|sum|altogether|all\s(?:the\s)?\w+s|list\s(?:of|all))\b
    |\bhow\smany\s(?:different\s)?\w+s\s(?:are\sthere|do\swe|have\swe)"""
)


def answer(question: str, passages: Sequence[Passage], embedder: SentenceEncoder) -> Answer:
    """Answer a question from the passages, or refuse; of several questions in one, each is answered that can be.

    Args:
        question: As the person asked it.
        passages: What the search found, the best first.
        embedder: Its network reads texts with the question.
    """
    memory = remembering(embedder)
    answers = [_answer(part, passages, memory) for part in NEXT_QUESTION.split(question)[:MOST_PARTS]]
    given = [a for a in answers if not a.refused]
    if not given or len(answers) == 1:
        return answers[0]
    claims = tuple(dict.fromkeys(claim for a in given for claim in a.claims))
    why = "one part of the question was not answered" if len(given) < len(answers) else ""
    return Answer(" ".join(claim.text for claim in claims), claims, why=why, confidence=min(a.confidence for a in given))


def _answer(question: str, passages: Sequence[Passage], memory: Memory) -> Answer:
    asked = read(question)
    ranked = weigh(asked, passages, memory)
    if not ranked:
        return refuse("nothing in the collection is about it" if asked.terms else "there is no question in it")
    best, confidence = ranked[0].candidate, round(trust(ranked), 4)
    about = max(passage.relevance for passage in passages) >= ABOUT
    close = tuple(_cite(candidate.unit) for candidate in nearest(ranked)) if about else ()
    if confidence < (ENOUGH_OF_ROW if best.unit.cells and not best.cell else ENOUGH):
        return refuse("no sentence or table row is sure to answer it", confidence, close)
    if best.unit.cells and (word := WHOLE_TABLE.search(asked.text)) and word[0].lower() not in best.unit.text.lower():
        return refuse(f"'{word[0]}' needs the whole table, and the built-in model reads one row at a time", confidence, close)
    given = sorted([best, *_rival(ranked)], key=lambda candidate: candidate.unit.place)
    claims = tuple(claim for claim in map(_claim, given) if supported(claim, passages))
    if not claims:
        return refuse("it could not be verified")
    return Answer(" ".join(claim.text for claim in claims), claims, confidence=confidence)


def _rival(ranked: Sequence[Evidence]) -> list[Candidate]:
    """Return the second best where it is nearly as good, from the same document, and no table row."""
    best, *others = ranked
    if not others or best.score - others[0].score > AS_GOOD:
        return []
    one, other = best.candidate.unit, others[0].candidate.unit
    same = one.passage.document == other.passage.document and not one.cells and not other.cells and one.text not in other.text
    return [others[0].candidate] if same and other.text not in one.text else []


def nearest(ranked: Sequence[Evidence]) -> list[Candidate]:
    """Return the best units, each of which says something that the ones before do not."""
    chosen: list[Candidate] = []
    for candidate in (evidence.candidate for evidence in ranked):
        if len(chosen) < NEAREST and not any(candidate.unit.repeats(other.unit) for other in chosen):
            chosen.append(candidate)
    return chosen


def _claim(candidate: Candidate) -> Claim:
    unit = candidate.unit
    if candidate.cell:
        return Claim(candidate.cell.text, _cite(unit))
    return Claim(unit.plain, _cite(unit))


def _cite(unit: Unit) -> Citation:
    return cite(unit.passage, unit.start, unit.end)
