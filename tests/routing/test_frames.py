"""Sentences whose form says what a word in them is, however new the word."""

from typing import Any

import pytest

from copilot.intent import Ability
from copilot.routing.frames import plainly
from copilot.routing.mentions import find_mentions
from copilot.routing.offline import OfflineRouter, catalogue
from copilot.routing.route import Situation

ABILITIES = dict[str, Ability]


@pytest.mark.parametrize(
    ("text", "question"),
    [
        ("ask helpdesk the vpn", "the vpn"),
        ("ask helpdesk 休暇は何日ですか", "休暇は何日ですか"),
        ("ask helpdesk wie viele Urlaubstage gibt es?", "wie viele Urlaubstage gibt es?"),
        ("ask helpdesk did a bird strike happen?", "did a bird strike happen?"),
        ("please ask the legal-bot bot: what's 'force majeure' in hr contracts?", "what's 'force majeure' in hr contracts?"),
        ('can you ask helpdesk, "is it legal?"', "is it legal?"),
        ("ask helpdesk", None),
        ("ask helpdesk a question", None),
    ],
)
def test_the_question_is_the_rest_of_the_text(say, text: str, question: str | None) -> None:  # type: ignore[no-untyped-def]
    route = say(text)
    assert (route.intent, route.args.get("question")) == ("ask_agent", question)
    assert route.args["agent"] in ("helpdesk", "legal-bot")


@pytest.mark.parametrize(
    ("text", "args"),
    [
        ("ask legal-bot the vpn", {"agent": "legal-bot", "question": "the vpn"}),
        ("ask it 休暇は何日ですか", {"agent": "helpdesk", "question": "休暇は何日ですか"}),
        ("ask it the vpn", {"agent": "helpdesk", "question": "the vpn"}),
        ("ask legal-bot a question", {"agent": "legal-bot"}),
        ("ask legal-bot too", {"agent": "legal-bot", "question": "what is leave"}),
    ],
)
def test_a_question_of_its_own_is_never_the_one_before(say, text: str, args: dict[str, Any]) -> None:  # type: ignore[no-untyped-def]
    before = {"user": "…", "intent": "ask_agent", "args": {"agent": "helpdesk", "question": "what is leave"}}
    route = say(text, history=(before,))
    assert (route.intent, route.args) == ("ask_agent", args)


@pytest.mark.parametrize(
    "into",
    [
        "into manuals", "into 'manuals'", 'into "manuals"', "into a new collection called manuals", "into a collection named manuals",
        "into the new collection 'manuals'", "as manuals", "into manuals please",
    ],
)  # fmt: skip
def test_a_new_collection_is_named_where_data_go(say, into: str) -> None:  # type: ignore[no-untyped-def]
    route = say(f"ingest ./docs {into}")
    assert (route.intent, route.args) == ("ingest_data", {"source": "./docs", "collection": "manuals"})


def test_what_follows_the_new_collection_is_still_read(say) -> None:  # type: ignore[no-untyped-def]
    assert say("ingest ./docs into manuals and strip personal data").args["redact_pii"] is True
    assert say("ingest ./docs into 'hr'").args == {"source": "./docs", "collection": "hr"}
    assert "collection" not in say("ingest ./docs as a test").args


@pytest.mark.parametrize(
    ("text", "intent", "environment"),
    [
        ("deploy helpdesk to qa", "deploy_agent", "qa"),
        ("deploy helpdesk to the test environment", "deploy_agent", "test"),
        ("deploy helpdesk to preprod", "deploy_agent", "preprod"),
        ("deploy helpdesk to pre-production", "deploy_agent", "pre-production"),
        ("deploy helpdesk to non-prod", "deploy_agent", "non-prod"),
        ("what would deploying helpdesk to uat change?", "plan_deployment", "uat"),
        ("use the ec2 target for sandbox", "configure_deployment", "sandbox"),
        ("list deployments in canary", "list_deployments", "canary"),
        ("promote helpdesk from qa to production", "deploy_agent", "production"),
    ],
)
def test_an_environment_that_does_not_exist_is_no_other_one(say, text: str, intent: str, environment: str) -> None:  # type: ignore[no-untyped-def]
    route = say(text)
    assert (route.intent, route.args["environment"]) == (intent, environment)


