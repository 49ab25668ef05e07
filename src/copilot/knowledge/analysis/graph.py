"""Who appears with whom: names that stand in the same passages more often than by chance, as a graph that others can read."""

import json
import math
import re
from collections import Counter
from collections.abc import Sequence
from itertools import combinations
from typing import Any
from xml.etree import ElementTree

import numpy as np

from copilot.knowledge.analysis.entities import Entities
from copilot.knowledge.analysis.results import EntityRow, RelationRow

MOST = 300
"""Relations that are kept: the strongest."""
WEAKEST = 0.05
LARGE = 200
"""In a collection of so many passages, once together is chance."""
STEPS = 200
UNPRINTABLE = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What no XML may hold."""
NODE_KEYS = {"name": "string", "type": "string", "mentions": "int", "documents": "int"}
EDGE_KEYS = {"passages": "int", "strength": "double", "relation": "string"}


def find_relations(entities: Entities) -> tuple[RelationRow, ...]:
    """Relate names by normalised pointwise mutual information over passages, the strongest and most frequent first."""
    total = len(entities.inside)
    alone: Counter[int] = Counter(place for names in entities.inside for place in names)
    pairs: Counter[tuple[int, int]] = Counter()
    for names in entities.inside:
        pairs.update(combinations(sorted(names), 2))
    fewest = 2 if total >= LARGE else 1
    rows = []
    for (a, b), count in pairs.items():
        strength = _strength(count, alone[a], alone[b], total)
        if count >= fewest and strength >= WEAKEST:
            source, target = entities.rows[a].name, entities.rows[b].name
            rows.append(RelationRow(source=source, target=target, passages=count, strength=round(strength, 3)))
    return tuple(sorted(rows, key=lambda r: (-r.strength * math.log1p(r.passages), r.source, r.target))[:MOST])


def _strength(both: int, first: int, second: int, total: int) -> float:
    if both == total:
        return 1.0
    return math.log(both * total / (first * second)) / -math.log(both / total)


def as_graphml(entities: Sequence[EntityRow], relations: Sequence[RelationRow]) -> bytes:
    """Write a graph as GraphML."""
    root = ElementTree.Element("graphml", xmlns="http://graphml.graphdrawing.org/xmlns")
    for domain, keys in (("node", NODE_KEYS), ("edge", EDGE_KEYS)):
        for name, kind in keys.items():
            ElementTree.SubElement(root, "key", {"id": f"{domain}.{name}", "for": domain, "attr.name": name, "attr.type": kind})
    graph = ElementTree.SubElement(root, "graph", edgedefault="undirected")
    numbers = {entity.name: f"n{number}" for number, entity in enumerate(entities)}
    for entity in entities:
        _described(ElementTree.SubElement(graph, "node", id=numbers[entity.name]), "node", NODE_KEYS, entity)
    for relation in relations:
        edge = ElementTree.SubElement(graph, "edge", source=numbers[relation.source], target=numbers[relation.target])
        _described(edge, "edge", EDGE_KEYS, relation)
    return bytes(ElementTree.tostring(root, encoding="utf-8", xml_declaration=True))


def _described(element: ElementTree.Element, domain: str, keys: dict[str, str], item: EntityRow | RelationRow) -> None:
    for name in keys:
        ElementTree.SubElement(element, "data", key=f"{domain}.{name}").text = UNPRINTABLE.sub("", str(getattr(item, name)))


def as_json(entities: Sequence[EntityRow], relations: Sequence[RelationRow]) -> bytes:
    """Write a graph as JSON: `{"nodes": […], "edges": […]}`; a node's `name` is its id."""
    graph = {"nodes": [e.model_dump() for e in entities], "edges": [r.model_dump() for r in relations]}
    return json.dumps(graph, ensure_ascii=False, indent=1).encode("utf-8", "replace")


def lay_out(count: int, edges: Sequence[tuple[int, int, float]]) -> Any:
    """Lay a graph out with springs along its edges (Fruchterman and Reingold), always in the same way.

    Args:
        edges: Two places among the `count` nodes, and a weight from 0 to 1.

    Returns:
        As (count, 2), each coordinate from 0 to 1.
    """
    if not count:
        return np.empty((0, 2))
    angles = np.arange(count) * math.pi * (3 - math.sqrt(5))
    places = np.stack((np.cos(angles), np.sin(angles)), 1) * np.sqrt(np.arange(1, count + 1) / count)[:, None]
    weights = np.zeros((count, count))
    for a, b, weight in edges:
        weights[a, b] = weights[b, a] = 0.3 + weight
    ideal = math.sqrt(2 / count)
    for step in range(STEPS):
        apart = places[:, None] - places[None]
        far = np.maximum(np.sqrt((apart**2).sum(-1)), 1e-3)
        force = ideal**2 / far - weights * far**2 / ideal
        moves = (apart / far[..., None] * force[..., None]).sum(1) - 0.5 * places
        length = np.maximum(np.sqrt((moves**2).sum(1, keepdims=True)), 1e-9)
        places = places + moves / length * np.minimum(length, 0.1 * (1 - step / STEPS))
    low, high = places.min(axis=0), places.max(axis=0)
    return (places - low) / np.maximum(high - low, 1e-9)
