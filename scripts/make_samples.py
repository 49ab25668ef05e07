"""Make the PDF, the DOCX and the scan of data/samples from their texts, the same bytes every time: python -m scripts.make_samples."""

import io
import random
import textwrap
import time
import zipfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from benchmarks.printing import pdf_file
from docx import Document
from PIL import Image, ImageDraw, ImageFont

SAMPLES = Path(__file__).resolve().parents[1] / "data" / "samples"
WRITTEN = datetime(2026, 3, 1)

PAGE = (595, 842)  # A4 in points
MARGIN, LEADING = 62, 14
COLUMNS = 84  # characters a line of 11 point Helvetica

SCAN_DPI = 150
SPECKS = 900


def blocks(text: str) -> Iterator[tuple[str, list[str]]]:
    """Split a source text at its blank lines into headings (`# …`), tables (`| … |`) and paragraphs."""
    for block in text.strip().split("\n\n"):
        lines = block.splitlines()
        if block.startswith("# "):
            yield "heading", [block[2:]]
        elif block.startswith("|"):
            yield "table", lines
        else:
            yield "paragraph", [" ".join(lines)]


def make_pdf(text: str) -> bytes:
    """Set headings and paragraphs on A4 pages, with a real text layer in the standard Helvetica fonts."""
    pages: list[list[str]] = [[]]
    height = PAGE[1] - MARGIN
    for kind, (words,) in blocks(text):
        lines = textwrap.wrap(words, COLUMNS)
        needed = (len(lines) + 2) * LEADING
        if height - needed < MARGIN + (3 * LEADING if kind == "heading" else 0):
            pages.append([])
            height = PAGE[1] - MARGIN
        font = "/F2 13 Tf" if kind == "heading" else "/F1 11 Tf"
        shown = " ".join(f"({_escape(line)}) '" for line in lines)
        pages[-1].append(f"BT {font} {LEADING} TL {MARGIN} {height} Td {shown} ET")
        height -= int(LEADING * (len(lines) + 0.7))
    for number, page in enumerate(pages, 1):
        page.append(f"BT /F1 9 Tf {PAGE[0] // 2} 34 Td (Page {number} of {len(pages)}) Tj ET")
    return pdf_file(["\n".join(page).encode("cp1252") for page in pages], PAGE)


def _escape(line: str) -> str:
    return line.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")


def make_docx(text: str) -> bytes:
    """Write headings, paragraphs and tables as a Word file."""
    document = Document()
    document.core_properties.created = document.core_properties.modified = WRITTEN
    for kind, lines in blocks(text):
        if kind == "table":
            rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
            table = document.add_table(rows=0, cols=len(rows[0]), style="Table Grid")
            for row in rows:
                for cell, words in zip(table.add_row().cells, row, strict=True):
                    cell.text = words
        elif kind == "heading":
            document.add_heading(lines[0], level=1)
        else:
            document.add_paragraph(lines[0])
    written = io.BytesIO()
    document.save(written)
    return _same_times(written)


def _same_times(archive: io.BytesIO) -> bytes:
    """Rewrite a zip with one date for every entry, so that equal content gives equal bytes."""
    out = io.BytesIO()
    with zipfile.ZipFile(archive) as source, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            target.writestr(zipfile.ZipInfo(name, WRITTEN.timetuple()[:6]), source.read(name), zipfile.ZIP_DEFLATED)
    return out.getvalue()


def make_scan(text: str) -> bytes:
    """Draw a notice as a scanner sees it, a little crooked and with dust: a PDF that holds a picture and no text."""
    width, height = (side * SCAN_DPI // 72 for side in PAGE)
    sheet = Image.new("L", (width, height), 255)
    draw = ImageDraw.Draw(sheet)
    title, _, rest = text.strip().partition("\n")
    draw.text((130, 150), title, fill=20, font=ImageFont.load_default(48))
    draw.multiline_text((130, 250), rest, fill=30, font=ImageFont.load_default(33), spacing=18)
    sheet = sheet.rotate(0.4, resample=Image.Resampling.BICUBIC, fillcolor=255)
    dust = random.Random(7)
    for _ in range(SPECKS):
        sheet.putpixel((dust.randrange(width), dust.randrange(height)), 90)
    written = io.BytesIO()
    day = time.struct_time(WRITTEN.timetuple())
    sheet.convert("1", dither=Image.Dither.NONE).save(written, "PDF", resolution=SCAN_DPI, creationDate=day, modDate=day)
    return written.getvalue()


MADE = {
    "handbook.pdf": ("handbook.txt", make_pdf),
    "travel-policy.docx": ("travel-policy.txt", make_docx),
    "notice-scanned.pdf": ("notice.txt", make_scan),
}

if __name__ == "__main__":
    for name, (source, make) in MADE.items():
        made = make((SAMPLES / "src" / source).read_text(encoding="utf-8"))
        (SAMPLES / "company" / name).write_bytes(made)
        print(f"{name}: {len(made):,} bytes")
