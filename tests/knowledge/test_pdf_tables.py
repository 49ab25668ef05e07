"""Tables in PDFs: every figure stands with its row, its column and what is written above the table."""

import re
from pathlib import Path

import pypdfium2
import pytest
from benchmarks.printing import Print
from benchmarks.reports import COMPANIES, QUARTERS, write
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from copilot.knowledge.blocks import Block
from copilot.knowledge.chunk import cut
from copilot.knowledge.formats import pdf
from tests.conftest import shared_data

LABELS = st.sampled_from(["Net sales", "Cost of sales", "Goodwill", "Other income (expense), net", "Interest", "Cash and equivalents"])
FIGURES = st.one_of(st.integers(-99_999, 99_999), st.sampled_from([0]))


def read(path: Path) -> list[Block]:
    return list(pdf.read(path, "pdf").blocks)


def rows(blocks: list[Block]) -> list[str]:
    return [block.text for block in blocks if block.row]


def printed(path: Path, figures: list[tuple[str, list[int]]], pitch: float, currency: bool) -> list[str]:
    """Print a table with two columns under a caption; return what its rows should read."""
    page = Print()
    page.text(54, 700, "The parts of the balance are as follows (in thousands):", 10)
    for i, year in enumerate(("2025", "2024")):
        page.text(500 + i * pitch - pitch, 680, year, 9, 1, bold=True)
    expected = []
    for n, (label, values) in enumerate(figures):
        page.text(54, 660 - 13 * n, label)
        cells = []
        for i, value in enumerate(values):
            text = f"({-value:,})" if value < 0 else f"{value:,}"
            page.text(500 + i * pitch - pitch, 660 - 13 * n, text, 9, 1)
            if currency:
                page.text(500 + i * pitch - pitch - 50, 660 - 13 * n, "$")
            cells.append(f"{'$' if currency else ''}{text}")
        expected.append(f"Item: {label}; 2025: {cells[0]}; 2024: {cells[1]}")
    path.write_bytes(page.data())
    return expected


@given(st.lists(st.tuples(LABELS, st.lists(FIGURES, min_size=2, max_size=2)), min_size=2, max_size=12), st.integers(68, 110), st.booleans())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
def test_each_row_names_its_columns(tmp_path: Path, figures: list[tuple[str, list[int]]], pitch: int, currency: bool) -> None:
    expected = printed(tmp_path / "t.pdf", figures, pitch, currency)
    blocks = read(tmp_path / "t.pdf")
    assert rows(blocks) == expected
    assert {block.under for block in blocks if block.row} == {"The parts of the balance are as follows (in thousands):"}


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("reports")
    write(folder)
    return folder


@pytest.mark.parametrize("company", COMPANIES, ids=lambda company: company.name.split()[0])
def test_a_figure_stands_with_its_row_and_column_however_the_table_is_set(reports: Path, company: object) -> None:
    name = str(company.name.split()[0])  # type: ignore[attr-defined]
    found = rows(read(reports / f"2025 Q2 {name}.pdf"))
    day = QUARTERS["Q2"][0]
    research = next(row for row in found if "Research and development" in row)
    assert all(f"{span} Months Ended {day}, {year}: " in research for span in ("Three", "Six") for year in (2025, 2024))
    assert len(re.findall(r": \$?[\d,]+(?:;|$)", research)) == 4
    cash = next(row for row in found if "Cash and cash equivalents" in row)
    assert f"{day}, 2025: " in cash
    assert "December 31, 2024: " in cash
    assert "Current assets > " in cash
    later = next(row for row in found if "Thereafter" in row)
    assert re.search(r"\d", later)


def test_the_columns_of_a_table_go_on_over_the_page(tmp_path: Path) -> None:
    page = Print()
    page.text(54, 120, "Sales by country:")
    page.text(400, 100, "2025", 9, 1)
    page.text(480, 100, "2024", 9, 1)
    for n, country in enumerate(("Norway", "Spain", "Chile", "Ghana", "Japan", "Peru")):
        if n == 3:
            page.turn()
        y = (86 if n < 3 else 740) - 13 * (n % 3)
        page.text(54, y, country)
        page.text(400, y, f"{n + 1},100", 9, 1)
        page.text(480, y, f"{n + 1},000", 9, 1)
    (tmp_path / "t.pdf").write_bytes(page.data())
    found = [block for block in read(tmp_path / "t.pdf") if block.row]
    assert [block.text for block in found][-1] == "Item: Peru; 2025: 6,100; 2024: 6,000"
    assert {block.under for block in found} == {"Sales by country:"}
    assert {block.page for block in found} == {1, 2}


