"""How the analysis of a collection looks in a terminal."""

from collections.abc import Iterator, Sequence
from typing import Any

from rich.console import RenderableType
from rich.padding import Padding
from rich.text import Text

from copilot.faces.layout import INDENT, Rows, plain_table

BAR = 20
"""Characters of the longest bar."""
SHOWN = 10
"""Rows of a list that a person is shown; JSON and the page have them all."""
SIGNS = {"person": "green", "organization": "cyan", "place": "yellow", "term": "dim"}


def analysed(result: Any) -> Iterator[RenderableType]:
    """Show volume, topics, names, and what needs attention."""
    yield Rows(result.types)
    if result.repeated >= 0.01:
        yield Text(f"{result.repeated:.0%} of the passages stand in several documents", style="dim")
    yield from (Text(note, style="yellow") for note in result.notes)
    yield from _section(
        "Topics", [_bar(row.label, row.passages, row.share / result.topics[0].share) for row in result.topics], len(result.topics)
    )
    if result.entities:
        most = max(entity.mentions for entity in result.entities)
        names = [_bar(e.name, e.mentions, e.mentions / most, SIGNS[e.type]) for e in result.entities]
        yield from _section(f"Names, by {result.named_by}", names)
    joined = [f"{r.source} — {r.relation or f'{r.passages} together'} — {r.target}" for r in result.relations]
    yield from _section("Who appears with whom", [Text(line) for line in joined])
    yield from _section("Documents that say the same", [Text(f"{d.alike:.0%}  {d.first} = {d.second}") for d in result.duplicates])
    yield from _section("Stale", [Text.assemble(s.document, (f"  {s.why}", "dim")) for s in result.stale])
    if result.gaps:
        table = plain_table("likely gap", "what", "why")
        for gap in result.gaps[: 2 * SHOWN]:
            table.add_row(Text(gap.kind, style="yellow"), Text(gap.what), Text(gap.why, style="dim"))
        yield table


def _section(title: str, lines: Sequence[Text], shown: int = SHOWN) -> Iterator[RenderableType]:
    if lines:
        rest = f"  ({shown} of {len(lines)})" if len(lines) > shown else ""
        yield Text.assemble((title, "bold"), (rest, "dim"))
        yield from (Padding(line, INDENT) for line in lines[:shown])


def _bar(label: str, count: int, share: float, style: str = "cyan") -> Text:
    return Text.assemble(("█" * max(1, round(BAR * share)), style), f" {label} ", (f"{count:,}", "dim"))
