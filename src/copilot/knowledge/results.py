"""What the abilities about documents answer with."""

from typing import Literal

from copilot.result import Field, Item, Result

Status = Literal["indexed", "unchanged", "skipped", "failed", "removed"]


class Outcome(Item):
    """What became of one file.

    `notes` say what was lost or doubtful in a file that was read; `personal` counts, by kind, the pieces of personal data in it that
    can now be searched, `masked` those that were masked before.
    """

    name: str
    status: Status
    reason: str = ""
    hint: str = ""
    type: str = ""
    pages: int | None = None
    passages: int = 0
    notes: tuple[str, ...] = ()
    personal: dict[str, int] = Field(default_factory=dict)
    masked: dict[str, int] = Field(default_factory=dict)


class Ingested(Result):
    collection: str
    indexed: int
    unchanged: int
    skipped: int
    failed: int
    passages: int
    personal: dict[str, int]
    masked: dict[str, int]
    files: tuple[Outcome, ...]

    @property
    def headline(self) -> str:
        counts = {"indexed": self.indexed, "unchanged": self.unchanged, "skipped": self.skipped, "failed": self.failed}
        said = ", ".join(f"{count} {status}" for status, count in counts.items() if count)
        kinds = {"found, not masked": self.personal, "masked": self.masked}
        personal = "".join(f"; {_count(sum(n.values()), 'piece')} of personal data {what}" for what, n in kinds.items() if n)
        return f"{_count(len(self.files), 'file')} into '{self.collection}': {said} ({_count(self.passages, 'new passage')}{personal})."

    @property
    def next_steps(self) -> tuple[str, ...]:
        return (f"create an agent on {self.collection}", f"search {self.collection} for …")


class LostSource(Item):
    """A source that could not be read again; what came from it stays as it is."""

    source: str
    problem: str


class Refreshed(Result):
    """`failed` and `skipped` were tried again; of a file that was read before the last good version stays."""

    collection: str
    added: int
    changed: int
    removed: int
    unchanged: int
    failed: int
    skipped: int
    lost: tuple[LostSource, ...]
    files: tuple[Outcome, ...]

    @property
    def headline(self) -> str:
        counts = {
            "new": self.added,
            "changed": self.changed,
            "removed": self.removed,
            "unchanged": self.unchanged,
            "skipped": self.skipped,
            "failed": self.failed,
        }
        said = ", ".join(f"{count} {status}" for status, count in counts.items() if count) or "nothing to read"
        lost = "".join(f" {source.source} could not be read: {source.problem}" for source in self.lost)
        return f"'{self.collection}' is up to date with its sources: {said}.{lost}" if not lost else f"'{self.collection}': {said}.{lost}"

    @property
    def next_steps(self) -> tuple[str, ...]:
        return (f"any files that failed in {self.collection}?",) if self.failed else ()


class CollectionRow(Item):
    name: str
    documents: int
    passages: int
    characters: int
    failed: int
    sources: tuple[str, ...]
    changed_at: str


class Collections(Result):
    collections: tuple[CollectionRow, ...]

    @property
    def headline(self) -> str:
        if not self.collections:
            return "No data has been loaded yet. Start with: copilot data ingest FOLDER"
        return f"{_count(len(self.collections), 'collection')} with {_count(sum(c.documents for c in self.collections), 'document')}."


class DocumentRow(Item):
    """A file of a collection and what became of it, like `Outcome`."""

    name: str
    type: str
    status: str
    pages: int | None
    characters: int
    passages: int
    reason: str
    hint: str
    notes: tuple[str, ...]
    personal: dict[str, int] = Field(default_factory=dict)
    masked: dict[str, int] = Field(default_factory=dict)


class Collection(Result):
    name: str
    sources: tuple[str, ...]
    types: dict[str, int]
    bytes: int
    characters: int
    passages: int
    indexed: int
    failed: int
    documents: tuple[DocumentRow, ...]

    @property
    def headline(self) -> str:
        failed = f"; {_count(self.failed, 'file')} could not be read" if self.failed else ""
        return f"'{self.name}' holds {_count(self.indexed, 'document')} in {_count(self.passages, 'passage')}{failed}."

    @property
    def next_steps(self) -> tuple[str, ...]:
        return (f"any files that failed in {self.name}?",) if self.failed else ()


class PassageRow(Item):
    """A passage; `relevance` is from 0 to 1, `start` and `end` are characters in the document's extracted text."""

    name: str
    collection: str
    page: int | None
    row: int | None
    heading: str
    text: str
    start: int
    end: int
    relevance: float


class Found(Result):
    collections: tuple[str, ...]
    relevant: bool
    passages: tuple[PassageRow, ...]

    @property
    def headline(self) -> str:
        where = " and ".join(f"'{name}'" for name in self.collections)
        if not self.relevant:
            return f"Nothing in {where} seems to be about that." + (" These come nearest:" if self.passages else "")
        return f"{_count(len(self.passages), 'passage')} from {where}, the best first."


class Deleted(Result):
    collection: str
    documents: int
    passages: int

    @property
    def headline(self) -> str:
        return (
            f"Deleted '{self.collection}': {_count(self.documents, 'document')} and {_count(self.passages, 'passage')} are gone for good."
        )


class Doomed(Result):
    """What deleting a collection would take away."""

    collection: str
    documents: int
    passages: int
    sources: tuple[str, ...]

    @property
    def headline(self) -> str:
        kept = "The files themselves stay where they are."
        return f"'{self.collection}' with {_count(self.documents, 'document')} and {_count(self.passages, 'passage')} would be gone. {kept}"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" + ("" if number == 1 else "s")
