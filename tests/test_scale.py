"""The page about scale shows what the script computes."""

from dataclasses import replace
from pathlib import Path

from benchmarks.scale import Rates, need, place, table

PAGE = Path(__file__).resolve().parents[1] / "docs" / "scale.md"


def test_the_page_shows_the_table_of_today() -> None:
    rows = "\n".join(table(Rates(), [10_000, 100_000, 1_000_000, 10_000_000], 7)).split("\n")
    written = PAGE.read_text(encoding="utf-8")
    assert all(row in written for row in rows if row.startswith("|")), "Run: python -m benchmarks.scale"


def test_what_is_needed_grows_with_the_corpus_and_with_the_rates() -> None:
    small, large = need(1_000, Rates()), need(10_000_000, Rates())
    assert (place(small), place(large)) == ("SQLite, all compared", "a vector service")
    assert large.machines(1, Rates()) > small.machines(1, Rates()) == 1
    assert need(1_000, replace(Rates(), embed=1)).embedding > small.embedding
    assert large.usd > small.usd > 0
