"""What is left alone in a folder: hidden files, leavings of programs, and what a `.copilotignore` lists."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

NAME = ".copilotignore"
IGNORED = {"__pycache__", "node_modules", "__MACOSX", "Thumbs.db", "desktop.ini"}
IGNORED_PREFIXES = (".", "~$")
MAX_BYTES = 1 << 20
GLOB = re.compile(r"\*\*/|/\*\*$|\*\*|\*|\?|\[!?[^\]]+\]|.", re.DOTALL)
MEANINGS = {"**/": "(?:.*/)?", "/**": "/.*", "**": ".*", "*": "[^/]*", "?": "[^/]"}


@dataclass(frozen=True)
class Rule:
    """A line of a `.copilotignore`, which has the syntax of a `.gitignore`."""

    folder: Path
    pattern: re.Pattern[str]
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
        if (is_folder or not rule.folders_only) and rule.pattern.fullmatch(path.relative_to(rule.folder).as_posix()):
            return not rule.keeps
    return False


def _rule(folder: Path, line: str) -> Rule:
    keeps, folders_only = line.startswith("!"), line.endswith("/")
    text = line.removeprefix("!").removesuffix("/")
    anchored = "/" in text
    shape = "".join(_meaning(part) for part in GLOB.findall(text.removeprefix("/")))
    return Rule(folder, re.compile(shape if anchored else f"(?:.*/)?{shape}"), keeps, folders_only)


def _meaning(part: str) -> str:
    if part in MEANINGS:
        return MEANINGS[part]
    if len(part) > 1:
        inner = part[1:-1].replace("\\", r"\\")
        return f"[^{inner[1:]}]" if inner.startswith("!") else f"[{inner}]"
    return re.escape(part)
