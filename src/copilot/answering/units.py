"""Passages cut into the units an answer can quote: sentences, list items with their lead-in, table rows."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from copilot.knowledge.chunk import sentences
from copilot.knowledge.search import Passage

ITEM = re.compile(r"([-*•·▪–]|\(?\w{1,2}[.)])\s")
LEANING = re.compile(r"(it|they|them|these|those|this|that|he|she|its|their|such|otherwise|in that case)\b", re.IGNORECASE)
LONGEST = 900
"""Characters of the longest unit that is put together from several sentences."""
CELL = re.compile(r"\s*(?P<column>[^:;\n]{1,60}?):\s(?P<value>[^;\n]*)(?:;|$)")
MARK = re.compile(r"(?m)^\s*[-*•·▪–|]\s+")
EMPTY_FIELD = re.compile(r":\s*[—–-]$")
INJECTION = re.compile(
    r"""(?ix)\b(?:ignore|disregard|forget|override|bypass)\b[^.\n]{0,30}
        (?:\b(?:previous|prior|earlier|above|preceding|foregoing)\b|\byour\s(?:\w+\s)?(?:instructions?|prompt|rules|guidelines)\b)
    |\b(?:system|developer)\s+(?:prompt|message|instruction)
    |\byou\s+are\s+(?:now|no\s+longer)\b|\bas\s+an\s+ai\b
    |\b(?:ai\s(?:assistant|model|system|agent)|assistant|chatbot|language\s+model)s?\b[^.\n]{0,20}
        \b(?:must|should|please|now|reply|answer|tell|say|ignore)\b
    |\b(?:tell|inform|assure)\s+(?:the|every|all|any|each)\s+(?:user|reader|person|asker)
    |\b(?:reply|respond|answer)\s+(?:only|every\s+question|with\s+(?:only|the\s+(?:word|phrase|text)))\b
    |\breveal\b[^.\n]{0,40}\b(?:prompt|password|secret|key|credential)"""
)
"""What speaks to a language model instead of a reader."""


@dataclass(frozen=True)
class Unit:
    """A quotable part of a passage: characters `start:end` of its text. `cells` are a table row's columns and values."""

    passage: Passage
    start: int
    end: int
    cells: tuple[tuple[str, str], ...] = ()

    @property
    def topic(self) -> str:
        """The heading right above."""
        return self.passage.heading.rsplit(" > ", 1)[-1]

    @property
    def text(self) -> str:
        return self.passage.text[self.start : self.end]

    @property
    def plain(self) -> str:
        """The text as a sentence to read: without line breaks and the mark of a list item."""
        return " ".join(MARK.sub("", self.text).split())

    @property
    def place(self) -> int:
        """Where it starts in the document's text, in characters."""
        return self.passage.start + self.start

    def repeats(self, other: "Unit") -> bool:
        """Whether two units share characters of a document, as passages overlap, or one says all that the other says."""
        start = max(unit.place for unit in (self, other))
        end = min(unit.passage.start + unit.end for unit in (self, other))
        shared = self.passage.document == other.passage.document and start < end
        return shared or self.plain in other.plain or other.plain in self.plain


def units(passage: Passage) -> list[Unit]:
    """Cut a passage into units; whatever speaks to a language model, and what follows it in its paragraph, is left out."""
    if passage.row:  # row 0 describes the whole table in sentences
        cells = row_cells(passage.text)
        return [Unit(passage, 0, len(passage.text), cells)] if cells and not INJECTION.search(passage.text) else []
    found: list[Unit] = []
    distrusted_until = -1
    for start, end in spans(passage.text):
        if INJECTION.search(passage.text[start:end]):
            paragraph = passage.text.find("\n", end)
            distrusted_until = len(passage.text) if paragraph < 0 else paragraph
        elif start >= distrusted_until and not _title(passage.text[start:end]) and not EMPTY_FIELD.search(passage.text, start, end):
            found.append(Unit(passage, start, end))
    return found


def _title(line: str) -> bool:
    """Whether a line only names what follows: a few words without a figure, a colon or the end of a sentence."""
    return len(line.split()) <= 8 and not re.search(r"[\d:|.!?]", line) and not ITEM.match(line)


def row_cells(text: str) -> tuple[tuple[str, str], ...]:
    """Read `column: value; column: value`."""
    return tuple((m["column"].strip(), m["value"].strip()) for m in CELL.finditer(text))


def spans(text: str) -> list[tuple[int, int]]:
    """Return where each sentence starts and ends; a line end always ends one.

    A lead-in that ends with a colon takes what it leads to, and a sentence that leans on the one before joins it.
    """
    joined: list[tuple[int, int]] = []
    listing = False
    for start, end in _sentences(text):
        before = text[slice(*joined[-1])] if joined else ""
        item = bool(ITEM.match(text, start))
        listing = (before.endswith(":") and ": " not in before) or (listing and item)
        if joined and end - joined[-1][0] < LONGEST and (listing or (LEANING.match(text, start) and text[joined[-1][1] : start].isspace())):
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    return joined


def _sentences(text: str) -> Iterator[tuple[int, int]]:
    position = 0
    for line in text.splitlines(keepends=True):
        yield from ((position + start, position + start + len(line[start:end].rstrip())) for start, end in sentences(line))
        position += len(line)
