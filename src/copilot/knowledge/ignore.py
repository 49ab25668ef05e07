"""What is left alone in a folder: hidden files, leavings of programs, and what a `.copilotignore` lists."""

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import groupby
from pathlib import Path

NAME = ".copilotignore"
IGNORED = {"__pycache__", "node_modules", "__MACOSX", "Thumbs.db", "desktop.ini"}
IGNORED_PREFIXES = (".", "~$")
MAX_BYTES = 1 << 20


@dataclass(frozen=True)
class Rule:
    """A line of a `.copilotignore`, which has the syntax of a `.gitignore`."""

    folder: Path
    steps: tuple[str, ...]
    keeps: bool
    folders_only: bool


def hidden(name: str) -> bool:
    """Whether a file or folder of this name is never read."""
    return name in IGNORED or name.startswith(IGNORED_PREFIXES)


def rules(folder: Path) -> tuple[Rule, ...]:
    """Read what a folder says is to be left alone; nothing when it says nothing."""
    path = folder / NAME
    if not path.is_file() or path.stat().st_size > MAX_BYTES:
        return ()
    lines = (line.rstrip() for line in path.read_text(encoding="utf-8", errors="replace").splitlines())
    return tuple(_rule(folder, line) for line in lines if line and not line.startswith("#"))


def ignored(path: Path, is_folder: bool, known: Sequence[Rule]) -> bool:
    """Whether a path is to be left alone; the last rule that fits decides.

    Args:
        known: The rules of the folders above, the outermost first.
    """
    if hidden(path.name):
        return True
    for rule in reversed(known):
        if (is_folder or not rule.folders_only) and _fits(path.relative_to(rule.folder).parts, rule.steps):
            return not rule.keeps
    return False


def _rule(folder: Path, line: str) -> Rule:
    text = line.removeprefix("!").removesuffix("/")
    steps = text.removeprefix("/").split("/")
    anywhere = ["**"] if "/" not in text else []
    return Rule(folder, tuple(step for step, _ in groupby([*anywhere, *steps])), line.startswith("!"), line.endswith("/"))


def _fits(path: Sequence[str], steps: Sequence[str]) -> bool:
    """Whether a path matches a pattern, both cut at their slashes; `**` stands for any number of folders."""
    if not steps:
        return not path
    if steps[0] == "**":
        return any(_fits(path[i:], steps[1:]) for i in range(len(path) + 1))
    return bool(path) and fnmatchcase(path[0], steps[0]) and _fits(path[1:], steps[1:])
