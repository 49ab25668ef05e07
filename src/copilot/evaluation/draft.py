"""Cases that a language model drafts from passages; only those are kept whose answer stands in a quote of the passage."""

import json
import re
from collections.abc import Sequence

from pydantic import BaseModel, Field

from copilot.errors import Refused
from copilot.evaluation.cases import Case
from copilot.evaluation.generate import FEWEST_CASES, MOST_CASES, chunks, spread
from copilot.outside.chat import Chatter
from copilot.outside.store import Store
from copilot.progress import Progress, Silent
from copilot.prompt import prompt

AT_ONCE = 5
"""Passages that the model reads in one call, and about as many questions it is asked for."""
SHORTEST = 80
"""Characters of the shortest passage worth asking about."""


class Drafted(BaseModel):
    """A question as the model proposes it."""

    passage: int = Field(description="Number of the passage that answers it.")
    question: str = Field(description="A question that somebody who has not seen the passage would ask.")
    answer: str = Field(description="The shortest words of the passage that answer it.")
    quote: str = Field(description="The sentence of the passage that says so, word for word.")


class Drafts(BaseModel):
    """What the model proposes."""

    questions: list[Drafted]


def draft(store: Store, collections: Sequence[str], chat: Chatter, progress: Progress | None = None) -> tuple[Case, ...]:
    """Have questions drafted on passages from all over the collections.

    Raises:
        Refused: too few of the drafts hold.
        BadArguments, Unavailable: the model does not answer, or not in the form asked for.
    """
    passages = spread([chunk for chunk in chunks(store, collections) if len(chunk["text"]) >= SHORTEST], MOST_CASES)
    cases: dict[str, Case] = {}
    with (progress or Silent()).track("Drafting questions", len(passages)) as advance:
        for start in range(0, len(passages), AT_ONCE):
            batch = passages[start : start + AT_ONCE]
            numbered = [{"passage": n, "document": p["name"], "text": p["text"]} for n, p in enumerate(batch, 1)]
            asked = [
                {"role": "system", "content": prompt("questions")},
                {"role": "user", "content": json.dumps(numbered, ensure_ascii=False)},
            ]
            drafts, _ = chat.parse(asked, Drafts)
            for drafted in drafts.questions:
                if 1 <= drafted.passage <= len(batch) and _holds(drafted, batch[drafted.passage - 1]["text"]):
                    cases.setdefault(drafted.question, Case(drafted.question, drafted.answer, batch[drafted.passage - 1]["name"]))
            for passage in batch:
                advance(passage["name"])
    if len(cases) < FEWEST_CASES:
        raise Refused(
            f"Only {len(cases)} of the questions that the model drafted are answered by the passages.",
            "Try a larger model, or write the questions yourself, as a CSV with the columns question,answer.",
        )
    return tuple(cases.values())[:MOST_CASES]


def _holds(drafted: Drafted, text: str) -> bool:
    """Whether the quote stands in the passage and the answer, as whole words, in the quote, but for case and white space."""
    answer, quote, passage = (" ".join(part.casefold().split()) for part in (drafted.answer, drafted.quote, text))
    whole = re.search(rf"(?<!\w){re.escape(answer)}(?!\w)", quote)
    return bool(drafted.question.strip() and answer and whole) and quote in passage