def test_a_label_of_several_lines_stays_whole_wherever_its_figures_stand(tmp_path: Path) -> None:
    page = Print()
    page.text(400, 700, "2025", 9, 1)
    page.text(480, 700, "2024", 9, 1)
    for x, y, text, align in (
        (54, 686, "Equity at the beginning of the", 0),
        (54, 675, "year", 0),
        (400, 675, "1,200", 1),
        (480, 675, "1,100", 1),
        (54, 662, "Shares issued", 0),
        (400, 662, "300", 1),
        (480, 662, "100", 1),
        (54, 649, "Balance, December 31,", 0),
        (400, 649, "1,500", 1),
        (480, 649, "1,200", 1),
        (54, 638, "2025", 0),
    ):
        page.text(x, y, text, 9, align)
    (tmp_path / "t.pdf").write_bytes(page.data())
    assert rows(read(tmp_path / "t.pdf")) == [
        "Item: Equity at the beginning of the year; 2025: 1,200; 2024: 1,100",
        "Item: Shares issued; 2025: 300; 2024: 100",
        "Item: Balance, December 31, 2025; 2025: 1,500; 2024: 1,200",
    ]


def test_a_drawn_table_keeps_cells_of_several_lines_together(tmp_path: Path) -> None:
    page = Print()
    for y in (700, 680, 650, 620):
        page.rule(54, 500, y)
    for x in (54, 200, 350, 500):
        page.upright(x, 620, 700)
    cells = [
        ("Role", "Duty", "Deputy"),
        ("Safety officer", "Checks the tents|every morning", "Cook"),
        ("Driver", "Drives", "Nobody at|the moment"),
    ]
    for row, top in zip(cells, (688, 668, 638), strict=True):
        for text, x in zip(row, (60, 206, 356), strict=True):
            for n, line in enumerate(text.split("|")):
                page.text(x, top - 11 * n, line)
    (tmp_path / "t.pdf").write_bytes(page.data())
    assert rows(read(tmp_path / "t.pdf")) == [
        "Role: Safety officer; Duty: Checks the tents every morning; Deputy: Cook",
        "Role: Driver; Duty: Drives; Deputy: Nobody at the moment",
    ]


def test_a_contents_page_and_prose_are_no_tables(tmp_path: Path) -> None:
    page = Print()
    for n, title in enumerate(("Purpose", "Scope", "Duties", "Records", "Review")):
        page.text(54, 700 - 14 * n, f"{n + 1}. {title} {'.' * 60}")
        page.text(500, 700 - 14 * n, str(n * 3 + 2), 9, 1)
    for n in range(8):
        page.text(
            54, 560 - 14 * n, f"In 202{n} the company had {n + 20} tents and sold 1,30{n} of them in the course of a year of rain.", 10
        )
    (tmp_path / "t.pdf").write_bytes(page.data())
    assert rows(read(tmp_path / "t.pdf")) == []


def test_a_form_gives_each_label_its_value() -> None:
    folder = shared_data("kg_rag_docs", "ntsb-aviation-incident-accident-reports", "data", "v1", "docs")
    lines = [block.text for block in read(folder / "20080111X00041.pdf")]
    for line in ("Accident Number: DFW08CA051", "Restraint Used: Seatbelt, Shoulder harness", "Engine Manufacturer: Lycoming", "Seats: 4"):
        assert line in lines


def test_rows_of_a_drawn_table_in_a_real_protocol() -> None:
    folder = shared_data("kg_rag_docs", "nih-clinical-trial-protocols", "data", "v1", "docs")
    assert "Confidence Interval (%): 90%; Sample size: 811" in rows(read(folder / "NCT06155006_Prot_SAP_000.pdf"))


def test_no_word_of_a_page_is_lost() -> None:
    folder = shared_data("kg_rag_docs")
    for path in sorted(folder.rglob("*.pdf"))[::5]:
        document = pypdfium2.PdfDocument(path)
        texts = [document[i].get_textpage().get_text_range() for i in range(len(document))]
        printed_words = set(re.findall(r"\w+", " ".join(texts).replace("\ufffe", "")))
        if not printed_words:
            continue  # a scan
        _, chunks = cut(read(path))
        kept = set(re.findall(r"\w+", " ".join(f"{chunk.heading} {chunk.text}" for chunk in chunks).replace("\ufffe", "")))
        assert len(printed_words & kept) >= 0.99 * len(printed_words), path.name


def test_rows_can_be_cited_by_page_and_offset(reports: Path) -> None:
    text, chunks = cut(read(reports / "2025 Q1 Alder.pdf"))
    tabled = [chunk for chunk in chunks if chunk.row]
    assert len(tabled) > 50
    for chunk in tabled:
        assert text[chunk.start : chunk.end] == chunk.text
        assert chunk.page
        assert "(in millions)" in chunk.heading or "Operating figures" in chunk.heading
