"""Verify the citations of offline answers against the files themselves: `python -m benchmarks.citations`.

Each quote, of answers and of the nearest passages beside a refusal, has to stand at its offsets in the document as it was read, and on
its page as pdfium reads it, words and figures in any order. Then each span is corrupted, and each corruption has to be caught.
"""

import re
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pypdfium2

from benchmarks.answers import SETS, opened
from copilot.answering.agent import Agent, ask
from copilot.answering.answer import Citation, Claim, supported
from copilot.evaluation.cases import read_cases
from copilot.knowledge.search import Passage
from copilot.outside.catalogue import BUILTIN
from copilot.outside.embed import Embedder
from copilot.outside.store import Store

CHOSEN = ("ntsb", "ntsb-more", "nih")
READER = Agent("reader", 1, {"id": BUILTIN.id}, ("set",), "", "", "", None)


def squeezed(text: str) -> str:
    return re.sub(r"[\W_]+", "", text).lower()


def on_page(citation: Citation) -> bool:
    """Whether every word of a quote is on its page."""
    pdf = pypdfium2.PdfDocument(Path(citation.source))
    text = squeezed(pdf[(citation.page or 1) - 1].get_textpage().get_text_range())
    pdf.close()
    return all(squeezed(word) in text for word in re.split(r"\s+|[:;]", citation.quote))


def passage_of(store: Store, citation: Citation) -> Passage:
    row = store.rows('SELECT text, start, end, page, "row" FROM chunks WHERE id = ?', citation.chunk)[0]
    place = (citation.document, citation.source, citation.collection, row["page"], row["row"])
    return Passage(citation.chunk, 0, *place, "", row["text"], row["start"], row["end"], 1.0, 1.0)


def corrupted(citation: Citation) -> list[Citation]:
    """Move a span, cut it, and change one character of its quote."""
    moved = replace(citation, start=citation.start + 1, end=citation.end + 1)
    other = "x" if citation.quote[:1] != "x" else "y"
    return [moved, replace(citation, end=citation.end - 1), replace(citation, quote=other + citation.quote[1:])]


def measure(name: str, embedder: Embedder) -> Counter[str]:
    questions, documents = SETS[name]
    found: Counter[str] = Counter()
    with opened(documents, embedder) as store:
        for case in read_cases(questions):
            answer = ask(store, embedder, READER, case.question)
            for citation in (*(claim.citation for claim in answer.claims), *answer.nearest):
                source = [passage_of(store, citation)]
                found["cited"] += 1
                found["at its offsets"] += supported(Claim("", citation), source)
                found["on its page"] += on_page(citation)
                found["corruptions"] += len(corrupted(citation))
                found["caught"] += sum(not supported(Claim("", broken), source) for broken in corrupted(citation))
    return found


def main() -> None:
    embedder = Embedder.load()
    for name in CHOSEN:
        print(name, dict(measure(name, embedder)), flush=True)


if __name__ == "__main__":
    main()
