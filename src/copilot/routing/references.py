"""What the dialogue supplies: "it", "that one", "same for staging", and the answer to an open question."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from copilot.intent import Ability, Argument
from copilot.routing.frames import ASK_IT
from copilot.routing.kinds import is_new_name, kinds_of
from copilot.routing.names import partly_named
from copilot.routing.quotes import QUOTED
from copilot.routing.route import KINDS, Situation
from copilot.routing.slots import Filled

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
GATHERING = "configure_"
"""Abilities that change a configuration turn by turn: what was said before stays set without being said again."""
CHANGED = ("add_collection", "remove_collection")
ORDINALS = {"first": 0, "1st": 0, "former": 0, "second": 1, "2nd": 1, "latter": 1, "third": 2, "3rd": 2, "last": -1}
ORDINAL = re.compile(
    r"\bthe (first|1st|former|second|2nd|latter|third|3rd|last)(?: (?:one|of (?:the|those|these)\b.*))?\b(?! \w)|"
    r"^\W*(?:the )?(first|second|third)\b",
    re.IGNORECASE,
)
THAT_ONE = re.compile(
    r"\bthe\s+(?:\w+\s+){1,2}(?:one|agent|bot|collection|model|benchmark|deployment)s?\b|\b(?:the|our|both)\s+\w+|\bv\d+\b", re.IGNORECASE
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


def supplied(ability: Ability, filled: Filled, text: str, situation: Situation, abilities: Mapping[str, Ability]) -> dict[str, Any]:
    """Return the arguments of the words with what the dialogue supplies: those of the same call before, else the things spoken of."""
    found = dict(filled.args)
    history = spoken(situation)
    if history and continues(ability.name, text, history):
        before = {} if ability.name.startswith(GATHERING) else history[-1]["args"]
        found = {**before, **_corrected(ability, filled.args, history[-1]["args"], text)}
        if "question" in filled.args and "agent" not in filled.args:
            found["question"] = text  # a next question to the same agent: every word is for it
    found = _numbered(ability, found, filled.args, text, situation)
    found = _renamed(ability, found, filled, text, situation)
    if not history:
        return found
    pointing = points_back(text)
    for argument in ability.args:
        # "make it warmer": where the agent itself is what "it" means, no collection of it is.
        pointed = pointing and bool(kinds_of(ability, argument)) and not (argument.name in CHANGED and "name" not in filled.args)
        if argument.name not in found and (argument.required or pointed):
            value = _spoken_of(ability, argument, history, abilities)
            if value is not None and value not in found.values() and not (argument.name == "deployment" and "agent" in found):
                found[argument.name] = [value] if argument.many and not isinstance(value, list) else value
    found = _joined(ability, found, text, history, abilities)
    if ability.name == "create_automation" and "action" not in found and pointing and history[-1].get("user"):
        found["action"] = history[-1]["user"]
    return _others(ability, found, filled.args, text, situation) if OTHER.search(text) else found


def _numbered(ability: Ability, found: dict[str, Any], given: Mapping[str, Any], text: str, situation: Situation) -> dict[str, Any]:
    """Let "the second one" be the second of the things spoken of last, or of those that exist."""
    ordinal = ORDINAL.search(text)
    if not ordinal:
        return found
    place = ORDINALS[(ordinal[1] or ordinal[2]).lower()]
    for argument in ability.args:
        kinds = kinds_of(ability, argument) or (("models",) if argument.name == "model" else ())
        if not kinds or argument.name in given or argument.many:
            continue
        listed = next(
            (v for turn in reversed(spoken(situation)) for v in turn["args"].values() if isinstance(v, list) and len(v) > 1), None
        )
        choice = listed or situation.names.get(kinds[0], ())
        if (argument.required or argument.name in found) and -len(choice) <= place < len(choice):
            return {**found, argument.name: choice[place]}
    return found


def _renamed(ability: Ability, found: dict[str, Any], filled: Filled, text: str, situation: Situation) -> dict[str, Any]:
    """Let a thing that the words name, in full or in part, stand where none is given or only the turn before gave one."""
    for argument in ability.args:
        kinds = kinds_of(ability, argument)
        if not kinds or argument.name in filled.args or not (argument.required or argument.name in found):
            continue
        whole = [m.value for m in filled.left if m.kind == "names" and set(m.of) & set(kinds)]
        taken = [v for value in filled.args.values() for v in (value if isinstance(value, list) else [value])]
        free = [name for name in situation.names.get(kinds[0], ()) if name not in taken]
        named = whole or (partly_named(QUOTED.sub(" ", text), free) if THAT_ONE.search(text) else [])
        if argument.many and named:
            return {**found, argument.name: named}
        if len(named) == 1:
            return {**found, argument.name: named[0]}
    return found


def _joined(
    ability: Ability, found: dict[str, Any], text: str, history: Sequence[Mapping[str, Any]], abilities: Mapping[str, Ability]
) -> dict[str, Any]:
    """Let "is that any better than X" compare X with what was spoken of."""
    for argument in ability.args:
        listed = found.get(argument.name)
        if argument.required and argument.many and isinstance(listed, list) and len(listed) == 1 and points_back(text):
            other = _spoken_of(ability, argument, history, abilities)
            if isinstance(other, str) and other not in listed:
                return {**found, argument.name: [other, *listed]}
    return found


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
    if (ability.name, argument.name) == ("register_model", "model"):
        return ("models",)
    if is_new_name(ability, argument):
        return (ability.group,) if ability.group in KINDS else ()
    return kinds_of(ability, argument)
