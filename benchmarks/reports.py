"""Made-up quarterly reports with many tables, and questions for their figures: the same words, other numbers, in each report."""

import random
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path

from benchmarks.printing import EM_DASH, Print, width

LEFT, RIGHT, TOP, BOTTOM = 54, 558, 730, 60
QUESTIONS = 9
"""Questions about each report."""
QUARTERS = {"Q1": ("March 31", "Three"), "Q2": ("June 30", "Six"), "Q3": ("September 30", "Nine")}


@dataclass(frozen=True)
class Style:
    """How a company sets its tables."""

    pitch: float = 70
    currency: str = "apart"  # apart, beside or none
    minus: str = "("
    ruled: bool = True
    boxed: bool = False
    leaders: bool = False
    indent: float = 10
    wrap: int = 60
    size: float = 9
    stacked: bool = False  # the date in two lines


@dataclass(frozen=True)
class Company:
    name: str
    business: str
    segments: tuple[str, ...]
    style: Style
    seen: bool = True
    """Whether its reports may be looked at while the reader of tables is made."""


@dataclass(frozen=True)
class Table:
    """Rows with their usual size; None for a heading inside the table."""

    title: str
    rows: tuple[tuple[str, float | None], ...]
    unit: str = "(in millions)"


@dataclass(frozen=True)
class Question:
    text: str
    document: str
    numbers: tuple[str, ...]
    seen: bool


@dataclass
class Report:
    name: str
    page: Print = field(default_factory=Print)
    y: float = TOP
    cells: list[tuple[str, str, str, str]] = field(default_factory=list)
    """Table, row, column and figure, for the questions."""


COMPANIES = (
    Company("Alder Instruments Inc", "measuring instruments", ("Laboratory", "Field Equipment", "Calibration Services"), Style()),
    Company(
        "Brightwater Foods Corp",
        "packaged foods",
        ("Frozen Meals", "Beverages", "Snacks"),
        Style(currency="beside", minus="-", ruled=False, leaders=True),
    ),
    Company(
        "Cobalt Freight Ltd",
        "road and rail freight",
        ("Road", "Rail", "Warehousing"),
        Style(boxed=True, pitch=84, currency="none", size=8.5),
    ),
    Company(
        "Dunmore Textiles Inc",
        "technical textiles",
        ("Automotive Fabrics", "Medical Fabrics", "Apparel"),
        Style(stacked=True, pitch=62, indent=0),
    ),
    Company(
        "Eastgate Robotics Corp",
        "industrial robots",
        ("Arms", "Mobile Robots", "Software"),
        Style(currency="beside", wrap=30, ruled=False, pitch=64, size=8),
    ),
    Company(
        "Fenwick Energy Ltd",
        "solar parks",
        ("Generation", "Storage", "Operations and Maintenance"),
        Style(currency="none", pitch=76, wrap=34),
    ),
    Company(
        "Granby Optics Inc",
        "lenses and cameras",
        ("Consumer Optics", "Machine Vision", "Licensing"),
        Style(pitch=58, size=7.5, wrap=26, stacked=True, ruled=False),
        False,
    ),
    Company(
        "Harland Shipping Corp",
        "container shipping",
        ("Liner Services", "Terminals", "Towage"),
        Style(boxed=True, currency="beside", minus="-", wrap=42, indent=14, pitch=80),
        False,
    ),
    Company(
        "Inverness Pharma Ltd",
        "generic medicines",
        ("Injectables", "Tablets", "Contract Manufacturing"),
        Style(leaders=True, pitch=86, stacked=True, size=9.5),
        False,
    ),
)

