"""How what is there is compared with what should be, and which differences mean nothing."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Properties = Mapping[str, Any]
Differences = dict[str, tuple[Any, Any]]


def _ours(there: Any, wanted: Any) -> tuple[Any, Any]:
    return {name: value for name, value in there.items() if name in wanted}, wanted


def _documents(there: Any, wanted: Any) -> tuple[Any, Any]:
    return _document(there), _document(wanted)


def _document(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _document(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        parts = sorted((_document(part) for part in value), key=lambda part: json.dumps(part, sort_keys=True))
        return parts[0] if len(parts) == 1 else parts
    return value


@dataclass(frozen=True)
class Noise:
    """Differences that nobody has to care about.

    Args:
        without: Takes what is there and what is wanted, and returns both without the noise.
    """

    properties: frozenset[str]
    why: str
    without: Callable[[Any, Any], tuple[Any, Any]]


IGNORED = (
    Noise(frozenset({"tags"}), "others may tag what is ours, e.g. for cost allocation", _ours),
    Noise(
        frozenset({"policies", "policy", "trust"}), "AWS writes a list of one as its only element, and keeps no order of lists", _documents
    ),
)


def different(there: Properties, wanted: Properties) -> Differences:
    """Compare the properties that both sides have, without noise: some can be written and not read."""
    pairs = {name: _without_noise(name, there[name], wanted[name]) for name in there if name in wanted}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def noise(there: Properties, wanted: Properties) -> Iterator[tuple[str, str]]:
    """Yield the properties that differ in nothing but noise, with the reason why that is ignored."""
    differs = {name for name in there if name in wanted and there[name] != wanted[name]} - set(different(there, wanted))
    for name in sorted(differs):
        yield name, next(rule.why for rule in IGNORED if name in rule.properties)


def leaves(before: Any, after: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Yield the innermost values that differ, with their path; JSON in a string is looked into."""
    before, after = _parsed(before), _parsed(after)
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for name in sorted({*before, *after}):
            yield from leaves(before.get(name), after.get(name), f"{path}.{name}" if path else name)
    elif before != after:
        yield path, before, after


def _without_noise(name: str, there: Any, wanted: Any) -> tuple[Any, Any]:
    rule = next((rule for rule in IGNORED if name in rule.properties), None)
    return rule.without(there, wanted) if rule else (there, wanted)


def _parsed(value: Any) -> Any:
    if isinstance(value, str) and value.startswith("{"):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value
