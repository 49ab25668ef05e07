"""Readers of document formats, one module a family: `read(path, kind)`, or `unpack(path, kind, folder)` where documents hold others."""

import importlib
from pathlib import Path

from copilot.knowledge.blocks import Content

READERS = {
    "txt": "text",
    "csv": "delimited",
    "tsv": "delimited",
    "xlsx": "workbook",
    "json": "objects",
    "ndjson": "objects",
    "xml": "markup",
    "sqlite": "database",
    "sql": "dump",
    "pdf": "pdf",
    "png": "image",
    "jpg": "image",
    "tiff": "image",
    "docx": "office",
    "pptx": "office",
    "html": "page",
    "md": "page",
    "eml": "mail",
    "zip": "archive",
}
CONTAINERS = {"eml", "zip"}
"""Types that hold documents of their own."""


def preload(kind: str) -> None:
    """Import what reading a type needs, so that processes forked afterwards have it."""
    if kind in READERS:
        importlib.import_module(f"{__name__}.{READERS[kind]}").preload(kind)


def read(path: Path, kind: str, folder: Path) -> Content:
    """Read a file as the type it was detected to be; raise Unreadable when it has no text.

    Args:
        folder: Where the documents inside this one are unpacked to.
    """
    module = importlib.import_module(f"{__name__}.{READERS[kind]}")
    content: Content = module.unpack(path, kind, folder) if kind in CONTAINERS else module.read(path, kind)
    return content
