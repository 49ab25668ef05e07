"""One declaration of an ability, from which every face, schema and page is derived."""

import inspect
import re
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, NamedTuple, Protocol, TypeVar, Union, get_args, get_origin, get_type_hints

from copilot.errors import BadArguments

Effect = Literal["read", "write", "cloud", "destructive"]
"""read: changes nothing. write: can be undone. cloud: costs money or changes AWS. destructive: cannot be undone."""


@dataclass(frozen=True)
class Kind:
    """A `str` with a form of its own. `pattern` must match the whole value; `example` shows a right one."""

    name: str
    pattern: str
    example: str

    def check(self, value: str) -> str:
        if not re.fullmatch(self.pattern, value):
            raise ValueError(f"'{value}' is not a {self.name}: write it like {self.example}")
        return value


Region = Annotated[str, Kind("region", r"[a-z]{2}(-[a-z]+)+-\d", "eu-central-1")]
Duration = Annotated[str, Kind("duration", r"\d+[mhd]", "15m, 24h or 7d")]
Url = Annotated[str, Kind("url", r"https?://\S+", "http://localhost:11434")]
Frequency = Annotated[
    str, Kind("hourly|daily|weekly|monthly or cron", r"hourly|daily|weekly|monthly|never|\S+( \S+){4}", "daily or '0 6 * * 1-5'")
]

THINGS = ("model", "collection", "agent", "benchmark", "deployment")
"""The kinds of named things in a workspace."""

TYPE_NAMES = {str: "string", int: "integer", float: "number", bool: "boolean", Path: "string"}


@dataclass(frozen=True)
class Argument:
    """One argument of an ability. `type` is spelt as in `data/intents.json`."""

    name: str
    type: str
    required: bool
    description: str

    @property
    def choices(self) -> tuple[str, ...]:
        """The allowed values; empty when any value of the type will do."""
        return () if " " in self.type or "|" not in self.type else tuple(self.type.split("|"))

    @property
    def many(self) -> bool:
        return self.type.startswith("list of")


@dataclass(frozen=True)
class Ability:
    """What routing and reference pages know of an ability: everything but the code."""

    name: str
    group: str
    effect: Effect
    summary: str
    args: tuple[Argument, ...]
    examples: tuple[str, ...]

    @classmethod
    def from_json(cls, entry: Mapping[str, Any]) -> "Ability":
        """Read one entry of `data/intents.json`."""
        args = tuple(Argument(a["name"], a["type"], a["required"], a["description"]) for a in entry["args"])
        return cls(entry["name"], entry["group"], entry["effect"], entry["description"], args, tuple(entry["examples"]))

    def as_json(self) -> dict[str, Any]:
        """Return the entry in the format of `data/intents.json`."""
        args = [{"name": a.name, "type": a.type, "required": a.required, "description": a.description} for a in self.args]
        return {
            "name": self.name,
            "group": self.group,
            "effect": self.effect,
            "description": self.summary,
            "args": args,
            "examples": list(self.examples),
        }

    def argument(self, name: str) -> Argument | None:
        return next((a for a in self.args if a.name == name), None)

    @property
    def required(self) -> tuple[str, ...]:
        return tuple(a.name for a in self.args if a.required)

    @property
    def positional(self) -> tuple[str, ...]:
        """Names that stand on the command line without `--`: the required ones, and an optional `question`."""
        return tuple(a.name for a in self.args if a.required or a.name == "question")

    def kind_of(self, argument: str) -> str | None:
        """Return the kind of thing in the workspace that an argument names (`agent`, `collection`, …), or None."""
        singular = argument.removesuffix("s")
        if argument == "name" and not self.name.startswith(("create_", "register_", "fine_tune_")):
            singular = self.group.removesuffix("s")
        elif singular.endswith(("_collection", "_model")):
            singular = singular.rpartition("_")[2]
        return singular if singular in THINGS else None

    @property
    def command(self) -> tuple[str, ...]:
        """The words of the typed command, e.g. `("models", "register")`; one word for `undo`."""
        verb, _, noun = self.name.partition("_")
        if not noun:
            return (verb,)
        own_noun = self.group in (noun, f"{noun}s", f"{noun}es")
        return (self.group, verb if own_noun else f"{verb}-{noun.replace('_', '-')}")


class Preview(NamedTuple):
    """What a person sees before they agree, and the arguments that bind their yes to it; those `once` hold for this yes only."""

    shown: Any
    args: Mapping[str, Any]
    once: tuple[str, ...] = ()


