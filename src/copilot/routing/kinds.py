"""Which named things an argument can name."""

from copilot.intent import Ability, Argument
from copilot.routing.route import KINDS

BY_ARGUMENT: dict[str, tuple[str, ...]] = {
    "agent": ("agents",),
    "agents": ("agents",),
    "deployment": ("deployments", "agents"),
    "collection": ("collections",),
    "collections": ("collections",),
    "add_collection": ("collections",),
    "remove_collection": ("collections",),
    "dataset": ("collections",),
    "benchmark": ("benchmarks",),
    "model": ("models",),
    "models": ("models",),
    "base_model": ("models",),
    "subject": ("deployments", "agents", "collections", "benchmarks"),
}
BY_ABILITY: dict[tuple[str, str], tuple[str, ...]] = {
    ("create_benchmark", "source"): ("collections",),
    ("scan_security", "target"): ("agents", "deployments", "collections"),
    ("register_model", "model"): (),
}
MAKERS = ("create_", "register_", "fine_tune_")


def kinds_of(ability: Ability, argument: Argument) -> tuple[str, ...]:
    """Return the kinds (see `route.KINDS`) whose names the argument takes; empty for new names, figures and free text."""
    if (ability.name, argument.name) in BY_ABILITY:
        return BY_ABILITY[ability.name, argument.name]
    if argument.name == "name":
        return (ability.group,) if ability.group in KINDS and not is_new_name(ability, argument) else ()
    return BY_ARGUMENT.get(argument.name, ())


def is_new_name(ability: Ability, argument: Argument) -> bool:
    """Say whether the argument names something that does not exist yet."""
    return argument.name == "name" and ability.name.startswith(MAKERS)
