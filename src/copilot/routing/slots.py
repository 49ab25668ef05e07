"""Fill the arguments of an ability from an utterance."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from copilot.intent import Ability, Argument
from copilot.routing.frames import Framed, find_frames, implied, unsaid
from copilot.routing.kinds import kinds_of
from copilot.routing.mentions import Mention, find_mentions
from copilot.routing.rendering import units
from copilot.routing.tagger import Marked
from copilot.routing.tokens import Token
from copilot.routing.values import Lexicon, Reader

CLEAR = 4.0
"""A margin from which a mark is as good as any."""
UNWANTED = re.compile(r"(?:\bnot|\brather than|\binstead of)\s+(?:only\s+)?(?:the\s+)?\S+(?:\s+\S+)?\W*$", re.IGNORECASE)
# Regular things that mean their argument wherever they stand, when the ability has it and nothing else was said for it.
PLAIN: dict[str, tuple[str, ...]] = {
    "region": ("region",),
    "instance_type": ("instance",),
    "user": ("email",),
    "image_id": ("ami",),
    "api_base": ("url",),
    "gpu_name": ("gpu",),
    "source": ("path", "url"),
    "path": ("path",),
    "since": ("period",),
    "log_retention_days": ("period",),
    "amount": ("money", "number"),
    "threshold": ("percent", "time", "money", "number"),
    "max_price": ("money",),
    "target_cpu": ("percent",),
    "memory": ("memory",),
    "volume_size": ("memory",),
    "memory_mb": ("memory",),
}


@dataclass(frozen=True)
class Filled:
    """The arguments that an utterance gives, how sure the least sure is, and the recognised things it leaves over."""

    args: dict[str, Any]
    margin: float
    left: tuple[Mention, ...] = ()


@dataclass(frozen=True)
class Said:
    """An utterance, taken apart once."""

    text: str
    names: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @cached_property
    def units(self) -> tuple[Token, ...]:
        return units(self.text)

    @cached_property
    def mentions(self) -> tuple[Mention, ...]:
        return find_mentions(self.text, self.names)

    @cached_property
    def said_until(self) -> int:
        """Where a closing "not 30" or "rather than the old one" begins, which names what is not wanted."""
        match = UNWANTED.search(self.text)
        return match.start() if match and match.start() else len(self.text)


def fill(said: Said, ability: Ability, marked: Sequence[Marked], lexicon: Lexicon) -> Filled:
    """Return the arguments that the words of the utterance give, were it a call of `ability`; `marked` is what the tagger found."""
    reader = Reader(said.text, said.mentions, said.names, lexicon)
    limit = said.said_until
    marks = [m for m in marked if m.start < limit and not unsaid(ability.name, m.arg, said.text)]
    framed = find_frames(ability.name, said.text, said.mentions, marks)
    args, used = _read(ability, _outside(marks, framed), reader)
    taken = [*((u.start, u.end) for u in used), *((f.start, f.end) for f in framed)]
    left = [m for m in said.mentions if m.start < limit and not any(start < m.end and end > m.start for start, end in taken)]
    args = _framed(ability, framed, reader) | args
    left = _place(ability, args, left, reader)
    for argument in ability.args:
        value = None if argument.name in args else reader.cue(argument, limit)
        if value is not None:
            args[argument.name] = value
    args |= implied(ability.name, said.text, args)
    return Filled(args, min((u.margin for u in used), default=0.0), tuple(left))


def _outside(marks: Sequence[Marked], framed: Sequence[Framed]) -> list[Marked]:
    """Return the marked words that no form has taken; of words that go on behind one, the rest."""
    for frame in framed:
        rest = [replace(m, start=max(m.start, frame.end)) if m.start < frame.end and m.end > frame.start else m for m in marks]
        marks = [m for m in rest if m.start < m.end]
    return list(marks)


def _framed(ability: Ability, framed: Sequence[Framed], reader: Reader) -> dict[str, Any]:
    """Return what the forms of the sentence give: figures in the unit of their argument, known names as known, all else as said."""
    args: dict[str, Any] = {}
    for frame in framed:
        if argument := ability.argument(frame.arg):
            read = argument.type in ("integer", "number") or kinds_of(ability, argument)
            values = [reader.value(ability, argument, *place) if read else reader.text[slice(*place)] for place in frame.places]
            args[frame.arg] = values if argument.many else values[0]
    return args


def _read(ability: Ability, marks: Sequence[Marked], reader: Reader) -> tuple[dict[str, Any], list[Marked]]:
    """Return the values of the marked words and the marks that gave one; of two for the same argument the clear, else surer one is read."""
    args: dict[str, Any] = {}
    lists: dict[str, list[tuple[int, Any]]] = {}
    used = []
    for mark in sorted(marks, key=lambda m: (-min(m.margin, CLEAR), m.start)):
        argument = ability.argument(mark.arg)
        value = reader.value(ability, argument, mark.start, mark.end) if argument and mark.arg not in args else None
        if argument is None or value in (None, "") or (mark.margin < CLEAR and _is_unknown(ability, argument, value, reader)):
            continue
        if argument.many:
            lists.setdefault(mark.arg, []).append((mark.start, value))
        else:
            args[mark.arg] = value
        used.append(mark)
    return args | {name: _in_order(found, reader.known(ability, name)) for name, found in lists.items()}, used


def _is_unknown(ability: Ability, argument: Argument, value: Any, reader: Reader) -> bool:
    """Whether an argument that need not be said would name something that does not exist."""
    known = reader.known(ability, argument.name)
    return not argument.required and bool(known) and isinstance(value, str) and value not in known


def _in_order(found: Sequence[tuple[int, Any]], known: Sequence[str]) -> list[Any]:
    """Return the values in the order they were said; where two are known to exist, the unknown ones beside them are other words."""
    values = list(dict.fromkeys(value for _, value in sorted(found, key=lambda f: f[0])))
    existing = [value for value in values if value in known]
    return existing if len(existing) > 1 else values


def _place(ability: Ability, args: dict[str, Any], left: Sequence[Mention], reader: Reader) -> list[Mention]:
    """Give recognised things that no mark covers to the arguments that can only mean them; return the rest."""
    rest = []
    for mention in left:
        argument = next((a for a in ability.args if (a.many or a.name not in args) and _fits(ability, a, mention)), None)
        value = reader.value(ability, argument, mention.start, mention.end) if argument else None
        if argument is None or value is None:
            rest.append(mention)
        elif argument.many:
            args[argument.name] = list(dict.fromkeys([*args.get(argument.name, ()), value]))
        else:
            args[argument.name] = value
    return rest


def _fits(ability: Ability, argument: Argument, mention: Mention) -> bool:
    if mention.kind == "names":
        return (argument.required or argument.many) and bool(set(mention.of) & set(kinds_of(ability, argument)))
    return mention.kind in PLAIN.get(argument.name, ())