@dataclass(frozen=True)
class Intent(Ability):
    """An ability with its handler."""

    handler: Callable[..., Any] = field(repr=False, default=lambda: None)
    preview: Callable[..., Preview] | None = field(repr=False, default=None)
    recover: Callable[..., str] | None = field(repr=False, default=None)

    @cached_property
    def schema(self) -> dict[str, Any]:
        """The JSON schema of the arguments, as function calling wants it."""
        schema: dict[str, Any] = self._model.model_json_schema()
        return schema

    def validate(self, raw: Mapping[str, Any]) -> dict[str, Any]:
        """Return the arguments as the handler takes them; raise BadArguments naming the first wrong value."""
        from pydantic import ValidationError

        try:
            given = self._model.model_validate(dict(raw))
        except ValidationError as error:
            raise BadArguments(self._explain(error.errors()[0]), f"See: copilot {' '.join(self.command)} --help") from None
        return {name: getattr(given, name) for name in type(given).model_fields}

    def objection(self, raw: Mapping[str, Any]) -> str:
        """Say what is wrong with arguments, empty when nothing is; those that are missing can still be asked for."""
        from pydantic import ValidationError

        try:
            self._model.model_validate(dict(raw))
        except ValidationError as error:
            return next((self._explain(e) for e in error.errors() if e["type"] != "missing"), "")
        return ""

    def run(self, raw: Mapping[str, Any], gate: "Gate") -> Any:
        """Validate, pass the gate, call the handler. The only way any face reaches a handler."""
        args = self.validate(raw)
        with gate.admit(self, args) as ctx:
            return self.handler(ctx, **args)

    @cached_property
    def _model(self) -> Any:
        from pydantic import AfterValidator, ConfigDict, Field, create_model

        fields: dict[str, Any] = {}
        for parameter in _parameters(self.handler):
            hint = get_type_hints(self.handler, include_extras=True)[parameter.name]
            kind = _kind(hint)
            if kind:
                optional = NoneType in get_args(hint)
                hint = Annotated[str, AfterValidator(kind.check)]
                hint = hint | None if optional else hint
            described = self.argument(parameter.name)
            default = ... if parameter.default is parameter.empty else parameter.default
            fields[parameter.name] = (Annotated[hint, Field(description=described.description if described else "")], default)
        return create_model(self.name, __config__=ConfigDict(extra="forbid", str_strip_whitespace=True), **fields)

    def _explain(self, error: Mapping[str, Any]) -> str:
        place = ".".join(str(part) for part in error["loc"])
        if error["type"] == "missing":
            return f"{self.name} needs '{place}'."
        if error["type"] == "extra_forbidden":
            return f"{self.name} has no argument '{place}'."
        said = str(error["msg"]).removeprefix("Value error, ")
        return f"{place} = {error['input']!r}: {said}."


class Gate(Protocol):
    """What stands between a validated call and its handler."""

    def admit(self, intent: Intent, args: Mapping[str, Any]) -> AbstractContextManager[Any]:
        """Check permission and confirmation, open the operation and the audit entry, yield the handler's context.

        Raises:
            NeedsConfirmation: the call costs money or destroys something and nobody has agreed.
        """


Handler = TypeVar("Handler", bound=Callable[..., Any])
declared: dict[str, Intent] = {}
"""Every ability whose module was imported, in the order of declaration."""


def intent(
    effect: Effect,
    examples: tuple[str, ...] = (),
    preview: Callable[..., Preview] | None = None,
    recover: Callable[..., str] | None = None,
) -> Callable[[Handler], Handler]:
    """Declare the function below as an ability; the function itself is returned unchanged.

    Args:
        effect: What a call can do; decides whether it is confirmed and whether it can be undone.
        examples: Things a person might type for it.
        preview: Called with the same arguments before a confirmation is asked for; its result is shown.
        recover: Called with the context and the recorded arguments at the next start after the process was killed
            inside the handler, with `ctx.operation` set to that operation; says in one sentence what it did.
    """

    def declare(handler: Handler) -> Handler:
        name = handler.__name__
        if name in declared:
            raise TypeError(f"ability '{name}' is declared twice")
        summary, described = _docstring(inspect.getdoc(handler) or "")
        hints = get_type_hints(handler, include_extras=True)
        args = tuple(
            Argument(p.name, _type_name(hints[p.name]), p.default is p.empty, described.get(p.name, "")) for p in _parameters(handler)
        )
        group = handler.__module__.split(".")[2] if handler.__module__.startswith("copilot.intents.") else "test"
        declared[name] = Intent(name, group, effect, summary, args, examples, handler, preview, recover)
        return handler

    return declare


def _parameters(handler: Callable[..., Any]) -> list[inspect.Parameter]:
    return list(inspect.signature(handler).parameters.values())[1:]


def _kind(hint: Any) -> Kind | None:
    parts = [hint, *get_args(hint)]
    return next((meta for part in parts for meta in getattr(part, "__metadata__", ()) if isinstance(meta, Kind)), None)


def _type_name(hint: Any) -> str:
    if kind := _kind(hint):
        return kind.name
    if get_origin(hint) in (Union, UnionType):
        hint = next(part for part in get_args(hint) if part is not NoneType)
    if get_origin(hint) is Annotated:
        hint = get_args(hint)[0]
    if get_origin(hint) is Literal:
        return "|".join(get_args(hint))
    if hint == list[str]:
        return "list of string"
    if hint in TYPE_NAMES:
        return TYPE_NAMES[hint]
    raise TypeError(f"{hint} does not fit a command line: use str, int, float, bool, Path, Literal, list[str] or one of those with None")


def _docstring(text: str) -> tuple[str, dict[str, str]]:
    """Split a Google-style docstring into its summary and the descriptions of its arguments."""
    import docstring_parser

    parsed = docstring_parser.parse(text)
    return parsed.short_description or "", {p.arg_name: " ".join((p.description or "").split()) for p in parsed.params}
