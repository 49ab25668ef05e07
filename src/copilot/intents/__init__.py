"""What copilot can do: a file a group, a plain function an ability."""

from copilot.intent import Registry

GROUPS = {
    "models": "Find, register, check and compare language models.",
    "data": "Read company documents into collections and search them.",
    "agents": "Build agents on collections, and ask them.",
    "benchmarks": "Test agents and read the reports.",
    "instances": "Find the EC2 instance that fits.",
    "deployments": "Plan, deploy, watch and remove deployments.",
    "operations": "See what was done, and undo it.",
    "conversation": "Agree, decline, ask for help.",
}
"""The groups and their lines in `copilot --help`, which is shown without importing any of them."""

REGISTRY = Registry(__name__, tuple(GROUPS))
