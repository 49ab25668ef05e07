"""Fixtures of the evaluation room: the real embedder, and a benchmark and an agent in the test's store."""

from collections.abc import Callable, Mapping

import pytest

from copilot.answering.answer import Answer, Citation, Claim, refuse
from copilot.evaluation.cases import Case
from copilot.evaluation.run import Setup
from copilot.outside.embed import Embedder
from copilot.outside.store import Store

MakeSetup = Callable[..., Setup]


@pytest.fixture(scope="session")
def embedder() -> Embedder:
    return Embedder.load()


def said(text: str, document: str = "leave.txt", quote: str = "") -> Answer:
    """Make an answer with one claim; an empty text is a refusal."""
    if not text:
        return refuse("not there")
    citation = Citation(document, f"/docs/{document}", "docs", 1, None, quote or text, 0, len(quote or text), 1)
    return Answer(text, (Claim(text, citation),), confidence=0.9)


def answering(answers: Mapping[str, str]) -> Callable[[str], Answer]:
    """Be an agent that knows these answers and refuses the rest."""
    return lambda question: said(answers.get(question, ""))


@pytest.fixture
def make_setup(store: Store) -> MakeSetup:
    def make(*cases: Case, metric: str = "contains", threshold: float | None = None, repeats: int = 1, name: str = "qa") -> Setup:
        body = {"cases": [case.as_json() for case in cases], "metric": metric, "threshold": threshold, "source": "qa.csv"}
        benchmark = store.put("benchmark", name, body, "op")
        return Setup(benchmark, store.find("agent", "helpdesk") or store.put("agent", "helpdesk", {}, "op"), repeats)

    return make
