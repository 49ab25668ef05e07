"""PDF through pdfium: the text of each page, and character recognition for pages that are pictures."""

import math
import re
from bisect import bisect_left
from pathlib import Path
from typing import Any

from copilot.knowledge.blocks import Content, Unreadable
from copilot.knowledge.formats import layout, ocr, printed, tabular
from copilot.knowledge.formats.layout import Line

MAX_PAGES = 5000
DOTS_PER_INCH = 200
MAX_PIXELS = 80_000_000
"""A page that would have more is drawn coarser; one of A0 has 62 million."""
THIN_WORDS, COVERED = 25, 0.5
"""A page with no more words, and a picture over so much of it, is a scan that was stamped or numbered."""
NOTED_PAGES = 10
WORD = re.compile(r"\w+")
PRINTED = re.compile(r"[^\s][^\r\n]*")
FIGURE_END = re.compile(r"\d[)%*]*[ \t\r]*$", re.MULTILINE)
LABEL = re.compile(r"^[^:\r\n]{1,40}:[ \t]", re.MULTILINE)


def preload(kind: str) -> None:
    """Import pdfium."""
    import pypdfium2

    assert pypdfium2


def read(path: Path, kind: str) -> Content:
    """Read page by page; a page that cannot be read is noted, a document without any text is refused."""
    import pypdfium2

    try:
        document = pypdfium2.PdfDocument(path)
    except pypdfium2.PdfiumError as error:
        if "password" in str(error).lower():
            raise Unreadable("encrypted: it needs a password", "Save a copy without the password.") from None
        raise Unreadable("damaged, or not a PDF", "Open it in a PDF viewer and save it again.") from None
    pages = len(document)
    if pages > MAX_PAGES:
        raise Unreadable(f"too long: {pages} pages, the limit is {MAX_PAGES}", "Split it.")
    found: list[list[Line]] = []
    lost: dict[str, list[int]] = {}
    reader = tabular.Reader()
    for number in range(1, pages + 1):
        try:
            lines, problem = _page(document, number, reader)
        except pypdfium2.PdfiumError:
            lines, problem = [], "damaged"
        found.append(lines)
        if problem:
            lost.setdefault(problem, []).append(number)
    blocks = tuple(layout.blocks(found))
    if lost and not blocks:
        reason = next(iter(lost))
        raise Unreadable(reason, ocr.HINT if reason == ocr.MISSING else "")
    return Content(blocks, pages, tuple(_note(reason, numbers) for reason, numbers in lost.items()))


def _page(document: Any, number: int, reader: tabular.Reader) -> tuple[list[Line], str]:
    """Return the lines of a page, and why the text of its pictures is missing, where it is."""
    page = document[number - 1]
    textpage = page.get_textpage()
    text = textpage.get_text_range()
    found, problem = _lines(page, textpage, text, reader) if text.strip() else [], ""
    if _scanned(page, len(text.split())):
        scale = min(DOTS_PER_INCH / 72, math.sqrt(MAX_PIXELS / max(1, page.get_width() * page.get_height())))
        try:
            found += _unsaid(text, ocr.recognise(page.render(scale=scale, grayscale=True).to_pil()))
        except Unreadable as error:
            problem = error.reason
    page.close()
    return found, problem


def _unsaid(text: str, recognised: str) -> list[Line]:
    """Return the lines that were recognised, without those that only repeat what the page says as text."""
    known = set(WORD.findall(text.lower()))
    own = ((line, WORD.findall(line.lower())) for line in recognised.splitlines())
    return [Line(line) for line, words in own if not words or not known.issuperset(words)]


def _lines(page: Any, textpage: Any, text: str, reader: tabular.Reader) -> list[Line]:
    """Return the lines of a page in the order of its text, each table in the place of its first word."""
    drawn = printed.rules(page)
    words = printed.words(page, textpage, text) if drawn.down_areas or _tabular(text) else []
    if not words:
        return [Line(line.group(), round(printed.type_size(textpage, line.start()), 1)) for line in PRINTED.finditer(text)]
    tables = {word.start: region for region in reader.regions(words, drawn) for word in region.words}
    starts = [word.start for word in words]
    found, placed = [], set()
    for match in re.finditer(r"[^\r\n]+", text):
        own = words[bisect_left(starts, match.start()) : bisect_left(starts, match.end())]
        rest = [word.text for word in own if word.start not in tables]
        size = round(own[0].height / printed.LEADING, 1) if own else 0.0
        if rest or not own:
            found.append(Line(match.group() if len(rest) == len(own) else " ".join(rest), size))
        for region in (tables[word.start] for word in own if word.start in tables):
            if id(region) not in placed:
                placed.add(id(region))
                found.append(Line("\n".join(block.text for block in region.blocks), size, region.blocks))
    return [line for line in found if line.text.strip()]


def _tabular(text: str) -> bool:
    """Whether a page may hold a table or form: two lines that end with a figure, or two labels."""
    return len(FIGURE_END.findall(text)) > 1 or len(LABEL.findall(text)) > 1


def _scanned(page: Any, words: int) -> bool:
    """Whether what a page says stands in a picture: any picture where there is no text, a large one where there is little."""
    import pypdfium2

    if words > THIN_WORDS:
        return False
    least = COVERED * page.get_width() * page.get_height() if words else 0.0
    found = printed.boxes(page, pypdfium2.raw.FPDF_PAGEOBJ_IMAGE)
    return any((right - left) * (top - bottom) >= least for left, bottom, right, top in found)


def _note(reason: str, numbers: list[int]) -> str:
    listed = ", ".join(map(str, numbers[:NOTED_PAGES])) + (" …" if len(numbers) > NOTED_PAGES else "")
    return f"page {listed}: {reason}"