INCOME = Table("CONDENSED CONSOLIDATED STATEMENTS OF OPERATIONS", (
    ("Net sales:", None), ("Products", 900), ("Services", 340), ("Total net sales", 1240), ("Cost of sales", 610), ("Gross margin", 630),
    ("Operating expenses:", None), ("Research and development", 130), ("Selling, general and administrative", 210),
    ("Amortization of acquired intangible assets", 24), ("Total operating expenses", 364), ("Operating income", 266),
    ("Interest expense", -18), ("Other income (expense), net", -7), ("Income before provision for income taxes", 241),
    ("Provision for income taxes", 44), ("Net income", 197),
))  # fmt: skip
BALANCE = Table("CONDENSED CONSOLIDATED BALANCE SHEETS", (
    ("Current assets:", None), ("Cash and cash equivalents", 420), ("Marketable securities", 260), ("Accounts receivable, net", 330),
    ("Inventories", 280), ("Prepaid expenses and other current assets", 75), ("Total current assets", 1365),
    ("Property, plant and equipment, net", 810), ("Goodwill", 540), ("Deferred tax assets", 66), ("Total assets", 2781),
    ("Current liabilities:", None), ("Accounts payable", 240), ("Accrued compensation", 88), ("Deferred revenue", 120),
    ("Total current liabilities", 448), ("Long-term debt", 700), ("Operating lease liabilities, non-current", 92),
    ("Total liabilities", 1240), ("Total shareholders' equity", 1541),
))  # fmt: skip
CASH = Table("CONDENSED CONSOLIDATED STATEMENTS OF CASH FLOWS", (
    ("Operating activities:", None), ("Depreciation and amortization", 96), ("Share-based compensation expense", 58),
    ("Deferred income taxes", -12), ("Net cash provided by operating activities", 340), ("Investing activities:", None),
    ("Purchases of property and equipment", -120), ("Purchases of marketable securities", -210),
    ("Proceeds from maturities of marketable securities", 150), ("Net cash used in investing activities", -180),
    ("Financing activities:", None), ("Repurchases of common stock", -90), ("Dividends paid", -40),
    ("Proceeds from issuance of long-term debt, net of issuance costs", 100), ("Net cash used in financing activities", -30),
))  # fmt: skip
MATURITIES = Table(
    "Future maturities of long-term debt are as follows",
    (("2025 (remaining)", 20), ("2026", 60), ("2027", 140), ("2028", 90), ("Thereafter", 390)),
)
COUNTS = Table(
    "Operating figures",
    (
        ("Employees at period end", 5200),
        ("Manufacturing sites", 14),
        ("Patents granted", 410),
        ("Customers with annual orders above one million", 63),
    ),
    "",
)
SPOKEN = {
    "Research and development": "spending on research and development", "Total net sales": "total net sales",
    "Cash and cash equivalents": "cash and cash equivalents", "Purchases of property and equipment": "purchases of property and equipment",
    "Net income": "net income", "Provision for income taxes": "income tax provision", "Accounts receivable, net": "net accounts receivable",
    "Share-based compensation expense": "share-based compensation", "Repurchases of common stock": "common stock repurchases",
    "Selling, general and administrative": "selling, general and administrative expense", "Cost of sales": "cost of sales",
}  # fmt: skip
OTHER_WORDS = {
    "Research and development": "R&D spending",
    "Cost of sales": "cost of goods sold",
    "Net income": "profit after tax",
    "Provision for income taxes": "income tax expense",
    "Accounts receivable, net": "money owed by customers",
    "Purchases of property and equipment": "capital expenditure",
    "Repurchases of common stock": "share buybacks",
    "Selling, general and administrative": "SG&A cost",
    "Total net sales": "revenue",
    "Employees at period end": "headcount",
    "Patents granted": "number of patents",
    "Total shareholders' equity": "equity belonging to shareholders",
    "Inventories": "stock of finished and unfinished goods",
    "Cash and cash equivalents": "cash on hand",
    "Depreciation and amortization": "depreciation charge",
    "Dividends paid": "payout to shareholders",
    "Long-term debt": "long-term borrowings",
    "Deferred revenue": "payments received in advance",
    "Net cash provided by operating activities": "operating cash flow",
    "Interest expense": "cost of interest",
    "Property, plant and equipment, net": "fixed assets",
    "Accounts payable": "money owed to suppliers",
    "Goodwill": "goodwill from acquisitions",
}
"""How people ask for a row who do not know its name."""
PROSE = (
    "The {row} of {name} moved with volumes and prices in the period, partly offset by foreign currency, and management expects {row} to "
    "follow demand for {business} in the coming quarters.",
    "Changes in {row} were driven by the timing of orders, by mix, and by the cost of materials. The Company reviews {row} every quarter "
    "together with its plans for capital and for hiring.",
    "See the notes for how {row} is measured. Estimates that bear on {row} include returns, useful lives and the outcome of audits, and "
    "actual results may differ from them.",
)


