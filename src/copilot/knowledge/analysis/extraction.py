"""Names and relations by a language model; kept is only what really stands in the passages."""

import json
from collections import Counter
from collections.abc import Callable, Sequence
from typing import NamedTuple

from copilot.knowledge.analysis.corpus import Passage
from copilot.knowledge.analysis.entities import Entities, Named, collect
from copilot.knowledge.analysis.results import EntityType, RelationRow
from copilot.outside.chat import Chatter
from copilot.prompt import prompt
from copilot.result import Field, Item

CALLS, PASSAGES_A_CALL = 10, 5
"""How much a model is shown: its calls cost money."""
LONGEST_RELATION = 60


class Name(Item):
    name: str = Field(description="copied from a passage")
    type: EntityType


class Relation(Item):
    source: str
    relation: str
    target: str


class Extraction(Item):
    """What the passages name."""

    names: tuple[Name, ...]
    relations: tuple[Relation, ...]


class Graph(NamedTuple):
    """`shown` counts the passages that the model saw."""

    entities: Entities
    relations: tuple[RelationRow, ...]
    shown: int


def extract(passages: Sequence[Passage], chat: Chatter, advance: Callable[[str], None]) -> Graph:
    """Let a language model name what an even choice of passages is about.

    Raises:
        BadArguments: the model does not answer in the form asked for.
        Unavailable: it cannot be reached.
    """
    step = max(1, len(passages) // (CALLS * PASSAGES_A_CALL))
    chosen = [passage for passage in passages[::step] if passage.row != 0][: CALLS * PASSAGES_A_CALL]
    mentions: list[tuple[set[int], list[Named]]] = []
    related: Counter[tuple[str, str, str]] = Counter()
    for first in range(0, len(chosen), PASSAGES_A_CALL):
        group = chosen[first : first + PASSAGES_A_CALL]
        said = json.dumps([passage.text for passage in group], ensure_ascii=False)
        found, _ = chat.parse([{"role": "system", "content": prompt("entities")}, {"role": "user", "content": said}], Extraction)
        for passage in group:
            text = passage.text.lower()
            names = {item.name.strip(): Counter([item.type]) for item in found.names if item.name.strip().lower() in text}
            mentions.append(({passage.document}, [(name, votes) for name, votes in names.items() if name]))
            related.update((r.source.lower(), r.relation, r.target.lower()) for r in found.relations if _stands(r, text))
        advance("names")
    entities = collect(mentions, fewest=1)
    return Graph(entities, _relations(entities, related), len(chosen))


def _stands(relation: Relation, text: str) -> bool:
    return relation.source.lower() in text and relation.target.lower() in text and relation.source != relation.target


def _relations(entities: Entities, related: Counter[tuple[str, str, str]]) -> tuple[RelationRow, ...]:
    spelt = {row.name.lower(): row.name for row in entities.rows}
    rows = [
        RelationRow(source=spelt[a], target=spelt[b], passages=count, strength=1.0, relation=relation[:LONGEST_RELATION])
        for (a, relation, b), count in related.items()
        if a in spelt and b in spelt
    ]
    return tuple(sorted(rows, key=lambda row: (-row.passages, row.source, row.target, row.relation)))
