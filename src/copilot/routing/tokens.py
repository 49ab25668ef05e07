"""Cut an utterance into words that remember where they stood."""

import re
from dataclasses import dataclass

# A figure may carry a currency sign in front and a unit behind; both are words of their own.
FIGURE = re.compile(r"([$€£]?)(\d[\d.,]*?)(%|[a-zA-Z]{1,8})?")
RANGE = re.compile(r"(\d[\d.,]*)(-|–|\.\.)(\d[\d.,]*)")
PIECE = re.compile(r"\S+")
LEADING, TRAILING = "\"'“‘`([{<,;", "\"'”’`)]}>.,;:!?…"
POSSESSIVE = re.compile(r"(.+)(['’]s|(?<=s)['’])", re.IGNORECASE)


@dataclass(frozen=True)
class Token:
    """A word, with its place in the utterance (`text[start:end]`)."""

    text: str
    start: int
    end: int

    @property
    def lower(self) -> str:
        return self.text.lower().replace("’", "'")


def tokenize(text: str) -> tuple[Token, ...]:
    """Return the words of `text` in order: paths, addresses and ids whole, punctuation, units and `'s` apart."""
    found: list[Token] = []
    for piece in PIECE.finditer(text):
        for start, end in _parts(text, piece.start(), piece.end()):
            found.append(Token(text[start:end], start, end))
    return tuple(found)


def _parts(text: str, start: int, end: int) -> list[tuple[int, int]]:
    head: list[tuple[int, int]] = []
    tail: list[tuple[int, int]] = []
    while start < end and text[start] in LEADING:
        head.append((start, start + 1))
        start += 1
    while end > start and text[end - 1] in TRAILING:
        tail.insert(0, (end - 1, end))
        end -= 1
    return head + (_core(text, start, end) if start < end else []) + tail


def _core(text: str, start: int, end: int) -> list[tuple[int, int]]:
    word = text[start:end]
    if "://" not in word:
        key, equals, value = word.partition("=")
        if equals and key.isidentifier() and value:
            middle = start + len(key)
            return [(start, middle), (middle, middle + 1), *_plain(text, middle + 1, end)]
        if owned := POSSESSIVE.fullmatch(word):
            return [*_plain(text, start, start + owned.end(1)), (start + owned.start(2), end)]
    return _plain(text, start, end)


def _plain(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """Take a figure or a range apart; every other word stays whole."""
    word = text[start:end]
    if "://" not in word:
        for pattern in (FIGURE, RANGE):
            if match := pattern.fullmatch(word):
                return [(start + match.start(i), start + match.end(i)) for i in (1, 2, 3) if match.group(i)]
    return [(start, end)]