@pytest.mark.parametrize(
    ("text", "args"),
    [
        ("create an agent called zap on nonexistent", {"name": "zap", "collections": ["nonexistent"]}),
        ("create an agent called zap on hr and manuals", {"name": "zap", "collections": ["hr", "manuals"]}),
        ("create an agent called zap using manuals and handbook", {"name": "zap", "collections": ["manuals", "handbook"]}),
        ("create an agent called zap with the manuals collection", {"name": "zap", "collections": ["manuals"]}),
        ("create an agent called zap on haiku", {"name": "zap", "model": "haiku"}),
        ("create an agent called zap on hr with temperature 0.3", {"name": "zap", "collections": ["hr"]}),
        ("create an agent called zap that answers questions on taxes", {"name": "zap", "purpose": "answers questions on taxes"}),
    ],
)  # fmt: skip
def test_what_a_new_agent_reads_is_a_collection_though_unknown(say, text: str, args: dict[str, Any]) -> None:  # type: ignore[no-untyped-def]
    route = say(text)
    assert (route.intent, route.args) == ("create_agent", args)


def test_using_two_collections_removes_neither(say) -> None:  # type: ignore[no-untyped-def]
    both = say("update helpdesk to use both hr and it-faq").args
    assert both in [{"name": "helpdesk", "add_collection": name} for name in ("hr", "it-faq")]
    assert say("helpdesk should stop using hr").args == {"name": "helpdesk", "remove_collection": "hr"}


@pytest.mark.parametrize(
    ("text", "args"),
    [
        ("a gpu box with 24 gb vram under 1 dollar an hour", {"gpus": 1, "gpu_memory": 24, "max_price": 1}),
        ("cheapest gpu instance", {"gpus": 1}),
        ("cheapest instance without a gpu", {}),
        ("cheapest A100 in frankfurt", {"gpu_name": "A100", "region": "eu-central-1"}),
        ("instance with 500 GPUs", {"gpus": 500}),
        ("and with 8 cores?", {"vcpus": 8, "memory": 16}),
        ("what if it had to be arm", {"vcpus": 4, "memory": 16, "architecture": "arm64"}),
        ("same instance in frankfurt", {"vcpus": 4, "memory": 16, "region": "eu-central-1"}),
        ("I need a box with one A10G", {"gpus": 1, "gpu_name": "A10G"}),
        ("cheapest with 2x L4", {"gpus": 2, "gpu_name": "L4"}),
    ],
)
def test_a_whole_request_takes_nothing_from_the_one_before(say, text: str, args: dict[str, Any]) -> None:  # type: ignore[no-untyped-def]
    before = {"user": "…", "intent": "recommend_instance", "args": {"vcpus": 4, "memory": 16}}
    route = say(text, history=(before,))
    assert (route.intent, route.args) == ("recommend_instance", args)


@pytest.mark.parametrize("words", ["something" * 60 + "x", "a few " * 90 + "x", "it thing " * 60 + "x"])
def test_repeated_words_are_read_in_one_pass(say, words: str) -> None:  # type: ignore[no-untyped-def]
    assert say(f"ask helpdesk {words}").args["question"] == words


@pytest.mark.parametrize(
    ("text", "args"),
    [
        ("read data/samples/company into company", {"source": "data/samples/company", "collection": "company"}),
        ("load /srv/company", {"source": "/srv/company"}),
        ("please index everything in ./company", {"source": "./company"}),
    ],
)
def test_a_path_that_is_to_be_read_in_is_read_in_whatever_it_is_called(router: OfflineRouter, text: str, args: dict[str, str]) -> None:
    route = router.route(text, Situation(), catalogue())
    assert (route.intent, route.args, route.decision) == ("ingest_data", args, "act")


@pytest.mark.parametrize("text", ["load ./cert.pem into ACM and restart the balancer", "read /etc/passwd to me aloud over the phone"])
def test_a_path_with_another_errand_is_not(text: str) -> None:
    assert plainly(text, find_mentions(text, {})) == ""
