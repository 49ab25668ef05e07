"""Fill the arguments of an ability from an utterance."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from copilot.intent import Ability, Argument
from copilot.routing.kinds import kinds_of
from copilot.routing.mentions import Mention, find_mentions
from copilot.routing.tagger import Marked, Tagger, word_features
from copilot.routing.tokens import Token, tokenize
from copilot.routing.values import Lexicon, Reader

# Regular things that mean their argument wherever they stand, when the ability has it and nothing else was said for it.
PLAIN = {"region": "region", "instance_type": "instance", "user": "email", "image_id": "ami", "api_base": "url", "gpu_name": "gpu"}


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
    def tokens(self) -> tuple[Token, ...]:
        return tokenize(self.text)

    @cached_property
    def mentions(self) -> tuple[Mention, ...]:
        return find_mentions(self.text, self.names)

    @cached_property
    def words(self) -> list[list[str]]:
        """What the tagger sees of each word."""
        return word_features(self.tokens, self.mentions)


def fill(said: Said, ability: Ability, tagger: Tagger, lexicon: Lexicon, hints: Mapping[str, Any]) -> Filled:
    """Return the arguments that the utterance gives, were it a call of `ability`.

    Args:
        hints: Values of arguments that the utterance as a whole suggests, for those that no word gives.
    """
    reader = Reader(said.text, said.mentions, said.names, lexicon)
    marks = tagger.mark(ability, said.tokens, said.words)
    args: dict[str, Any] = {}
    used: list[Marked] = []
    for mark in sorted(marks, key=lambda m: -m.margin):
        argument = ability.argument(mark.arg)
        value = reader.value(ability, argument, mark.start, mark.end) if argument else None
        if argument is None or value is None or value == "":
            continue
        if argument.many:
            args.setdefault(mark.arg, []).append((mark.start, value))
        elif mark.arg in args:
            continue
        else:
            args[mark.arg] = value
        used.append(mark)
    args = {name: _in_order(value) if isinstance(value, list) else value for name, value in args.items()}
    left = [m for m in said.mentions if not any(u.start < m.end and u.end > m.start for u in used)]
    left = _place(ability, args, left)
    for argument in ability.args:
        value = args.get(argument.name, reader.cue(argument))
        value = hints.get(argument.name) if value is None else value
        if value is not None:
            args[argument.name] = value
    return Filled(args, min((u.margin for u in used), default=0.0), tuple(left))


def _in_order(found: Sequence[tuple[int, Any]]) -> list[Any]:
    return list(dict.fromkeys(value for _, value in sorted(found, key=lambda f: f[0])))


def _place(ability: Ability, args: dict[str, Any], left: Sequence[Mention]) -> list[Mention]:
    """Give recognised things that no mark covers to the arguments that can only mean them; return the rest."""
    rest = []
    for mention in left:
        argument = next((a for a in ability.args if a.name not in args and _fits(ability, a, mention)), None)
        if argument is None:
            rest.append(mention)
        else:
            args[argument.name] = [mention.value] if argument.many else mention.value
    return rest


def _fits(ability: Ability, argument: Argument, mention: Mention) -> bool:
    if mention.kind == "names":
        return argument.required and bool(set(mention.of) & set(kinds_of(ability, argument)))
    return PLAIN.get(argument.name) == mention.kind
