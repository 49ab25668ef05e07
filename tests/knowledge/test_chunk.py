"""Passages: whole sentences that know where they stand."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from copilot.knowledge.blocks import Block
from copilot.knowledge.chunk import HEADING_CHARACTERS, MAX_TOKENS, count_tokens, cut, sentences

TEXTS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=400)
PROSE = st.lists(
    st.sampled_from(["Dr. Who left.", "Is it 3.5 km?", "Yes!", "the end", "e.g. this", "雪が降る。", "x" * 900]), min_size=1
).map(" ".join)
BLOCKS = st.lists(
    st.builds(
        Block,
        st.one_of(TEXTS, PROSE),
        st.sampled_from(["text", "heading", "row"]),
        st.sampled_from([None, 1, 2]),
        st.sampled_from([None, 1]),
        st.integers(1, 3),
    ),
    max_size=12,
)


@given(BLOCKS)
def test_every_passage_stands_where_it_says(blocks: list[Block]) -> None:
    text, chunks = cut(blocks)
    for chunk in chunks:
        assert chunk.text == text[chunk.start : chunk.end]
        assert chunk.text.strip()
        assert count_tokens(chunk.text) <= MAX_TOKENS
    assert [c.start for c in chunks] == sorted(c.start for c in chunks)
    assert all(a.end <= b.start for a, b in pairwise(chunks))


@given(BLOCKS)
def test_no_word_is_lost(blocks: list[Block]) -> None:
    _, chunks = cut(blocks)
    texts = _squeezed("".join(chunk.text for chunk in chunks))
    headings = _squeezed("".join(chunk.heading for chunk in chunks))
    for block in blocks:
        kept = _squeezed(block.text[:HEADING_CHARACTERS] if block.kind == "heading" else block.text)
        assert kept in texts or (block.kind == "heading" and kept in headings)


def _squeezed(text: str) -> str:
    return "".join(text.split())


def test_a_passage_ends_with_a_sentence() -> None:
    _, chunks = cut([Block(" ".join(f"Rule {i} says that tents are folded in the morning." for i in range(100)))])
    assert len(chunks) > 5
    assert all(chunk.text.endswith("morning.") and chunk.text.startswith("Rule") for chunk in chunks)


def test_abbreviations_and_figures_do_not_end_a_sentence() -> None:
    text = "Dr. Hale pays 3.50 euros, e.g. for tea. The U.S. office opens at 8. Is it open? Yes."
    assert [text[a:b] for a, b in sentences(text)] == [
        "Dr. Hale pays 3.50 euros, e.g. for tea.",
        "The U.S. office opens at 8.",
        "Is it open?",
        "Yes.",
    ]


def test_a_passage_stays_under_one_heading_and_knows_the_headings_above() -> None:
    blocks = [
        Block("Leave", "heading", level=1),
        Block("Annual", "heading", level=2),
        Block("It is 28 days."),
        Block("Sick", "heading", level=2),
        Block("Call at 9."),
    ]
    _, chunks = cut(blocks)
    assert [(c.heading, c.text) for c in chunks] == [("Leave > Annual", "It is 28 days."), ("Leave > Sick", "Call at 9.")]


def test_headings_with_nothing_below_are_a_passage_themselves() -> None:
    _, chunks = cut([Block("Closed on Friday", "heading"), Block("Open on Monday", "heading")])
    assert [c.text for c in chunks] == ["Closed on Friday\nOpen on Monday"]


def test_a_row_is_a_passage_of_its_own() -> None:
    _, chunks = cut([Block("a: 1; b: 2", "row", row=1), Block("a: 3; b: 4", "row", row=2)])
    assert [(c.text, c.row) for c in chunks] == [("a: 1; b: 2", 1), ("a: 3; b: 4", 2)]


def test_a_long_row_is_cut_between_cells() -> None:
    _, chunks = cut([Block("; ".join(f"column{i}: some value" for i in range(100)), "row", row=7)])
    assert len(chunks) > 1
    assert {c.row for c in chunks} == {7}
    assert all(c.text.startswith("column") for c in chunks)
