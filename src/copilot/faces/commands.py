"""Every ability as a typed command, built from its declaration when it is first needed."""

import inspect
import shlex
from collections.abc import Callable
from importlib import import_module
from types import NoneType
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import typer
from typer.core import TyperGroup
from typer.main import get_command

from copilot.errors import BadArguments
from copilot.intent import Intent
from copilot.intents import GROUPS, REGISTRY, homes

Call = Callable[[Intent, dict[str, Any], Any], None]
"""Takes an ability, the arguments that were given, and what the root command read (None inside the chat)."""

ONE_WORD = {
    "undo": ("operations", "Undo the last change."),
    "help": ("conversation", "Explain what the copilot can do, or how one thing works."),
    "confirm": ("conversation", "Agree to what was just proposed."),
    "cancel": ("conversation", "Decline what was just proposed, or stop."),
}
"""Abilities whose command is one word, with their group and line in `copilot --help`, shown without importing them."""

BESIDE = {("instances", "refresh"): "copilot.faces.instances"}
"""Commands in the group of abilities that they belong to, although they are none, and the module with the app of each."""

EVERYWHERE = "Everywhere: --json --yes --live --home FOLDER --user NAME --session NAME --explain"


class Abilities(TyperGroup):
    """The commands of one group; the group's module is imported when one of them is looked up."""

    def __init__(self, group: str, call: Call) -> None:
        super().__init__(name=group, help=GROUPS[group], no_args_is_help=True, rich_markup_mode="rich", rich_help_panel="Abilities")
        self._call = call

    def _load(self) -> None:
        if not self.commands:
            for ability in REGISTRY.group(str(self.name)):
                if len(ability.command) == 2:
                    self.add_command(command(ability, self._call), ability.command[1])
            for (group, name), module in BESIDE.items():
                if group == self.name:
                    self.add_command(get_command(import_module(module).app), name)

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if not args and ctx.find_root().params.get("json"):
            raise BadArguments(f"{self.name} needs a command.", f"See: copilot {self.name} --help")
        return super().parse_args(ctx, args)

    def list_commands(self, ctx: Any) -> list[str]:
        self._load()
        return super().list_commands(ctx)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        self._load()
        return super().get_command(ctx, cmd_name)


class Stub(TyperGroup):
    """A one-word ability in the top-level help, before its module is imported."""

    def __init__(self, name: str) -> None:
        super().__init__(name=name, help=ONE_WORD[name][1], rich_help_panel="Abilities")


def command(ability: Intent, call: Call) -> Any:
    """Build the click command of an ability; it hands the ability and the arguments that were given to `call`."""

    def callback(ctx: typer.Context, **given: Any) -> None:
        call(ability, {name: value for name, value in given.items() if value not in (None, [])}, ctx.find_root().obj)

    hints = get_type_hints(ability.handler, include_extras=True)
    context = inspect.Parameter("ctx", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=typer.Context)
    parameters = [context, *(_parameter(ability, argument.name, hints[argument.name]) for argument in ability.args)]
    callback.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    callback.__annotations__ = {p.name: p.annotation for p in parameters}
    app = typer.Typer(add_completion=False, rich_markup_mode="rich")
    examples = "".join(f"\n\n  {example}" for example in ability.examples[:3])
    app.command(
        ability.command[-1], help=f"{ability.summary}\n\nOr in your own words:{examples}", epilog=EVERYWHERE, short_help=ability.summary
    )(callback)
    return get_command(app)


def _parameter(ability: Intent, name: str, hint: Any) -> inspect.Parameter:
    argument = ability.argument(name)
    described = argument.description if argument else ""
    kind = ability.kind_of(name)
    complete = (lambda incomplete: _names(kind, incomplete)) if kind else None
    if name in ability.positional:
        form: Any = typer.Argument(help=described, autocompletion=complete, metavar=name.upper())
    else:
        form = typer.Option(help=described, autocompletion=complete, show_default=False)
    required = name in ability.required
    plain = _plain(hint)
    return inspect.Parameter(
        name,
        inspect.Parameter.KEYWORD_ONLY,
        default=inspect.Parameter.empty if required else None,
        annotation=Annotated[plain if required else plain | None, form],
    )


def _plain(hint: Any) -> Any:
    """Take a hint down to what a command line parses: no None, no metadata; the ability itself validates."""
    if NoneType in get_args(hint):
        hint = next(part for part in get_args(hint) if part is not NoneType)
    if get_origin(hint) is Annotated:
        hint = get_args(hint)[0]
    return hint


def _names(kind: str, incomplete: str) -> list[str]:
    from copilot.context import open_context

    return [name for name in open_context().store.names(kind) if name.lower().startswith(incomplete.lower())]


def parse_line(line: str) -> tuple[str, dict[str, Any]] | None:
    """Read a line of the chat as a typed command.

    `agents show helpdesk`, `copilot agents show helpdesk`, `/agents show helpdesk` and `show agent helpdesk` are the
    same. A line that merely starts like one ("list models please") is None, for the router; one that is marked as a
    command (`/`, `copilot`, `--option`) and is wrong raises.

    Raises:
        BadArguments: the line is a command with wrong arguments.
    """
    marked = line.startswith(("/", "copilot ")) or " --" in line
    try:
        words = shlex.split(line.removeprefix("/").removeprefix("copilot "))
    except ValueError:
        return None
    if words[:1] == ["help"] and len(words) > 1 and words[1] not in ("me", "us") and not marked:
        return "help", {"topic": " ".join(words[1:])}
    found = _find(words)
    if not found and line.startswith("/"):
        raise BadArguments(f"There is no command {line.split()[0]}.", "See: copilot --help; in the chat also /why, /forget and /exit.")
    if not found or (line.rstrip().endswith("?") and not marked):
        return None
    ability, rest = found
    if "--help" in rest:
        return "help", {"topic": ability.name}
    return _parse(ability, rest, marked)


def _find(words: list[str]) -> tuple[Intent, list[str]] | None:
    """Return the ability that the first words name, and the words after them."""
    if not words:
        return None
    if words[0] in ONE_WORD:
        return REGISTRY[words[0]], words[1:]
    if words[0] in GROUPS:
        for ability in REGISTRY.group(words[0]):
            if tuple(words[:2]) == ability.command:
                return ability, words[2:]
    for name in homes():
        own = name.split("_")
        if len(own) > 1 and words[: len(own)] == own and name in REGISTRY:
            return REGISTRY[name], words[len(own) :]
    return None


def _parse(ability: Intent, words: list[str], marked: bool) -> tuple[str, dict[str, Any]] | None:
    called: dict[str, Any] = {}
    try:
        parser = command(ability, lambda _, args, __: called.update(args))
        with parser.make_context(ability.command[-1], list(words)) as ctx:
            parser.invoke(ctx)
    except typer.TyperException as error:
        if not marked:
            return None
        raise BadArguments(error.format_message(), f"See: copilot {' '.join(ability.command)} --help") from None
    return ability.name, called
