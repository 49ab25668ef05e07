"""Read a reply to what the copilot asked."""

import re
from collections.abc import Mapping
from typing import Any

from copilot.intent import Ability, Argument
from copilot.routing.kinds import is_new_name, kinds_of
from copilot.routing.slots import Said
from copilot.routing.values import Lexicon, Reader

OPENING = re.compile(
    r"^\s*(?:(?:oh|ah|um+|uh|hmm+|well|ok(?:ay)?|sure|right|sorry|yes|yeah|please|so|just|maybe|probably|let it be|named?|called|it'?s|"
    r"it is|i (?:think|guess|mean|meant|want)|let'?s (?:say|use|go with|take|do|call it)|(?:call|name) (?:it|him|her|this|that)|that'?s|"
    r"that would be|(?:its|the) name is|make it|set it to|put it in|use|go with|take|try|pick|want|on|in|to|for|from|with|at|into|of|"
    r"about|over|by|the|my|our)\b[\s,:-]*)+",
    re.IGNORECASE,
)
CLOSING = re.compile(
    r"[\s,]*(?:\b(?:please|pls|plz|thanks|thank you|thx|then|i think|i guess|i suppose|one|for now|should do|will do|"
    r"would be (?:good|fine|nice)|it is|is fine|sounds good)\b[\s.!]*)+$|[\s.!?,]+$",
    re.IGNORECASE,
)


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
