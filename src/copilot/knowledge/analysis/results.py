"""What an analysis answers with."""

from typing import Literal

from copilot.result import Item, Result

EntityType = Literal["person", "organization", "place", "term"]
GapKind = Literal["question", "topic", "document", "term", "unread"]


class TypeRow(Item):
    """The documents of one type. `noted` of them were read with something lost or doubtful; `characters` are of text.

    `garbled` is the share of looked-at passages that are mostly no letters and digits; None where none was looked at.
    """

    type: str
    documents: int
    unread: int
    pages: int
    passages: int
    characters: int
    bytes: int
    noted: int
    garbled: float | None


class TopicRow(Item):
    """A group of like passages. `share` is of the looked-at passages; `x` and `y` are its place on the map, from 0 to 1."""

    number: int
    label: str
    share: float
    passages: int
    documents: int
    example: str
    x: float
    y: float


class EntityRow(Item):
    name: str
    type: EntityType
    mentions: int
    documents: int


class RelationRow(Item):
    """Two names in the same passages. `strength` (from 0 to 1) is how much more often than by chance; `relation` a model's words."""

    source: str
    target: str
    passages: int
    strength: float
    relation: str = ""


class DuplicateRow(Item):
    """A document, `second`, and the one before it by name that it is most like.

    `alike` is the share of their text that they have in common, 1 for the same file.
    """

    first: str
    second: str
    alike: float


class StaleRow(Item):
    document: str
    why: str


class GapRow(Item):
    """What seems to be missing: `what` in words, and `why` it is thought so."""

    kind: GapKind
    what: str
    why: str


class Analysed(Result):
    """`looked_at` of the `passages` were analysed; all of them unless the collection is very large.

    `named_by` is the model that found the entities, or `statistics`; `repeated` the share of passages that stand in several documents.
    """

    collection: str
    documents: int
    passages: int
    looked_at: int
    repeated: float
    types: tuple[TypeRow, ...]
    topics: tuple[TopicRow, ...]
    entities: tuple[EntityRow, ...]
    relations: tuple[RelationRow, ...]
    duplicates: tuple[DuplicateRow, ...]
    stale: tuple[StaleRow, ...]
    gaps: tuple[GapRow, ...]
    named_by: str
    notes: tuple[str, ...]
    page: str
    graphml: str
    graph_json: str

    @property
    def headline(self) -> str:
        counts = {
            "topic": len(self.topics),
            "name": len(self.entities),
            "pair of like documents": len(self.duplicates),
            "stale document": len(self.stale),
            "likely gap": len(self.gaps),
        }
        said = ", ".join(f"{count} {_plural(noun, count)}" for noun, count in counts.items() if count)
        size = f"{self.documents:,} {_plural('document', self.documents)} in {self.passages:,} {_plural('passage', self.passages)}"
        sampled = f", {self.looked_at:,} of them looked at" if self.looked_at < self.passages else ""
        return f"'{self.collection}', {size}{sampled}: {said}. The map and the graph: {self.page}"

    @property
    def next_steps(self) -> tuple[str, ...]:
        return (f"refresh {self.collection}",) if any("changed" in row.why for row in self.stale) else ()


def _plural(noun: str, count: int) -> str:
    if count == 1:
        return noun
    return noun.replace("pair", "pairs", 1) if noun.startswith("pair") else f"{noun}s"
