"""How results, questions and errors look in a terminal; the same objects as JSON."""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from rich.console import Console, ConsoleOptions, Group, RenderableType
from rich.padding import Padding
from rich.segment import Segment
from rich.text import Text

from copilot.errors import CopilotError, NeedsAnswer, NeedsConfirmation
from copilot.faces.layout import INDENT, cell
from copilot.faces.views import body
from copilot.outside.spending import Spent, Sum
from copilot.result import Result
from copilot.routing.memory import explain
from copilot.routing.route import Route

CONTROLS = dict.fromkeys((*range(9), *range(11, 32), *range(127, 160)))


class Plain(Console):
    """A console on which text from names, documents and models cannot drive the terminal: its control characters are dropped."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        for segment in super().render(renderable, options):
            yield segment if segment.control else Segment(segment.text.translate(CONTROLS), segment.style)


def consoles() -> tuple[Console, Console]:
    """Return the consoles for stdout and stderr; both follow NO_COLOR, pipes and narrow terminals."""
    return Plain(highlight=False), Plain(stderr=True, highlight=False)


def view(result: Any, proposed: bool = False) -> RenderableType:
    """Return what a person sees of a result; without what comes next when it is only proposed."""
    if not isinstance(result, Result):
        return Text(str(result))
    parts = (Padding(part, INDENT) for part in body(result))
    steps = () if proposed else result.next_steps
    return Group(Text(result.headline, style="bold"), *parts, *(Text(f"Next: {step}", style="dim") for step in steps))


def view_error(error: CopilotError) -> RenderableType:
    """Return what a person sees of an error: what happened, then what to type next."""
    style = "yellow" if isinstance(error, NeedsAnswer) else "red"
    parts: list[RenderableType] = []
    if isinstance(error, NeedsConfirmation) and error.preview is not None:
        parts.append(view(error.preview, proposed=True))
    parts.append(Text(error.problem, style=style))
    if error.hint:
        parts.append(Text(error.hint, style="dim"))
    return Group(*parts)


def view_route(route: Route) -> RenderableType:
    """Return the readings that were considered, with their scores and the reason."""
    return view(explain(route))


def said_line(utterance: str) -> Text:
    """Return the line that repeats what was said."""
    return Text.assemble("\n", ("> ", "bold green"), (utterance, "bold"))


def call_line(route: Route) -> Text:
    """Return the one line that says which call an utterance became."""
    return Text(f"→ {route.intent} {_arguments(route.args)}".rstrip(), style="cyan")


def cost_line(spent: Sequence[Spent], session: Sum | None, day: Sum) -> Text:
    """Return the line that says what a turn's calls of language models cost, and what that makes together."""
    models = ", ".join(dict.fromkeys(call.model for call in spent))
    calls = f"{len(spent)} {'call' if len(spent) == 1 else 'calls'}"
    tokens = f"{sum(c.tokens_in for c in spent):,}+{sum(c.tokens_out for c in spent):,} tokens"
    here = price(sum(c.usd or 0 for c in spent), sum(c.usd is None for c in spent))
    sums = [f"{name} {price(total.usd, total.unpriced)}" for name, total in (("session", session), ("today", day)) if total]
    return Text(" · ".join([models, calls, tokens, here, *sums]), style="dim")


def price(usd: float, unpriced: int) -> str:
    """Write what calls cost; those without a known price are counted, never taken for free."""
    if not unpriced:
        return f"${usd:.4f}"
    return f"${usd:.4f} and {unpriced} of unknown price" if usd else "price unknown"


def document(
    intent: str, args: Mapping[str, Any], result: Any = None, error: CopilotError | None = None, spent: Sequence[Spent] = ()
) -> str:
    """Return the one JSON document of a call; what language models cost on the way is under `spent`."""
    if error:
        said: dict[str, Any] = {"problem": error.problem, "hint": error.hint, "code": error.code}
        pending = error.pending or None if isinstance(error, NeedsAnswer) else None
        body: dict[str, Any] = {"ok": False, "intent": intent, "args": dict(args), "error": said, "pending": pending}
        if isinstance(error, NeedsConfirmation) and isinstance(error.preview, Result):
            body["preview"] = error.preview.as_json()
    else:
        body = {"ok": True, "intent": intent, "args": dict(args), "result": result.as_json() if isinstance(result, Result) else result}
    if spent:
        body["spent"] = [asdict(call) for call in spent]
    return json.dumps(body, ensure_ascii=False, default=str)


def print_document(text: str) -> None:
    """Write a JSON document to stdout, untouched by the console."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _arguments(args: Mapping[str, Any]) -> str:
    return " ".join(f"{name}={cell(value)}" for name, value in args.items())
