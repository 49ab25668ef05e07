"""What copilot can do: a file a group, a plain function an ability."""

import json
from functools import cache

from copilot.registry import Registry
from copilot.resources import resource

GROUPS = {
    "models": "Find, register, check and compare language models.",
    "data": "Read company documents into collections and search them.",
    "agents": "Build agents on collections, and ask them.",
    "benchmarks": "Test agents and read the reports.",
    "instances": "Find the EC2 instance that fits, and configure a group of them.",
    "deployments": "Plan, deploy, watch and remove deployments.",
    "monitoring": "Rate answers.",
    "operations": "See what was done, and undo it.",
    "conversation": "Agree, decline, ask for help.",
}
"""The groups and their lines in `copilot --help`, which is shown without importing any of them."""


@cache
def homes() -> dict[str, str]:
    """Return the group of every ability of the catalogue, also of those that have no handler yet."""
    catalogue = json.loads(resource("data", "intents.json").read_text(encoding="utf-8"))
    return {entry["name"]: entry["group"] for entry in catalogue}


REGISTRY = Registry(__name__, tuple(GROUPS), homes)
