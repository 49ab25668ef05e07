"""The language model's answer: it states claims with quotes, and only what a passage really says is kept."""

import json
import re
from collections.abc import Sequence
from typing import Any, Protocol

from copilot.answering.answer import Answer, Citation, Claim, cite, refuse, supported
from copilot.answering.guard import speaks
from copilot.knowledge.search import Passage
from copilot.prompt import prompt

SHORTEST_QUOTE = 2
"""Words. A single word proves nothing, unless it is all that a cell says."""
ADDRESS = re.compile(r"(?i)\b(?:https?://|www\.)\S*\w|[\w.+-]+@[\w.-]*\w")
"""Where a reader could be led, which no passage says in so many words unless it is quoted."""


class Said(Protocol):
    """What a model answered, and what it took."""

    @property
    def text(self) -> str: ...
    @property
    def tokens_in(self) -> int: ...
    @property
    def tokens_out(self) -> int: ...
    @property
    def usd(self) -> float | None: ...


class Model(Protocol):
    """A language model."""

    def complete(self, messages: Any) -> Said: ...


class Persona(Protocol):
    """How an agent was told to be."""

    @property
    def purpose(self) -> str: ...
    @property
    def tone(self) -> str: ...
    @property
    def instructions(self) -> str: ...


class Earlier(Protocol):
    """A turn before."""

    @property
    def question(self) -> str: ...
    @property
    def answer(self) -> str: ...


def generate(question: str, passages: Sequence[Passage], chat: Model, persona: Persona, turns: Sequence[Earlier] = ()) -> Answer:
    """Let a language model answer from the passages; claims whose quote stands in no passage are dropped.

    Args:
        turns: What was asked before, oldest first.

    Raises:
        Unavailable: the model cannot be reached.
    """
    if not passages:
        return refuse("nothing in the collection is about it")
    system = prompt(
        "answer", purpose=persona.purpose or "answer questions", tone=persona.tone or "plain", instructions=persona.instructions
    )
    numbered = [
        {"passage": n, "document": "" if speaks(p.name) else p.name, "heading": p.heading, "text": p.text}
        for n, p in enumerate(passages, 1)
    ]
    earlier = [{"question": turn.question, "answer": turn.answer} for turn in turns]
    asked = json.dumps({"earlier": earlier, "question": question, "passages": numbered}, ensure_ascii=False)
    reply = chat.complete([{"role": "system", "content": system}, {"role": "user", "content": asked}])
    claims, dropped = _verified(_claims(reply.text), passages)
    text = " ".join(claim.text for claim in claims)
    why = f"{dropped} claim{'s' if dropped > 1 else ''} dropped: no passage says so" if dropped else ""
    made = (
        Answer(text, claims, why=why, confidence=len(claims) / (len(claims) + dropped))
        if claims
        else refuse(why or "the passages do not say it")
    )
    return Answer(made.text, made.claims, made.refused, made.why, made.confidence, reply.tokens_in, reply.tokens_out, reply.usd)


def _claims(text: str) -> list[dict[str, Any]]:
    """Read the model's JSON, also when it stands in a code fence or between sentences; nothing when there is none."""
    found = re.search(r"\{.*\}", text, re.DOTALL)
    try:
        said = json.loads(found[0]) if found else {}
    except (json.JSONDecodeError, RecursionError):  # nested deeper than can be read
        return []
    claims = said.get("claims")
    return [claim for claim in claims if isinstance(claim, dict)] if isinstance(claims, list) else []


def _verified(said: Sequence[dict[str, Any]], passages: Sequence[Passage]) -> tuple[tuple[Claim, ...], int]:
    """Return the claims that hold, and how many do not."""
    kept = []
    for claim in said:
        text, quote = str(claim.get("text") or "").strip(), str(claim.get("quote") or "")
        found = locate(quote, passages, claim.get("passage"))
        led = set(ADDRESS.findall(text)) - set(ADDRESS.findall(found.quote)) if found else set()
        if text and found and not led and supported(Claim(text, found), passages):
            kept.append(Claim(text, found))
    return tuple(kept), len(said) - len(kept)


def locate(quote: str, passages: Sequence[Passage], hint: object = None) -> Citation | None:
    """Find a quote in the passages, first in the one named by its number; white space and case do not matter."""
    words = quote.split()
    order = sorted(range(len(passages)), key=lambda i: i + 1 != hint)
    pattern = re.compile(r"\s+".join(map(re.escape, words)), re.IGNORECASE)
    for passage in (passages[i] for i in order):
        if len(words) < SHORTEST_QUOTE and quote.strip() != passage.text.strip() and passage.row is None:
            continue
        if words and (match := pattern.search(passage.text)):
            return cite(passage, match.start(), match.end())
    return None