def write(folder: Path, seed: int = 7) -> list[Question]:
    """Write the reports of every company as PDF files; return the questions about them."""
    questions = []
    for company in COMPANIES:
        base = random.Random(f"{seed} {company.name}")
        scale = base.uniform(0.4, 4)
        for quarter in QUARTERS:
            chance = random.Random(f"{seed} {company.name} {quarter}")
            report = _report(company, quarter, scale, chance)
            (folder / report.name).write_bytes(report.page.data())
            questions += _questions(report, company, quarter, chance)
    return questions


def _report(company: Company, quarter: str, scale: float, chance: random.Random) -> Report:
    day, span = QUARTERS[quarter]
    report = Report(f"2025 {quarter} {company.name.split()[0]}.pdf")
    report.page.text(306, TOP, f"{company.name} Quarterly Report", 16, 0.5, True)
    report.page.text(306, TOP - 24, f"For the quarterly period ended {day}, 2025", 11, 0.5)
    report.y = TOP - 60
    quarterly = [(f"Three Months Ended {day},", "2025"), (f"Three Months Ended {day},", "2024")]
    periods = (
        quarterly if span == "Three" else [*quarterly, (f"{span} Months Ended {day},", "2025"), (f"{span} Months Ended {day},", "2024")]
    )
    dates = [("", f"{day}, 2025"), ("", "December 31, 2024")]
    sold = tuple((name, 1240 * share) for name, share in zip(company.segments, (0.5, 0.3, 0.2), strict=True))
    segments = Table("The following table shows net sales by segment", (*sold, ("Total segment net sales", 1240)))
    for table, columns, told in (
        (INCOME, periods, 9),
        (BALANCE, dates, 6),
        (CASH, periods[-2:], 5),
        (segments, periods, 0),
        (MATURITIES, [("", "Principal due")], 0),
        (COUNTS, dates, 0),
    ):
        _prose(report, company, [label for label, value in table.rows if value][:told], chance)
        _statement(report, company.style, table, columns, scale if table.unit else 1, chance)
    return report


def _prose(report: Report, company: Company, rows: Sequence[str], chance: random.Random) -> None:
    for row in rows:
        sentence = chance.choice(PROSE).format(row=SPOKEN.get(row, row.lower()), name=company.name, business=company.business)
        for line in textwrap.wrap(sentence, 100):
            report.page.text(LEFT, _down(report, 13), line, 10)
        _down(report, 6)


def _down(report: Report, step: float) -> float:
    report.y -= step
    if report.y < BOTTOM:
        report.page.turn()
        report.y = TOP
    return report.y


def _statement(report: Report, style: Style, table: Table, columns: Sequence[tuple[str, str]], scale: float, chance: random.Random) -> None:
    """Set one table under its title; note every figure with its row and column."""
    page = report.page
    if report.y - (len(table.rows) + 7) * 13 < BOTTOM:
        page.turn()
        report.y = TOP
    page.text(LEFT, _down(report, 24), table.title + ("" if table.title.isupper() else f" {table.unit}:"), 10, bold=True)
    if table.title.isupper():
        page.text(LEFT, _down(report, 12), table.unit, style.size)
    edges = [RIGHT - style.pitch * (len(columns) - 1 - i) for i in range(len(columns))]
    first = report.y - 4
    _heads(report, style, columns, edges)
    sectioned = any(value is None for _, value in table.rows)
    for label, value in table.rows:
        y = _label(report, style, label, style.indent if sectioned and value is not None else 0, edges[0] - 60 if value is not None else 0)
        for (over, name), edge in zip(columns, edges if value is not None else (), strict=value is not None):
            amount = (value or 0) * scale * chance.uniform(0.7, 1.3)
            figure = f"{abs(amount):,.0f}"
            _figure(page, style, edge, y, figure, amount < 0, bool(table.unit))
            report.cells.append((table.title, label, f"{over} {name}".strip(), figure))
    if style.boxed:
        for x in (LEFT - 4, *(edge - style.pitch + 6 for edge in edges), RIGHT + 6):
            page.upright(x, report.y - 4, first)
        for y in (first, report.y - 4):
            page.rule(LEFT - 4, RIGHT + 6, y)
    _down(report, 12)


