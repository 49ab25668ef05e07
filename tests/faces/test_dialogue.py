"""A dialogue goes on from process to process, offline, and means what a person means."""

import pytest

from tests.faces.conftest import Run


@pytest.fixture
def say(copilot: Run):  # type: ignore[no-untyped-def]
    for name in ("helpdesk", "legal-bot"):
        copilot("agents", "create", name)
    return lambda words: copilot("do", words, "--session", "a", "--json").document


def agents(copilot: Run) -> list[str]:
    return [agent["name"] for agent in copilot("agents", "list", "--json").document["result"]["agents"]]


def test_another_name_changes_what_is_proposed_and_only_a_yes_carries_it_out(copilot: Run, say) -> None:  # type: ignore[no-untyped-def]
    assert say("delete helpdesk")["pending"]["confirm"]["args"]["name"] == "helpdesk"
    assert say("yes but legal-bot instead")["pending"]["confirm"]["args"]["name"] == "legal-bot"
    assert len(agents(copilot)) == 2
    assert say("looks good")["ok"]
    assert agents(copilot) == ["helpdesk"]


def test_hold_on_and_another_subject_leave_everything_as_it_is(copilot: Run, say) -> None:  # type: ignore[no-untyped-def]
    say("delete helpdesk")
    assert say("hold on")["intent"] == "cancel"
    assert "Nothing is waiting" in say("yes")["error"]["problem"]
    say("delete helpdesk")
    assert say("which agents do I have?")["intent"] == "list_agents"
    assert "Nothing is waiting" in say("yes")["error"]["problem"]
    assert len(agents(copilot)) == 2


def test_one_bad_turn_is_forgotten_and_the_question_before_it_is_open_again(say) -> None:  # type: ignore[no-untyped-def]
    assert say("I want a new agent")["pending"]["ask"] == "name"
    say("which benchmarks are there?")
    assert say("/forget")["ok"]
    assert say("/why")["result"]["said"] == "I want a new agent"
