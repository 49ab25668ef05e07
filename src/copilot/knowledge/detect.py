"""What a file is, by its first bytes and its extension."""

import csv
import json
import mmap
import re
import zipfile
from contextlib import suppress
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
    "xlsx": "xlsx",
    "xlsm": "xlsx",
    "json": "json",
    "ndjson": "ndjson",
    "jsonl": "ndjson",
    "xml": "xml",
    "sql": "sql",
    "sqlite": "sqlite",
    "sqlite3": "sqlite",
    "db": "sqlite",
    "zip": "zip",
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
MAGIC = (
    (b"%PDF-", "pdf"),
    (b"\x89PNG\r\n", "png"),
    (b"\xff\xd8\xff", "jpg"),
    (b"II*\0", "tiff"),
    (b"MM\0*", "tiff"),
    (b"SQLite format 3\0", "sqlite"),
)
ZIP, OLE = (b"PK\x03\x04", b"PK\x05\x06"), b"\xd0\xcf\x11\xe0"
PARTS = (("word/document.xml", "docx"), ("ppt/presentation.xml", "pptx"), ("xl/workbook.xml", "xlsx"))
OFFICE = {kind for _, kind in PARTS}
OLD_PARTS = ("WordDocument", "PowerPoint Document", "Workbook")
SEALED = "EncryptedPackage".encode("utf-16-le")
TEXTS = {"txt", "md", "html", "csv", "tsv", "eml", "json", "ndjson", "xml", "sql"}
HTML = re.compile(r"\s*(?:<\?xml[^>]*>\s*)?<(?:!doctype html|html)\b", re.IGNORECASE)
XML = re.compile(r"\s*<\?xml\s")
SQL = re.compile(r"\s*(?:--|/\*|CREATE\s+TABLE|INSERT\s+INTO|BEGIN\b|PRAGMA\b|SET\b|DROP\s+TABLE)", re.IGNORECASE)
SQL_TABLE = re.compile(r"^\s*(?:CREATE\s+TABLE|INSERT\s+INTO|COPY)\s", re.IGNORECASE | re.MULTILINE)

SUPPORTED = f"Supported: {', '.join(sorted(set(EXTENSIONS.values())))}."
SAVE_AS = {
    ".doc": "Save it as .docx or PDF.",
    ".odt": "Save it as .docx or PDF.",
    ".rtf": "Save it as .docx or PDF.",
    ".ppt": "Save it as .pptx or PDF.",
    ".odp": "Save it as .pptx or PDF.",
    ".xls": "Save it as .xlsx.",
    ".ods": "Save it as .xlsx.",
    ".msg": "Save it as .eml.",
    ".heic": "Save it as JPG or PNG.",
    ".bmp": "Save it as PNG.",
    ".gif": "Save it as PNG.",
    ".webp": "Save it as PNG.",
    ".7z": "Unpack it, or pack it as .zip.",
    ".rar": "Unpack it, or pack it as .zip.",
    ".gz": "Unpack it.",
    ".tar": "Unpack it, or pack it as .zip.",
}

SAMPLE = 4096
TABLE_LINES = 3
MAX_UNPACKED, MAX_ARCHIVE = 300 << 20, 2 << 30
"""Bytes to which an office file and an archive may grow."""
MAX_RATIO = 200
"""A file that grows more than this when unpacked is a bomb; text in XML shrinks ten- to fiftyfold."""
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
        found = _by_words(decode(start), claimed)
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
        kind = _zipped(path)
        return kind or ("zip" if claimed or not path.suffix else "")
    if start.startswith(OLE) and claimed in OFFICE:
        raise _old_office(path, claimed)
    return ""


def _by_words(start: str, claimed: str) -> str:
    """Tell the type of a text; one without an extension by what it begins with."""
    if HTML.match(start) and claimed != "md":
        return "html"
    if claimed:
        return claimed
    if XML.match(start):
        return "xml"
    if SQL.match(start) and SQL_TABLE.search(start):
        return "sql"
    return _data(start) or "txt"


def _data(start: str) -> str:
    """Tell JSON and tables from prose, which has spaces behind its commas; empty when it is neither."""
    lines = [line for line in start.splitlines() if line.strip()]
    with suppress(json.JSONDecodeError):
        if isinstance(json.loads(lines[0]), dict):
            return "ndjson" if len(lines) > 1 else "json"
    if re.match(r'\s*(?:\{\s*"|\[\s*[\[{"\d])', start):
        return "json"
    for kind, delimiter in (("tsv", "\t"), ("csv", ","), ("csv", ";")):
        counts = {len(row) for row in csv.reader(lines[:-1], delimiter=delimiter)}
        prose = any(f"{delimiter} " in line for line in lines)
        if len(lines) > TABLE_LINES and len(counts) == 1 and min(counts) > 1 and not prose:
            return kind
    return ""


def _old_office(path: Path, claimed: str) -> Unreadable:
    """Tell a sealed office file from an old one that only has the new extension."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        if content.find(SEALED) < 0 and any(content.find(name.encode("utf-16-le")) >= 0 for name in OLD_PARTS):
            return Unreadable(f"an old Office file, whatever its name says, and no {claimed.upper()}", f"Save it as .{claimed}.")
    return Unreadable("encrypted: it needs a password", "Save a copy without the password.")


def _zipped(path: Path) -> str:
    """Tell office files from other archives, by their table of contents alone; empty for other archives."""
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError):
        raise Unreadable("damaged: its archive cannot be opened", "Open it and save it again.") from None
    names = {part.filename for part in parts}
    kind = next((kind for name, kind in PARTS if name in names), "")
    unpacked, packed = sum(part.file_size for part in parts), sum(part.compress_size for part in parts)
    limit = MAX_UNPACKED if kind else MAX_ARCHIVE
    if unpacked > limit or len(parts) > MAX_PARTS or unpacked > MAX_RATIO * max(packed, 1 << 16):
        raise Unreadable(f"refused: it would grow to {unpacked >> 20} MB when unpacked")
    return kind
