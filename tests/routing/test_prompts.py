"""What is sent to a language model, word for word; `UPDATE_SNAPSHOTS=1 pytest tests/routing/test_prompts.py` accepts a change."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from copilot.intent import Ability
from copilot.masking import mask
from copilot.outside.chat import Chat, Reply, ScriptedChat
from copilot.routing.llm import LanguageModelRouter
from copilot.routing.offline import OfflineRouter
from copilot.routing.route import Situation
from tests.routing.openai_server import calls, serve, verdict

SNAPSHOTS = Path(__file__).parent / "snapshots"
SITUATION = Situation(
    {"agents": ["helpdesk"], "deployments": ["helpdesk"], "models": []},
    ({"user": "is helpdesk up?", "intent": "show_deployment", "args": {"deployment": "helpdesk"}},),
    {"ask": "deployment", "intent": "show_logs", "args": {}},
)
OFFERED = ("show_logs", "out_of_scope")


def shown(messages: list[Mapping[str, Any]]) -> str:
    """Write messages as they are sent, less the candidates, which follow the model of the offline router."""
    system, user = (message["content"] for message in messages)
    evidence = json.loads(user)
    if "candidates" in evidence:
        evidence["candidates"] = list(evidence["candidates"][0])
    return f"{system}\n---\n{json.dumps(evidence, indent=1, ensure_ascii=False)}\n"


@pytest.mark.parametrize(("name", "functions", "place"), [("route", True, 0), ("route_in_writing", False, 0), ("reflect", True, 1)])
def test_what_is_sent_is_what_was_agreed(
    router: OfflineRouter, abilities: dict[str, Ability], name: str, functions: bool, place: int
) -> None:
    written = Reply('{"tool": "show_logs", "args": {"deployment": "helpdesk"}}')
    chat = ScriptedChat([written, Reply('{"verdict": "keep"}')], functions=functions)
    LanguageModelRouter(chat, router).route("helpdesk of course", SITUATION, {each: abilities[each] for each in OFFERED})
    said, kept = shown(chat.heard[place]), SNAPSHOTS / f"{name}.txt"
    if os.environ.get("UPDATE_SNAPSHOTS"):
        kept.write_text(said, encoding="utf-8")
    assert said == kept.read_text(encoding="utf-8")
    assert mask(said) == said


def test_the_functions_that_are_sent_are_what_was_agreed(router: OfflineRouter, abilities: dict[str, Ability]) -> None:
    with serve([calls("show_logs", {"deployment": "helpdesk"}), verdict("keep")]) as endpoint:
        chat = Chat("openai/some-model", api_base=endpoint.url, temperature=0.0, pauses=())
        LanguageModelRouter(chat, router).route("helpdesk of course", SITUATION, {each: abilities[each] for each in OFFERED})
    sent = {name: value for name, value in endpoint.requests[0].items() if name != "messages"}
    said, kept = json.dumps(sent, indent=1, sort_keys=True) + "\n", SNAPSHOTS / "request.json"
    if os.environ.get("UPDATE_SNAPSHOTS"):
        kept.write_text(said, encoding="utf-8")
    assert said == kept.read_text(encoding="utf-8")
