"""What copilot asks when it is not sure, and which reading a reply picks."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from copilot.errors import NeedsAnswer
from copilot.intent import Intent
from copilot.routing.consent import YES
from copilot.routing.route import Route

ORDINALS = {"first": 1, "second": 2, "third": 3, "1st": 1, "2nd": 2, "3rd": 3}


def question(route: Route, abilities: Mapping[str, Intent], pending: Mapping[str, Any] | None) -> NeedsAnswer:
    """Ask for the argument that a route lacks, or which of its readings is meant.

    Args:
        pending: What is open already; a reading that agrees to it is spelt out.
    """
    if route.ask:
        ability = abilities[route.intent]
        argument = ability.argument(route.ask)
        described = argument.description.rstrip(".") if argument else route.ask
        choices = f" ({', '.join(argument.choices)})" if argument and argument.choices else ""
        asked = {"ask": route.ask, "intent": route.intent, "args": route.args}
        return NeedsAnswer(f"{ability.summary} Which {route.ask}? {described}{choices}.", "Answer, or say: cancel", asked)
    waiting = (lasting(pending) or {}).get("confirm")
    readings: list[Mapping[str, Any]] = [
        waiting if r.intent == "confirm" and waiting else {"intent": r.intent, "args": r.args} for r in route.alternatives
    ]
    spelt = [spell(abilities[reading["intent"]], reading["args"]) for reading in readings]
    if len(spelt) == 1:
        return NeedsAnswer(f"Did you mean: {spelt[0]}?", "Answer yes or no, or say it in other words.", {"choose": readings})
    listed = "\n".join(f"  {n}. {line}" for n, line in enumerate(spelt, 1))
    return NeedsAnswer(f"Did you mean\n{listed}", "Answer with a number, or say it in other words.", {"choose": readings})


def choice(utterance: str, pending: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the reading that a reply such as "2", "the second one" or, where there is only one, "yes" picks."""
    readings: Sequence[dict[str, Any]] = pending.get("choose", ())
    if len(readings) == 1 and utterance.lower().strip(" .!") in YES:
        return readings[0]
    found = re.fullmatch(r"(?:the )?#?(\d|first|second|third|1st|2nd|3rd)(?: one)?[.!]?", utterance.lower())
    if not readings or not found:
        return None
    number = ORDINALS.get(found[1]) or int(found[1])
    return readings[number - 1] if 1 <= number <= len(readings) else None


def lasting(pending: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """Return what is pending as routers see it: without the arguments that hold for this confirmation only."""
    if not pending or "confirm" not in pending:
        return pending
    call = pending["confirm"]
    return {"confirm": {**call, "args": {k: v for k, v in call["args"].items() if k not in pending.get("once", ())}}}


def spell(ability: Intent, args: Mapping[str, Any]) -> str:
    """Write a call as a person reads it: the ability's summary and the arguments."""
    given = ", ".join(f"{name}: {', '.join(value) if isinstance(value, list) else value}" for name, value in args.items())
    return f"{ability.summary.rstrip('.')} ({given})" if given else ability.summary.rstrip(".")
