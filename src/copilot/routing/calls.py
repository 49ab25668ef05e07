"""Abilities as tools for a language model, and calls checked against them."""

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

from copilot.errors import BadArguments
from copilot.intent import Ability

if TYPE_CHECKING:
    from pydantic import BaseModel

TYPES: dict[str, Any] = {"integer": int, "number": float, "boolean": bool, "list of string": list[str]}


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
        properties[argument.name] = {**shape, "description": argument.description}
    return {
        "type": "function",
        "function": {
            "name": ability.name,
            "description": ability.summary,
            "parameters": {"type": "object", "properties": properties, "additionalProperties": False},
        },
    }


def check(name: str, args: Any, abilities: Mapping[str, Ability]) -> dict[str, Any]:
    """Return the arguments of a call, typed, without the empty ones.

    Raises:
        BadArguments: no such ability, arguments that are no object, or a value of the wrong type.
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
    return {key: value for key, value in given.model_dump().items() if value not in (None, "", [])}


def missing(ability: Ability, args: Mapping[str, Any]) -> str | None:
    """Return the first required argument that is not given."""
    return next((name for name in ability.required if name not in args), None)
