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


class _Edges:
    """Positions of rules, joined where they are the same edge, with the stretches that are drawn of each."""

    def __init__(self, found: Iterable[Rule]) -> None:
        self.places: list[float] = []
        drawn: list[list[tuple[float, float]]] = []
        for rule in sorted(found):
            if not self.places or rule.at - self.places[-1] > SNAP:
                self.places.append(rule.at)
                drawn.append([])
            drawn[-1].append((rule.start, rule.end))
        self.drawn = [_joined(stretches) for stretches in drawn]
        self._turns = sorted({turn for starts, ends in self.drawn for pair in zip(starts, ends, strict=True) for turn in _reach(*pair)})
        self._known: dict[int, list[int]] = {}

    def crosses(self, edge: int, place: float) -> bool:
        """Whether an edge is drawn at a place along it."""
        starts, ends = self.drawn[edge]
        last = bisect_right(starts, place + SNAP) - 1
        return last >= 0 and ends[last] >= place - SNAP

    def around(self, at: float, place: float) -> tuple[int, int] | None:
        """Return the edges before and after a position that are drawn at a place along them; None unless there are both."""
        stretch = bisect_right(self._turns, place)  # between two turns the same edges are drawn
        if stretch not in self._known:
            self._known[stretch] = [edge for edge in range(len(self.places)) if self.crosses(edge, place)]
        edges = self._known[stretch]
        after = bisect_left(edges, at, key=self.places.__getitem__)
        return (edges[after - 1], edges[after]) if 0 < after < len(edges) else None


def grids(found: Sequence[Word], rules: Rules) -> list[Grid]:
    """Find the drawn tables of a page that have words, from the top; filled areas alone make no table, only a form."""
    forms = [grid for grid in _found(found, rules.across_areas, rules.down_areas) if grid.form]
    taken = {word.start for grid in forms for word in grid.words}
    return [*forms, *_found([word for word in found if word.start not in taken], rules.across, rules.down)]


def _found(found: Sequence[Word], horizontal: Sequence[Rule], vertical: Sequence[Rule]) -> list[Grid]:
    down, across = _Edges(vertical), _Edges(horizontal)
    if len(down.places) < 3 or not 2 < len(across.places) <= MAX_BANDS + 1:
        return []
    cells: dict[tuple[int, int, int], list[Word]] = defaultdict(list)
    closed: dict[tuple[int, int, int, int], bool] = {}
    for word in found:
        if not (sides := down.around((word.left + word.right) / 2, word.middle)):
            continue
        if not (ends := across.around(word.middle, (word.left + word.right) / 2)):
            continue
        box = (*sides, *ends)
        if box not in closed:
            closed[box] = _closed(*box, down, across)
        if closed[box]:
            cells[ends[1], *sides].append(word)
    return [grid for part in _parts(cells) if (grid := _grid(part)) and grid.side_by_side > 1]


def _reach(start: float, end: float) -> tuple[float, float]:
    return start - SNAP, end + SNAP


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


def _closed(left: int, right: int, bottom: int, top: int, down: _Edges, across: _Edges) -> bool:
    """Whether the four edges around a cell are drawn along the whole of it."""
    high, low = across.places[top] - SNAP, across.places[bottom] + SNAP
    first, last = down.places[left] + SNAP, down.places[right] - SNAP
    drawn = all(down.crosses(edge, place) for edge in (left, right) for place in (high, low))
    return drawn and all(across.crosses(edge, place) for edge in (top, bottom) for place in (first, last))


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