def _label(report: Report, style: Style, label: str, indent: float, dotted_to: float) -> float:
    """Set a row's label in as many lines as it needs; return where its figures stand."""
    wrapped = textwrap.wrap(label, style.wrap)
    for part in wrapped[:-1]:
        report.page.text(LEFT + indent, _down(report, 11), part, style.size)
    y = _down(report, 13 if len(wrapped) == 1 else 11)
    report.page.text(LEFT + indent, y, wrapped[-1], style.size)
    start = LEFT + indent + width(wrapped[-1], style.size) + 6
    if style.leaders and dotted_to > start:
        report.page.text(start, y, "." * int((dotted_to - start) / width(".", style.size)), style.size)
    return y


def _heads(report: Report, style: Style, columns: Sequence[tuple[str, str]], edges: Sequence[float]) -> None:
    page = report.page
    overs = list(dict.fromkeys(over for over, _ in columns if over))
    if overs:
        y = _down(report, 13)
        for over in overs:
            own = [edge for (name, _), edge in zip(columns, edges, strict=True) if name == over]
            left, right = own[0] - style.pitch + 8, own[-1]
            lines = textwrap.wrap(over, 18) if style.stacked else [over]
            for i, line in enumerate(lines):
                page.text((left + right) / 2, y - 10 * i, line, style.size - 1, 0.5, True)
            y_rule = y - 10 * (len(lines) - 1) - 3
            if style.ruled:
                page.rule(left, right, y_rule)
        report.y -= 10 * (max(len(textwrap.wrap(over, 18)) for over in overs) - 1) if style.stacked else 0
    parts = [textwrap.wrap(name, 13) if style.stacked or len(columns) < 3 else [name] for _, name in columns]
    for row in zip_longest(*parts, fillvalue=""):
        y = _down(report, 12)
        for part, edge in zip(row, edges, strict=True):
            page.text(edge, y, part, style.size - 1, 1, True)


def _figure(page: Print, style: Style, edge: float, y: float, figure: str, negative: bool, money: bool) -> None:
    sign = "$" if money and style.currency == "beside" else ""
    if figure == "0":
        page.text(edge, y, EM_DASH, style.size, 1)
    elif negative and style.minus == "(":
        page.text(edge + width(")", style.size), y, f"{sign}({figure})", style.size, 1)
    else:
        page.text(edge, y, f"{'-' if negative else ''}{sign}{figure}", style.size, 1)
    if money and style.currency == "apart":
        page.text(edge - style.pitch + 14, y, "$", style.size)


def _questions(report: Report, company: Company, quarter: str, chance: random.Random) -> list[Question]:
    """Ask for figures by row and column in words: some for one, some for a change between two."""
    asked: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for table, row, column, figure in report.cells:
        if len(figure) > 2:
            asked.setdefault((table, row), []).append((column, figure))
    picked = chance.sample([item for item in asked.items() if len(item[1]) > 1], QUESTIONS)
    questions = []
    for n, ((table, row), cells) in enumerate(picked):
        said = OTHER_WORDS[row] if row in OTHER_WORDS and chance.random() < 0.5 else SPOKEN.get(row, row[0].lower() + row[1:])
        subject = f"{company.name.rsplit(' ', 1)[0]}'s {said}" + (" net sales" if "segment" in table and "sales" not in said else "")
        if n % 3 == 2:
            (before, old), (now, new) = cells[1], cells[0]
            text = f"How did {subject} change from {_when(before)} to {_when(now)}?"
            questions.append(Question(text, report.name, (old, new), company.seen))
        else:
            column, figure = chance.choice(cells)
            opening = chance.choice(
                (f"What was {subject} {_in(column)}?", f"How much was {subject} {_in(column)}, as reported in {quarter} 2025?")
            )
            questions.append(Question(opening, report.name, (figure,), company.seen))
    return questions


def _when(column: str) -> str:
    return f"the {column[0].lower()}{column[1:].replace(',', '', 1)}" if "Months" in column else column


def _in(column: str) -> str:
    return f"in {_when(column)}" if "Months" in column else f"as of {column}"
