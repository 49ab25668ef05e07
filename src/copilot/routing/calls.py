"""Abilities as tools for a language model, and its calls: read as JSON, never evaluated, and checked."""

import json
import re
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, get_args

from copilot.errors import BadArguments
from copilot.intent import Ability, Duration, Frequency, Intent, Region, Url

if TYPE_CHECKING:
    from pydantic import BaseModel

TYPES: dict[str, Any] = {"integer": int, "number": float, "boolean": bool, "list of string": list[str]}
EXAMPLES = {kind.name: kind.example for alias in (Duration, Frequency, Region, Url) for kind in get_args(alias)[1:]}
"""Types that are strings of a form of their own, with a right one of each."""

LONGEST_ANSWER = 10_000
"""Characters of a model's answer that are looked at."""
THOUGHTS = re.compile(r"<think(?:ing)?>.*?</think(?:ing)?>", re.DOTALL)


@cache
def arguments_model(ability: Ability) -> "type[BaseModel]":
    """Return the pydantic model of an ability's arguments; every one may be left out, for it can be asked for."""
    from pydantic import ConfigDict, Field, create_model

    fields: dict[str, Any] = {}
    for argument in ability.args:
        kind = Literal[argument.choices] if argument.choices else TYPES.get(argument.type, str)
        fields[argument.name] = (kind | None, Field(default=None, description=argument.description))
    return create_model(ability.name, __config__=ConfigDict(extra="forbid", str_strip_whitespace=True), **fields)


def tool(ability: Ability) -> dict[str, Any]:
    """Describe an ability as a function of the OpenAI API."""
    properties = {}
    for argument in ability.args:
        shape: dict[str, Any] = {"type": argument.type if argument.type in ("integer", "number", "boolean") else "string"}
        if argument.many:
            shape = {"type": "array", "items": {"type": "string"}}
        if argument.choices:
            shape["enum"] = list(argument.choices)
        form = f"; write it like {EXAMPLES[argument.type]}" if argument.type in EXAMPLES else ""
        properties[argument.name] = {**shape, "description": argument.description + form}
    return {
        "type": "function",
        "function": {
            "name": ability.name,
            "description": ability.summary,
            "parameters": {"type": "object", "properties": properties, "additionalProperties": False},
        },
    }


def written_call(text: str) -> tuple[str, Any] | None:
    """Read a call that a model wrote as `{"tool": NAME, "args": {…}}`; None when there is none, or not just one."""
    said = read_object(text, ("tool", "name"))
    if said is None:
        return None
    args: Any = next((said[key] for key in ("args", "arguments", "parameters") if key in said), {})
    return str(said.get("tool") or said.get("name")), args


def read_object(text: str, keys: Sequence[str]) -> dict[str, Any] | None:
    """Return the JSON object in a text that has one of the keys.

    None when there is none, when something in braces is no JSON (what is inside it could be anything), or when there are
    several that differ: a model that quotes an object beside its own is not understood rather than misunderstood.
    """
    decoder = json.JSONDecoder(parse_constant=_no_number)
    text, found, place = THOUGHTS.sub("", text)[:LONGEST_ANSWER], [], 0
    while (place := text.find("{", place)) >= 0:
        try:
            value, place = decoder.raw_decode(text, place)
        except (ValueError, RecursionError):
            return None
        if any(key in value for key in keys):
            found.append(value)
    return found[0] if found and all(other == found[0] for other in found) else None


def _no_number(said: str) -> None:
    raise ValueError(f"{said} is no number")


def check(name: str, args: Any, abilities: Mapping[str, Ability]) -> dict[str, Any]:
    """Return the arguments of a call, typed, without the empty ones; where there is a handler, its own model has the last word.

    Raises:
        BadArguments: no such ability, arguments that are no object, or a value that the ability does not accept.
    """
    from pydantic import ValidationError

    if name not in abilities:
        raise BadArguments(f"There is no tool '{name}'.")
    if not isinstance(args, Mapping):
        raise BadArguments(f"The arguments of {name} are not a JSON object.")
    try:
        given = arguments_model(abilities[name]).model_validate(dict(args))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise BadArguments(f"{name}: {place}: {first['msg']}") from None
    typed = {key: value for key, value in given.model_dump().items() if value not in (None, "", [])}
    ability = abilities[name]
    if isinstance(ability, Intent) and (objection := ability.objection(typed)):
        raise BadArguments(objection)
    return typed


def missing(ability: Ability, args: Mapping[str, Any]) -> str | None:
    """Return the first required argument that is not given."""
    return next((name for name in ability.required if name not in args), None)


def findings(ability: Ability, args: Mapping[str, Any], names: Mapping[str, Sequence[str]]) -> list[str]:
    """Say what is odd about a valid call: a required argument that is missing, a name that does not exist."""
    found = [f"required argument missing: {name}" for name in ability.required if name not in args]
    for name, value in args.items():
        kind = None if ability.group == "models" and name != "name" else ability.kind_of(name)  # those are of the catalogue
        existing = [known.lower() for known in names.get(f"{kind}s", ())]
        for named in value if isinstance(value, list) else [value]:
            if kind and str(named).lower() not in existing:
                near = get_close_matches(str(named).lower(), existing, n=1)
                found.append(f"{name}: no {kind} is named '{named}'" + (f"; there is '{near[0]}'" if near else ""))
    return found
