"""What the dialogue supplies to a call."""

from typing import Any

import pytest

from copilot.intent import Ability
from copilot.routing.references import supplied
from copilot.routing.reply import answer
from copilot.routing.route import Situation
from copilot.routing.slots import Filled, Said
from copilot.routing.values import Lexicon, Reader

NAMES = {"agents": ["lex", "nova"], "collections": ["hr"], "models": ["haiku", "opus"], "deployments": ["lex"]}
ABILITIES = dict[str, Ability]


def turn(intent: str, **args: Any) -> dict[str, Any]:
    return {"user": "…", "intent": intent, "args": args}


@pytest.mark.parametrize(
    ("before", "intent", "said", "args", "wanted"),
    [
        (turn("show_deployment", deployment="lex"), "show_logs", "show me its logs", {}, {"deployment": "lex"}),
        (turn("create_agent", name="lex"), "ask_agent", "ask it why", {"question": "why"}, {"agent": "lex", "question": "why"}),
        (turn("ingest_data", source="./x", collection="hr"), "search_data", "search that for leave", {"query": "leave"},
         {"query": "leave", "collection": "hr"}),
        (turn("configure_autoscaling", max_size=3), "configure_autoscaling", "make it 5 instead", {"min_size": 5}, {"max_size": 5}),
        (turn("show_logs", deployment="lex", since="1h"), "show_logs", "and the last day", {"since": "1d"},
         {"deployment": "lex", "since": "1d"}),
        (turn("check_model", name="opus"), "check_model", "and the other model?", {}, {"name": "haiku"}),
        (turn("show_agent", name="lex"), "list_agents", "which agents are there", {}, {}),
        (turn("configure_deployment", target="serverless"), "configure_deployment", "give it a minute", {"timeout_seconds": 60},
         {"timeout_seconds": 60}),
        (turn("compare_models", models=["opus", "haiku"]), "check_model", "the second one, does it answer", {}, {"name": "haiku"}),
        (turn("list_agents"), "show_agent", "show me the first", {}, {"name": "lex"}),
        (turn("show_agent", name="lex"), "compare_agents", "is it any better than nova", {"agents": ["nova"]}, {"agents": ["lex", "nova"]}),
        (turn("create_agent", name="lex", collections=["hr"]), "update_agent", "make it warmer", {"tone": "warm"},
         {"name": "lex", "tone": "warm"}),
        (turn("ask_agent", agent="lex", question="when is the office open"), "ask_agent", "and who has the keys?", {"question": "the keys"},
         {"agent": "lex", "question": "and who has the keys?"}),
        (turn("register_model", model="phi-3"), "check_model", "is it alive", {}, {"name": "phi-3"}),
        ({"user": "check that haiku answers", "intent": "check_model", "args": {"name": "haiku"}}, "create_automation",
         "do that every night", {"frequency": "daily"}, {"frequency": "daily", "action": "check that haiku answers"}),
    ],
)  # fmt: skip
def test_a_call_takes_what_was_spoken_of(
    before: dict[str, Any], intent: str, said: str, args: dict[str, Any], wanted: dict[str, Any], abilities: ABILITIES
) -> None:
    assert supplied(abilities[intent], Filled(args, 0.0), said, Situation(NAMES, (before,)), abilities) == wanted


@pytest.mark.parametrize(
    ("said", "wanted"), [("drop the lift one", "lift-watch"), ("what about the keeper", "lore-keeper"), ("and the bot", None)]
)
def test_a_part_of_a_name_that_only_one_thing_has_means_it(said: str, wanted: str | None, abilities: ABILITIES) -> None:
    names = {"agents": ["lift-watch-bot", "lore-keeper-bot"], "deployments": ["lift-watch", "lore-keeper"]}
    found = supplied(abilities["destroy_deployment"], Filled({}, 0.0), said, Situation(names), abilities)
    assert found == ({"deployment": wanted} if wanted else {})


def test_what_waits_for_a_yes_is_spoken_of_too(abilities: ABILITIES) -> None:
    waiting = Situation(NAMES, (), {"confirm": {"intent": "destroy_deployment", "args": {"deployment": "lex"}}})
    assert supplied(abilities["show_logs"], Filled({}, 0.0), "show me the logs first", waiting, abilities) == {"deployment": "lex"}


def test_nothing_is_supplied_without_a_dialogue(abilities: ABILITIES) -> None:
    assert supplied(abilities["show_logs"], Filled({}, 0.0), "show me its logs", Situation(NAMES), abilities) == {}


@pytest.mark.parametrize(
    ("intent", "asked", "reply", "value"),
    [
        ("create_agent", "name", "call it Iris please", "Iris"),
        ("show_logs", "deployment", "the Lex one", "lex"),
        ("set_budget", "amount", "let's say 500 bucks", 500),
        ("configure_deployment", "region", "in Frankfurt", "eu-central-1"),
        ("show_logs", "since", "the last two weeks", "14d"),
        ("set_budget", "period", "per month", None),
        ("record_feedback", "rating", "good", "good"),
        ("compare_agents", "agents", "nova", ["nova"]),
        ("search_data", "query", "parental leave", "parental leave"),
    ],
)
def test_a_reply_is_read_in_the_type_that_was_asked_for(intent: str, asked: str, reply: str, value: Any, abilities: ABILITIES) -> None:
    argument = abilities[intent].argument(asked)
    assert argument
    assert answer(Said(reply, NAMES), abilities[intent], argument, Lexicon()) == value


def test_a_cue_is_only_taken_for_an_argument_that_has_the_value(abilities: ABILITIES) -> None:
    reader = Reader("check it locally", (), {}, Lexicon(cues={"target": {"locally": "local"}}))
    deployed, scanned = abilities["configure_deployment"].argument("target"), abilities["scan_security"].argument("target")
    assert deployed
    assert scanned
    assert (reader.cue(deployed, 99), reader.cue(scanned, 99)) == ("local", None)


@pytest.mark.parametrize(("text", "wanted"), [("60 days, not 30", "60 days, "), ("6 rather than 4", "6 "), ("not now", "not now")])
def test_a_closing_not_names_what_is_not_wanted(text: str, wanted: str) -> None:
    assert text[: Said(text, NAMES).said_until] == wanted
