"""PDF through pdfium: the text of each page, and character recognition for pages that are pictures."""

import re
from pathlib import Path
from typing import Any

from copilot.knowledge.blocks import Content, Unreadable
from copilot.knowledge.formats import layout, ocr
from copilot.knowledge.formats.layout import Line

MAX_PAGES = 5000
DOTS_PER_INCH = 200
NOTED_PAGES = 10


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
    for number in range(1, pages + 1):
        try:
            found.append(_page(document, number))
        except (Unreadable, pypdfium2.PdfiumError) as error:
            found.append([])
            lost.setdefault(error.reason if isinstance(error, Unreadable) else "damaged", []).append(number)
    blocks = tuple(layout.blocks(found))
    if lost and not blocks:
        reason = next(iter(lost))
        raise Unreadable(reason, ocr.HINT if reason == ocr.MISSING else "")
    return Content(blocks, pages, tuple(_note(reason, numbers) for reason, numbers in lost.items()))


def _page(document: Any, number: int) -> list[Line]:
    page = document[number - 1]
    printed = page.get_textpage()
    text = printed.get_text_range()
    if text.strip():
        found = _sized(printed, text)
    else:
        picture = page.render(scale=DOTS_PER_INCH / 72, grayscale=True).to_pil() if _has_picture(page) else None
        found = [Line(line) for line in ocr.recognise(picture).splitlines()] if picture else []
    page.close()
    return found


def _sized(printed: Any, text: str) -> list[Line]:
    """Return the lines of a page with the type size of their first letters."""
    from pypdfium2 import raw

    aligned = len(text) == printed.count_chars()
    found = []
    for match in re.finditer(r"[^\r\n]+", text):
        first = match.start() + len(match.group()) - len(match.group().lstrip())
        found.append(Line(match.group(), round(raw.FPDFText_GetFontSize(printed, first), 1) if aligned else 0.0))
    return [line for line in found if line.text.strip()]


def _has_picture(page: Any) -> bool:
    import pypdfium2

    return any(True for _ in page.get_objects(filter=[pypdfium2.raw.FPDF_PAGEOBJ_IMAGE], max_depth=3))


def _note(reason: str, numbers: list[int]) -> str:
    listed = ", ".join(map(str, numbers[:NOTED_PAGES])) + (" …" if len(numbers) > NOTED_PAGES else "")
    return f"page {listed}: {reason}"
