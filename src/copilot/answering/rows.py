"""Table rows: which cell a question asks for, and how the row says it."""

from dataclasses import dataclass

from copilot.answering.question import STOP, Question, covered, terms, words
from copilot.knowledge.search import Encoder

SIMILAR = 0.5
"""How near a column's name must be to the rest of the question, when no word of it is in the question."""


@dataclass(frozen=True)
class Cell:
    """One cell of a row, with the cell that says what the row is about."""

    column: str
    value: str
    subject: tuple[str, str]

    @property
    def text(self) -> str:
        column, value = self.subject
        return f"{self.column}: {self.value} ({column}: {value})"

    @property
    def row(self) -> str:
        """The row without its other cells."""
        column, value = self.subject
        return f"{column}: {value}; {self.column}: {self.value}"


def asked_cell(question: Question, cells: tuple[tuple[str, str], ...], topic: str, embedder: Encoder) -> Cell | None:
    """Return the cell that a question about this row asks for, or None when no column is meant."""
    known = max(range(len(cells)), key=lambda i: (_named(question, cells[i][1]), -i))
    if _named(question, cells[known][1]) == 0:
        return None
    given = terms(cells[known][1])
    rest = [word for word in words(question.text) if word not in STOP and not all(covered(t, given) for t in terms(word))]
    open_cells = [i for i in range(len(cells)) if i != known and cells[i][1]]
    if not open_cells:
        return None
    best = max(open_cells, key=lambda i: (_meant(question, rest, cells[i][0]), -i))
    if _meant(question, rest, cells[best][0]) == 0:
        best_similar = _similar(rest, [f"{topic} {cells[i][0]}" for i in open_cells], embedder)
        if best_similar is None or not question.shown(cells[open_cells[best_similar]][1]):
            return None
        best = open_cells[best_similar]
    return Cell(cells[best][0], cells[best][1], cells[known])


def _named(question: Question, value: str) -> float:
    """How much of a question names this value; 0 unless half of the value is in the question."""
    own = set(terms(value))
    hit = [t for t in own if covered(t, question.terms)]
    return sum(map(len, hit)) if own and len(hit) >= 0.5 * len(own) else 0.0


def _meant(question: Question, rest: list[str], column: str) -> float:
    """How clearly a column's name is asked for: by its words first, by the kind of question second."""
    own = terms(column)
    hit = sum(covered(t, own) for t in terms(" ".join(rest)))
    hints = question.kind.columns if question.kind else ()
    return hit / (0.5 + len(own)) + 0.3 * any(h in column.lower() for h in hints)


def _similar(rest: list[str], columns: list[str], embedder: Encoder) -> int | None:
    if not rest:
        return None
    vectors = embedder.encode([" ".join(rest), *(c.replace("_", " ") for c in columns)])
    near = vectors[1:] @ vectors[0]
    best = int(near.argmax())
    return best if near[best] >= SIMILAR else None
