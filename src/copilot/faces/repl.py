"""The chat: history across restarts, completion, a toolbar, and Ctrl-C that stops the step, not the chat."""

import sys
from collections.abc import Iterable

from prompt_toolkit import PromptSession
from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.history import FileHistory
from rich.text import Text

from copilot.errors import CopilotError
from copilot.faces.show import price
from copilot.faces.terminal import Options, Terminal
from copilot.faces.warming import warm, warm_model
from copilot.intent import THINGS
from copilot.intents import REGISTRY
from copilot.masking import mask

WORDS = {
    "/why": "Show how the last line was read.",
    "/forget": "Drop the last turn from the conversation.",
    "/exit": "Leave the chat; the conversation is kept.",
}
LEAVE = ("/exit", "exit", "/quit", "quit", "bye")
RETURNING = {"back", "/back", "go back"}
GO_BACK = {*LEAVE, *RETURNING, "done", "stop", "leave", "that's all", "cancel"}
BACK = Text("You are with copilot.", style="dim")
WELCOME = (
    "Type what you want, for example: ingest ./docs into hr. Ask “what can you do?” for more; /why shows how you were read; /exit leaves."
)


class MaskedHistory(FileHistory):
    """The history file; what looks like a credential is masked before it is written."""

    def store_string(self, string: str) -> None:
        super().store_string(mask(string))


class Names(Completer):
    """Completes commands at the start of a line and names of the workspace anywhere."""

    def __init__(self, terminal: Terminal) -> None:
        self.terminal = terminal
        self.commands = {" ".join(i.command): i.summary for i in REGISTRY.values()} | WORDS

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:
        line = document.text_before_cursor.lstrip()
        for command, summary in self.commands.items():
            if line and command.startswith(line):
                yield Completion(command, start_position=-len(line), display_meta=summary)
        word = document.get_word_before_cursor(WORD=True)
        if len(word) < 2:
            return
        for kind in THINGS:
            for name in self.terminal.ctx.store.names(kind):
                if name.lower().startswith(word.lower()):
                    yield Completion(name, start_position=-len(word), display_meta=kind)


def chat(options: Options) -> int:
    """Open the chat; return its exit code. Without a terminal, read stdin as one dialogue instead."""
    terminal = Terminal(Options(**{**vars(options), "session": options.session or "chat"}))
    if not sys.stdin.isatty():
        raise CopilotError("The chat needs a terminal.", 'In a script, use: copilot do "…", copilot do - or copilot run FILE')
    terminal.ctx.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    history = terminal.ctx.home / "history"
    history.touch(mode=0o600)
    prompt: PromptSession[str] = PromptSession(
        history=MaskedHistory(str(history)),
        completer=Names(terminal),
        complete_while_typing=True,
        bottom_toolbar=lambda: toolbar(terminal),
    )
    terminal.out.print(Text("copilot", style="bold green"), Text(WELCOME, style="dim"))
    if terminal.conversation.pending:
        terminal.out.print(Text(f"Still open (say cancel to drop it): {terminal.conversation.pending.get('said', '')}", style="yellow"))
    warm()
    warm_model(terminal.ctx.router_chat)
    while (line := _read(prompt, terminal)) is not None:
        for said in filter(None, (part.strip() for part in line.splitlines())):  # several lines may be pasted at once
            if said.lower() in LEAVE and not _partner(terminal):
                return 0
            _take(terminal, said)
    return 0


def toolbar(terminal: Terminal) -> StyleAndTextTuples:
    """Return the line at the bottom: account, region, model, money spent."""
    ctx = terminal.ctx
    where = ("bg:ansired bold", " LIVE ") if ctx.live else ("", " simulated")
    model = ctx.store.settings().get("model") or "offline"
    session, day = terminal.conversation.ledger.of_session(), terminal.conversation.ledger.of_day()
    spent = f"{price(session.usd, session.unpriced)} so far, {price(day.usd, day.unpriced)} today"
    return [where, ("", f" AWS · {ctx.region} · model {model} · {spent}")]


def _read(prompt: PromptSession[str], terminal: Terminal) -> str | None:
    """Return the next line; None at the end of input. Ctrl-C drops what was typed."""
    while True:
        agent = _partner(terminal)
        try:
            return prompt.prompt(f"{agent}> " if agent else "> ")
        except KeyboardInterrupt:
            continue
        except EOFError:
            return None


def _partner(terminal: Terminal) -> str:
    """Return the agent whose question is open, for the prompt."""
    pending = terminal.conversation.pending or {}
    return str(pending["args"].get("agent", "")) if pending.get("ask") == "question" else ""


def _take(terminal: Terminal, line: str) -> None:
    partner = _partner(terminal)
    if line.lower().strip(" .!") in (GO_BACK if partner else RETURNING):
        terminal.conversation.pending = None if partner else terminal.conversation.pending
        terminal.out.print(BACK)
    elif line:
        try:
            turn = terminal.conversation.say(line)
            terminal.show(turn, echo=True)
            if partner and turn.route.via == "pending" and turn.route.intent == "ask_agent":
                terminal.conversation.keep_asking(partner)
            elif partner and not _partner(terminal):
                terminal.out.print(BACK)
            elif _partner(terminal) and not partner:
                terminal.out.print(Text("What you type now goes to the agent; say back to return.", style="dim"))
        except KeyboardInterrupt:
            terminal.err.print(Text("Stopped.", style="yellow"))
