"""What stands where on a printed page: its words, the lines and cells they form, and the rules drawn around them."""

import ctypes
import math
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import islice
from operator import attrgetter
from typing import Any, NamedTuple

WORD = re.compile(r"[.…·_]{4,}|(?:(?![.…·_]{4})[^\s\ufffe])+")
NUMBER = re.compile(r"[($€£¥₹+\-–−]*(?:\d(?:[\d.,]*\d)?|\.\d+)(?:[)%x*†]|pts?|bps?)*|[$€£¥₹]?[—–-]|N/?[AM]|n/?[am]")
OPENING = re.compile(r"[$€£¥₹(+\-–−]+|US\$|[A-Z]?\$\(?")
CLOSING = re.compile(r"[)%*†]+|pts?|bps?")
DOTS = ".…·_"
LEADERS = re.compile(r"[.…·_ ]{3,}")
LOOSE = re.compile(r"(?<=[$€£¥₹(]) (?=[\d.(—-])|(?<=[\d)]) (?=[)%])")
"""The space between a figure and its sign."""
GAP = 0.75
"""Cells are further apart than this share of the line's height; words of a sentence are nearer."""
SIGN_GAP, CURRENCY_GAP = 2, 8
"""How far a percent sign may stand after its figure, and a currency sign before it."""
LEADING = 1.15
"""Height of a line in type sizes."""
GUTTERS = (0.5, 0.48, 0.52, 0.45, 0.55, 0.4, 0.6)
"""Where between its margins a page may be parted into two columns."""
SENTENCE_WORDS, COLUMN_LINES = 5, 8
MAX_OBJECTS, MAX_DEPTH = 20_000, 4
THIN = 2.6
"""A rectangle thinner than this, in points, is a line."""
LEFT = attrgetter("left")

Place = Callable[[float, float, float, float], tuple[float, float, float, float]]
"""From left, bottom, right, top to the same."""


class Word(NamedTuple):
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
        return LOOSE.sub("", " ".join([word.text for word in self.words]))

    @cached_property
    def numeric(self) -> bool:
        """Whether it holds one figure, or a dash in the place of one."""
        return bool(NUMBER.fullmatch(self.text))


class Rule(NamedTuple):
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
    origin, loose_box, handle = raw.FPDFText_GetCharOrigin, raw.FPDFText_GetLooseCharBox, textpage.raw
    box, x, y = raw.FS_RECTF(), ctypes.c_double(), ctypes.c_double()
    at_box, at_x, at_y = ctypes.byref(box), ctypes.byref(x), ctypes.byref(y)
    found: list[Word] = []
    size, line = 0.0, -1
    for match in WORD.finditer(text):
        word, first = match.group(), match.start()
        if word[0] in DOTS and LEADERS.fullmatch(word):
            continue
        if first > line:
            line = end if (end := text.find("\n", first)) >= 0 else len(text)
            size = type_size(textpage, first)
        origin(handle, first, at_x, at_y)
        loose_box(handle, first, at_box)
        left, right, base = box.left, box.right, y.value
        if place:
            left, base, right, _ = place(left, base, right, base + size)
        if len(word) > 1:
            loose_box(handle, match.end() - 1, at_box)
            right = place(box.left, y.value, box.right, y.value + size)[2] if place else box.right
        found.append(Word(word, first, left, right if right > left else left, base + size / 3, size * LEADING))
    return found


def type_size(textpage: Any, index: int) -> float:
    """Return the size of a character in points, as it is printed."""
    from pypdfium2 import raw

    matrix = raw.FS_MATRIX()
    raw.FPDFText_GetMatrix(textpage.raw, index, ctypes.byref(matrix))
    return max(float(raw.FPDFText_GetFontSize(textpage.raw, index)) * math.hypot(matrix.c, matrix.d), 1.0)


def _upright(page: Any) -> Place | None:
    """Return what turns a box of the page as it is stored into one of the page as it is read; None where they are the same."""
    width, height = page.get_size()
    turns = {
        90: lambda left, bottom, right, top: (bottom, height - right, top, height - left),
        180: lambda left, bottom, right, top: (width - right, height - top, width - left, height - bottom),
        270: lambda left, bottom, right, top: (width - top, left, width - bottom, right),
    }
    return turns.get(page.get_rotation())


