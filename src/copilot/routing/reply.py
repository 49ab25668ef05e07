"""Read a reply to what the copilot asked."""

import re
from collections.abc import Mapping
from typing import Any

from copilot.intent import Ability, Argument
from copilot.routing.kinds import is_new_name, kinds_of
from copilot.routing.slots import Said
from copilot.routing.values import Lexicon, Reader

OPENING = re.compile(
    r"^\s*(?:(?:oh|ah|um+|uh|hmm+|well|ok(?:ay)?|sure|right|sorry|yes|yeah|please|so|just|maybe|probably|i think|i guess|let'?s (?:say|use|go with|take|do|"
    r"call it)|let it be|call (?:it|him|her|this|that)|name (?:it|him|her)|named?|it'?s|it is|its name is|the name is|that would be|that'?s|make it|use|"
    r"go with|take|try|pick|set it to|on|in|to|for|from|with|at|into|of|about|the|my|our|i mean|i meant|want|i want|called|put it in|over|by)\b[\s,:-]*)+",
    re.IGNORECASE,
)
CLOSING = re.compile(
    r"[\s,]*(?:\b(?:please|pls|plz|thanks|thank you|thx|then|i think|i guess|i suppose|one|for now|should do|will do|would be (?:good|fine|nice)|it is|"
    r"is fine|sounds good)\b[\s.!]*)+$|[\s.!?,]+$",
    re.IGNORECASE,
)
ORDINALS = {
    "first": 1,
    "1st": 1,
    "one": 1,
    "second": 2,
    "2nd": 2,
    "two": 2,
    "third": 3,
    "3rd": 3,
    "three": 3,
    "last": -1,
    "former": 1,
    "latter": 2,
}


def answer(said: Said, ability: Ability, argument: Argument, lexicon: Lexicon) -> Any:
    """Return the value that a reply gives for the asked argument, or None when the words cannot be one."""
    reader = Reader(said.text, said.mentions, said.names, lexicon)
    for mention in said.mentions:
        if mention.kind == "names" and set(mention.of) & set(kinds_of(ability, argument)):
            found = mention.value
            return [found] if argument.many else found
    start, end = _core(said.text)
    if start >= end:
        return None
    value = reader.value(ability, argument, start, end)
    if argument.type == "boolean" and value is True and len(said.text.split()) > 3:
        return None
    if is_new_name(ability, argument) and isinstance(value, str) and len(value.split()) > 4:
        return None
    return [value] if argument.many and value is not None else value


def is_certain(argument: Argument, kinds: tuple[str, ...]) -> bool:
    """Say whether a value of this argument can be told from other words."""
    return bool(kinds) or argument.type != "string"


def chosen(text: str, count: int) -> int | None:
    """Return which of `count` numbered choices the reply picks (from 0), or None."""
    words = re.findall(r"[a-z0-9]+", text.lower())
    if len(words) > 6:
        return None
    for word in words:
        number = int(word) if word.isdigit() else ORDINALS.get(word)
        if number is not None and (number == -1 or 1 <= number <= count):
            return count - 1 if number == -1 else number - 1
    return None


def _core(text: str) -> tuple[int, int]:
    opening = OPENING.match(text)
    start = opening.end() if opening else 0
    closing = CLOSING.search(text, start)
    end = closing.start() if closing else len(text)
    return (start, end) if start < end else (0, len(text.rstrip(" .!?")))


def merged(pending: Mapping[str, Any], args: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of the waiting call with those that the reply gives."""
    waiting = pending.get("confirm") or pending
    return {**(waiting.get("args") or {}), **args}
