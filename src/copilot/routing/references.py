"""What the dialogue supplies: "it", "that one", "same for staging", and the answer to an open question."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from copilot.intent import Ability, Argument
from copilot.routing.frames import ASK_IT
from copilot.routing.kinds import is_new_name, kinds_of
from copilot.routing.route import KINDS, Situation

POINTING = re.compile(
    r"\b(?:it|its|it's|that|this|them|those|these|same|there|one|again|also|too|he|she|him|her|they|their|previous|last|above|first|second|other)\b",
    re.IGNORECASE,
)
ELLIPTIC = re.compile(
    r"^\s*(?:and|or|also|same|(?:what|how) about|what if|now|then|ok(?:ay)?,? (?:and|now)|but|instead|make (?:it|that)|no,|actually|for|"
    r"only|just|with|change (?:it|that)|the (?:other|second|first|next)|again|once more|another|plus)\b"
    r"|\binstead\b|\btoo\b\W*$|\bas well\b\W*$",
    re.IGNORECASE,
)

# Words that make a request whole without the turn before, and the pointing words in it that only belong to its grammar.
WHOLE = {
    "recommend_instance": re.compile(
        r"\b(?:cheap\w*|instances?|machines?|box(?:es)?|servers?|hardware|recommend|suggest|find)\b", re.IGNORECASE
    ),
    "ask_agent": re.compile(r"\b(?:questions?|something|anything)\W*$", re.IGNORECASE),
}
GRAMMAR = re.compile(
    r"\bone\b(?!\W*$)|\b(?:that|there)(?= (?:has|have|can|fits?|costs?|runs?|supports?|is|are|comes?|offers?|gives?|would|will)\b)",
    re.IGNORECASE,
)
OTHER = re.compile(r"\bother\b", re.IGNORECASE)
SHORT = 6
"""Words of a reply that hardly says a whole call."""


def is_elliptic(text: str) -> bool:
    """Say whether the words lean on the turn before."""
    return bool(ELLIPTIC.search(text))


def points_back(text: str) -> bool:
    """Say whether the words point at something said before."""
    return bool(POINTING.search(text))


def supplied(
    ability: Ability, args: Mapping[str, Any], text: str, situation: Situation, abilities: Mapping[str, Ability]
) -> dict[str, Any]:
    """Return `args` with what the dialogue supplies: the arguments of the same call before, else the things spoken of."""
    history = spoken(situation)
    if not history:
        return dict(args)
    last = history[-1]
    found = dict(args)
    if continues(ability.name, text, history):
        found = {**last["args"], **_corrected(ability, args, last["args"], text)}
    pointing = points_back(text)
    for argument in ability.args:
        if argument.name not in found and (argument.required or (pointing and kinds_of(ability, argument))):
            value = _spoken_of(ability, argument, history, abilities)
            if value is not None and value not in found.values() and not (argument.name == "deployment" and "agent" in found):
                found[argument.name] = [value] if argument.many and not isinstance(value, list) else value
    return _others(ability, found, args, text, situation) if OTHER.search(text) else found


def spoken(situation: Situation) -> list[Mapping[str, Any]]:
    """Return the turns before, the call that waits for a yes last."""
    waiting = (situation.pending or {}).get("confirm")
    return [*situation.history, waiting] if waiting else list(situation.history)


def continues(name: str, text: str, history: Sequence[Mapping[str, Any]]) -> bool:
    """Say whether the words, read as the same call as before, lean on it."""
    if not history or history[-1]["intent"] != name:
        return False
    if name in WHOLE and WHOLE[name].search(text):
        return is_elliptic(text) or points_back(GRAMMAR.sub("", text))
    return is_elliptic(text) or points_back(text) or len(text.split()) <= SHORT


def addressed(text: str, situation: Situation, abilities: Mapping[str, Ability]) -> str:
    """Return the words with the agent that was spoken of in place of the "it" of "ask it …"."""
    asking, found = abilities["ask_agent"], ASK_IT.match(text)
    argument = asking.argument("agent") if found else None
    agent = _spoken_of(asking, argument, spoken(situation), abilities) if argument else None
    return f"{found[1]}{agent}{text[found.end() :]}" if found and agent in situation.names.get("agents", ()) else text


def _corrected(ability: Ability, args: Mapping[str, Any], before: Mapping[str, Any], text: str) -> dict[str, Any]:
    """Let a bare figure ("make it 5 instead") change the one figure that was given before."""
    figures = [a.name for a in ability.args if a.type in ("integer", "number")]
    old, new = ([name for name in figures if name in given] for given in (before, args))
    if len(old) == len(new) == len(args) == 1 and len(text.split()) <= SHORT - 1:
        return {old[0]: args[new[0]]}
    return dict(args)


def _others(ability: Ability, found: dict[str, Any], args: Mapping[str, Any], text: str, situation: Situation) -> dict[str, Any]:
    """Let "the other one" be the one thing of its kind that was not spoken of."""
    for argument in ability.args:
        value = found.get(argument.name)
        if isinstance(value, str) and argument.name not in args:
            for kind in kinds_of(ability, argument):
                rest = [name for name in situation.names.get(kind, ()) if name != value]
                if len(rest) == 1:
                    found[argument.name] = rest[0]
                    break
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
