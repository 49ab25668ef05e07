"""Set text and rules on PDF pages at given places, in the standard Helvetica; made-up documents are printed with it."""

from collections.abc import Sequence
from dataclasses import dataclass, field

PAGE = (612, 792)
"""Letter, in points."""
THOUSANDTHS = [
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556, 556, 556, 556, 556, 556, 556, 556,
    278, 278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833, 722, 778, 667, 778, 722, 667,
    611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556, 333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833,
    556, 556, 556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584,
]  # fmt: skip
WIDTHS = dict(zip(map(chr, range(32, 127)), THOUSANDTHS, strict=True))
"""How wide each character is, of a type size of 1000."""
EM_DASH = "—"


def width(text: str, size: float) -> float:
    """Return how wide a text is, in points."""
    return sum(WIDTHS.get(c, 1000 if c == EM_DASH else 556) for c in text) * size / 1000


@dataclass
class Print:
    """A document in the making; places are in points from the lower left corner."""

    pages: list[list[str]] = field(default_factory=lambda: [[]])

    def turn(self) -> None:
        """Begin the next page."""
        self.pages.append([])

    def text(self, x: float, y: float, text: str, size: float = 9, align: float = 0.0, bold: bool = False) -> None:
        """Set a text; `align` 0 starts it at x, 0.5 centres it there, 1 ends it there."""
        escaped = text.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")
        left = x - align * width(text, size)
        self.pages[-1].append(f"BT /F{1 + bold} {size} Tf {left:.2f} {y:.2f} Td ({escaped}) Tj ET")

    def rule(self, left: float, right: float, y: float) -> None:
        """Draw a horizontal line."""
        self.pages[-1].append(f"{left:.2f} {y:.2f} m {right:.2f} {y:.2f} l S")

    def upright(self, x: float, bottom: float, top: float) -> None:
        """Draw a vertical line."""
        self.pages[-1].append(f"{x:.2f} {bottom:.2f} m {x:.2f} {top:.2f} l S")

    def data(self) -> bytes:
        """Return the PDF file."""
        return pdf_file(["\n".join(page).encode("cp1252") for page in self.pages], PAGE)


def pdf_file(streams: Sequence[bytes], size: tuple[int, int]) -> bytes:
    """Wrap content streams into a PDF: catalogue, page tree, two fonts, then a page and its content for each stream.

    Args:
        streams: What is drawn on each page, in the fonts /F1 (Helvetica) and /F2 (bold).
        size: Width and height of every page, in points.
    """
    kids = " ".join(f"{5 + 2 * n} 0 R" for n in range(len(streams)))
    font = "<< /Type /Font /Subtype /Type1 /BaseFont /{} /Encoding /WinAnsiEncoding >>"
    objects = [b"<< /Type /Catalog /Pages 2 0 R >>", f"<< /Type /Pages /Kids [{kids}] /Count {len(streams)} >>".encode()]
    objects += [font.format("Helvetica").encode(), font.format("Helvetica-Bold").encode()]
    for n, stream in enumerate(streams):
        page = f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {size[0]} {size[1]}] /Contents {6 + 2 * n} 0 R "
        objects.append(f"{page}/Resources << /Font << /F1 3 0 R /F2 4 0 R >> >> >>".encode())
        objects.append(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream))
    out, offsets = bytearray(b"%PDF-1.4\n"), []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    out += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)
    return bytes(out)
