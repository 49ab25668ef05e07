"""The reference of every ability, from its declaration."""

import json

from copilot.intent import Argument, Intent
from copilot.intents import GROUPS, REGISTRY

EFFECTS = {
    "read": "reads",
    "write": "writes; can be undone",
    "cloud": "costs money or changes AWS; asks first",
    "destructive": "cannot be undone; asks first",
}


def as_json() -> str:
    """Return the abilities in the format of `data/intents.json`."""
    return json.dumps([ability.as_json() for ability in REGISTRY.values()], ensure_ascii=False, indent=1)


def as_markdown() -> str:
    """Return the reference page that the README ends with."""
    lines: list[str] = []
    for group, what in GROUPS.items():
        lines += [f"### {group}", "", what, ""]
        for ability in REGISTRY.group(group):
            lines += _entry(ability)
    return "\n".join(lines) + "\n"


def _entry(ability: Intent) -> list[str]:
    words = [
        "copilot",
        *ability.command,
        *(name.upper() if name in ability.required else f"[{name.upper()}]" for name in ability.positional),
    ]
    lines = [f"**`{' '.join(words)}`** — {ability.summary} *({EFFECTS[ability.effect]})*", ""]
    lines += [f"- {_spelt(ability, argument)}: {argument.description}" for argument in ability.args]
    said = "; ".join(f"“{example}”" for example in ability.examples[:2])
    return [*lines, f"- say: {said}", ""]


def _spelt(ability: Intent, argument: Argument) -> str:
    if argument.name in ability.positional:
        return f"`{argument.name.upper()}`"
    return f"`--{argument.name.replace('_', '-')}`"
