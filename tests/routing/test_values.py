"""Figures, names and mentions: what is said comes back as the catalogue writes it."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from copilot.routing.mentions import find_mentions
from copilot.routing.names import find_names, resolve
from copilot.routing.quantities import as_duration, duration, find_quantities, number_in_words, period_in_words, whole
from copilot.routing.tokens import tokenize
from copilot.routing.values import frequency

NAMES = {
    "agents": ["helpdesk", "Nurse Line", "legal-bot"],
    "collections": ["it_faq"],
    "deployments": ["helpdesk"],
    "models": ["gpt-4o", "gpt-4.1"],
}
KINDS = {"url", "path", "email", "zone", "region", "ami", "instance", "model", "cron", "gpu"}


@pytest.mark.parametrize(
    ("said", "value", "dimension"),
    [
        ("two hundred and fifty", 250, "number"),
        ("100k", 100_000, "number"),
        ("2M", 2_000_000, "number"),
        ("half a million", 500_000, "number"),
        ("1,500,000", 1_500_000, "number"),
        ("two dozen", 24, "number"),
        ("a couple", 2, "number"),
        ("90%", 90, "percent"),
        ("twenty-five percent", 25, "percent"),
        ("eight out of ten", 80, "percent"),
        ("three quarters", 75, "percent"),
        ("$1.5k", 1500, "money"),
        ("50 cents", 50, "money"),
        ("16gb", 16, "memory"),
        ("half a gig", 0.5, "memory"),
        ("1.5 seconds", 1.5, "time"),
    ],
)
def test_a_figure_is_read_in_words_and_digits(said: str, value: float, dimension: str) -> None:
    found = find_quantities(said)[0]
    assert (found.value, found.dimension) == (value, dimension)


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("90 minutes", "90m"), ("90m", "90m"), ("48 hours", "48h"), ("two weeks", "14d"), ("half an hour", "30m"), ("half a day", "12h"),
        ("a couple of days", "2d"), ("12 months", "365d"), ("six months", "180d"), ("half a year", "180d"), ("120 seconds", "2m"),
    ],
)  # fmt: skip
def test_a_duration_keeps_the_unit_it_was_said_in(said: str, written: str) -> None:
    assert as_duration(find_quantities(said)[0]) == written


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("today", "1d"),
        ("last day", "1d"),
        ("this week", "7d"),
        ("past month", "30d"),
        ("the last quarter", "90d"),
        ("last year", "365d"),
        ("nothing", None),
    ],
)
def test_a_period_in_words_is_a_duration(said: str, written: str | None) -> None:
    assert period_in_words(said) == written


@pytest.mark.parametrize("text", ["gpt-4o", "t3.large", "helpdesk-v2", "us-east-1", "10.0.0.1", "a1b2"])
def test_figures_inside_identifiers_are_no_figures(text: str) -> None:
    assert find_quantities(text) == []


@given(st.integers(0, 999_999))
def test_a_number_in_digits_comes_back(number: int) -> None:
    for text in (str(number), f"{number:,}"):
        assert [q.value for q in find_quantities(f"about {text} requests")] == [number]


UNITS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
TENS = ["", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]


@given(st.integers(2, 9), st.integers(1, 9), st.integers(1, 9))
def test_a_number_in_words_comes_back(tens: int, ones: int, hundreds: int) -> None:
    small = f"{TENS[tens]}-{UNITS[ones]}"
    assert number_in_words(small) == 10 * tens + ones
    assert number_in_words(f"{UNITS[hundreds]} hundred and {small}") == 100 * hundreds + 10 * tens + ones
    assert number_in_words(f"{small} thousand") == 1000 * (10 * tens + ones)


@given(st.integers(1, 100_000))
def test_a_length_of_time_is_written_in_its_largest_whole_unit(minutes: int) -> None:
    written = duration(minutes * 60)
    assert written is not None
    assert int(written[:-1]) * {"m": 1, "h": 60, "d": 1440}[written[-1]] == minutes


@given(st.floats(0, 1e9, allow_nan=False))
def test_whole_numbers_lose_their_point(value: float) -> None:
    assert abs(whole(value) - value) <= 1e-6


@given(st.text(max_size=80))
def test_words_stand_where_they_say_and_cover_everything_but_space(text: str) -> None:
    tokens = tokenize(text)
    assert all(text[t.start : t.end] == t.text for t in tokens)
    assert "".join(t.text for t in tokens) == "".join(text.split())


@given(st.text(max_size=80))
def test_any_text_has_mentions_in_order_without_overlap(text: str) -> None:
    mentions = find_mentions(text, NAMES)
    assert all(0 <= m.start < m.end <= len(text) for m in mentions)
    assert all(a.end <= b.start for a, b in pairwise(mentions))


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("read https://acme.example/docs?page=2.", "url", "https://acme.example/docs?page=2"),
        ("load s3://acme-docs/manuals, please", "path", "s3://acme-docs/manuals"),
        ("ingest ./policies/*.pdf now", "path", "./policies/*.pdf"),
        ("from qa.jsonl", "path", "qa.jsonl"),
        ("give dana@acme.com access", "email", "dana@acme.com"),
        ("somewhere in Frankfurt", "region", "eu-central-1"),
        ("use eu-west-1", "region", "eu-west-1"),
        ("zone us-west-2d", "zone", "us-west-2d"),
        ("two m5d.2xlarge", "instance", "m5d.2xlarge"),
        ("image ami-0f3c9a77", "ami", "ami-0f3c9a77"),
        ("add bedrock/anthropic.claude-3-haiku-20240307-v1:0", "model", "bedrock/anthropic.claude-3-haiku-20240307-v1:0"),
        ("compare claude 3.5 sonnet", "model", "claude 3.5 sonnet"),
        ("at 0 6 * * 1-5 please", "cron", "0 6 * * 1-5"),
        ("one A10G", "gpu", "A10G"),
    ],
)
def test_regular_things_are_recognised(text: str, kind: str, value: str) -> None:
    assert (kind, value) in [(m.kind, m.value) for m in find_mentions(text, {}) if m.kind in KINDS]


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("helpdesk's logs", "helpdesk"), ("HELPDESK", "helpdesk"), ("helpdsk", "helpdesk"), ("nurse line", "Nurse Line"),
        ("nurse_line", "Nurse Line"),
        ("the legal bot", "legal-bot"), ("legal bots", "legal-bot"), ("it faq", "it_faq"), ("gpt 4o", "gpt-4o"),
    ],
)  # fmt: skip
def test_a_known_name_is_found_however_it_is_typed(typed: str, name: str) -> None:
    assert next(find_names(typed, NAMES))[2] == name


@pytest.mark.parametrize("typed", ["gpt-4.2", "helpful", "desk", "legal-bot-v2", "it"])
def test_another_name_is_not_taken_for_a_known_one(typed: str) -> None:
    assert resolve(typed, [name for listed in NAMES.values() for name in listed]) is None


@given(st.sampled_from([n for listed in NAMES.values() for n in listed]), st.sampled_from([str.lower, str.upper, str.title]))
def test_the_case_of_a_name_does_not_matter(name: str, change) -> None:  # type: ignore[no-untyped-def]
    assert resolve(f"show {change(name)} please", [name]) == name


def test_a_name_borne_by_two_kinds_says_both() -> None:
    assert next(find_names("helpdesk", NAMES))[3] == ("agents", "deployments")


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("every night", "daily"), ("each week", "weekly"), ("mondays", "weekly"), ("hourly", "hourly"), ("once a month", "monthly"),
        ("0 6 * * 1-5", "0 6 * * 1-5"), ("every Monday at 6", "0 6 * * 1"), ("fridays at 5:30 pm", "30 17 * * 5"),
        ("every 60 minutes", "hourly"),
        ("sometimes", None),
    ],
)  # fmt: skip
def test_a_frequency_is_a_word_or_a_cron_line(said: str, written: str | None) -> None:
    assert frequency(said) == written


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("sundays at 12:30 am", "30 0 * * 0"),
        ("mondays at 12 pm", "0 12 * * 1"),
        ("mondays at 45", "weekly"),
        ("friday at 9:75", "0 9 * * 5"),
    ],
)
def test_a_time_of_day_is_one_that_exists(said: str, written: str) -> None:
    assert frequency(said) == written


@pytest.mark.parametrize("text", ["hundred " * 200, "dozen " * 400, f"{'1' * 400} of {'1' * 400}", "9" * 30])
def test_a_figure_beyond_all_sense_is_no_figure(text: str) -> None:
    assert not find_quantities(text)
