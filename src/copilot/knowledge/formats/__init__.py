"""Readers of document formats, one module a family: `read(path, kind) -> Content`, or raise Unreadable."""

import importlib
from pathlib import Path

from copilot.knowledge.blocks import Content

READERS = {
    "txt": "text",
    "csv": "table",
    "tsv": "table",
    "pdf": "pdf",
    "png": "image",
    "jpg": "image",
    "tiff": "image",
    "docx": "office",
    "pptx": "office",
    "html": "office",
    "md": "office",
    "eml": "office",
}


def preload(kind: str) -> None:
    """Import what reading a type needs, so that processes forked afterwards have it."""
    if kind in READERS:
        importlib.import_module(f"{__name__}.{READERS[kind]}").preload(kind)


def read(path: Path, kind: str) -> Content:
    """Read a file as the type it was detected to be; raise Unreadable when it has no text."""
    content: Content = importlib.import_module(f"{__name__}.{READERS[kind]}").read(path, kind)
    return content
