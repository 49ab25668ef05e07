"""When a benchmark is due."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from copilot.errors import BadArguments
from copilot.evaluation.cases import Case
from copilot.evaluation.run import run
from copilot.evaluation.schedule import KIND, due, following, read_cron
from copilot.evaluation.scorers import Bench
from copilot.outside.embed import Embedder
from copilot.outside.store import Store

from .conftest import MakeSetup, said

START = datetime(2026, 11, 20, 17, 4, 30)


@pytest.mark.parametrize(
    ("frequency", "expected"),
    [
        ("hourly", "2026-11-20T18:00"),
        ("daily", "2026-11-21T06:00"),
        ("weekly", "2026-11-23T06:00"),
        ("monthly", "2026-12-01T06:00"),
        ("*/15 * * * *", "2026-11-20T17:15"),
        ("30 6 * * 1-5", "2026-11-23T06:30"),
        ("0 0 29 2 *", "2028-02-29T00:00"),
        ("0 12 13 * 5", "2026-11-27T12:00"),
        ("5/20 3 * * 7", "2026-11-22T03:05"),
    ],
)
def test_the_next_time_is_that_of_cron(frequency: str, expected: str) -> None:
    assert following(frequency, START) == datetime.fromisoformat(expected)


@pytest.mark.parametrize(
    "frequency", ["often", "* * * *", "60 * * * *", "0 0 30 2 *", "*/0 * * * *", "5-1 * * * *", "a * * * *", "² * * * *"]
)
def test_what_is_no_frequency_is_refused(frequency: str) -> None:
    with pytest.raises(BadArguments):
        read_cron(frequency)


@settings(max_examples=60, deadline=None)
@given(
    st.tuples(
        st.integers(0, 59).map(str) | st.just("*/7"), st.integers(0, 23).map(str) | st.just("*"),
        st.integers(1, 28).map(str) | st.just("*"), st.just("*"), st.integers(0, 6).map(str) | st.just("*"),
    ),
    st.datetimes(datetime(2024, 1, 1), datetime(2030, 1, 1)),
)  # fmt: skip
def test_no_minute_that_matches_is_left_out(parts: tuple[str, ...], after: datetime) -> None:
    cron = read_cron(" ".join(parts))
    found = cron.following(after)
    assume(found - after < timedelta(days=2))
    minute = after.replace(second=0, microsecond=0) + timedelta(minutes=1)
    while not (cron.has_day(minute) and minute.hour in cron.hours and minute.minute in cron.minutes):
        minute += timedelta(minutes=1)
    assert found == minute


def test_a_benchmark_is_due_when_its_time_has_come_or_what_it_stands_on_has_changed(
    store: Store, make_setup: MakeSetup, embedder: Embedder
) -> None:
    setup = make_setup(Case("How many?", "28"))
    store.put(KIND, "qa on helpdesk", {"agent": "helpdesk", "benchmark": "qa", "frequency": "daily", "standard": False}, "op")
    now, later = datetime.now(UTC), datetime.now(UTC) + timedelta(days=1, hours=1)
    assert due(store, now) == []
    assert [d.why for d in due(store, later)] == ["scheduled daily"]
    run(store, setup, lambda q: said("28"), Bench(embedder), "op")
    assert due(store, now) == []
    store.put("agent", "helpdesk", {"tone": "other"}, "op")
    assert [(d.agent, d.benchmark, d.why) for d in due(store, now)] == [("helpdesk", "qa", "the agent has changed")]
    store.remove("benchmark", "qa", "op")
    assert due(store, later) == []
