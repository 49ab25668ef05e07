"""ZIP archives: what is in them is unpacked, each file to be read as a document of its own."""

import re
import shutil
import stat
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from copilot.knowledge.blocks import Content, Part, Unreadable, storable, tidy
from copilot.knowledge.ignore import hidden

MAX_BYTES = 500 << 20
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
ENCRYPTED = 1


def preload(kind: str) -> None:
    """Need nothing beyond the standard library."""


def unpack(path: Path, kind: str, folder: Path) -> Content:
    """Unpack an archive below a private folder; detection has refused what would grow too large."""
    try:
        with zipfile.ZipFile(path) as archive:
            parts = tuple(_parts(archive, folder))
    except (zipfile.BadZipFile, ValueError, OSError):
        raise Unreadable("damaged: its archive cannot be opened", "Pack it again.") from None
    if not parts:
        raise Unreadable("an archive without documents")
    return Content((), parts=parts)


def place(folder: Path, number: int, name: str) -> Path:
    """Return where the part of a document goes: a name of ours in a folder of its own, so that no name leads elsewhere."""
    kept = storable(re.sub(r"[^\w. -]", "_", PurePosixPath(name.replace("\\", "/")).name)[-100:]).lstrip(".") or "part"
    (folder / str(number)).mkdir(parents=True)
    return folder / str(number) / kept


def _parts(archive: zipfile.ZipFile, folder: Path) -> Iterator[Part]:
    for number, info in enumerate(archive.infolist(), 1):
        steps = [step for step in tidy(info.filename.replace("\\", "/")).split("/") if step not in ("", ".", "..")]
        if info.is_dir() or any(map(hidden, steps)):
            continue
        name = "/".join(steps)
        if problem := _problem(info):
            yield Part(name, problem=problem)
            continue
        target = place(folder, number, name)
        try:
            with archive.open(info) as source, target.open("xb") as out:
                shutil.copyfileobj(source, out)
            yield Part(name, str(target))
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError):
            target.unlink(missing_ok=True)
            yield Part(name, problem="damaged: it cannot be unpacked")


def _problem(info: zipfile.ZipInfo) -> str:
    """Say why a file of an archive must not be unpacked; empty when it may."""
    if info.flag_bits & ENCRYPTED:
        return "encrypted: it needs a password"
    if info.compress_type not in METHODS:
        return "packed in a way that is not supported"
    if stat.S_ISLNK(info.external_attr >> 16):
        return "a link"
    return f"larger than {MAX_BYTES >> 20} MB" if info.file_size > MAX_BYTES else ""
