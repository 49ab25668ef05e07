"""Agents, through their abilities, on real documents."""

import json
from pathlib import Path
from typing import Any

import pytest

from copilot.context import Context
from copilot.errors import AlreadyExists, BadArguments, NeedsAnswer, NeedsConfirmation, NotFound, Refused
from copilot.intents import REGISTRY
from tests.routing.openai_server import says, serve

LEAVE = "Leave rules\n\nFull-time staff have 28 days of paid leave a year.\n\nLeave is requested in the leave calendar.\n"


def run(ctx: Context, ability: str, **args: Any) -> Any:
    return REGISTRY[ability].run(args, ctx)


@pytest.fixture
def hr(ctx: Context, tmp_path: Path) -> Context:
    """A workspace with one collection."""
    (tmp_path / "hr").mkdir()
    (tmp_path / "hr" / "leave.txt").write_text(LEAVE)
    run(ctx, "ingest_data", source=str(tmp_path / "hr"), collection="hr")
    return ctx


def test_an_agent_takes_the_default_model_and_the_only_collection(hr: Context) -> None:
    made = run(hr, "create_agent", name="helpdesk", purpose="leave", tone="formal")
    assert (made.version, made.model, made.collections, made.tone) == (1, "offline", ("hr",), "formal")
    assert [agent.name for agent in run(hr, "list_agents").agents] == ["helpdesk"]
    shown = run(hr, "show_agent", name="Helpdesk")
    assert shown.purpose == "leave"
    assert "only quotes" in shown.note, "a tone does nothing to the built-in model, and that is said"


def test_an_agent_without_a_collection_says_what_to_type(ctx: Context) -> None:
    made = run(ctx, "create_agent", name="helpdesk")
    assert made.next_steps == ("copilot agents update helpdesk --add-collection NAME",)
    with pytest.raises(Refused, match="reads no collection"):
        run(ctx, "ask_agent", agent="helpdesk", question="How many days?")


@pytest.mark.parametrize(
    ("args", "error", "said"),
    [
        ({"name": "helpdesk"}, AlreadyExists, "The agent name 'helpdesk' is taken"),
        ({"name": "x", "model": "oflin"}, NotFound, "Did you mean 'offline'?"),
        ({"name": "x", "collections": ["hrr"]}, NotFound, "Did you mean 'hr'?"),
        ({"name": "../x"}, BadArguments, "cannot be an agent's name"),
        ({"name": "x", "temperature": 3}, BadArguments, "temperature"),
    ],
)
def test_a_bad_agent_is_refused_and_nothing_is_written(hr: Context, args: dict[str, Any], error: type[Exception], said: str) -> None:
    run(hr, "create_agent", name="helpdesk")
    with pytest.raises(error) as raised:
        run(hr, "create_agent", **args)
    assert said in str(raised.value)
    assert hr.store.names("agent") == ["helpdesk"]


def test_every_change_is_a_version_and_can_be_undone(hr: Context) -> None:
    run(hr, "create_agent", name="helpdesk")
    assert run(hr, "update_agent", name="helpdesk", tone="friendly", remove_collection="HR").collections == ()
    assert run(hr, "update_agent", name="helpdesk", add_collection="hr").version == 3
    hr.store.revert(hr.store.last_operation()["id"])
    shown = run(hr, "show_agent", name="helpdesk")
    assert (shown.version, shown.tone, shown.collections) == (2, "friendly", ())
    with pytest.raises(BadArguments, match="Nothing to change"):
        run(hr, "update_agent", name="helpdesk")
    with pytest.raises(NotFound, match="No collection named 'hr'"):
        run(hr, "update_agent", name="helpdesk", remove_collection="hr")


