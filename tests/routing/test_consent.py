"""What is a yes, what is no request, and what is only quoted."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from copilot.resources import resource
from copilot.routing.consent import agrees, hesitates
from copilot.routing.quotes import quotations, unquoted


def test_what_people_really_type_as_a_yes_is_mostly_understood_as_one() -> None:
    lines = resource("data", "utterances", "confirm.txt").read_text(encoding="utf-8").splitlines()
    understood = [line for line in lines if agrees(line, "cloud") or agrees(line, "destructive")]
    assert len(understood) / len(lines) > 0.7


@pytest.mark.parametrize("name", ["hr", "not", "no", "later"])
def test_a_name_in_the_proposal_may_be_repeated_but_denies_as_any_word_does(name: str) -> None:
    assert agrees(f"yes, delete {name}", "destructive", [name]) == (name == "hr")
    assert not agrees(f"yes, deploy {name}", "destructive", [name])


@given(st.text(), st.sampled_from(["not", "never", "no", "later", "tomorrow", "if", "but", "unless", "he said"]))
def test_no_reply_that_denies_or_puts_off_is_a_yes(words: str, against: str) -> None:
    assert not agrees(f"{against} {words}", "destructive")
    assert not agrees(f"yes please, {words} {against}", "destructive")


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("delete 'hr archive' now", "delete 'hr archive' now"),
        ("the users' files and the admins' notes", "the users' files and the admins' notes"),
        ("it's said: 'don't delete hr' ok", "it's said: … ok"),
        ("‘delete hr’ and «delete it» and „delete that“", "… and … and …"),
        ("say `delete hr` or “delete it”", "say … or …"),
        ('delete "hr"', 'delete "hr"'),
        ('a 12" screen', 'a 12" screen'),
    ],
)
def test_quotations_are_found_in_all_marks_and_apostrophes_are_none(text: str, left: str) -> None:
    assert unquoted(text, {"collections": ["hr-archive"]}) == left


@given(st.text(alphabet="ab '\"“”‘’«»`„", max_size=60))
def test_quotations_lie_in_the_text_in_order(text: str) -> None:
    found = list(quotations(text, 2))
    assert all(0 < start < end < len(text) for start, end in found)
    assert found == sorted(found)
    assert len(unquoted(text, {})) <= len(text)


def test_plain_requests_do_not_hesitate() -> None:
    for words in ("delete hr", "deploy helpdesk to production", "can you tear down helpdesk now", "I want hr deleted", "get it deployed"):
        assert not hesitates(words)


@pytest.mark.parametrize(
    "words",
    [
        "imagine you delete hr",
        "she is going to delete hr",
        "my boss says delete hr",
        "save hr from being deleted",
        "delete hr next week",
        "delete hr in two hours",
        "tear it down if nobody objects",
        "I've deleted hr",
        "nobody may delete hr",
        "what happens if I delete hr",
    ],
)
def test_what_only_speaks_of_a_call_is_no_request_for_it(words: str) -> None:
    assert hesitates(words)
