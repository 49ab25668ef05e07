"""Follow-ups are read with what was asked before."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from copilot.answering.answer import Answer
from copilot.answering.talk import Talk, Turn, standalone
from copilot.outside.store import Store, Thing

AGENT = Thing("agent", "helpdesk", 3, {}, "")


def before(*questions: str) -> list[Turn]:
    return [Turn("1", question, "an answer", False, (), 1, "") for question in questions]


@pytest.mark.parametrize(
    ("earlier", "question", "read"),
    [
        ("How many days of leave do full-time staff have?", "And part-time staff?", "How many days of leave do part-time staff have?"),
        ("What does the Lorne 2 tent cost?", "what about the Silk liner?", "What does the Silk liner cost?"),
        ("How much may a hotel cost in Madrid?", "and in Lisbon?", "How much may a hotel cost in Lisbon?"),
        ("Who issues the travel pass?", "How long is it valid?", "How long is the travel pass valid?"),
        ("How many days of leave do I get?", "By when must it be taken?", "By when must the leave be taken?"),
        ("Who issues the travel pass?", "And who collects it?", "And who collects the travel pass?"),
        ("Who issues the travel pass?", "How do employees report their expenses?", "How do employees report their expenses?"),
        ("Who issues the travel pass?", "What should staff do if they are ill?", "What should staff do if they are ill?"),
        ("Who issues the travel pass?", "Which bank manages the pension plan?", "Which bank manages the pension plan?"),
    ],
)
def test_a_question_that_leans_on_the_one_before_is_completed_and_any_other_left_alone(earlier: str, question: str, read: str) -> None:
    assert standalone(question, before("Where is the canteen?", earlier)) == read
    assert standalone(question, []) == question


def test_a_chain_of_follow_ups_keeps_the_question_it_began_with() -> None:
    turns = before("How many days of leave do full-time staff have?", "And part-time staff?")
    assert standalone("and temporary staff?", turns) == "How many days of leave do temporary staff have?"


@given(st.text(max_size=80), st.text(max_size=80))
def test_any_two_questions_can_follow_each_other(earlier: str, question: str) -> None:
    assert isinstance(standalone(question, before(earlier)), str)


def test_a_conversation_is_kept_searched_and_erased_by_agent(store: Store) -> None:
    talk, other = Talk(store, "tester", "helpdesk"), Talk(store, "tester", "guide")
    talk.remember(AGENT, "How many days of leave?", Answer("28 days."))
    talk.remember(AGENT, "What is the limit? my password=hunter22", Answer("135 euros."))
    other.remember(AGENT, "What about boots?", Answer("No."))
    assert [t.question for t in talk.recent()] == ["How many days of leave?", "What is the limit? my [masked]"]
    assert [t.answer for t in talk.search("LEAVE 28")] == ["28 days."]
    assert talk.search("boots") == []
    talk.erase()
    assert (talk.count(), other.count()) == (0, 1)


def test_what_was_asked_long_ago_is_no_context_any_more(store: Store) -> None:
    talk = Talk(store, "tester", "helpdesk")
    talk.remember(AGENT, "How many days of leave?", Answer("28 days."))
    with store.transaction() as connection:
        connection.execute("UPDATE turns SET at = '2020-01-01T00:00:00.000000+00:00'")
    assert talk.recent() == []
    assert len(talk.search()) == 1
