"""Scripts of utterances with expectations: what `run`, `tour` and pipelines have in common."""

import shlex
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from string import Template

from copilot.errors import BadArguments
from copilot.faces.show import document
from copilot.routing.conversation import Turn

EXPECTATIONS = ("intent", "contains", "exit", "via")


@dataclass
class Step:
    """One line of a script: its number, what is said, and what is expected of the turn."""

    line: int
    utterance: str
    expected: dict[str, list[str]] = field(default_factory=dict)

    def misses(self, turn: Turn) -> list[str]:
        """Return what the turn does not keep of the expectations; without any, exit 0 is expected."""
        expected = {"exit": ["0"], **self.expected}
        said = document(turn.route.intent, turn.route.args, turn.result, turn.error).lower()
        found = []
        for name, values in expected.items():
            actual = {"intent": turn.route.intent, "exit": str(turn.exit_code), "via": turn.route.via}.get(name)
            for value in values:
                if name == "contains":
                    found += [] if value.lower() in said else [f"the result does not contain '{value}'"]
                elif actual != value:
                    found.append(f"{name} is {actual}, not {value}")
        return found


def read_script(lines: Iterable[str], holes: Mapping[str, str] | None = None) -> Iterator[Step]:
    """Yield the steps of a script.

    A line that starts with `#` is a comment; `# expect: intent=… contains=… exit=…` belongs to the utterance above it.

    Args:
        holes: Values for `$name` in the script, such as the folder of documents.

    Raises:
        BadArguments: an expectation is misspelt or stands before the first utterance.
    """
    step: Step | None = None
    for number, line in enumerate(lines, 1):
        text = Template(line.strip()).safe_substitute(holes or {})
        if text.startswith("# expect:"):
            if step is None:
                raise BadArguments(f"Line {number} expects something of no utterance.", "Put it under the utterance it is about.")
            _add(step, number, text.removeprefix("# expect:"))
        elif text and not text.startswith("#"):
            if step:
                yield step
            step = Step(number, text)
    if step:
        yield step


def _add(step: Step, number: int, text: str) -> None:
    try:
        parts = shlex.split(text)
    except ValueError as error:
        raise BadArguments(f"Line {number}: {error}.", "Close the quotation.") from None
    for part in parts:
        name, _, value = part.partition("=")
        if name not in EXPECTATIONS or not value:
            raise BadArguments(f"Line {number}: '{part}' is no expectation.", f"Write {', '.join(f'{e}=…' for e in EXPECTATIONS)}.")
        step.expected.setdefault(name, []).append(value)


def read_lines(path: Path) -> list[str]:
    """Return the lines of a script file; raise BadArguments when it cannot be read as text."""
    try:
        return path.read_text(encoding="utf-8").replace("\x00", "").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise BadArguments(f"Cannot read {path}: {error}.", "Give a text file with one utterance a line.") from None
