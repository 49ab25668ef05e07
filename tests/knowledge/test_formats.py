"""Readers of text: no word is lost on the way, whatever the lines look like."""

import csv
import io
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from copilot.knowledge.blocks import Unreadable
from copilot.knowledge.formats import delimited, layout, lines
from copilot.knowledge.formats.layout import Line
from copilot.knowledge.formats.text import decode

WORDS = st.sampled_from(["tent", "Tents", "1.", "•", "RULES", "over-", "the end.", "a)", "§ 3", "Note:", ""])
PRINTED = st.builds(Line, st.lists(WORDS, max_size=15).map(" ".join), st.sampled_from([0.0, 9.0, 11.0, 18.0]))
CELLS = st.lists(st.lists(st.text('ab1 ;:,"\n', max_size=8), min_size=1, max_size=4), max_size=8)


@given(st.lists(st.lists(WORDS, max_size=15).map(" ".join), max_size=12))
def test_paragraphs_hold_every_letter_of_their_lines(written: list[str]) -> None:
    text = "\n".join(written)
    assert _letters(lines.paragraphs(text)) == _letters([text])


@given(st.lists(st.lists(PRINTED, max_size=6), max_size=5))
def test_pages_hold_every_letter_that_is_not_a_running_title(pages: list[list[Line]]) -> None:
    kept = [line.text for page in layout.without_margins(pages) for line in page]
    assert _letters(block.text for block in layout.blocks(pages)) == _letters(kept)


def _letters(texts: Iterable[str]) -> str:
    return "".join(c for text in texts for c in text if c.isalnum())


@given(CELLS)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_cell_of_a_table_is_in_its_records(tmp_path: Path, rows: Sequence[Sequence[str]]) -> None:
    written = io.StringIO()
    csv.writer(written).writerows(rows)
    (tmp_path / "t.csv").write_text(written.getvalue(), encoding="utf-8", newline="")
    text = " ".join(block.text for block in delimited.read(tmp_path / "t.csv", "csv").blocks)
    for row in rows:
        for word in " ".join(row).replace(";", " ").replace(",", " ").replace('"', " ").split():
            assert word in text


@given(st.binary(max_size=300))
def test_any_bytes_are_text_or_refused(data: bytes) -> None:
    with suppress(Unreadable):
        assert isinstance(decode(data), str)


@pytest.mark.parametrize(
    ("text", "levels"),
    [
        ("LEAVE RULES\n\nIt is so.", [1, 0]),
        ("1. Annual leave\n\nIt is 28 days.", [2, 0]),
        ("Steps:\n\n1. Open the lid\n\n2. Close the lid\n\nDone.", [0, 0, 0, 0]),
        ("1. (C) FLARE - IMPROPER - PILOT\n\nText.", [0, 0]),
    ],
)
def test_headings_are_told_from_list_items(text: str, levels: list[int]) -> None:
    assert [block.level if block.kind == "heading" else 0 for block in lines.blocks(text)] == levels


def test_larger_type_is_a_heading_over_what_is_smaller() -> None:
    page = [Line("Annual report", 18), Line("Sales", 14), Line("They rose.", 10), Line("Costs", 14), Line("They fell.", 10)]
    found = [(block.kind, block.level, block.text) for block in layout.blocks([page])]
    assert found == [
        ("heading", 1, "Annual report"),
        ("heading", 2, "Sales"),
        ("text", 1, "They rose."),
        ("heading", 2, "Costs"),
        ("text", 1, "They fell."),
    ]
