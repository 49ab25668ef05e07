"""What the command line and the chat share: a workspace, a conversation, and showing how a turn went."""

import sys
from collections.abc import Iterator, Mapping
from contextlib import chdir, contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.text import Text

from copilot.context import Context, open_context
from copilot.errors import CopilotError, Interrupted
from copilot.faces import show
from copilot.faces.commands import parse_line
from copilot.intent import Intent
from copilot.intents import REGISTRY
from copilot.progress import Advance
from copilot.routing.conversation import Conversation, Turn
from copilot.routing.route import Router

if TYPE_CHECKING:
    from copilot.outside.chat import Chat
    from copilot.routing.llm import LanguageModelRouter
    from copilot.routing.offline import OfflineRouter


@dataclass(frozen=True)
class Options:
    """What can be said on every command line."""

    json: bool = False
    yes: bool = False
    live: bool = False
    explain: bool = False
    home: Path | None = None
    user: str = ""
    session: str = ""


class Bars:
    """Progress bars on stderr, where a person watches; silence elsewhere.

    Args:
        console: The console for stderr.
        out: The console for answers as they are made; None when stdout must stay a single document.
    """

    def __init__(self, console: Console, out: Console | None) -> None:
        self.console = console
        self.out = out

    @contextmanager
    def track(self, label: str, total: int | None = None) -> Iterator[Advance]:
        if not self.console.is_terminal:
            yield lambda _: None
            return
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

        columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(bar_width=20), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns, TextColumn("[dim]{task.fields[last]}"), console=self.console, transient=True) as progress:
            task = progress.add_task(label, total=total, last="")
            yield lambda last: progress.update(task, advance=1, last=last)

    @property
    def watched(self) -> bool:
        return bool(self.out and self.out.is_terminal)

    def stream(self, text: str) -> None:
        if self.out and self.watched:
            self.out.print(text, end="", markup=False)


class Terminal:
    """One user's workspace behind a command line or a chat.

    Args:
        options: What was said on the command line.
        attended: True when a person is at the keyboard, so that their yes in words counts on live AWS too.
    """

    def __init__(self, options: Options, attended: bool | None = None) -> None:
        self.options = options
        self.attended = sys.stdin.isatty() and sys.stdout.isatty() if attended is None else attended
        self.out, self.err = show.consoles()

    @cached_property
    def ctx(self) -> Context:
        o = self.options
        ctx = open_context(o.home, o.user, live=o.live, progress=Bars(self.err, None if o.json else self.out))
        if ctx.live:
            self.err.print(Text(_live_banner(ctx), style="bold red"))
        self._recover(ctx)
        return ctx

    @cached_property
    def conversation(self) -> Conversation:
        o = self.options
        return Conversation(
            self.ctx.store, o.session, REGISTRY, lambda: self.router, lambda: self.offline_router, parse_line, self.perform, o.yes
        )

    @property
    def router(self) -> Router:
        """Return the workspace's router: its default language model, or the offline one."""
        chat = self.ctx.router_chat
        if chat is None:
            return self.offline_router
        from copilot.faces.warming import warm_model
        from copilot.routing.llm import LanguageModelRouter

        warm_model(chat)
        reflection = self.ctx.store.settings().get("reflection", "always")
        return self._connected.setdefault((chat, reflection), LanguageModelRouter(chat, self.offline_router, reflection))

    @cached_property
    def _connected(self) -> "dict[tuple[Chat, str], LanguageModelRouter]":
        """The connected routers of this process: each finds out once whether its model takes functions."""
        return {}

    @cached_property
    def offline_router(self) -> "OfflineRouter":
        from copilot.routing.offline import OfflineRouter

        return OfflineRouter.load()

    def perform(self, intent: Intent, args: Mapping[str, Any], confirmed: bool) -> Any:
        """Run a call; `confirmed` says that the person has just agreed to it in words."""
        by_person = self.options.yes or (confirmed and self.attended)
        self.ctx.consent = "person" if by_person else "words" if confirmed else "none"
        try:
            return intent.run(args, self.ctx)
        except KeyboardInterrupt:
            raise Interrupted("Stopped.", "See what was done: copilot operations show-history") from None
        finally:
            self.ctx.consent = "none"

    def call(self, intent: Intent, args: Mapping[str, Any]) -> int:
        """Run a typed command and show how it went; return the exit code."""
        return self.settle(self.conversation.run(intent.name, args))

    def settle(self, turn: Turn) -> int:
        """Show a turn, asking the person at the terminal for a yes where one is needed; return the exit code."""
        if self.attended and not self.options.json and turn.asks_for_yes:
            self.show(turn)
            turn = self.conversation.answer(agrees())
        return self.show(turn)

    def show(self, turn: Turn, echo: bool = False) -> int:
        """Show a turn; return its exit code.

        Args:
            echo: Also show which call the utterance became.
        """
        if self.options.json:
            show.print_document(show.document(turn.route.intent, turn.route.args, turn.result, turn.error, turn.spent))
            return turn.exit_code
        if self.options.explain and turn.route.via != "typed":
            self.out.print(show.view_route(turn.route))
        elif echo and turn.route.via != "typed":
            self.out.print(show.call_line(turn.route))
        if turn.route.notice:
            self.err.print(Text(turn.route.notice, style="yellow"))
        if turn.error:
            (self.out if turn.error.exit_code in (3, 4) else self.err).print(show.view_error(turn.error))
        else:
            self.out.print(show.view(turn.result))
        if turn.spent:
            ledger = self.conversation.ledger
            cost = show.cost_line(turn.spent, ledger.of_session() if self.options.session else None, ledger.of_day())
            self.out.print(cost, soft_wrap=True)
        return turn.exit_code

    def fail(self, error: CopilotError) -> int:
        """Show an error that no turn holds; return its exit code."""
        if self.options.json:
            show.print_document(show.document("", {}, error=error))
        else:
            self.err.print(show.view_error(error))
        return error.exit_code

    def _recover(self, ctx: Context) -> None:
        """Finish or roll back what a killed process left open, saying so; the audit trail says so too."""
        import json

        for row in ctx.store.interrupted():
            intent, args, state = REGISTRY.get(row["intent"]), json.loads(row["args"]), "failed"
            if intent and intent.recover is not None and row["state"] == "running":
                if not ctx.store.take_over(row["id"]):
                    continue
                self.err.print(Text(f"An earlier {row['intent']} was interrupted; putting it right.", style="yellow"))
                ctx.operation = row["id"]
                try:
                    with chdir(row["folder"]):
                        self.err.print(Text(intent.recover(ctx, **args), style="dim"))
                    state = "done"
                except KeyboardInterrupt:
                    ctx.store.finish(row["id"], "running")  # the next start takes it up again
                    raise
                except OSError as error:
                    self.err.print(Text(f"It could not be put right: {error}.", style="red"))
                except CopilotError as error:
                    self.err.print(show.view_error(error))
                finally:
                    ctx.operation = ""
            ctx.store.finish(row["id"], state)
            ctx.audit.append(row["intent"], args, state, "its process was killed", row["id"], ctx.account)


def _live_banner(ctx: Context) -> str:
    from copilot.intents.deployments.workspace import chosen_region
    from copilot.outside.aws import session

    region = chosen_region(ctx)
    return f"LIVE: AWS account {session(region).account}, region {region}. What you confirm costs money."


def agrees() -> bool:
    import typer

    try:
        return typer.confirm("Proceed?", default=False)
    except typer.Abort:
        return False
