"""Models of a workspace, through their abilities."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest

from copilot.answering.answer import Answer
from copilot.context import Context
from copilot.errors import AlreadyExists, BadArguments, NeedsAnswer, NotFound, Refused, Unavailable
from copilot.evaluation.run import Setup
from copilot.evaluation.run import run as run_cases
from copilot.evaluation.scorers import Bench
from copilot.intents import REGISTRY


def run(ctx: Context, ability: str, **args: Any) -> Any:
    return next(i for i in REGISTRY.group("models") if i.name == ability).run(args, ctx)


def test_a_registered_model_is_listed_with_price_and_context(ctx: Context) -> None:
    run(ctx, "register_model", model="gpt-4o mini", name="cheap", temperature=0.2)
    listed = {model.name: model for model in run(ctx, "list_models").models}
    assert listed["cheap"].id == "openai/gpt-4o-mini"
    assert listed["cheap"].input_price == 0.15
    assert listed["cheap"].temperature == 0.2
    assert listed["offline"].default


def test_a_model_is_named_by_its_short_name_when_no_alias_is_given(ctx: Context) -> None:
    assert run(ctx, "register_model", model="bedrock/amazon.nova-lite-v1:0").name == "nova-lite"
    assert run(ctx, "register_model", model="the built-in offline model").name == "offline"
    assert run(ctx, "register_model", model="llama3.2", api_base="http://localhost:11434").name == "llama3.2"


def test_a_taken_name_is_refused_and_leaves_the_first_model_alone(ctx: Context) -> None:
    run(ctx, "register_model", model="gpt-4o", name="main")
    with pytest.raises(AlreadyExists):
        run(ctx, "register_model", model="gpt-4o-mini", name="Main")
    assert ctx.store.get("model", "main").body["id"] == "openai/gpt-4o"


def test_a_model_outside_the_catalogue_is_taken_and_said_to_be_unknown(ctx: Context) -> None:
    registered = run(ctx, "register_model", model="bedrock/anthropic.claude-3-haiku", name="next")
    assert registered.id == "bedrock/anthropic.claude-3-haiku"
    assert registered.input_price is None
    assert any("haiku" in near for near in registered.similar)
    assert "AWS_PROFILE" in registered.headline


def test_the_name_of_the_offline_model_cannot_be_given_to_one_that_leaves_the_machine(ctx: Context) -> None:
    with pytest.raises(Refused):
        run(ctx, "register_model", model="gpt-4o", name="Offline")
    assert run(ctx, "register_model", model="built-in model").name == "offline"


def test_a_name_that_could_be_several_models_is_asked_about(ctx: Context) -> None:
    with pytest.raises(NeedsAnswer) as caught:
        run(ctx, "register_model", model="haiku", name="small")
    choices = caught.value.pending["choose"]
    assert len(choices) > 1
    assert all(choice["args"]["name"] == "small" and "haiku" in choice["args"]["model"] for choice in choices)
    assert not ctx.store.names("model")


def test_an_unknown_model_offers_the_nearest(ctx: Context) -> None:
    with pytest.raises(NotFound) as caught:
        run(ctx, "register_model", model="openai-gtp-4o")
    assert "gpt-4o" in caught.value.problem


@pytest.mark.parametrize(
    "args", [{"model": "gpt-4o", "temperature": -1}, {"model": "gpt-4o", "name": "x" * 65}, {"model": "gpt-4o", "api_base": "localhost"}]
)
def test_values_that_make_no_sense_are_refused(ctx: Context, args: dict[str, Any]) -> None:
    with pytest.raises(BadArguments):
        run(ctx, "register_model", **args)


def test_no_secret_reaches_the_database(ctx: Context) -> None:
    with pytest.raises(BadArguments):
        run(ctx, "register_model", model="granite", api_base="https://me:hunter2@models.example")
    assert b"hunter2" not in b"".join(path.read_bytes() for path in ctx.home.rglob("*") if path.is_file())


def test_the_default_moves_and_falls_back_when_its_model_goes(ctx: Context) -> None:
    run(ctx, "register_model", model="gpt-4o", name="main")
    assert run(ctx, "use_model", name="MAIN").before == "offline"
    assert next(m.name for m in run(ctx, "list_models").models if m.default) == "main"
    assert run(ctx, "remove_model", name="main").default == "offline"
    assert next(m.name for m in run(ctx, "list_models").models if m.default) == "offline"


def test_undoing_a_removal_brings_the_model_and_the_default_back(ctx: Context) -> None:
    run(ctx, "register_model", model="gpt-4o", name="main")
    run(ctx, "use_model", name="main")
    run(ctx, "remove_model", name="main")
    ctx.store.revert(ctx.store.last_operation()["id"])
    assert next(m.name for m in run(ctx, "list_models").models if m.default) == "main"


def test_a_model_that_an_agent_uses_stays(ctx: Context) -> None:
    run(ctx, "register_model", model="gpt-4o", name="main")
    ctx.store.add("agent", "helpdesk", {"model": "main"}, "op")
    with pytest.raises(Refused) as caught:
        run(ctx, "remove_model", name="main")
    assert "helpdesk" in caught.value.problem
    assert ctx.store.names("model") == ["main"]


def test_the_offline_model_can_be_chosen_without_registering_it(ctx: Context) -> None:
    assert run(ctx, "use_model", name="offline").name == "offline"
    with pytest.raises(NotFound):
        run(ctx, "use_model", name="nobody")


def test_the_catalogue_is_filtered_sorted_by_price_and_capped(ctx: Context) -> None:
    found = run(ctx, "search_catalog", capability="vision", max_price=2, min_context=100_000, limit=7)
    prices = [model.input_price for model in found.models]
    assert len(prices) == 7 < found.matches
    assert prices == sorted(prices)
    assert all(model.context >= 100_000 and "vision" in model.capabilities for model in found.models)
    assert str(found.matches) in found.headline


def test_a_provider_is_found_by_the_name_people_use(ctx: Context) -> None:
    assert {model.id.partition("/")[0] for model in run(ctx, "search_catalog", provider="google").models} == {"gemini"}
    with pytest.raises(NotFound):
        run(ctx, "search_catalog", provider="opnai-inc")


def test_free_models_are_those_with_a_known_price_of_zero(ctx: Context) -> None:
    found = run(ctx, "search_catalog", max_price=0)
    assert "builtin/extractive" in [model.id for model in found.models]
    assert all(model.input_price == 0 for model in found.models)
    assert found.unpriced > 0


def test_models_are_compared_registered_or_not(ctx: Context) -> None:
    run(ctx, "register_model", model="gpt-4o", name="main")
    compared = run(ctx, "compare_models", models=["main", "gpt-4o mini", "gemini flash"])
    assert [model.asked for model in compared.models] == ["main", "gpt-4o mini", "gemini flash"]
    assert compared.headline.startswith("gpt-4o mini costs least")


def test_scores_of_our_own_benchmarks_stand_beside_the_price(ctx: Context) -> None:
    run(ctx, "register_model", model="gpt-4o", name="main")
    agent = ctx.store.add("agent", "helpdesk", {"model": "main"}, "op")
    cases = [{"question": answer, "answer": answer} for answer in ("one", "two")]
    benchmark = ctx.store.add("benchmark", "faq", {"cases": cases, "metric": "contains", "threshold": None}, "op")
    run_cases(ctx.store, Setup(benchmark, agent), lambda question: Answer("one"), Bench(None), "op")  # type: ignore[arg-type]
    scores = run(ctx, "compare_models", models=["main", "gpt-4o-mini"]).models[0].scores
    assert [(score.benchmark, score.agent, score.score, score.cases) for score in scores] == [("faq", "helpdesk", 0.5, 2)]


def test_one_model_cannot_be_compared(ctx: Context) -> None:
    with pytest.raises(BadArguments):
        run(ctx, "compare_models", models=["gpt-4o", "gpt-4o"])


def test_the_offline_model_answers_when_checked(ctx: Context) -> None:
    checked = run(ctx, "check_model", name="offline")
    assert "blue drawer" in checked.said
    assert checked.usd == 0


class Endpoint(BaseHTTPRequestHandler):
    """A server that speaks as much of the OpenAI protocol as a check needs."""

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        message = {"role": "assistant", "content": f"{asked['model']} is ready"}
        body = json.dumps(
            {
                "id": "1",
                "object": "chat.completion",
                "created": 0,
                "model": asked["model"],
                "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
                "usage": {"prompt_tokens": 9, "completion_tokens": 3, "total_tokens": 12},
            }
        ).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def endpoint() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Endpoint)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/v1"
    server.shutdown()
    server.server_close()


def test_a_model_behind_an_endpoint_of_ones_own_answers_when_checked(ctx: Context, endpoint: str) -> None:
    run(ctx, "register_model", model="granite-8b", name="granite", api_base=endpoint)
    checked = run(ctx, "check_model", name="granite")
    assert checked.said == "granite-8b is ready"
    assert checked.usd is None


def test_a_model_without_its_key_says_which_variable_to_set(ctx: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    run(ctx, "register_model", model="claude sonnet 4.5", name="sonnet")
    with pytest.raises(Unavailable) as caught:
        run(ctx, "check_model", name="sonnet")
    assert "ANTHROPIC_API_KEY" in caught.value.hint


def test_a_model_that_does_not_chat_is_not_asked(ctx: Context) -> None:
    run(ctx, "register_model", model="titan-embed-text-v2", name="embedder")
    with pytest.raises(Unavailable) as caught:
        run(ctx, "check_model", name="embedder")
    assert "embedding" in caught.value.problem
