"""Where documents come from: a file, a folder, a glob pattern, a URL, a bucket, or what is piped in."""

import glob
import hashlib
import os
import re
import sys
import tempfile
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from copilot.errors import BadArguments, CopilotError, NotFound
from copilot.knowledge.blocks import storable
from copilot.knowledge.bucket import bucket_name, listed
from copilot.knowledge.ignore import Rule, hidden, ignored, rules
from copilot.knowledge.web import download
from copilot.masking import mask

MAX_BYTES = 2 << 30
MAX_NAME = 63
PIPED = "-"
INSIDE = "!/"
"""Stands in a source between a document and the name of one inside it."""
KINDS = "Give a file, a folder, a glob pattern, an http(s) URL, or s3://BUCKET/PREFIX."


@dataclass(frozen=True)
class File:
    """One file to read.

    Args:
        path: Where it can be read now; of one that must be fetched first, its name.
        source: What identifies it from one ingest to the next: its absolute path, or its URL without credentials.
        name: What people call it: its path inside the folder that was named, or its own name.
        problem: Why it must not be read; empty when it may.
        version: What changes with its content, where that is known without reading it.
        fetch: Brings it to a path; raises CopilotError when it cannot.
    """

    path: Path
    source: str
    name: str
    problem: str = ""
    version: str = ""
    fetch: Callable[[Path], None] | None = None


@contextmanager
def find(source: str, s3: Callable[[], Any] | None = None) -> Iterator[list[File]]:
    """List the files of a source in a stable order; what is downloaded lives as long as the block.

    Args:
        s3: Makes an S3 client, for a source that needs one.

    Raises:
        NotFound: nothing is there.
        BadArguments: it is no kind of source that can be read.
        Unavailable: a URL cannot be reached, or sends too much.
    """
    if re.match(r"(?i)https?://", source) or source == PIPED:
        with tempfile.TemporaryDirectory(prefix="copilot-") as folder:
            yield [_piped(Path(folder))] if source == PIPED else [_downloaded(source, Path(folder))]
    elif s3 and re.match(r"(?i)s3://", source):
        yield [_remote(*entry) for entry in listed(s3(), source)]
    elif scheme := re.match(r"(?i)([a-z][a-z0-9+.-]+)://", source):
        raise BadArguments(f"{scheme[0]} sources cannot be read: {source}", KINDS)
    else:
        yield _local(source)


def _downloaded(url: str, folder: Path) -> File:
    path = download(url, folder)
    return File(path, canonical(url), path.name)


def _remote(address: str, name: str, version: str, size: int, fetch: Callable[[Path], None]) -> File:
    problem = f"larger than {MAX_BYTES >> 20} MB" if size > MAX_BYTES else ""
    return File(Path(storable(plain(PurePosixPath(name).name))), plain(address), plain(name), problem, version, fetch)


def _piped(folder: Path) -> File:
    """Take what is piped in; the same content is the same document, whenever it comes.

    Raises:
        BadArguments: nothing is piped in, or too much.
    """
    path, seen = folder / "piped", hashlib.sha256()
    if not sys.stdin or sys.stdin.isatty():
        raise BadArguments("Nothing is piped in.", "Type, for example: cat FILE | copilot data ingest - --collection NAME")
    with path.open("wb") as out:
        while part := sys.stdin.buffer.read(1 << 20):
            seen.update(part)
            if out.tell() + len(part) > MAX_BYTES:
                raise BadArguments(f"What is piped in is larger than {MAX_BYTES >> 20} MB.", "Save it as a file, and split it.")
            out.write(part)
    label = seen.hexdigest()[:8]
    return File(path, f"{PIPED}{label}", f"piped-{label}")


def canonical(source: str) -> str:
    """Write a source so that it means the same from any folder, and can be kept: without credentials."""
    return mask(source) if "://" in source or source == PIPED else plain(str(_absolute(source)))


def plain(text: str) -> str:
    """Escape what a database or a terminal would stumble over: control characters, and bytes that are no UTF-8."""
    return "".join(ascii(c)[1:-1] if unicodedata.category(c).startswith("C") else c for c in text)


def collection_name(source: str) -> str:
    """Derive a collection's name: of the folder, of the pattern's folder, of the file, of the host."""
    if source == PIPED:
        return "piped"
    if "://" in source:
        name = bucket_name(source) if source.lower().startswith("s3://") else _host(source)
    else:
        path = fixed(_absolute(source))
        real = Path(os.path.realpath(path))  # unlike resolve(), of a link that leads in a circle too
        name = real.stem if path.is_file() else real.name
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
        raise BadArguments(f"{source[:200]!r} is not a path that can be read: {error}.", KINDS) from None


def _missing(path: Path) -> CopilotError:
    folder = path.parent
    near = get_close_matches(path.name, [p.name for p in folder.iterdir()], n=1) if folder.is_dir() else []
    guess = f" Did you mean '{folder / near[0]}'?" if near else ""
    return NotFound(f"No file or folder {path}.{guess}", KINDS)


def fixed(pattern: Path) -> Path:
    """Return the part of a path pattern that holds no wildcard."""
    while glob.has_magic(str(pattern)):
        pattern = pattern.parent
    return pattern


def _matched(pattern: Path) -> list[File]:
    """List what matches; links to folders are left alone, as those that lead in circles would never end."""
    base = fixed(pattern)
    root, found = base.resolve(), []
    for match in sorted(base.glob(str(pattern.relative_to(base)))):
        if any(hidden(part) for part in match.relative_to(base).parts):
            continue
        if not _is_folder(match):
            found.append(_file(match, root))
        elif not match.is_symlink():
            found += _walk(match, root)
    return list({file.source: file for file in found}.values())


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # it stands in a folder that may be listed but not entered
        return False


def _walk(folder: Path, root: Path) -> Iterator[File]:
    """Yield the files below a folder; what is ignored, and links to folders, are left alone."""
    waiting: list[tuple[Path, tuple[Rule, ...]]] = [(folder.resolve(), ())]
    while waiting:
        here, known = waiting.pop()
        try:
            known = (*known, *rules(here))
            entries = [(path, _is_folder(path)) for path in sorted(here.iterdir())]
        except OSError as error:
            yield File(here, plain(str(here)), plain(str(here.relative_to(root))), error.strerror or "cannot be opened")
            continue
        kept = [(path, is_folder) for path, is_folder in entries if not ignored(path, is_folder, known)]
        yield from (_file(path, root) for path, is_folder in kept if not is_folder)
        waiting += reversed([(path, known) for path, is_folder in kept if is_folder and not path.is_symlink()])


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
