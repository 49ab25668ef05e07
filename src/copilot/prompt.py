"""Prompts are text files in `prompts/` with `string.Template` holes."""

from functools import cache
from string import Template

from copilot.resources import resource


@cache
def _template(name: str) -> Template:
    return Template(resource("prompts", f"{name}.txt").read_text(encoding="utf-8"))


def prompt(name: str, **holes: str) -> str:
    """Fill the prompt `prompts/NAME.txt`; every hole of the file must be given (KeyError otherwise)."""
    return _template(name).substitute(holes)
