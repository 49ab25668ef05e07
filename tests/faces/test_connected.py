"""Connected mode through the front door: a registered model routes and answers over HTTP."""

import json

from tests.faces.conftest import Run
from tests.routing.openai_server import calls, fails, serve, verdict


def test_a_default_language_model_routes_with_reflection(copilot: Run) -> None:
    with serve([calls("list_models", {}), verdict("mend", intent="list_agents", args={})]) as endpoint:
        copilot("models", "register", "openai/scripted", "--name", "scripted", "--api-base", endpoint.url)
        assert copilot("models", "use", "scripted").code == 0
        ran = copilot("do", "which ones do I have, agents I mean", "--json")
    assert ran.document["intent"] == "list_agents"
    assert ["tools" in request for request in endpoint.requests] == [True, False]


def test_when_the_model_fails_the_offline_router_answers(copilot: Run) -> None:
    with serve([fails(401)]) as endpoint:
        copilot("models", "register", "openai/scripted", "--name", "scripted", "--api-base", endpoint.url)
        copilot("models", "use", "scripted")
        ran = copilot("do", "list my agents", "--json", "--explain")
    assert ran.document["intent"] == "list_agents"


def test_routing_can_stay_offline_with_a_default_model(copilot: Run) -> None:
    with serve([]) as endpoint:
        copilot("models", "register", "openai/scripted", "--name", "scripted", "--api-base", endpoint.url)
        copilot("models", "use", "scripted")
        ran = copilot("do", "list my agents", "--json", COPILOT_ROUTER="offline")
    assert ran.document["intent"] == "list_agents"
    assert endpoint.requests == []


def test_what_is_sent_to_the_model_holds_no_secret_that_was_typed(copilot: Run) -> None:
    with serve([calls("list_agents", {}), verdict("keep")]) as endpoint:
        copilot("models", "register", "openai/scripted", "--name", "scripted", "--api-base", endpoint.url)
        copilot("models", "use", "scripted")
        copilot("do", "list my agents, my key is sk-abcdefgh1234567890")
    assert "sk-abcdefgh1234567890" not in json.dumps(endpoint.requests)


def connect(copilot: Run, url: str) -> None:
    copilot("models", "register", "openai/scripted", "--name", "scripted", "--api-base", url)
    copilot("models", "use", "scripted")


def test_a_turn_says_what_it_cost_and_its_log_holds_both_calls_and_the_verdict(copilot: Run) -> None:
    with serve([calls("list_models", {}), verdict("mend", intent="list_agents", args={})]) as endpoint:
        connect(copilot, endpoint.url)
        ran = copilot("do", "which ones do I have, agents I mean", "--session", "a")
    assert "2 calls · 200+20 tokens · price unknown · session price unknown · today price unknown" in ran.out
    logged = copilot("do", "/why", "--session", "a", "--json").document["result"]
    assert [(call["purpose"], call["said"]) for call in logged["calls"]] == [("route", "list_models"), ("reflect", "mend list_agents")]
    assert [call["tokens_in"] for call in logged["calls"]] == [100, 100]
    today = json.loads(copilot("router", "--json").out)["today"]
    assert [(row["purpose"], row["calls"], row["usd"]) for row in today] == [("route", 1, None), ("reflect", 1, None)]


def test_reflection_is_a_setting_of_the_workspace_that_can_be_undone(copilot: Run) -> None:
    with serve([calls("list_agents", {})]) as endpoint:
        connect(copilot, endpoint.url)
        copilot("router", "--reflection", "never")
        assert copilot("do", "list my agents", "--json").document["intent"] == "list_agents"
        assert len(endpoint.requests) == 1
        assert "reflection never" in copilot("doctor").out
    copilot("undo")
    assert json.loads(copilot("router", "--json").out)["reflection"] == "always"


def test_a_cap_pauses_the_model_with_a_clear_message_and_goes_on_offline(copilot: Run) -> None:
    with serve([]) as endpoint:
        connect(copilot, endpoint.url)
        copilot("router", "--day-cap", "0")
        ran = copilot("do", "list my agents")
        assert (ran.code, endpoint.requests) == (0, [])
    assert "There is no agent yet." in ran.out
    assert "day cap of $0.00" in ran.err
    assert "copilot router --day-cap" in ran.err


def test_typed_commands_never_ask_the_model(copilot: Run) -> None:
    with serve([]) as endpoint:
        connect(copilot, endpoint.url)
        ran = copilot(
            "do", "-", "--session", "a", text="agents list\n/agents list\ncopilot agents list\nlist agents\n/why\n/forget\n/nonsense\n"
        )
        assert endpoint.requests == []
    assert ran.out.count("There is no agent yet.") == 4
    assert "no command /nonsense" in ran.err


def test_a_question_and_a_confirmation_survive_from_process_to_process(copilot: Run) -> None:
    script = [calls("create_agent", {}), verdict("keep"), calls("create_agent", {"name": "helpdesk"}), verdict("keep")]
    with serve([*script, calls("delete_agent", {"name": "helpdesk"}), verdict("keep")]) as endpoint:
        connect(copilot, endpoint.url)
        assert copilot("do", "i need a new agent", "--session", "a").code == 3
        assert copilot("do", "call it helpdesk", "--session", "a").code == 0
        seen = json.loads(endpoint.requests[2]["messages"][1]["content"])
        assert (seen["pending"]["ask"], seen["history"][0]["user"]) == ("name", "i need a new agent")
        assert copilot("do", "get rid of helpdesk", "--session", "a").code == 3
    assert copilot("do", "yes", "--session", "b", COPILOT_ROUTER="offline").code != 0
    assert copilot("do", "yes", "--session", "a").code == 0
    assert "There is no agent yet." in copilot("agents", "list").out
