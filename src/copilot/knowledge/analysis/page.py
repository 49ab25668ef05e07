"""The analysis as one HTML page that needs no network; its policy lets no script run but our own."""

import base64
import hashlib
from collections.abc import Iterable, Sequence
from html import escape
from importlib.resources import files
from string import Template
from typing import Any, get_args

from copilot.knowledge.analysis.graph import lay_out
from copilot.knowledge.analysis.results import Analysed, EntityType
from copilot.result import Item

WIDTH, HEIGHT, MARGIN = 720, 520, 30
KINDS: tuple[EntityType, ...] = get_args(EntityType)
TABLES = {
    "likely gaps": "gaps",
    "stale documents": "stale",
    "documents that say the same": "duplicates",
    "types": "types",
    "names": "entities",
    "relations": "relations",
}


def as_html(result: Analysed, points: Sequence[tuple[float, float, int, str]]) -> bytes:
    """Write the page.

    Args:
        points: The passages of the map: x and y from 0 to 1, topic from 1, document.
    """
    style, script = _part("page.css"), _part("page.js")
    tables = (_table(title, getattr(result, name)) for title, name in TABLES.items())
    filled = Template(_part("page.html")).substitute(
        title=escape(f"Analysis of {result.collection}"),
        summary=escape(_summary(result)),
        style=style,
        script=script,
        style_hash=_hash(style),
        script_hash=_hash(script),
        map=_map(result, points),
        topics="".join(_topic(row) for row in result.topics),
        graph=_graph(result),
        legend=" · ".join(f'<b class="{kind}">{kind}</b>' for kind in KINDS),
        tables="".join(tables),
    )
    return filled.encode("utf-8", "replace")


def _part(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _summary(result: Analysed) -> str:
    looked = "" if result.looked_at == result.passages else f" ({result.looked_at:,} of them looked at)"
    parts = [
        f"{result.documents:,} documents in {result.passages:,} passages{looked}",
        f"{result.repeated:.0%} of the passages stand in several documents",
        f"names by {result.named_by}",
        *result.notes,
    ]
    return "; ".join(parts) + "."


def _topic(row: Any) -> str:
    dot = f'<svg class="dot" viewBox="0 0 2 2"><circle cx="1" cy="1" r="1" fill="{_hue(row.number)}"/></svg>'
    return f'<li data-topic="{row.number}">{dot}{escape(row.label)} <span class="note">{row.passages:,}</span></li>'


def _hue(topic: int) -> str:
    return f"hsl({(topic * 137) % 360} 55% 50%)"


def _placed(x: float, y: float) -> tuple[float, float]:
    return MARGIN + x * (WIDTH - 2 * MARGIN), MARGIN + y * (HEIGHT - 2 * MARGIN)


def _map(result: Analysed, points: Iterable[tuple[float, float, int, str]]) -> str:
    parts = []
    for x, y, topic, document in points:
        left, top = _placed(x, y)
        title = f"<title>{escape(document)}</title>"
        parts.append(f'<circle cx="{left:.1f}" cy="{top:.1f}" r="4" fill="{_hue(topic)}" data-topic="{topic}">{title}</circle>')
    for row in result.topics:
        left, top = _placed(row.x, row.y)
        label = escape(row.label.partition(",")[0])
        parts.append(f'<text x="{left:.1f}" y="{top:.1f}" text-anchor="middle" data-topic="{row.number}">{label}</text>')
    return f'<svg id="map" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="Map of topics">{"".join(parts)}</svg>'


def _graph(result: Analysed) -> str:
    numbers = {entity.name: number for number, entity in enumerate(result.entities)}
    edges = [(numbers[r.source], numbers[r.target], r.strength) for r in result.relations]
    joined = sorted({end for a, b, _ in edges for end in (a, b)})
    places = {number: position for position, number in enumerate(joined)}
    laid = lay_out(len(joined), [(places[a], places[b], strength) for a, b, strength in edges])
    spots = {number: _placed(float(x), float(y)) for number, (x, y) in zip(joined, laid, strict=True)}
    parts = []
    for (a, b, _), relation in zip(edges, result.relations, strict=True):
        (x1, y1), (x2, y2) = spots[a], spots[b]
        title = escape(f"{relation.source} {relation.relation or '–'} {relation.target}: {relation.passages}")
        ends = f'x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"'
        parts.append(f'<line {ends} data-a="{a}" data-b="{b}"><title>{title}</title></line>')
    for number in joined:
        entity, (x, y) = result.entities[number], spots[number]
        radius = 3 + min(7, entity.documents**0.5)
        circle = f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}" class="{entity.type}"/>'
        right = x < 0.7 * WIDTH  # there is room for the name
        start, anchor = (x + radius + 2, "start") if right else (x - radius - 2, "end")
        label = f'<text x="{start:.1f}" y="{y + 4:.1f}" text-anchor="{anchor}">{escape(entity.name)}</text>'
        parts.append(f'<g data-node="{number}"><title>{escape(f"{entity.name} ({entity.type})")}</title>{circle}{label}</g>')
    return f'<svg id="graph" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="Graph of names">{"".join(parts)}</svg>'


def _table(title: str, rows: Sequence[Item]) -> str:
    if not rows:
        return ""
    names = [name for name in type(rows[0]).model_fields if any(getattr(row, name) not in ("", None) for row in rows)]
    head = "".join(f"<th>{escape(name)}</th>" for name in names)
    body = "".join(f"<tr>{''.join(_cell(getattr(row, name)) for name in names)}</tr>" for row in rows)
    return f"<section><h2>{escape(title.capitalize())}</h2><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></section>"


def _cell(value: Any) -> str:
    if isinstance(value, int | float):
        return f'<td class="number">{value:,}</td>'
    return f"<td>{escape(str('' if value is None else value))}</td>"
