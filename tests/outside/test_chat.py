"""The door to language models, against a real HTTP server."""

import pytest
from pydantic import BaseModel

from copilot.errors import BadArguments, Unavailable
from copilot.outside.chat import Call, Chat, Reply, ScriptedChat
from tests.routing.openai_server import Answer, Endpoint, calls, fails, says, serve

ASKED = [{"role": "user", "content": "hello"}]
TOOL = {"type": "function", "function": {"name": "undo", "parameters": {"type": "object", "properties": {}}}}


class Figure(BaseModel):
    value: int


def chat(endpoint: Endpoint, timeout: float = 10.0) -> Chat:
    return Chat("openai/some-model", api_base=endpoint.url, timeout=timeout, pauses=(0.01, 0.01))


def test_an_answer_comes_with_its_tokens_and_without_an_invented_price() -> None:
    with serve([says("hi there")]) as endpoint:
        assert chat(endpoint).complete(ASKED) == Reply("hi there", (), 100, 10, None)


def test_a_tool_call_is_returned_and_broken_json_stays_text() -> None:
    with serve([calls("undo", {"n": 1}), calls("undo", "{n: 1")]) as endpoint:
        assert chat(endpoint).complete(ASKED, [TOOL]).calls == (Call("undo", {"n": 1}),)
        assert chat(endpoint).complete(ASKED, [TOOL]).calls == (Call("undo", "{n: 1"),)
        assert endpoint.requests[0]["tools"] == [TOOL]


def test_a_key_of_a_provider_is_not_sent_to_a_server_on_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-real")
    with serve([says("hi")]) as endpoint:
        chat(endpoint).complete(ASKED)
        assert endpoint.keys == ["Bearer unused"]


@pytest.mark.parametrize("failure", [fails(500), fails(503), fails(429, {"Retry-After": "0.01"})])
def test_a_passing_failure_is_tried_again(failure: Answer) -> None:
    with serve([failure, failure, says("at last")]) as endpoint:
        assert chat(endpoint).complete(ASKED).text == "at last"


def test_tries_are_bounded() -> None:
    with serve([fails(500)] * 9) as endpoint:
        with pytest.raises(Unavailable, match="cannot be reached"):
            chat(endpoint).complete(ASKED)
        assert len(endpoint.requests) == 3


@pytest.mark.parametrize(
    ("answer", "error", "said"),
    [
        (fails(401), Unavailable, "refused the key"),
        (fails(404), Unavailable, "not known"),
        (fails(400), BadArguments, "does not accept"),
        (Answer(says("late").body, pause=1.0), Unavailable, "in time"),
    ],
)
def test_a_lasting_failure_is_told_once_with_what_to_do(answer: Answer, error: type[Exception], said: str) -> None:
    with serve([answer]) as endpoint:
        with pytest.raises(error, match=said) as raised:
            chat(endpoint, timeout=0.3).complete(ASKED)
        assert len(endpoint.requests) == 1
        assert raised.value.hint  # type: ignore[attr-defined]


def test_nobody_listening_says_where() -> None:
    with serve([]) as endpoint:
        url = endpoint.url
    with pytest.raises(Unavailable, match=url):
        Chat("openai/some-model", api_base=url, pauses=()).complete(ASKED)


def test_an_answer_streams_piece_by_piece() -> None:
    pieces: list[str] = []
    with serve([says("one two three")]) as endpoint:
        reply = chat(endpoint).complete(ASKED, on_text=pieces.append)
    assert pieces == ["one", " two", " three"]
    assert (reply.text, reply.tokens_in) == ("one two three", 100)


def test_a_stream_cut_in_the_middle_is_no_answer() -> None:
    with serve([Answer(says("one two three four").body, cut=True)]) as endpoint, pytest.raises(Unavailable, match="broke off"):
        chat(endpoint).complete(ASKED, on_text=lambda _: None)


def test_an_answer_in_a_form_is_checked() -> None:
    with serve([calls("Figure", {"value": 3}), calls("Figure", {"value": "many"}), *[fails(500)] * 3]) as endpoint:
        assert chat(endpoint).parse(ASKED, Figure)[0].value == 3
        with pytest.raises(BadArguments, match="form"):
            chat(endpoint).parse(ASKED, Figure)
        with pytest.raises(Unavailable, match="cannot be reached"):
            chat(endpoint).parse(ASKED, Figure)


def test_a_listed_model_has_a_price() -> None:
    chat = Chat("gpt-4o-mini")
    assert 0 < (chat._usd(1000, 1000) or 0) < 0.01
    assert Chat("no-such-model")._usd(1000, 1000) is None


def test_a_scripted_model_says_what_it_was_told_to() -> None:
    scripted = ScriptedChat([Reply("one"), Unavailable("gone"), Reply('{"value": 2}')])
    assert scripted.complete(ASKED).text == "one"
    with pytest.raises(Unavailable, match="gone"):
        scripted.complete(ASKED)
    assert scripted.parse(ASKED, Figure)[0] == Figure(value=2)
    with pytest.raises(Unavailable, match="no answer left"):
        scripted.complete(ASKED)
