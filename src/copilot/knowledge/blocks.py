"""What the readers of formats hand on: blocks of text in reading order, or the reason why there are none."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

Kind = Literal["text", "heading", "row"]
"""text: sentences. heading: names what follows. row: one record of a table, kept whole."""


@dataclass(frozen=True)
class Block:
    """A paragraph, heading or table row.

    Args:
        page: Page or slide, from 1.
        row: Row of its table or sheet, from 1; 0 for what describes the whole table.
        level: Depth of a heading, from 1.
        under: What stands above its table: its caption and unit.
    """

    text: str
    kind: Kind = "text"
    page: int | None = None
    row: int | None = None
    level: int = 1
    under: str = ""


@dataclass(frozen=True)
class Part:
    """A document inside another one: an attachment, or a file in an archive.

    Args:
        name: What it is called inside.
        path: Where it was unpacked to; empty when it was not.
        problem: Why it was not unpacked; empty when it was.
    """

    name: str
    path: str = ""
    problem: str = ""


@dataclass(frozen=True)
class Content:
    """What one document says.

    Args:
        blocks: Read once; a long table is read while they are taken.
        notes: For people: what was lost or doubtful. Complete when all blocks were taken.
        parts: Documents inside this one.
    """

    blocks: Iterable[Block]
    pages: int | None = None
    notes: Sequence[str] = ()
    parts: tuple[Part, ...] = ()


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


NAME_BYTES = 200
"""What any file system takes as the name of a file."""


def storable(name: str) -> str:
    """Cut a name to what a file system takes; its end stays, which tells the type."""
    return name.encode("utf-8", "replace")[-NAME_BYTES:].decode("utf-8", "ignore")


def tidy(text: str) -> str:
    """Put any run of spaces, line ends and control characters into one space."""
    spaced = " ".join(text.split())
    return spaced if spaced.isprintable() else " ".join("".join(c if c.isprintable() else " " for c in spaced).split())
