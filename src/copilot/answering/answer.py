"""What an agent answers: claims, each with a citation that code has checked against the passage."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from copilot.answering.figures import figures
from copilot.knowledge.search import Passage


@dataclass(frozen=True)
class Citation:
    """Where a claim stands.

    `quote` is the document's own text; `start` and `end` are character offsets into the document's extracted text.
    """

    document: str
    source: str
    collection: str
    page: int | None
    row: int | None
    quote: str
    start: int
    end: int
    chunk: int

    @property
    def place(self) -> str:
        """The document with its page or row, for people."""
        if self.page is not None:
            return f"{self.document}, page {self.page}"
        return f"{self.document}, row {self.row}" if self.row else self.document


@dataclass(frozen=True)
class Claim:
    """One statement of an answer."""

    text: str
    citation: Citation


@dataclass(frozen=True)
class Answer:
    """An answer, or the reason there is none.

    `nearest` are quotes beside a refusal that may still help; `confidence` is 0..1; tokens and usd are None where no model was called.
    `reported` says what was kept out of the answer, or failed beside it.
    """

    text: str
    claims: tuple[Claim, ...] = ()
    refused: bool = False
    why: str = ""
    confidence: float = 0.0
    tokens_in: int | None = None
    tokens_out: int | None = None
    usd: float | None = None
    nearest: tuple[Citation, ...] = ()
    reported: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, said: Mapping[str, Any]) -> "Answer":
        """Read what `as_json` wrote, as a deployed agent answers."""
        claims = tuple(Claim(claim["text"], Citation(**claim["citation"])) for claim in said["claims"])
        nearest = tuple(Citation(**citation) for citation in said.get("nearest", ()))
        return cls(**{**said, "claims": claims, "nearest": nearest, "reported": tuple(said.get("reported", ()))})


def refuse(why: str, confidence: float = 0.0, nearest: tuple[Citation, ...] = ()) -> Answer:
    """Say that the documents do not answer, and what in them comes closest."""
    text = "I found no sure answer. Closest:" if nearest else "I could not find an answer to that in the documents."
    return Answer(text, refused=True, nearest=nearest, why=why, confidence=confidence)


def cite(passage: Passage, start: int, end: int) -> Citation:
    """Cite the characters `start:end` of the passage's text."""
    return Citation(
        document=passage.name,
        source=passage.source,
        collection=passage.collection,
        page=passage.page,
        row=passage.row,
        quote=passage.text[start:end],
        start=passage.start + start,
        end=passage.start + end,
        chunk=passage.chunk,
    )


def supported(claim: Claim, passages: Sequence[Passage]) -> bool:
    """Check that the quote stands where the citation says, and that it holds every number and date of the claim."""
    citation = claim.citation
    passage = next((p for p in passages if p.chunk == citation.chunk), None)
    if passage is None or not citation.quote.strip():
        return False
    here = passage.text[citation.start - passage.start : citation.end - passage.start]
    return here == citation.quote and figures(claim.text) <= figures(here)
