"""PDF through pdfium: the text of each page, and character recognition for pages that are pictures."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from copilot.knowledge.blocks import Block, Content, Unreadable
from copilot.knowledge.formats import lines, ocr

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
    found: list[Block] = []
    lost: dict[str, list[int]] = {}
    for number in range(1, pages + 1):
        try:
            found += _page(document, number)
        except (Unreadable, pypdfium2.PdfiumError) as error:
            lost.setdefault(error.reason if isinstance(error, Unreadable) else "damaged", []).append(number)
    if lost and not found:
        reason = next(iter(lost))
        raise Unreadable(reason, ocr.HINT if reason == ocr.MISSING else "")
    return Content(tuple(found), pages, tuple(_note(reason, numbers) for reason, numbers in lost.items()))


def _page(document: Any, number: int) -> Iterator[Block]:
    page = document[number - 1]
    text = page.get_textpage().get_text_bounded()
    if not text.strip() and _has_picture(page):
        text = ocr.recognise(page.render(scale=DOTS_PER_INCH / 72, grayscale=True).to_pil())
    page.close()
    return lines.blocks(text, number)


def _has_picture(page: Any) -> bool:
    import pypdfium2

    return any(True for _ in page.get_objects(filter=[pypdfium2.raw.FPDF_PAGEOBJ_IMAGE], max_depth=3))


def _note(reason: str, numbers: list[int]) -> str:
    listed = ", ".join(map(str, numbers[:NOTED_PAGES])) + (" …" if len(numbers) > NOTED_PAGES else "")
    return f"page {listed}: {reason}"
