"""A model's answer is read as JSON and as nothing else."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from copilot.routing.calls import LONGEST_ANSWER, read_object, written_call

TEXTS = st.lists(st.sampled_from([*'{}[]":,ab1 \n', '"tool"', '{"tool": "x"}']), max_size=60).map("".join)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5), lambda inner: st.lists(inner, max_size=3), max_leaves=5
)


@given(TEXTS)
def test_any_text_gives_an_object_with_the_key_or_none(text: str) -> None:
    found = read_object(text, ("tool",))
    assert found is None or "tool" in found


@given(
    st.dictionaries(st.text(max_size=5), JSON, max_size=4),
    st.text(alphabet="abc .\n`", max_size=10),
    st.text(alphabet="abc .\n`", max_size=10),
)
def test_one_object_is_found_between_words(args: dict[str, object], before: str, after: str) -> None:
    said = before + json.dumps({"tool": "show_logs", "args": args}) + after
    assert written_call(said) == ("show_logs", args)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no call at all",
        '{"tool": "search_data", "args": {"name": "delete_agent"}',  # what is inside a broken object is no call
        '{"tool": "search_data"} {"tool": "delete_agent"}',
        '{"tool": "x", "args": {"limit": NaN}}',
        "__import__('os').system('true')",
        '{"tool": open("/etc/passwd").read()}',
        '{"a":' * 5000,
        "{" * LONGEST_ANSWER * 10,
    ],
)
def test_what_is_not_one_plain_object_is_no_call(text: str) -> None:
    assert written_call(text) is None
