"""What the encoder is given: the words of an utterance, with marks before what was recognised in them, and what they were said after."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from tokenizers import Tokenizer

from copilot.routing.mentions import Mention
from copilot.routing.quotes import quotations
from copilot.routing.route import KINDS, Situation
from copilot.routing.tokens import Token, tokenize

CLASS, SEPARATOR, FIRST_MARK = 101, 102, 1
"""Ids of the published vocabulary: [CLS], [SEP], and [unused0], the first of 99 that no text gives."""

REGULAR = (
    "url", "path", "email", "zone", "region", "ami", "instance", "model", "cron", "gpu", "number", "memory", "time", "percent", "money",
    "period",
)  # fmt: skip
MARKS = {name: FIRST_MARK + i for i, name in enumerate((*KINDS, *REGULAR, "quote", "ask", "confirm", "choose", "turn"))}
LEAST_QUOTED = 3
"""Words. A shorter quotation is mostly a value ("connection reset"), whose words are marked as any others."""
DEEP = re.compile(r"^(?:(?:~|\.{0,2})/(?:[^/]+/)+|(?:[^\W\d][\w.-]*/){2,})(?=[^/]+/?$)")
"""The folders above the last part of a path: where a thing lies tells nothing of what is wanted."""
LONGEST_WORD, LONGEST_TEXT, LONGEST_BEFORE = 8, 160, 60
"""In pieces of words; what is longer is cut."""
LONGEST_CUT = 200
"""In characters: what of one word is cut into pieces."""
TURNS = 2
"""How many earlier turns the encoder is told of."""


@dataclass(frozen=True)
class Rendered:
    """Ids for the encoder; the first `spoken` are of the utterance, `places` is where each of its words begins (-1: cut off)."""

    ids: list[int]
    spoken: int
    places: list[int]


def units(text: str) -> tuple[Token, ...]:
    """Return the words of a text, a quotation as one: what is quoted is no order."""
    quotes = [Token(text[start:end], start, end) for start, end in quotations(text, LEAST_QUOTED)]
    plain = [word for word in tokenize(text) if not any(q.start <= word.start < q.end for q in quotes)]
    return tuple(sorted([*plain, *quotes], key=lambda word: word.start))


def render(words: Sequence[Token], mentions: Sequence[Mention], situation: Situation, pieces: "Pieces") -> Rendered:
    """Lay out an utterance (its `units`) and its situation for the encoder."""
    ids, places, begun = [CLASS], [], 0
    for word in words:
        kinds: list[str] = []
        while begun < len(mentions) and mentions[begun].start < word.end:
            kinds += mentions[begun].of or (mentions[begun].kind,)
            begun += 1
        ids += [MARKS[kind] for kind in kinds if kind in MARKS]
        quoted = " " in word.text
        own = [MARKS["quote"]] if quoted else pieces(word.text if "model" in kinds else DEEP.sub("./", word.text))
        places.append(len(ids) if len(ids) < LONGEST_TEXT else -1)
        ids += own[:LONGEST_WORD]
    ids = ids[:LONGEST_TEXT]
    before = list(_before(situation, pieces))[:LONGEST_BEFORE]
    return Rendered([*ids, SEPARATOR, *before, SEPARATOR] if before else [*ids, SEPARATOR], len(ids), places)


def _before(situation: Situation, pieces: "Pieces") -> Iterator[int]:
    """Say what is pending and what was said last, newest first."""
    pending = situation.pending or {}
    if pending.get("choose"):
        yield MARKS["choose"]
    elif pending.get("confirm"):
        yield from (MARKS["confirm"], *_call(pending["confirm"], pieces))
    elif pending.get("ask"):
        yield from (MARKS["ask"], *pieces(pending["ask"].replace("_", " ")), *_call(pending, pieces))
    for turn in reversed(situation.history[-TURNS:]):
        yield from (MARKS["turn"], *_call(turn, pieces))


def _call(call: Mapping[str, Any], pieces: "Pieces") -> list[int]:
    """Name an ability and the arguments that were given; their values tell nothing."""
    named = [call["intent"], *(call.get("args") or {})]
    return [piece for name in named for piece in pieces(name.replace("_", " "))]


class Pieces:
    """Cuts words into the pieces of the published vocabulary, remembering the common ones."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._cut = lru_cache(4096)(lambda text: tokenizer.encode(text, add_special_tokens=False).ids)

    def __call__(self, text: str) -> list[int]:
        return self._cut(text[:LONGEST_CUT].encode("utf-8", "replace").decode("utf-8"))
