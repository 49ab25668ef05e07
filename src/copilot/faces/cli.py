"""The command line: one-shot utterances, scripts, typed commands, and the way into the chat."""

import os
import sys
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from typer.core import TyperGroup

from copilot.errors import BadArguments, CopilotError
from copilot.faces.commands import EVERYWHERE, ONE_WORD, Abilities, Stub, command
from copilot.faces.warming import warm
from copilot.intents import GROUPS

FLAGS = {"--json", "--yes", "-y", "--live", "--explain"}
VALUES = {"--home", "--user", "--session"}


class Root(TyperGroup):
    """The product's own commands, then a group for each group of abilities."""

    def list_commands(self, ctx: Any) -> list[str]:
        return [*super().list_commands(ctx), *ONE_WORD, *(g for g in GROUPS if g != "conversation")]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name in GROUPS:
            return Abilities(cmd_name, _call)
        return Stub(cmd_name) if cmd_name in ONE_WORD else super().get_command(ctx, cmd_name)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if args[0] in ONE_WORD:
            from copilot.intents import REGISTRY

            return args[0], command(REGISTRY[args[0]], _call), args[1:]
        return super().resolve_command(ctx, args)


app = typer.Typer(
    cls=Root,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback(epilog="Without a command, the chat opens. In it, type what you want in your own words.")
def root(  # noqa: PLR0913
    ctx: typer.Context,
    json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout, nothing else.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Confirm what costs money or destroys something.")] = False,
    live: Annotated[bool, typer.Option("--live", help="Reach real AWS; without it everything is simulated.")] = False,
    explain: Annotated[bool, typer.Option("--explain", help="Show the readings that were considered.")] = False,
    home: Annotated[Path | None, typer.Option(help="The workspace; COPILOT_HOME or ~/.copilot by default.", show_default=False)] = None,
    user: Annotated[str, typer.Option(help="Whose workspace; the login name by default.", show_default=False)] = "",
    session: Annotated[str, typer.Option(help="Name of the conversation to go on with.", show_default=False)] = "",
) -> None:
    """Build, test and deploy agents that cite, by saying what you want.

    Offline and against a simulated AWS account by default.
    """
    from copilot.faces.terminal import Options

    ctx.obj = Options(json, yes, live, explain, home, user, session)
    if ctx.invoked_subcommand is None:
        from copilot.faces.repl import chat

        raise typer.Exit(chat(ctx.obj))


@app.command(epilog=EVERYWHERE)
def do(
    ctx: typer.Context, utterance: Annotated[list[str], typer.Argument(help="What you want; - reads lines from stdin as one dialogue.")]
) -> None:
    """Do what one utterance says."""
    warm()
    terminal = _terminal(ctx)
    if utterance == ["-"]:
        raise typer.Exit(_do_lines(terminal))
    raise typer.Exit(terminal.settle(terminal.conversation.say(_readable(utterance))))


@app.command(epilog=EVERYWHERE)
def run(ctx: typer.Context, file: Annotated[Path, typer.Argument(help="One utterance or command a line; # starts a comment.")]) -> None:
    """Run a script of utterances; stops at the first failure."""
    from copilot.faces.script import read_lines, read_script

    raise typer.Exit(_run_steps(_terminal(ctx), read_script(read_lines(file)), str(file)))


@app.command(epilog=EVERYWHERE)
def route(
    ctx: typer.Context,
    utterance: Annotated[list[str] | None, typer.Argument(help="What you would say.")] = None,
    cases: Annotated[Path | None, typer.Option(help="JSON lines of labelled cases; writes one prediction a line.")] = None,
) -> None:
    """Show which call an utterance would become; runs nothing."""
    import json

    from copilot.faces import show

    if cases:
        from copilot.routing.cases import route_cases
        from copilot.routing.offline import OfflineRouter, catalogue

        for prediction in route_cases(cases, OfflineRouter.load(), catalogue()):
            sys.stdout.write(json.dumps(prediction, ensure_ascii=False) + "\n")
        return
    if not utterance:
        raise BadArguments("There is nothing to route.", 'Try: copilot route "which agents do I have"')
    terminal = _terminal(ctx)
    found = terminal.conversation.read(_readable(utterance))
    if terminal.options.json:
        shown = {**found.as_json(), "why": found.why, "via": found.via}
        show.print_document(show.document(found.intent, found.args, shown, spent=found.spent))
    else:
        terminal.out.print(show.view_route(found))


@app.command(epilog=EVERYWHERE)
def reference(ctx: typer.Context, markdown: Annotated[bool, typer.Option(help="As a page for the README.")] = False) -> None:
    """List every ability from its declaration."""
    from copilot.faces.reference import as_json, as_markdown

    terminal = _terminal(ctx)
    if terminal.options.json:
        sys.stdout.write(as_json() + "\n")
    elif markdown:
        sys.stdout.write(as_markdown())
    else:
        from rich.markdown import Markdown

        terminal.out.print(Markdown(as_markdown()))


@app.command(epilog=EVERYWHERE)
def doctor(ctx: typer.Context) -> None:
    """Say what is installed, what is missing, and the command that mends it."""
    from copilot.faces.doctor import examine

    raise typer.Exit(examine(_terminal(ctx)))


@app.command(epilog=EVERYWHERE)
def router(
    ctx: typer.Context,
    reflection: Annotated[
        Literal["always", "on_doubt", "never"] | None, typer.Option(help="When a second call checks the first.", show_default=False)
    ] = None,
    day_cap: Annotated[float | None, typer.Option(min=0, help="USD a day for language models.", show_default=False)] = None,
    session_cap: Annotated[float | None, typer.Option(min=0, help="USD for each named conversation.", show_default=False)] = None,
) -> None:
    """Show or set how a language model routes, and what it may cost."""
    from copilot.faces.router import change, view

    given = {"reflection": reflection, "day_cap": day_cap, "session_cap": session_cap}
    terminal = _terminal(ctx)
    change(terminal, {name: value for name, value in given.items() if value is not None})
    raise typer.Exit(view(terminal))


@app.command(epilog=EVERYWHERE)
def work(
    ctx: typer.Context, once: Annotated[bool, typer.Option("--once", help="Run what is due now, then stop; for cron or a timer.")] = False
) -> None:
    """Run scheduled benchmarks when they are due, or their documents have changed."""
    from copilot.faces.work import run_due

    raise typer.Exit(run_due(_terminal(ctx), once))


@app.command(epilog=EVERYWHERE)
def account(
    ctx: typer.Context,
    what: Annotated[Literal["show", "reset", "export"], typer.Argument(help="show, reset or export.")] = "show",
    path: Annotated[Path | None, typer.Argument(help="File to export to, as JSON.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the file.")] = False,
) -> None:
    """Show, reset or export the simulated AWS account."""
    from copilot.faces.account import manage

    raise typer.Exit(manage(_terminal(ctx), what, path, force))


@app.command(epilog=EVERYWHERE)
def tour(
    ctx: typer.Context,
    docs: Annotated[Path | None, typer.Option(help="Your own folder of documents instead of the sample company's.")] = None,
    ask: Annotated[list[str] | None, typer.Option(help="A question about your documents; repeatable.")] = None,
) -> None:
    """Show the whole job on sample documents, in a workspace of its own."""
    from copilot.faces.tour import give

    raise typer.Exit(give(ctx.obj, docs, ask or []))


def main(argv: list[str] | None = None) -> None:
    """Run the command line and exit with the code of design: 0 done, 1 failed, 2 usage, 3 needs an answer, 4 out of scope."""
    given = _hoist(sys.argv[1:] if argv is None else argv)
    json = "--json" in given[: given.index("--")] if "--" in given else "--json" in given
    try:
        code = app(given, standalone_mode=not json)
        sys.exit(code if isinstance(code, int) else 0)
    except CopilotError as error:
        sys.exit(_fail(error, json))
    except typer.Exit as stop:
        sys.exit(stop.exit_code)
    except typer.TyperException as error:
        sys.exit(_fail(BadArguments(error.format_message(), "See: copilot --help"), True))
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except KeyboardInterrupt:
        sys.stderr.write("Stopped.\n")
        sys.exit(130)
    except Exception:
        sys.exit(_fail(_bug(), json))


def _bug() -> CopilotError:
    """Keep the traceback of an unexpected error in a file, and say where."""
    import traceback
    from tempfile import NamedTemporaryFile

    from copilot.masking import mask

    trace, last = mask(traceback.format_exc()), mask(traceback.format_exc(limit=0).strip().splitlines()[-1])[:300]
    try:
        with NamedTemporaryFile("w", prefix="copilot-", suffix=".log", delete=False, encoding="utf-8") as file:
            file.write(trace)
        hint = f"This is a bug; please report it with {file.name}"
    except OSError as error:
        hint = f"This is a bug; its details could not be kept: {error}"
    return CopilotError(f"Something went wrong inside copilot: {last}", hint)


def _fail(error: CopilotError, json: bool) -> int:
    from copilot.faces.terminal import Options, Terminal

    return Terminal(Options(json=json)).fail(error)


def _hoist(argv: list[str]) -> list[str]:
    """Move the options that are valid everywhere to the front, where the root command reads them."""
    front: list[str] = []
    rest: list[str] = []
    words = iter(argv)
    for word in words:
        if word == "--":
            rest += [word, *words]
        elif word in FLAGS or (word.partition("=")[0] in VALUES and "=" in word):
            front.append(word)
        elif word in VALUES and (value := next(words, None)) is not None:
            front += [word, value]
        else:
            rest.append(word)
    return front + rest


def _readable(words: list[str]) -> str:
    """Join words from the command line; bytes that are no text become question marks."""
    return " ".join(words).encode("utf-8", "replace").decode("utf-8")


def _terminal(ctx: typer.Context) -> Any:
    from copilot.faces.terminal import Terminal

    return Terminal(ctx.find_root().obj)


def _call(ability: Any, args: dict[str, Any], options: Any) -> None:
    from copilot.faces.terminal import Terminal

    raise typer.Exit(Terminal(options).call(ability, args))


def _do_lines(terminal: Any) -> int:
    """Run stdin as one dialogue; return the first code that is not 0, or 3 when a question is left open."""
    first = 0
    for line in sys.stdin.buffer:
        if text := line.decode("utf-8", "replace").replace("\x00", "").strip():
            code = terminal.show(terminal.conversation.say(text), echo=True)
            first = first or (code if code != 3 else 0)
    return first or (3 if terminal.conversation.pending else 0)


def _run_steps(terminal: Any, steps: Any, name: str) -> int:
    from copilot.faces import show

    for step in steps:
        if not terminal.options.json:
            terminal.out.print(show.said_line(step.utterance))
        turn = terminal.conversation.say(step.utterance)
        terminal.show(turn, echo=True)
        if misses := step.misses(turn):
            terminal.err.print(f"{name}:{step.line}: {'; '.join(misses)}", style="red", markup=False, soft_wrap=True)
            return 1 if step.expected else turn.exit_code or 1
    return 3 if terminal.conversation.pending else 0
