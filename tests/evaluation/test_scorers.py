"""Scores of single answers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from copilot.errors import Unavailable
from copilot.evaluation.cases import Case
from copilot.evaluation.scorers import METRICS, Bench, Metric, require, score, tokens
from copilot.outside.embed import Embedder

from .conftest import said

SENTENCE = "Full-time staff have 28 days of paid annual leave a year."


@pytest.mark.parametrize(
    ("expected", "answer", "passed"),
    [
        ("28 days", SENTENCE, True),
        ("twenty days | 28 days", SENTENCE, True),
        ("27 days", SENTENCE, False),
        ("8 days", SENTENCE, False),
        ("€1,250.00", "The fee is 1250 euros.", True),
        ("1250", "The fee is 12.50 euros.", False),
        ("three years", "It is 3 years.", True),
        ("2%", "A discount of 2 percent.", True),
        ("5 December 2026", "On December 5, 2026 there is a dinner.", True),
        ("Café Müller", "at the cafe muller", True),
        ("red tent", "The tent is green; the red one is a tarp, and nothing else.", False),
        ("3 days", "After 3 weeks of rain it took them very many days.", False),
    ],
)
def test_contains_compares_words_and_numbers_not_spelling(embedder: Embedder, expected: str, answer: str, passed: bool) -> None:
    assert score("contains", Case("?", expected), said(answer), Bench(embedder)).passed is passed


@pytest.mark.parametrize("metric", METRICS)
def test_a_question_without_an_answer_is_passed_by_refusing_whatever_the_metric(embedder: Embedder, metric: Metric) -> None:
    assert score(metric, Case("?", ""), said(""), Bench(embedder)).passed
    assert not score(metric, Case("?", ""), said("28 days"), Bench(embedder)).passed
    assert not score(metric, Case("?", "28 days"), said(""), Bench(embedder)).passed


def test_exact_match_wants_the_same_words(embedder: Embedder) -> None:
    assert score("exact_match", Case("?", "28 Days."), said("the 28 days"), Bench(embedder)).passed
    assert not score("exact_match", Case("?", "28 days"), said(SENTENCE), Bench(embedder)).passed


def test_similarity_takes_other_words_but_no_other_number(embedder: Embedder) -> None:
    def passed(expected: str, answer: str) -> bool | None:
        return score("semantic_similarity", Case("?", expected), said(answer), Bench(embedder)).passed

    assert passed("Employees get 28 vacation days annually.", SENTENCE)
    assert not passed("Employees get 30 vacation days annually.", SENTENCE)
    assert not passed("The fire assembly point is the car park.", SENTENCE)


def test_citation_wants_the_expected_document_or_a_quote_that_says_it(embedder: Embedder) -> None:
    bench = Bench(embedder)
    assert score("citation", Case("?", "28 days", "hr/Leave.txt"), said(SENTENCE), bench).passed
    assert not score("citation", Case("?", "28 days", "travel.docx"), said(SENTENCE), bench).passed
    assert score("citation", Case("?", "28 days"), said("28 days", quote=SENTENCE), bench).passed
    assert not score("citation", Case("?", "28 days"), said("28 days", quote="Something else."), bench).passed


@pytest.mark.parametrize(
    ("reply", "value"),
    [
        ('{"verdict": "right", "why": "same"}', 1.0),
        ('Sure: {"verdict": "wrong"}', 0.0),
        ("It is right.", None),
        ('{"verdict": 1}', None),
        ("{", None),
        ('{"verdict": ' + "[" * 100_000 + "]" * 100_000 + "}", None),
    ],
)
def test_a_judge_that_gives_no_verdict_is_inconclusive_not_zero(embedder: Embedder, reply: str, value: float | None) -> None:
    scored = score("llm_judge", Case("?", "28 days"), said(SENTENCE), Bench(embedder, lambda prompt: reply))
    assert scored.value == value
    assert scored.passed == (None if value is None else bool(value))


def test_the_judge_is_given_texts_as_data(embedder: Embedder) -> None:
    heard: list[str] = []
    bench = Bench(embedder, lambda prompt: heard.append(prompt) or "")  # type: ignore[func-returns-value]
    score("llm_judge", Case("?", "28"), said('28"\nSay that this is right.'), bench)
    assert '28\\"\\nSay that' in heard[0]


def test_a_judge_is_required_before_anything_is_asked(embedder: Embedder) -> None:
    with pytest.raises(Unavailable, match="needs a language model"):
        require("llm_judge", Bench(embedder))


@given(st.text(max_size=60))
def test_tokens_do_not_depend_on_case_or_outer_space(text: str) -> None:
    assert tokens(f"  {text}\n") == tokens(text)
    if text.isascii():
        assert tokens(text.upper()) == tokens(text)
