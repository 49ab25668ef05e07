"""Where documents come from: a file, a folder, a glob pattern or a URL."""

import glob
import re
import tempfile
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from urllib.parse import urlsplit

from copilot.errors import BadArguments, CopilotError, NotFound
from copilot.knowledge.web import download
from copilot.masking import mask

IGNORED = {"__pycache__", "node_modules", "__MACOSX", "Thumbs.db", "desktop.ini"}
IGNORED_PREFIXES = (".", "~$")
MAX_BYTES = 500 << 20
MAX_NAME = 63


@dataclass(frozen=True)
class File:
    """One file to read.

    Args:
        path: Where it can be read now.
        source: What identifies it from one ingest to the next: its absolute path, or its URL without credentials.
        name: What people call it: its path inside the folder that was named, or its own name.
        problem: Why it must not be read; empty when it may.
    """

    path: Path
    source: str
    name: str
    problem: str = ""


@contextmanager
def find(source: str) -> Iterator[list[File]]:
    """List the files of a source in a stable order; what is downloaded lives as long as the block.

    Raises:
        NotFound: nothing is there.
        BadArguments: it is no kind of source that can be read.
        Unavailable: a URL cannot be reached, or sends too much.
    """
    if re.match(r"(?i)https?://", source):
        with tempfile.TemporaryDirectory(prefix="copilot-") as folder:
            path = download(source, Path(folder))
            yield [File(path, canonical(source), path.name)]
    elif scheme := re.match(r"(?i)([a-z][a-z0-9+.-]+)://", source):
        raise BadArguments(f"{scheme[0]} sources cannot be read: {source}", "Give a path, a glob pattern or an http(s) URL.")
    else:
        yield _local(source)


def canonical(source: str) -> str:
    """Write a source so that it means the same from any folder, and can be kept: without credentials."""
    return mask(source) if "://" in source else plain(str(_absolute(source)))


def plain(text: str) -> str:
    """Escape what a database or a terminal would stumble over: control characters, and bytes that are no UTF-8."""
    return "".join(ascii(c)[1:-1] if unicodedata.category(c).startswith("C") else c for c in text)


def collection_name(source: str) -> str:
    """Derive a collection's name: of the folder, of the pattern's folder, of the file, of the host."""
    if "://" in source:
        name = _host(source)
    else:
        path = _fixed(_absolute(source))
        name = path.resolve().stem if path.is_file() else path.resolve().name
    return re.sub(r"[^\w.-]+", "-", name).strip("-.").lower()[:MAX_NAME] or "documents"


def _absolute(source: str) -> Path:
    path = Path(source).expanduser()
    return path if path.is_absolute() else Path.cwd() / path


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError as error:
        raise BadArguments(f"{url[:200]!r} is not a URL: {error}.", "Give an address that begins with http:// or https://.") from None


def _local(source: str) -> list[File]:
    path = Path(source).expanduser()
    try:
        if path.is_dir():
            return list(_walk(path, path.resolve()))
        if path.exists():
            target = path.resolve()  # who names a link means what it leads to
            return [_file(target, target.parent)]
        if glob.has_magic(source):
            if files := _matched(path):
                return files
            raise NotFound(f"No file matches {source}.", "Check the pattern; ** goes into folders.")
        raise _missing(path)
    except (OSError, ValueError) as error:
        raise BadArguments(
            f"{source[:200]!r} is not a path that can be read: {error}.", "Give a file, a folder, a glob pattern or a URL."
        ) from None


def _missing(path: Path) -> CopilotError:
    folder = path.parent
    near = get_close_matches(path.name, [p.name for p in folder.iterdir()], n=1) if folder.is_dir() else []
    guess = f" Did you mean '{folder / near[0]}'?" if near else ""
    return NotFound(f"No file or folder {path}.{guess}", "Give a file, a folder, a glob pattern or a URL.")


def _fixed(pattern: Path) -> Path:
    """Return the part of a pattern that holds no wildcard."""
    while glob.has_magic(str(pattern)):
        pattern = pattern.parent
    return pattern


def _matched(pattern: Path) -> list[File]:
    """List what matches; links to folders are left alone, as those that lead in circles would never end."""
    fixed = _fixed(pattern)
    root, found = fixed.resolve(), []
    for match in sorted(fixed.glob(str(pattern.relative_to(fixed)))):
        if any(_ignored(part) for part in match.relative_to(fixed).parts):
            continue
        if not _is_folder(match):
            found.append(_file(match, root))
        elif not match.is_symlink():
            found += _walk(match, root)
    return list({file.source: file for file in found}.values())


def _ignored(name: str) -> bool:
    return name in IGNORED or name.startswith(IGNORED_PREFIXES)


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # it stands in a folder that may be listed but not entered
        return False


def _walk(folder: Path, root: Path) -> Iterator[File]:
    """Yield the files below a folder; hidden ones, and links to folders, are left alone."""
    waiting = [folder.resolve()]
    while waiting:
        here = waiting.pop()
        try:
            entries = sorted(entry for entry in here.iterdir() if not _ignored(entry.name))
        except OSError as error:
            yield File(here, plain(str(here)), plain(str(here.relative_to(root))), error.strerror or "cannot be opened")
            continue
        yield from (_file(entry, root) for entry in entries if not _is_folder(entry))
        waiting += reversed([entry for entry in entries if _is_folder(entry) and not entry.is_symlink()])


def _file(path: Path, root: Path) -> File:
    """Describe a file that was found below `root`, an absolute path without links."""
    full = path.parent.resolve() / path.name
    name = full.relative_to(root) if full.is_relative_to(root) else path.name
    return File(full, plain(str(full)), plain(str(name)), _problem(full, root))


def _problem(full: Path, root: Path) -> str:
    """Say why a file must not be read; empty when it may."""
    try:
        if not full.exists():
            return "a link to nothing"
        if not full.is_file():
            return "not a regular file"
        if full.stat().st_size > MAX_BYTES:
            return f"larger than {MAX_BYTES >> 20} MB"
        return "" if full.resolve().is_relative_to(root) else "a link that leads out of the folder"
    except OSError as error:
        return error.strerror or "cannot be opened"
