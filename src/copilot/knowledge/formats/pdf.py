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
NOTED_PAGES = 10
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
            found.append(_page(document, number, reader))
        except (Unreadable, pypdfium2.PdfiumError) as error:
            found.append([])
            lost.setdefault(error.reason if isinstance(error, Unreadable) else "damaged", []).append(number)
    blocks = tuple(layout.blocks(found))
    if lost and not blocks:
        reason = next(iter(lost))
        raise Unreadable(reason, ocr.HINT if reason == ocr.MISSING else "")
    return Content(blocks, pages, tuple(_note(reason, numbers) for reason, numbers in lost.items()))


def _page(document: Any, number: int, reader: tabular.Reader) -> list[Line]:
    page = document[number - 1]
    textpage = page.get_textpage()
    text = textpage.get_text_range()
    if text.strip():
        found = _lines(page, textpage, text, reader)
    else:
        scale = min(DOTS_PER_INCH / 72, math.sqrt(MAX_PIXELS / max(1, page.get_width() * page.get_height())))
        picture = page.render(scale=scale, grayscale=True).to_pil() if _has_picture(page) else None
        found = [Line(line) for line in ocr.recognise(picture).splitlines()] if picture else []
    page.close()
    return found


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


def _has_picture(page: Any) -> bool:
    import pypdfium2

    return any(True for _ in page.get_objects(filter=[pypdfium2.raw.FPDF_PAGEOBJ_IMAGE], max_depth=3))


def _note(reason: str, numbers: list[int]) -> str:
    listed = ", ".join(map(str, numbers[:NOTED_PAGES])) + (" …" if len(numbers) > NOTED_PAGES else "")
    return f"page {listed}: {reason}"
