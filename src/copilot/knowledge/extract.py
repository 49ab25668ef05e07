"""One file to passages: detect, read, mask, cut. Runs in a process of its own (see sandbox)."""

import json
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO, Any, NamedTuple, TypedDict

from copilot.knowledge import formats
from copilot.knowledge.blocks import Block, Content, Part, Unreadable
from copilot.knowledge.chunk import cut
from copilot.knowledge.detect import detect, extension_type

PORTION = 500
"""Blocks of a long table that are cut at a time."""
MAX_DEPTH = 3
"""How many documents deep another one may lie: a PDF, in a mail, in a mail, in an archive."""


class Extracted(TypedDict):
    """What one file yields; with a `reason` there is nothing else.

    `personal` counts the pieces of personal data by kind, which stand in the passages unless they were `redacted`; `parts` are the
    documents inside it: name, path and problem of each.
    """

    type: str
    pages: int | None
    characters: int
    chunks: Collection[Sequence[Any]]
    notes: list[str]
    personal: dict[str, int]
    redacted: bool
    parts: list[tuple[str, str, str]]
    reason: str
    hint: str
    skipped: bool


class Task(NamedTuple):
    """One file to read.

    Args:
        redact: Mask personal data before the text is cut.
        folder: Where the documents inside it are unpacked to; made when there are any.
        inside: The types of the documents that it lies in, the outermost first.
    """

    path: Path
    redact: bool
    folder: Path
    inside: tuple[str, ...] = ()


class Passages:
    """The passages of a file, as they were written to an anonymous file; read as often as one likes."""

    def __init__(self, file: IO[bytes], count: int) -> None:
        self._file = file
        self._count = count

    def __len__(self) -> int:
        return self._count

    def __contains__(self, passage: object) -> bool:
        return any(passage == other for other in self)

    def __iter__(self) -> Iterator[Sequence[Any]]:
        self._file.seek(0)
        return map(json.loads, self._file)

    def data(self) -> bytes:
        """Return them as they were written: a line each."""
        self._file.seek(0)
        return self._file.read()

    def __del__(self) -> None:
        self._file.close()


def extract(task: Task, out: IO[bytes]) -> Extracted:
    """Read a file and cut it into passages; what makes it unreadable comes back as a reason, not as an exception.

    Args:
        out: Where the passages go, a line each: text, heading, page, row, start and end.
    """
    kind = extension_type(task.path.name)
    try:
        detected = detect(task.path)
        kind = detected.type
        _check_depth(kind, task.inside)
        content = formats.read(task.path, kind, task.folder)
        count, characters, personal = _write(content, task.redact, out)
        if not count and not content.parts:
            raise _silent(content)
    except Unreadable as error:
        return rejected(error.reason, error.hint, kind, error.skipped)
    return Extracted(
        type=kind,
        pages=content.pages,
        characters=characters,
        chunks=Passages(out, count),
        notes=[*([detected.note] if detected.note else []), *content.notes],
        personal=dict(personal),
        redacted=task.redact,
        parts=_named_apart(content.parts),
        reason="",
        hint="",
        skipped=False,
    )


def rejected(reason: str, hint: str = "", kind: str = "", skipped: bool = False) -> Extracted:
    """Say why a file yields nothing."""
    return Extracted(
        type=kind,
        pages=None,
        characters=0,
        chunks=[],
        notes=[],
        personal={},
        redacted=False,
        parts=[],
        reason=reason,
        hint=hint,
        skipped=skipped,
    )


def _named_apart(parts: Sequence[Part]) -> list[tuple[str, str, str]]:
    """Give each part a name of its own: an archive and a mail may hold two of the same name."""
    counts: Counter[str] = Counter()
    found = []
    for part in parts:
        counts[part.name] += 1
        again = f" ({counts[part.name]})" if counts[part.name] > 1 else ""
        found.append((f"{part.name}{again}", part.path, part.problem))
    return found


def _check_depth(kind: str, inside: tuple[str, ...]) -> None:
    """Refuse what could go on for ever: archives in archives, and mails in mails in mails."""
    if kind == "zip" and "zip" in inside:
        raise Unreadable("an archive inside an archive", "Unpack it, and ingest what it holds.")
    if kind in formats.CONTAINERS and len(inside) >= MAX_DEPTH:
        raise Unreadable("it lies too deep in other documents", "Save it as a file of its own.")


def _silent(content: Content) -> Unreadable:
    if content.notes:
        return Unreadable(content.notes[0])
    return Unreadable("no text", "It holds no words that can be read.")


def _write(content: Content, redact: bool, out: IO[bytes]) -> tuple[int, int, Counter[str]]:
    """Cut and write; return the number of passages, the characters of the whole text, and the personal data that was found."""
    from copilot.knowledge import personal

    count, position = 0, 0
    found: Counter[str] = Counter()
    for repeated, blocks in _portions(content.blocks):
        found += personal.count(blocks[repeated:])
        if redact:
            blocks = personal.mask_blocks(blocks)
        text, chunks = cut(blocks)
        position -= sum(len(block.text) + 1 for block in blocks[:repeated])
        for chunk in chunks:
            place = chunk.heading, chunk.page, chunk.row, position + chunk.start, position + chunk.end
            out.write(json.dumps((chunk.text, *place)).encode() + b"\n")
        count += len(chunks)
        position += len(text) + 1
    out.flush()
    return count, max(0, position - 1), found


def _portions(blocks: Iterable[Block]) -> Iterator[tuple[int, Sequence[Block]]]:
    """Divide a document between the rows of its tables, where that changes no passage.

    Yields portions that begin with the headings they stand under, and how many of these were in the portion before.
    """
    path: list[Block] = []
    portion: list[Block] = []
    repeated = 0
    for block in blocks:
        portion.append(block)
        if block.kind == "heading":
            path = [*(above for above in path if above.level < block.level), block]
        if block.row and len(portion) >= PORTION:
            yield repeated, portion
            portion, repeated = [*path], len(path)
    if len(portion) > repeated:
        yield repeated, portion
