"""What the dialogue supplies: "it", "that one", "same for staging", and the answer to an open question."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from copilot.intent import Ability, Argument
from copilot.routing.kinds import is_new_name, kinds_of
from copilot.routing.route import KINDS

POINTING = re.compile(
    r"\b(?:it|its|it's|that|this|them|those|these|same|there|one|again|also|too|he|she|him|her|they|their|previous|last|above|first|second|other)\b",
    re.IGNORECASE,
)
ELLIPTIC = re.compile(
    r"^\s*(?:and|or|also|same|(?:what|how) about|now|then|ok(?:ay)?,? (?:and|now)|but|instead|make (?:it|that)|no,|actually|for|"
    r"only|just|with|change (?:it|that)|the (?:other|second|first|next)|again|once more|another|plus)\b"
    r"|\binstead\b|\btoo\b\W*$|\bas well\b\W*$",
    re.IGNORECASE,
)


def is_elliptic(text: str) -> bool:
    """Say whether the words lean on the turn before."""
    return bool(ELLIPTIC.search(text))


def points_back(text: str) -> bool:
    """Say whether the words point at something said before."""
    return bool(POINTING.search(text))


def supplied(
    ability: Ability, args: Mapping[str, Any], text: str, history: Sequence[Mapping[str, Any]], abilities: Mapping[str, Ability]
) -> dict[str, Any]:
    """Return `args` with what the dialogue supplies: the arguments of the same call before, else the things spoken of."""
    if not history:
        return dict(args)
    last = history[-1]
    if last["intent"] == ability.name and (is_elliptic(text) or points_back(text) or len(text.split()) <= 4):
        return {**last["args"], **args}
    found = dict(args)
    pointing = points_back(text)
    for argument in ability.args:
        if argument.name not in found and (argument.required or (pointing and kinds_of(ability, argument))):
            value = _spoken_of(ability, argument, history, abilities)
            if value is not None:
                found[argument.name] = [value] if argument.many else value
    return found


def _spoken_of(ability: Ability, argument: Argument, history: Sequence[Mapping[str, Any]], abilities: Mapping[str, Ability]) -> Any:
    """Return the newest thing in the history that the argument can name, or the newest value of an argument of its name."""
    wanted = set(kinds_of(ability, argument))
    for turn in reversed(history):
        before = abilities.get(turn["intent"])
        for name, value in turn["args"].items() if before else ():
            other = before.argument(name) if before else None
            if before and other and wanted & set(_kinds_made(before, other)):
                return value[0] if isinstance(value, list) and len(value) == 1 else value if not isinstance(value, list) else None
        if not wanted and argument.name in turn["args"] and argument.required:
            return turn["args"][argument.name]
    return None


def _kinds_made(ability: Ability, argument: Argument) -> tuple[str, ...]:
    if is_new_name(ability, argument):
        return (ability.group,) if ability.group in KINDS else ()
    return kinds_of(ability, argument)
