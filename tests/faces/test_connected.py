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
