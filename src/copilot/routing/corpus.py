"""The annotated utterances of `data/utterances`: `load {source:./policies} into {collection:hr} | redact_pii=true`."""

import json
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from copilot.errors import BadArguments
from copilot.intent import Ability, Argument

REPEATED = 93
"""How alike, of 100, two utterances are that count as one."""
MARK = re.compile(r"\{(\w+):([^{}]*)\}")


@dataclass(frozen=True)
class Span:
    """Words that give an argument: `text[start:end]` says `value`."""

    start: int
    end: int
    arg: str
    value: Any


@dataclass(frozen=True)
class Labelled:
    """An utterance with its call; arguments without words of their own are only in `args`."""

    text: str
    intent: str
    args: dict[str, Any]
    spans: tuple[Span, ...]
    where: str = ""


def read_corpus(folder: Path, abilities: Mapping[str, Ability]) -> list[Labelled]:
    """Read every `INTENT.txt` of a folder.

    Raises:
        BadArguments: a label that the catalogue does not allow, with its file and line.
    """
    found = []
    for path in sorted(folder.glob("*.txt")):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if line.strip():
                found.append(parse_line(line, path.stem, abilities, f"{path.name}:{number}"))
    return found


def read_dialogues(path: Path) -> list[dict[str, Any]]:
    """Read labelled multi-turn cases (JSON lines)."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def repeats(corpus: Sequence[Labelled]) -> list[tuple[str, str]]:
    """Return the places of utterances of one ability that differ in little more than a letter."""
    from rapidfuzz import fuzz, process

    groups: dict[str, list[Labelled]] = defaultdict(list)
    for line in corpus:
        groups[line.intent].append(line)
    found = []
    for lines in groups.values():
        plain = [" ".join(re.findall(r"\w+", line.text.lower())) or line.text for line in lines]
        near = process.cdist(plain, plain, scorer=fuzz.ratio, score_cutoff=REPEATED)
        found += [(lines[i].where, lines[j].where) for i, j in zip(*near.nonzero(), strict=True) if i < j]
    return found


def parse_line(line: str, intent: str, abilities: Mapping[str, Ability], where: str = "") -> Labelled:
    """Read one annotated utterance of an ability."""
    if intent not in abilities:
        raise BadArguments(f"{where}: no ability is named '{intent}'.")
    ability = abilities[intent]
    body, _, loose = line.strip().partition(" | ")
    text, spans, at = "", [], 0
    for mark in MARK.finditer(body):
        text += body[at : mark.start()]
        said, equals, value = mark[2].rpartition("=")
        said = said if equals else value
        spans.append(Span(len(text), len(text) + len(said), mark[1], _value(ability, mark[1], value, where)))
        text, at = text + said, mark.end()
    text += body[at:]
    args: dict[str, Any] = {}
    for span in spans:
        argument = ability.argument(span.arg)
        if argument and argument.many:
            args.setdefault(span.arg, []).append(span.value)
        else:
            args.setdefault(span.arg, span.value)
    for pair in filter(None, (p.strip() for p in loose.split(" ; "))):
        name, _, value = pair.partition("=")
        argument = ability.argument(name)
        args[name] = [v.strip() for v in value.split(",")] if argument and argument.many else _value(ability, name, value, where)
    return Labelled(text, intent, args, tuple(spans), where)


def _value(ability: Ability, name: str, text: str, where: str) -> Any:
    argument = ability.argument(name)
    if argument is None:
        raise BadArguments(f"{where}: {ability.name} has no argument '{name}'.")
    try:
        return typed(argument, text.strip())
    except ValueError:
        raise BadArguments(f"{where}: '{text}' is no {argument.type} for '{name}'.") from None


def typed(argument: Argument, text: str) -> Any:
    """Read a label in the type of its argument; raise ValueError when it does not fit."""
    if argument.choices and text not in argument.choices:
        raise ValueError(text)
    if argument.type == "boolean":
        return {"true": True, "false": False}[text.lower()] if text.lower() in ("true", "false") else _refuse(text)
    if argument.type in ("integer", "number"):
        number = float(text.replace(",", ""))
        return int(number) if number == int(number) else number
    return text


def _refuse(text: str) -> Any:
    raise ValueError(text)
