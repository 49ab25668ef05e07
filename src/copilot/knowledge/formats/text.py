"""Plain text in the encodings that offices use."""

import codecs
from pathlib import Path

from copilot.knowledge.blocks import Content, Unreadable
from copilot.knowledge.formats import lines

MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
MAX_CONTROL_SHARE = 0.02
SAMPLE = 65_536
ZERO_SHARE = 0.2
"""UTF-16 without a mark has a zero in about every other byte, all on the same side."""
MIXED = "mixed"
"""Error handling for files whose beginning alone told the encoding: bytes that are no UTF-8 further down are Windows-1252."""


def _windows(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return error.object[error.start : error.end].decode("cp1252", "replace"), error.end


codecs.register_error(MIXED, _windows)


def preload(kind: str) -> None:
    """Need nothing beyond the standard library."""


def read(path: Path, kind: str) -> Content:
    """Read paragraphs and headings."""
    return Content(tuple(lines.blocks(decode(path.read_bytes()))))


def decode(data: bytes) -> str:
    """Decode UTF-8, UTF-16, UTF-32 with a mark, or Windows-1252; raise Unreadable for what is not text."""
    encoding = encoding_of(data)
    text = data.decode(encoding, "replace")
    control = sum(1 for c in text if c == "\ufffd" or (ord(c) < 32 and c not in "\t\n\r\f"))
    if control > len(text) * MAX_CONTROL_SHARE:
        raise Unreadable("not text: it holds binary data")
    return text


def encoding_of(data: bytes) -> str:
    """Guess the encoding from a mark at the start, else from whether it is valid UTF-8."""
    for mark, encoding in MARKS:
        if data.startswith(mark):
            return encoding
    high, low = data[:SAMPLE:2].count(0), data[1:SAMPLE:2].count(0)
    if max(high, low) > len(data[:SAMPLE]) * ZERO_SHARE > 4 * min(high, low):
        return "utf-16-be" if high > low else "utf-16-le"
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.end < len(data) - 3:  # a sample may end inside a character
            return "cp1252"
    return "utf-8"
