"""Plots as SVG that needs no script, no network and no font of its own; every text in it is escaped."""

from collections.abc import Sequence
from html import escape
from typing import NamedTuple

WIDTH, ROW, LEFT, RIGHT = 720, 34, 170, 110
BINS = 24
HEIGHT = 160
TICKS = (0.0, 0.25, 0.5, 0.75, 1.0)


class Rate(NamedTuple):
    """A share with its interval and the mark it is held against, 0..1."""

    name: str
    share: float
    low: float
    high: float
    mark: float | None = None


def rates(rows: Sequence[Rate]) -> str:
    """Draw a bar a row, its interval as a whisker, and the mark as a line."""
    parts = []
    for place, row in enumerate(rows):
        top = place * ROW + 8
        middle = top + 9
        style = "bad" if row.mark is not None and row.share < row.mark else "good"
        figures = f"{row.share:.0%} ({row.low:.0%}–{row.high:.0%})"
        parts += [
            f'<text x="{LEFT - 8}" y="{middle + 4}" text-anchor="end">{escape(row.name[:24])}</text>',
            f'<rect class="{style}" x="{LEFT}" y="{top}" width="{_x(row.share) - LEFT:.1f}" height="18"/>',
            f'<path class="whisker" d="M{_x(row.low):.1f} {middle}H{_x(row.high):.1f}M{_x(row.low):.1f} {middle - 5}v10'
            f'M{_x(row.high):.1f} {middle - 5}v10"/>',
            f'<text x="{WIDTH - RIGHT + 8}" y="{middle + 4}">{figures}</text>',
        ]
        if row.mark is not None:
            parts.append(f'<path class="mark" d="M{_x(row.mark):.1f} {top - 4}v26"/>')
    bottom = len(rows) * ROW + 6
    axis = [f'<text class="axis" x="{_x(t):.1f}" y="{bottom + 12}" text-anchor="middle">{t:.0%}</text>' for t in TICKS]
    return _svg("Score by benchmark with 95 % intervals", bottom + 18, [*parts, *axis])


def histogram(values: Sequence[float], unit: str) -> str:
    """Draw how many values fall where, with the median and the 95th percentile."""
    from copilot.evaluation.statistics import quantile

    if not values:
        return ""
    top = max(values) or 1.0
    counts = [0] * BINS
    for value in values:
        counts[min(BINS - 1, int(value / top * BINS))] += 1
    most, wide = max(counts), (WIDTH - 40) / BINS
    bars = [
        f'<rect class="good" x="{20 + n * wide + 1:.1f}" y="{HEIGHT - 24 - (HEIGHT - 50) * count / most:.1f}" '
        f'width="{wide - 2:.1f}" height="{(HEIGHT - 50) * count / most:.1f}"/>'
        for n, count in enumerate(counts)
    ]
    marks = [
        f'<path class="mark" d="M{20 + (WIDTH - 40) * quantile(values, share) / top:.1f} 18V{HEIGHT - 24}"/>'
        f'<text class="axis" x="{20 + (WIDTH - 40) * quantile(values, share) / top:.1f}" y="{12}" text-anchor="middle">'
        f"p{share * 100:.0f} {quantile(values, share):,.0f} {escape(unit)}</text>"
        for share in ((0.5, 0.95) if quantile(values, 0.95) > 1.2 * quantile(values, 0.5) else (0.95,))
    ]
    ends = [
        f'<text class="axis" x="20" y="{HEIGHT - 8}">0</text>',
        f'<text class="axis" x="{WIDTH - 20}" y="{HEIGHT - 8}" text-anchor="end">{top:,.0f} {escape(unit)}</text>',
    ]
    return _svg(f"How long answers took, n = {len(values)}", HEIGHT, [*bars, *marks, *ends])


def line(rows: Sequence[Rate]) -> str:
    """Draw shares over time, the oldest on the left, with their intervals and the mark of the last."""
    if not rows:
        return ""
    step = (WIDTH - 80) / max(1, len(rows) - 1)
    points = [(40 + n * step if len(rows) > 1 else WIDTH / 2, row) for n, row in enumerate(rows)]
    band = [f'<path class="whisker" d="M{x:.1f} {_y(row.low):.1f}V{_y(row.high):.1f}"/>' for x, row in points]
    path = "M" + "L".join(f"{x:.1f} {_y(row.share):.1f}" for x, row in points)
    dots = [
        f'<circle class="dot" cx="{x:.1f}" cy="{_y(row.share):.1f}" r="4"><title>{escape(row.name)}: {row.share:.0%}</title></circle>'
        for x, row in points
    ]
    mark = rows[-1].mark
    marked = [f'<path class="mark" d="M20 {_y(mark):.1f}H{WIDTH - 20}"/>'] if mark is not None else []
    ends = [f'<text class="axis" x="{WIDTH - 20}" y="{HEIGHT - 4}" text-anchor="end">{escape(rows[-1].name)}</text>']
    if len(rows) > 1:
        ends.append(f'<text class="axis" x="20" y="{HEIGHT - 4}">{escape(rows[0].name)}</text>')
    return _svg(f"{len(rows)} runs", HEIGHT, [*marked, *band, f'<path class="path" d="{path}"/>', *dots, *ends])


def _x(share: float) -> float:
    return LEFT + (WIDTH - LEFT - RIGHT) * share


def _y(share: float) -> float:
    return 16 + (HEIGHT - 40) * (1 - share)


def _svg(title: str, height: float, parts: Sequence[str]) -> str:
    return f'<svg viewBox="0 0 {WIDTH} {height:.0f}" role="img"><title>{escape(title)}</title>{"".join(parts)}</svg>'