def lines(found: Iterable[Word]) -> list[list[Word]]:
    """Put words that stand side by side into lines, from the top of the page, each from left to right."""
    gathered: list[list[Word]] = []
    for word in sorted(found, key=lambda w: -w.middle):
        if gathered and gathered[-1][0].middle - word.middle < 0.45 * min(word.height, gathered[-1][0].height):
            gathered[-1].append(word)
        else:
            gathered.append([word])
    return [sorted(line, key=LEFT) for line in gathered]


def sides(page: Sequence[list[Cell]]) -> list[Sequence[list[Cell]]]:
    """Part the lines of a page that is set in two columns of running text; any other page stays whole."""
    found = [word for line in page for cell in line for word in cell.words]
    if not found:
        return []
    left, right = min(word.left for word in found), max(word.right for word in found)
    spans = [[(cell.left, cell.right, len(cell.words) >= SENTENCE_WORDS) for cell in line] for line in page]
    if sum(any(long for _, _, long in line) for line in spans) < COLUMN_LINES:
        return [page]
    for share in GUTTERS:
        middle = left + (right - left) * share
        crossing = sum(any(first < middle < last for first, last, _ in line) for line in spans)
        before = sum(any(long and last <= middle for _, last, long in line) for line in spans)
        after = sum(any(long and first >= middle for first, _, long in line) for line in spans)
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
    closing, opening, number = _signs(word.text)
    if closing:
        return gap < SIGN_GAP
    if number and _signs(group[-1].text)[1]:
        return gap < (CURRENCY_GAP if len(group) == 1 else GAP)
    return gap < GAP and not ((number or opening) and Cell(tuple(group)).numeric)


@lru_cache(50_000)
def _signs(text: str) -> tuple[bool, bool, bool]:
    """Whether a word is what stands after a figure, what stands before one, and a figure."""
    return bool(CLOSING.fullmatch(text)), bool(OPENING.fullmatch(text)), bool(NUMBER.fullmatch(text))


def rules(page: Any) -> Rules:
    """Return what is drawn on a page as horizontal and vertical lines."""
    from pypdfium2 import raw

    across: list[Rule] = []
    down: list[Rule] = []
    edges: tuple[list[Rule], list[Rule]] = ([], [])
    place = _upright(page)
    for left, bottom, right, top in islice(boxes(page, raw.FPDF_PAGEOBJ_PATH), MAX_OBJECTS):
        if place:
            left, bottom, right, top = place(left, bottom, right, top)
        if top - bottom <= THIN:
            across.append(Rule((top + bottom) / 2, left, right))
        elif right - left <= THIN:
            down.append(Rule((left + right) / 2, bottom, top))
        else:
            edges[0].extend(Rule(y, left, right) for y in (top, bottom))
            edges[1].extend(Rule(x, bottom, top) for x in (left, right))
    return Rules(tuple(across), tuple(down), (*across, *edges[0]), (*down, *edges[1]))


def boxes(page: Any, kind: int) -> Iterator[tuple[float, float, float, float]]:
    """Yield the box around each object of a kind on a page: left, bottom, right and top, in points.

    Args:
        kind: A number of pdfium's, such as FPDF_PAGEOBJ_PATH.
    """
    from pypdfium2 import raw

    sides = tuple(ctypes.c_float() for _ in range(4))
    places = tuple(map(ctypes.byref, sides))
    for item in _objects(page.raw, kind, MAX_DEPTH):
        if raw.FPDFPageObj_GetBounds(item, *places):
            yield sides[0].value, sides[1].value, sides[2].value, sides[3].value


def _objects(holder: Any, kind: int, depth: int, inside: bool = False) -> Iterator[Any]:
    """Yield the objects of a kind that a page shows, through pdfium itself: a page may have a hundred thousand of others.

    Args:
        depth: How deep to look: 1 for the page without its forms.
        inside: Whether the holder is a form.
    """
    from pypdfium2 import raw

    count, get = (
        (raw.FPDFFormObj_CountObjects, raw.FPDFFormObj_GetObject) if inside else (raw.FPDFPage_CountObjects, raw.FPDFPage_GetObject)
    )
    type_of, form = raw.FPDFPageObj_GetType, raw.FPDF_PAGEOBJ_FORM
    for number in range(count(holder)):
        item = get(holder, number)
        found = type_of(item)
        if found == kind:
            yield item
        if found == form and depth > 1:
            yield from _objects(item, kind, depth - 1, inside=True)
