"""Tables drawn with rules or filled cells: what stands in which cell, and forms whose cells are labels and values."""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from copilot.knowledge.formats.printed import Rule, Rules, Word, lines

SNAP = 3.5
"""Rules that are nearer than this, in points, are the same edge."""
MAX_BANDS, MAX_STEP = 400, 3
LABELLED = 0.6
"""A grid is a form when so many of its rows open with a label, which ends with a colon."""


@dataclass
class Grid:
    """A drawn table: rows of cells; a cell that spans several columns stands in the first of them."""

    rows: list[list[str]]
    spans: list[list[int]]
    words: list[Word] = field(default_factory=list)

    @property
    def side_by_side(self) -> int:
        """How many rows have more than one cell with words."""
        return sum(sum(map(bool, row)) > 1 for row in self.rows)

    @property
    def form(self) -> bool:
        """Whether labels and their values stand side by side."""
        labels = [row[0].endswith(":") for row in self.rows]
        return len(labels) > 1 and sum(labels) >= LABELLED * len(labels)


@dataclass(frozen=True)
class _Edges:
    """Positions of rules, joined where they are the same edge, with the stretches that are drawn of each."""

    places: list[float]
    drawn: dict[int, tuple[list[float], list[float]]]

    def crosses(self, edge: int, place: float) -> bool:
        """Whether an edge is drawn at a place along it."""
        starts, ends = self.drawn[edge]
        last = bisect_right(starts, place + SNAP) - 1
        return last >= 0 and ends[last] >= place - SNAP


def grids(found: Sequence[Word], rules: Rules) -> list[Grid]:
    """Find the drawn tables of a page that have words, from the top; filled areas alone make no table, only a form."""
    forms = [grid for grid in _found(found, rules.across_areas, rules.down_areas) if grid.form]
    taken = {word.start for grid in forms for word in grid.words}
    return [*forms, *_found([word for word in found if word.start not in taken], rules.across, rules.down)]


def _found(found: Sequence[Word], horizontal: Sequence[Rule], vertical: Sequence[Rule]) -> list[Grid]:
    down, across = _edges(vertical), _edges(horizontal)
    bands = list(zip(across.places, across.places[1:], strict=False))
    if len(down.places) < 3 or not 2 <= len(bands) <= MAX_BANDS:
        return []
    cells: dict[tuple[int, int, int], list[Word]] = defaultdict(list)
    for word in found:
        if place := _cell(word, down, across):
            cells[place].append(word)
    return [grid for part in _parts(cells) if (grid := _grid(part)) and grid.side_by_side > 1]


def _edges(found: Iterable[Rule]) -> _Edges:
    places: list[float] = []
    drawn: dict[int, list[tuple[float, float]]] = defaultdict(list)
    for rule in sorted(found, key=lambda r: r.at):
        if not places or rule.at - places[-1] > SNAP:
            places.append(rule.at)
        drawn[len(places) - 1].append((rule.start, rule.end))
    return _Edges(places, {edge: _joined(stretches) for edge, stretches in drawn.items()})


def _joined(stretches: list[tuple[float, float]]) -> tuple[list[float], list[float]]:
    """Join stretches of one edge that touch; return where they start and where they end."""
    starts: list[float] = []
    ends: list[float] = []
    for start, end in sorted(stretches):
        if ends and start <= ends[-1] + SNAP:
            ends[-1] = max(ends[-1], end)
        else:
            starts.append(start)
            ends.append(end)
    return starts, ends


def _cell(word: Word, down: _Edges, across: _Edges) -> tuple[int, int, int] | None:
    """Return the edges around a word: above it, left of it and right of it; all four must be drawn along the whole cell."""
    x, y = (word.left + word.right) / 2, word.middle
    left = _next(down, bisect_left(down.places, x) - 1, -1, y)
    right = _next(down, bisect_left(down.places, x), 1, y)
    top = _next(across, bisect_left(across.places, y), 1, x)
    bottom = _next(across, bisect_left(across.places, y) - 1, -1, x)
    if left is None or right is None or top is None or bottom is None:
        return None
    high, low = across.places[top] - SNAP, across.places[bottom] + SNAP
    first, last = down.places[left] + SNAP, down.places[right] - SNAP
    drawn = all(down.crosses(edge, place) for edge in (left, right) for place in (high, low))
    drawn = drawn and all(across.crosses(edge, place) for edge in (top, bottom) for place in (first, last))
    return (top, left, right) if drawn else None


def _next(edges: _Edges, first: int, step: int, place: float) -> int | None:
    """Return the next edge from one that is drawn at a place."""
    steps = range(first, len(edges.places) if step > 0 else -1, step)
    return next((i for i in steps if edges.crosses(i, place)), None)


def _parts(cells: dict[tuple[int, int, int], list[Word]]) -> Iterator[dict[tuple[int, int, int], list[Word]]]:
    """Part the cells of a page where no cell of a row stands beside one of the row above."""
    part: dict[tuple[int, int, int], list[Word]] = {}
    last = -1
    for place in sorted(cells, key=lambda place: (-place[0], place[1])):
        if part and last - place[0] > MAX_STEP:
            yield part
            part = {}
        part[place] = cells[place]
        last = place[0]
    if part:
        yield part


def _grid(cells: dict[tuple[int, int, int], list[Word]]) -> Grid | None:
    starts = sorted({left for _, left, _ in cells})
    if len(starts) < 2:
        return None
    rows: dict[int, list[str]] = {}
    spans: dict[int, list[int]] = {}
    for (top, left, right), held in cells.items():
        row = rows.setdefault(top, [""] * len(starts))
        column = starts.index(left)
        row[column] = " ".join(word.text for line in lines(held) for word in line)
        spans.setdefault(top, [1] * len(starts))[column] = bisect_left(starts, right) - column
    order = sorted(rows, reverse=True)
    return Grid([rows[i] for i in order], [spans[i] for i in order], [word for held in cells.values() for word in held])
