"""`copilot tour`: the whole job by utterances, in a workspace of its own."""

import shutil
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from copilot.errors import NotFound
from copilot.faces.script import Step, read_lines, read_script
from copilot.faces.show import said_line
from copilot.faces.terminal import Options, Terminal
from copilot.resources import resource


def give(options: Options, docs: Path | None, questions: list[str]) -> int:
    """Run the tour; return 0 when every expectation held.

    Args:
        docs: A folder of documents to use instead of the sample company's.
        questions: Asked about those documents.
    """
    if docs and not docs.exists():
        raise NotFound(f"There is no folder {docs}.", "Give an existing folder with --docs.")
    home = options.home or Path(tempfile.mkdtemp(prefix="copilot-tour-"))
    terminal = Terminal(replace(options, home=home, session="tour", live=False, yes=False), attended=False)
    started = time.perf_counter()
    try:
        missed = sum(_take(terminal, step) for step in _steps(docs, questions))
    finally:
        terminal.ctx.store.close()
        if not options.home:
            shutil.rmtree(home, ignore_errors=True)
    if not options.json:
        said = "The tour is over: everything did what it should." if not missed else f"{missed} steps did not do what they should."
        terminal.out.print(f"\n{said} {time.perf_counter() - started:.0f} s.", style="bold green" if not missed else "bold red")
    return 1 if missed else 0


def _steps(docs: Path | None, questions: list[str]) -> list[Step]:
    if docs is None:
        samples = resource("data", "samples")
        return list(read_script(read_lines(resource("data", "tour.txt")), {"samples": str(samples)}))
    steps = list(read_script(read_lines(resource("data", "tour-docs.txt")), {"docs": str(docs)}))
    return steps + [Step(0, f'ask guide "{question}"', {"intent": ["ask_agent"]}) for question in questions]


def _take(terminal: Terminal, step: Step) -> bool:
    """Say one step; return True when it missed an expectation."""
    if not terminal.options.json:
        terminal.out.print(said_line(step.utterance))
    turn = terminal.conversation.say(step.utterance)
    terminal.show(turn, echo=True)
    misses = step.misses(turn)
    if misses:
        terminal.err.print(f"line {step.line}: {'; '.join(misses)}", style="red", markup=False, soft_wrap=True)
    return bool(misses)
