"""How what is there is compared with what should be, and which differences mean nothing."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Properties = Mapping[str, Any]
Differences = dict[str, tuple[Any, Any]]
DOCUMENTS = {"policies", "policy", "trust"}
"""Properties that are policy documents: AWS writes a list of one as its only element, and keeps no order."""


@dataclass(frozen=True)
class Noise:
    """A property that may differ from what was deployed without anybody having to care; it is set once, and then left alone."""

    type: str
    property: str
    why: str


IGNORED = (Noise("auto_scaling_group", "desired", "a group scales by itself between its bounds"),)
FOREIGN_TAGS = "others may tag what is ours, e.g. for cost allocation"


def different(before: Properties, after: Properties) -> Differences:
    """Compare the properties that both sides have: some can be written and not read.

    Of the tags only those that `after` has count: anybody may add others.
    """
    pairs = {name: (_ours(before[name], after[name]) if name == "tags" else before[name], after[name]) for name in before if name in after}
    return {name: pair for name, pair in pairs.items() if _plain(name, pair[0]) != _plain(name, pair[1])}


def accept(type: str, wanted: Properties, live: Properties) -> dict[str, Any]:  # noqa: A002 - the word of the domain
    """Return the wanted properties, with what is there in the place of those that are left alone."""
    return {**wanted, **{n.property: live[n.property] for n in IGNORED if n.type == type and n.property in live}}


def noise(type: str, known: Properties, live: Properties) -> Iterator[tuple[str, tuple[Any, Any], str]]:  # noqa: A002
    """Yield the properties that differ and are ignored, with (as deployed, as it is) and the reason."""
    for rule in IGNORED:
        there = live.get(rule.property)
        if rule.type == type and there is not None and known.get(rule.property) != there:
            yield rule.property, (known.get(rule.property), there), rule.why
    foreign = {name: value for name, value in live.get("tags", {}).items() if name not in known.get("tags", {})}
    if foreign:
        yield "tags", ({}, foreign), FOREIGN_TAGS


def leaves(before: Any, after: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Yield the innermost values that differ, with their path; JSON in a string is looked into."""
    before, after = _parsed(before), _parsed(after)
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for name in sorted({*before, *after}):
            yield from leaves(before.get(name), after.get(name), f"{path}.{name}" if path else name)
    elif before != after:
        yield path, before, after


def _ours(before: Mapping[str, str], after: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in before.items() if name in after}


def _parsed(value: Any) -> Any:
    if isinstance(value, str) and value.startswith("{"):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


def _plain(name: str, value: Any) -> Any:
    return _document(value) if name in DOCUMENTS else value


def _document(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _document(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        parts = sorted((_document(part) for part in value), key=lambda part: json.dumps(part, sort_keys=True))
        return parts[0] if len(parts) == 1 else parts
    return value
