"""What stands where on a printed page: its words, the lines and cells they form, and the rules drawn around them."""

import ctypes
import math
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Any

WORD = re.compile(r"[.…·_]{4,}|(?:(?![.…·_]{4})[^\s\ufffe])+")
NUMBER = re.compile(r"[($€£¥₹+\-–−]*(?:\d(?:[\d.,]*\d)?|\.\d+)(?:[)%x*†]|pts?|bps?)*|[$€£¥₹]?[—–-]|N/?[AM]|n/?[am]")
OPENING = re.compile(r"[$€£¥₹(+\-–−]+|US\$|[A-Z]?\$\(?")
CLOSING = re.compile(r"[)%*†]+|pts?|bps?")
DOTS = ".…·_"
LEADERS = re.compile(r"[.…·_ ]{3,}")
GAP = 0.75
"""Cells are further apart than this share of the line's height; words of a sentence are nearer."""
SIGN_GAP, CURRENCY_GAP = 2, 8
"""How far a percent sign may stand after its figure, and a currency sign before it."""
LEADING = 1.15
"""Height of a line in type sizes."""
GUTTERS = (0.5, 0.48, 0.52, 0.45, 0.55, 0.4, 0.6)
"""Where between its margins a page may be parted into two columns."""
SENTENCE_WORDS, COLUMN_LINES = 5, 8
MAX_OBJECTS = 20_000
THIN = 2.6
"""A rectangle thinner than this, in points, is a line."""


Place = Callable[[float, float, float, float], tuple[float, float, float, float]]
"""From left, bottom, right, top to the same."""


@dataclass(frozen=True)
class Word:
    """A printed word: `start` is where it begins in the page's text, the rest is in points from the lower left corner."""

    text: str
    start: int
    left: float
    right: float
    middle: float
    height: float


@dataclass(frozen=True)
class Cell:
    """Words of one line with no wide gap between them."""

    words: tuple[Word, ...]

    @property
    def left(self) -> float:
        return self.words[0].left

    @property
    def right(self) -> float:
        return self.words[-1].right

    @property
    def centre(self) -> float:
        return (self.left + self.right) / 2

    @cached_property
    def text(self) -> str:
        """Its words; a currency sign stands before its figure without a space."""
        if len(self.words) == 1:
            return self.words[0].text
        return re.sub(r"(?<=[$€£¥₹(]) (?=[\d.(—-])|(?<=[\d)]) (?=[)%])", "", " ".join(word.text for word in self.words))

    @cached_property
    def numeric(self) -> bool:
        """Whether it holds one figure, or a dash in the place of one."""
        return bool(NUMBER.fullmatch(self.text))


@dataclass(frozen=True)
class Rule:
    """A drawn line, horizontal or vertical: from `start` to `end` along it, at `at` across it."""

    at: float
    start: float
    end: float


@dataclass(frozen=True)
class Rules:
    """The lines drawn on a page; `across_areas` and `down_areas` are these and the edges of filled or framed areas."""

    across: tuple[Rule, ...] = ()
    down: tuple[Rule, ...] = ()
    across_areas: tuple[Rule, ...] = ()
    down_areas: tuple[Rule, ...] = ()


def words(page: Any, textpage: Any, text: str) -> list[Word]:
    """Measure the words of a page's text; none when its characters cannot be told apart."""
    from pypdfium2 import raw

    if len(text) != textpage.count_chars():
        return []
    place = _upright(page)
    box = raw.FS_RECTF()
    x, y = ctypes.c_double(), ctypes.c_double()
    found: list[Word] = []
    size, line = 0.0, -1
    for match in WORD.finditer(text):
        if match.group()[0] in DOTS and LEADERS.fullmatch(match.group()):
            continue
        first, last = match.start(), match.end() - 1
        if first > line:
            line = end if (end := text.find("\n", first)) >= 0 else len(text)
            size = type_size(textpage, first)
        raw.FPDFText_GetCharOrigin(textpage, first, ctypes.byref(x), ctypes.byref(y))
        raw.FPDFText_GetLooseCharBox(textpage, first, ctypes.byref(box))
        left, bottom, _, _ = place(box.left, y.value, box.right, y.value + size)
        raw.FPDFText_GetLooseCharBox(textpage, last, ctypes.byref(box))
        right = place(box.left, y.value, box.right, y.value + size)[2]
        found.append(Word(match.group(), first, left, max(left, right), bottom + size / 3, size * LEADING))
    return found


