"""What language models cost is noted, summed and capped."""

from datetime import UTC, datetime

import pytest
import time_machine

from copilot.errors import Refused
from copilot.outside.chat import Chat, Reply, ScriptedChat
from copilot.outside.spending import Cap, Ledger, Spent, Sum, counting
from copilot.outside.store import Store
from tests.outside.test_chat import ASKED, Figure
from tests.routing.openai_server import calls, fails, says, serve

PAID = Reply("hi", (), 100, 10, 0.25)


def spent(usd: float | None, purpose: str = "route") -> Spent:
    return Spent(purpose, "some-model", 100, 10, usd)


def test_every_call_is_on_the_tab_also_one_whose_answer_was_of_no_use() -> None:
    with serve([says("hi"), calls("Figure", {"value": "many"}), fails(400)]) as endpoint, counting("route") as made:
        chat = Chat("openai/some-model", api_base=endpoint.url, pauses=())
        chat.complete(ASKED, on_text=lambda _: None)
        with pytest.raises(Exception, match="form"):
            chat.parse(ASKED, Figure)
        with pytest.raises(Exception, match="accept"):
            chat.complete(ASKED)
    assert made == [Spent("route", "openai/some-model", 100, 10, None)] * 2


def test_a_call_inside_is_on_the_outer_tab_too_and_counts_for_its_cap() -> None:
    chat = ScriptedChat([PAID] * 9)
    with counting("turn") as outer:
        with counting("reflect") as inner:
            chat.complete(ASKED)
        chat.complete(ASKED)
    assert [call.purpose for call in inner] == ["reflect"]
    assert [call.purpose for call in outer] == ["reflect", "turn"]


def test_no_call_begins_once_a_cap_is_reached() -> None:
    with serve([says("hi")] * 3) as endpoint, counting("turn", [Cap("day cap", 1.0, 1.0)]), counting("route"):
        with pytest.raises(Refused, match=r"day cap of \$1.00") as refused:
            Chat("openai/some-model", api_base=endpoint.url).complete(ASKED)
        assert endpoint.requests == []
    assert "copilot router --day-cap" in refused.value.hint


def test_sums_are_of_the_session_and_of_the_day_and_of_nobody_else(store: Store) -> None:
    with time_machine.travel(datetime(2026, 5, 1, 12, tzinfo=UTC)):
        Ledger(store, "chat").record([spent(1.0)])
    Ledger(store, "chat").record([spent(0.5), spent(None)])
    Ledger(store, "other").record([spent(0.25)])
    assert Ledger(store, "chat").of_session() == Sum(3, 300, 30, 1.5, 1)
    assert Ledger(store, "chat").of_day() == Sum(3, 300, 30, 0.75, 1)
    assert Ledger(Store(store.path, "somebody else"), "chat").of_session() == Sum(0, 0, 0, 0.0, 0)


def test_caps_know_what_was_spent(store: Store) -> None:
    ledger = Ledger(store, "chat")
    ledger.record([spent(0.5)])
    assert ledger.caps({}) == (Cap("day cap", 5.0, 0.5),)
    assert ledger.caps({"day_cap": 1, "session_cap": 2}) == (Cap("day cap", 1, 0.5), Cap("session cap", 2, 0.5))
