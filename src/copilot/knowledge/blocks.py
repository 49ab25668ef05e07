"""What the readers of formats hand on: blocks of text in reading order, or the reason why there are none."""

from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["text", "heading", "row"]
"""text: sentences. heading: names what follows. row: one record of a table, kept whole."""


@dataclass(frozen=True)
class Block:
    """A paragraph, heading or table row.

    Args:
        page: Page or slide, from 1.
        row: Row of its table, from 1; 0 for what describes the whole table.
        level: Depth of a heading, from 1.
    """

    text: str
    kind: Kind = "text"
    page: int | None = None
    row: int | None = None
    level: int = 1


@dataclass(frozen=True)
class Content:
    """What one document says. `notes` are for people: what was lost or doubtful."""

    blocks: tuple[Block, ...]
    pages: int | None = None
    notes: tuple[str, ...] = field(default=())


class Unreadable(Exception):
    """No text can be had from a document.

    Args:
        reason: What is wrong with it.
        hint: What would make it readable.
        skipped: True when it is not a document of ours at all, rather than a broken one.
    """

    def __init__(self, reason: str, hint: str = "", skipped: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.hint = hint
        self.skipped = skipped


def tidy(text: str) -> str:
    """Put any run of spaces, line ends and control characters into one space."""
    return " ".join("".join(c if c.isprintable() or c.isspace() else " " for c in text).split())