def type_size(textpage: Any, index: int) -> float:
    """Return the size of a character in points, as it is printed."""
    from pypdfium2 import raw

    matrix = raw.FS_MATRIX()
    raw.FPDFText_GetMatrix(textpage, index, ctypes.byref(matrix))
    return max(float(raw.FPDFText_GetFontSize(textpage, index)) * math.hypot(matrix.c, matrix.d), 1.0)


def _upright(page: Any) -> Place:
    """Return what turns a box of the page as it is stored into one of the page as it is read."""
    width, height = page.get_size()
    turns = {
        90: lambda left, bottom, right, top: (bottom, height - right, top, height - left),
        180: lambda left, bottom, right, top: (width - right, height - top, width - left, height - bottom),
        270: lambda left, bottom, right, top: (width - top, left, width - bottom, right),
    }
    return turns.get(page.get_rotation(), lambda left, bottom, right, top: (left, bottom, right, top))


def lines(found: Iterable[Word]) -> list[list[Word]]:
    """Put words that stand side by side into lines, from the top of the page, each from left to right."""
    gathered: list[list[Word]] = []
    for word in sorted(found, key=lambda w: -w.middle):
        if gathered and gathered[-1][0].middle - word.middle < 0.45 * min(word.height, gathered[-1][0].height):
            gathered[-1].append(word)
        else:
            gathered.append([word])
    return [sorted(line, key=lambda w: w.left) for line in gathered]


def sides(page: Sequence[list[Cell]]) -> list[Sequence[list[Cell]]]:
    """Part the lines of a page that is set in two columns of running text; any other page stays whole."""
    found = [word for line in page for cell in line for word in cell.words]
    if not found:
        return []
    left, right = min(word.left for word in found), max(word.right for word in found)
    for share in GUTTERS:
        middle = left + (right - left) * share
        crossing = sum(any(cell.left < middle < cell.right for cell in line) for line in page)
        before = sum(any(cell.right <= middle and len(cell.words) >= SENTENCE_WORDS for cell in line) for line in page)
        after = sum(any(cell.left >= middle and len(cell.words) >= SENTENCE_WORDS for cell in line) for line in page)
        if min(before, after) >= COLUMN_LINES and crossing < 0.3 * len(page):
            halves: tuple[list[Word], list[Word]] = ([], [])
            for word in found:
                halves[(word.left + word.right) / 2 >= middle].append(word)
            return [[cells(line) for line in lines(half)] for half in halves]
    return [page]


def cells(line: Sequence[Word]) -> list[Cell]:
    """Cut a line where its gaps are wide, and between figures; a sign goes with its figure."""
    groups: list[list[Word]] = []
    for word in line:
        if groups and _belongs(groups[-1], word):
            groups[-1].append(word)
        else:
            groups.append([word])
    return [Cell(tuple(group)) for group in groups]


def _belongs(group: Sequence[Word], word: Word) -> bool:
    """Whether a word stands in the same cell as the words before it."""
    gap = (word.left - group[-1].right) / word.height
    if CLOSING.fullmatch(word.text):
        return gap < SIGN_GAP
    if OPENING.fullmatch(group[-1].text) and NUMBER.fullmatch(word.text):
        return gap < (CURRENCY_GAP if len(group) == 1 else GAP)
    starts = NUMBER.fullmatch(word.text) or OPENING.fullmatch(word.text)
    return gap < GAP and not (starts and Cell(tuple(group)).numeric)


def rules(page: Any) -> Rules:
    """Return what is drawn on a page as horizontal and vertical lines."""
    from pypdfium2 import raw

    across: list[Rule] = []
    down: list[Rule] = []
    edges: tuple[list[Rule], list[Rule]] = ([], [])
    place = _upright(page)
    for path in islice(page.get_objects(filter=[raw.FPDF_PAGEOBJ_PATH], max_depth=4), MAX_OBJECTS):
        left, bottom, right, top = place(*path.get_bounds())
        if top - bottom <= THIN:
            across.append(Rule((top + bottom) / 2, left, right))
        elif right - left <= THIN:
            down.append(Rule((left + right) / 2, bottom, top))
        else:
            edges[0].extend(Rule(y, left, right) for y in (top, bottom))
            edges[1].extend(Rule(x, bottom, top) for x in (left, right))
    return Rules(tuple(across), tuple(down), (*across, *edges[0]), (*down, *edges[1]))
