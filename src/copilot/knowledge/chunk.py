"""Cut a document into passages: whole sentences under one heading on one page, or one row of a table."""

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from copilot.knowledge.blocks import Block

TARGET_TOKENS = 150
MAX_TOKENS = 200
SMALL_TOKENS = 40
"""A passage below this joins the one before it where that stays within MAX_TOKENS."""
HEADING_CHARACTERS = 200

TOKEN = re.compile(r"[\u3040-\u9fff\uac00-\ud7a3]|[^\W\d_]{1,7}|\d{1,3}|[^\w\s]|_")
SENTENCE_END = re.compile(r"""[.!?]["'”’)\]]*\s+(?=["'“‘(\[]*[^\Wa-z])|[。！？]""")
ABBREVIATION = re.compile(
    r"\b(?:Mr|Mrs|Ms|Dr|Prof|Sr|Jr|St|vs|etc|Inc|Ltd|Co|Corp|No|Nos|Fig|Eq|Art|Sec|al|e\.g|i\.e|approx|ext"
    r"|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec|[A-Z])\.$"
)


@dataclass(frozen=True)
class Chunk:
    """A passage; `text` is the document's text from `start` to `end` (characters)."""

    text: str
    heading: str
    page: int | None
    row: int | None
    start: int
    end: int


@dataclass(frozen=True)
class _Piece:
    """What is never cut: a sentence, a row, or a part of an overlong one."""

    start: int
    end: int
    tokens: int
    heading: str
    page: int | None
    row: int | None

    def fits(self, other: "_Piece", tokens: int) -> bool:
        """Whether both may stand in one passage of at most `tokens`."""
        together = (self.heading, self.page, self.row) == (other.heading, other.page, other.row)
        return together and self.row is None and self.tokens + other.tokens <= tokens

    def joined(self, other: "_Piece") -> "_Piece":
        return replace(self, end=other.end, tokens=self.tokens + other.tokens)


def count_tokens(text: str) -> int:
    """Estimate how many tokens the embedding model makes of a text."""
    return sum(1 for _ in TOKEN.finditer(text))


def cut(blocks: Sequence[Block]) -> tuple[str, tuple[Chunk, ...]]:
    """Return the document's text (blocks joined by line ends) and its passages in reading order."""
    text = "\n".join(block.text for block in blocks)
    chunks = (Chunk(text[p.start : p.end], p.heading, p.page, p.row, p.start, p.end) for p in _packed(_pieces(blocks)))
    return text, tuple(chunks)


def sentences(text: str) -> list[tuple[int, int]]:
    """Return where each sentence of a paragraph starts and ends, without the space around it."""
    spans, start = [], 0
    for end in SENTENCE_END.finditer(text):
        if not ABBREVIATION.search(text, start, end.start() + 1):
            spans.append((start, end.start() + len(end.group().rstrip())))
            start = end.end()
    spans.append((start, len(text)))
    return [(first, last) for first, last in spans if text[first:last].strip()]


def _pieces(blocks: Sequence[Block]) -> Iterator[_Piece]:
    path: list[tuple[int, str]] = []
    position, bare = 0, None
    for block in blocks:
        start, position = position, position + len(block.text) + 1
        if block.kind == "heading":
            if bare and block.level <= bare[0].level:
                yield from _split(*bare)
            path = [(level, name) for level, name in path if level < block.level]
            bare = (block, start, " > ".join(name for _, name in path))
            path.append((block.level, block.text[:HEADING_CHARACTERS]))
        elif block.text.strip():
            bare = None
            above = (*(name for _, name in path), block.under[:HEADING_CHARACTERS])
            yield from _split(block, start, " > ".join(filter(None, above)))
    if bare:
        yield from _split(*bare)


def _split(block: Block, start: int, heading: str) -> Iterator[_Piece]:
    spans = [(0, len(block.text))] if block.kind == "row" else sentences(block.text)
    for first, last in spans:
        for begin, end, tokens in _short(block.text, first, last):
            yield _Piece(start + begin, start + end, tokens, heading, block.page, block.row)


def _short(text: str, start: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Cut an overlong sentence or row after at most MAX_TOKENS tokens: after a cell or clause, else between words."""
    tokens = [token.start() for token in TOKEN.finditer(text, start, end)]
    first = 0
    while len(tokens) - first > MAX_TOKENS:
        limit = tokens[first + MAX_TOKENS]
        space = max(text.rfind("; ", (start + limit) // 2, limit) + 1, text.rfind(" ", start, limit))
        cut_at = space + 1 if space > start else limit
        after = bisect_left(tokens, cut_at)
        yield start, cut_at, after - first
        start, first = cut_at, after
    yield start, end, len(tokens) - first


def _packed(pieces: Iterator[_Piece]) -> list[_Piece]:
    packed: list[_Piece] = []
    for piece in pieces:
        if packed and packed[-1].fits(piece, TARGET_TOKENS):
            packed[-1] = packed[-1].joined(piece)
        else:
            _merge_small(packed)
            packed.append(piece)
    _merge_small(packed)
    return packed


def _merge_small(packed: list[_Piece]) -> None:
    """Join a small last passage to the one before it."""
    if len(packed) > 1 and packed[-1].tokens < SMALL_TOKENS and packed[-2].fits(packed[-1], MAX_TOKENS):
        last = packed.pop()
        packed[-1] = packed[-1].joined(last)