def test_an_answer_is_cited_down_to_the_characters(hr: Context) -> None:
    run(hr, "create_agent", name="helpdesk")
    answered = run(hr, "ask_agent", agent="helpdesk", question="How many days of leave do full-time staff have?")
    assert answered.headline == "Full-time staff have 28 days of paid leave a year."
    (citation,) = answered.citations
    assert (citation.number, citation.document, citation.quote) == (1, "leave.txt", answered.text)
    assert citation.end - citation.start == len(citation.quote)
    assert (answered.refused, answered.usd) == (False, None)


def test_what_the_documents_do_not_say_is_refused(hr: Context) -> None:
    run(hr, "create_agent", name="helpdesk")
    answered = run(hr, "ask_agent", agent="helpdesk", question="Which bank manages the pension plan?")
    assert answered.refused
    assert not answered.citations


def test_an_agent_without_a_question_asks_for_it(hr: Context) -> None:
    run(hr, "create_agent", name="helpdesk")
    with pytest.raises(NeedsAnswer) as asked:
        run(hr, "ask_agent", agent="HELPDESK")
    assert asked.value.pending == {"ask": "question", "intent": "ask_agent", "args": {"agent": "helpdesk"}}


def test_a_question_of_a_megabyte_is_refused_at_once(hr: Context) -> None:
    run(hr, "create_agent", name="helpdesk")
    with pytest.raises(BadArguments, match="1,000,000 characters"):
        run(hr, "ask_agent", agent="helpdesk", question="x" * 1_000_000)


def test_an_unknown_deployment_is_named(hr: Context) -> None:
    run(hr, "create_agent", name="helpdesk")
    with pytest.raises(NotFound, match="No deployment of helpdesk named 'helpdesk-prod'"):
        run(hr, "ask_agent", agent="helpdesk", question="How many days?", deployment="helpdesk-prod")


def test_deleting_an_agent_is_confirmed_shown_first_and_final(hr: Context) -> None:
    run(hr, "create_agent", name="helpdesk", purpose="a purpose nobody should find again")
    hr.consent = "none"
    with pytest.raises(NeedsConfirmation) as asked:
        run(hr, "delete_agent", name="helpdesk")
    assert (
        asked.value.preview.headline == "This deletes agent helpdesk with its 1 version and 0 benchmark runs, and all that was asked of it."
    )
    hr.consent = "person"
    assert run(hr, "delete_agent", name="helpdesk").done
    assert hr.store.names("agent") == []
    assert not any(b"nobody should find" in file.read_bytes() for file in hr.home.rglob("*") if file.is_file())


def test_a_deployed_agent_is_not_deleted(hr: Context) -> None:
    run(hr, "create_agent", name="helpdesk")
    hr.store.add("deployment", "helpdesk-dev", {"agent": "helpdesk"}, "op")
    with pytest.raises(Refused, match="deployed as helpdesk-dev"):
        run(hr, "delete_agent", name="helpdesk")


def test_a_language_model_answers_with_citations_and_its_price_is_unknown_not_zero(hr: Context) -> None:
    quote = {"text": "You have 28 days.", "passage": 1, "quote": "28 days of paid leave"}
    invented = {"text": "And 99 days more.", "passage": 1, "quote": "99 days more"}
    with serve([says(json.dumps({"claims": [quote, invented]})), says("no idea")]) as endpoint:
        run(hr, "register_model", model="openai/scripted", name="mine", api_base=endpoint.url)
        run(hr, "create_agent", name="helpdesk", model="mine", tone="warm", temperature=0.1)
        answered = run(hr, "ask_agent", agent="helpdesk", question="How many days of leave are there?")
        assert run(hr, "ask_agent", agent="helpdesk", question="How many days of leave are there?").refused
    assert (answered.text, [c.quote for c in answered.citations]) == ("You have 28 days.", ["28 days of paid leave"])
    assert "1 claim" in answered.why
    assert (answered.tokens_in, answered.tokens_out, answered.usd) == (100, 10, None)
    assert endpoint.requests[0]["temperature"] == 0.1
    assert "warm" in endpoint.requests[0]["messages"][0]["content"]
