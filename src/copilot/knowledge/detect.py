"""What a file is, by its first bytes and its extension."""

import re
import zipfile
from dataclasses import dataclass
from pathlib import Path

from copilot.knowledge.blocks import Unreadable
from copilot.knowledge.formats.text import decode

EXTENSIONS = {
    "txt": "txt",
    "text": "txt",
    "log": "txt",
    "md": "md",
    "markdown": "md",
    "htm": "html",
    "html": "html",
    "xhtml": "html",
    "csv": "csv",
    "tsv": "tsv",
    "tab": "tsv",
    "eml": "eml",
    "pdf": "pdf",
    "docx": "docx",
    "pptx": "pptx",
    "png": "png",
    "jpg": "jpg",
    "jpeg": "jpg",
    "tif": "tiff",
    "tiff": "tiff",
}
MAGIC = ((b"%PDF-", "pdf"), (b"\x89PNG\r\n", "png"), (b"\xff\xd8\xff", "jpg"), (b"II*\0", "tiff"), (b"MM\0*", "tiff"))
ZIP, OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
PARTS = (("word/document.xml", "docx"), ("ppt/presentation.xml", "pptx"))
TEXTS = {"txt", "md", "html", "csv", "tsv", "eml"}
HTML = re.compile(rb"\s*(?:<\?xml[^>]*>\s*)?<(?:!doctype html|html)\b", re.IGNORECASE)

SUPPORTED = f"Supported: {', '.join(sorted(set(EXTENSIONS.values())))}."
SAVE_AS = {
    ".doc": "Save it as .docx or PDF.",
    ".ppt": "Save it as .pptx or PDF.",
    ".xls": "Save its sheets as CSV.",
    ".xlsx": "Save its sheets as CSV.",
    ".zip": "Unpack it.",
}

SAMPLE = 4096
MAX_UNPACKED = 300 << 20
MAX_RATIO = 200
"""An office file that grows more than this when unpacked is a bomb; text in XML shrinks ten- to fiftyfold."""
MAX_PARTS = 20_000


@dataclass(frozen=True)
class Detected:
    """The type to read a file as; `note` says when its name claims another one."""

    type: str
    note: str = ""


def extension_type(name: str) -> str:
    """Return the type that a file's name claims; empty when it is none that can be read."""
    return EXTENSIONS.get(name.rpartition(".")[2].lower() if "." in name else "", "")


def detect(path: Path) -> Detected:
    """Tell the type of a file; what it holds wins over what it is called.

    Raises:
        Unreadable: it is empty, protected, dangerous to open, or of no type that can be read.
    """
    with path.open("rb") as file:
        start = file.read(SAMPLE)
    if not start.strip():
        raise Unreadable("empty")
    claimed = extension_type(path.name)
    found = _by_mark(path, start, claimed)
    if not found and (claimed in TEXTS or not path.suffix):
        decode(start)
        found = "html" if HTML.match(start) and claimed != "md" else claimed or "txt"
    if not found and claimed:
        raise Unreadable(f"damaged, or not a {claimed.upper()}: it does not start like one", "Open it and save it again.")
    if not found:
        raise Unreadable(f"{path.suffix.lower()[:12]} files are not supported", SAVE_AS.get(path.suffix.lower(), SUPPORTED), skipped=True)
    return Detected(found, f"its name says {claimed.upper()}, it holds {found.upper()}" if claimed and claimed != found else "")


def _by_mark(path: Path, start: bytes, claimed: str) -> str:
    """Tell the type by the bytes at the start; empty when they say nothing."""
    for mark, kind in MAGIC:
        if start.startswith(mark) or (kind == "pdf" and mark in start[:1024]):
            return kind
    if start.startswith(ZIP):
        return _zipped(path)
    if start.startswith(OLE) and claimed in ("docx", "pptx"):
        raise Unreadable("encrypted: it needs a password", "Save a copy without the password.")
    return ""


def _zipped(path: Path) -> str:
    """Tell office files from other archives, by their table of contents alone."""
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError):
        raise Unreadable("damaged: its archive cannot be opened", "Open it and save it again.") from None
    unpacked, packed = sum(part.file_size for part in parts), sum(part.compress_size for part in parts)
    if unpacked > MAX_UNPACKED or len(parts) > MAX_PARTS or unpacked > MAX_RATIO * max(packed, 1 << 16):
        raise Unreadable(f"refused: it would grow to {unpacked >> 20} MB when unpacked")
    names = {part.filename for part in parts}
    return next((kind for name, kind in PARTS if name in names), "")
