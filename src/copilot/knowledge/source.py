"""Where documents come from: a file, a folder, a glob pattern or a URL."""

import glob
import mimetypes
import re
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from urllib.error import URLError
from urllib.parse import unquote, urlsplit
from urllib.request import Request, urlopen

from copilot.errors import BadArguments, CopilotError, NotFound, Unavailable

IGNORED = {"__pycache__", "node_modules", "__MACOSX", "Thumbs.db", "desktop.ini"}
IGNORED_PREFIXES = (".", "~$")
MAX_BYTES = 500 << 20
DOWNLOAD_BYTES = 100 << 20
DOWNLOAD_SECONDS = 120
ANSWER_SECONDS = 20


@dataclass(frozen=True)
class File:
    """One file to read.

    Args:
        path: Where it can be read now.
        source: What identifies it from one ingest to the next: its absolute path or its URL.
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
            yield [_download(source, Path(folder))]
    elif scheme := re.match(r"(?i)([a-z][a-z0-9+.-]+)://", source):
        raise BadArguments(f"{scheme[0]} sources cannot be read: {source}", "Give a path, a glob pattern or an http(s) URL.")
    else:
        yield _local(source)


def canonical(source: str) -> str:
    """Write a source so that it means the same from any folder."""
    if "://" in source:
        return source
    path = Path(source).expanduser()
    return str(path if path.is_absolute() else Path.cwd() / path)


def collection_name(source: str) -> str:
    """Derive a collection's name: of the folder, of the pattern's folder, of the file, of the host."""
    if "://" in source:
        name = urlsplit(source).hostname or ""
    else:
        path = _fixed(Path(canonical(source)))
        name = path.resolve().stem if path.is_file() else path.resolve().name
    return re.sub(r"[^\w.-]+", "-", name).strip("-.").lower() or "documents"


def _local(source: str) -> list[File]:
    path = Path(source).expanduser()
    try:
        if path.is_dir():
            return list(_walk(path))
        if path.exists():
            return [_file(path, path.parent)]
        if glob.has_magic(source):
            if files := _matched(path):
                return files
            raise NotFound(f"No file matches {source}.", "Check the pattern; ** goes into folders.")
    except (OSError, ValueError) as error:
        raise BadArguments(
            f"{source[:200]!r} is not a path that can be read: {error}.", "Give a file, a folder, a glob pattern or a URL."
        ) from None
    raise _missing(path)


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
    root = _fixed(pattern)
    matches = [Path(match) for match in sorted(glob.glob(str(pattern), recursive=True))]  # noqa: PTH207  may be absolute
    kept = [match for match in matches if not any(_ignored(part) for part in match.relative_to(root).parts)]
    found = [file for match in kept for file in (_walk(match) if match.is_dir() else [_file(match, root)])]
    return list({file.source: file for file in found}.values())


def _ignored(name: str) -> bool:
    return name in IGNORED or name.startswith(IGNORED_PREFIXES)


def _walk(folder: Path) -> Iterator[File]:
    """Yield the files below a folder; hidden ones, and links that lead out of it, are left alone."""
    root = folder.resolve()
    waiting = [root]
    while waiting:
        here = waiting.pop()
        try:
            entries = sorted(entry for entry in here.iterdir() if not _ignored(entry.name))
        except OSError as error:
            yield File(here, str(here), str(here.relative_to(root)), error.strerror or "cannot be opened")
            continue
        yield from (_file(entry, root) for entry in entries if not entry.is_dir())
        waiting += reversed([entry for entry in entries if entry.is_dir() and not entry.is_symlink()])


def _file(path: Path, root: Path) -> File:
    root, full = root.resolve(), path.parent.resolve() / path.name
    name = str(full.relative_to(root))
    if not full.exists():
        return File(full, str(full), name, "a link to nothing")
    if not full.is_file():
        return File(full, str(full), name, "not a regular file")
    if full.stat().st_size > MAX_BYTES:
        return File(full, str(full), name, f"larger than {MAX_BYTES >> 20} MB")
    if full.is_symlink() and not full.resolve().is_relative_to(root):
        return File(full, str(full), name, "a link that leads out of the folder")
    return File(full, str(full), name)


def _download(url: str, folder: Path) -> File:
    """Fetch a URL into a private folder, within limits of size and time."""
    deadline = time.monotonic() + DOWNLOAD_SECONDS
    request = Request(url, headers={"User-Agent": "copilot", "Accept": "*/*"})  # noqa: S310  only http(s) gets here
    try:
        with urlopen(request, timeout=ANSWER_SECONDS) as answer:  # noqa: S310
            path = folder / _name(url, answer.headers.get_content_type())
            with path.open("wb") as out:
                while part := answer.read(1 << 20):
                    out.write(part)
                    if out.tell() > DOWNLOAD_BYTES:
                        raise Unavailable(f"{url} is larger than {DOWNLOAD_BYTES >> 20} MB.", "Download it and ingest the file.")
                    if time.monotonic() > deadline:
                        raise Unavailable(f"{url} took longer than {DOWNLOAD_SECONDS} seconds.", "Download it and ingest the file.")
    except (URLError, OSError, ValueError) as error:
        raise Unavailable(f"Cannot fetch {url}: {getattr(error, 'reason', error)}.", "Check the address and the network.") from None
    return File(path, url, path.name)


def _name(url: str, kind: str) -> str:
    """Name a download by the last part of its address, with the extension of its type where it has none."""
    last = re.sub(r"[^\w.-]+", "-", unquote(urlsplit(url).path).rstrip("/").rpartition("/")[2]).strip("-.")[-100:]
    name = last or re.sub(r"[^\w.-]+", "-", urlsplit(url).hostname or "page")
    extension = mimetypes.guess_extension(kind) or ""
    return name if last and Path(name).suffix else f"{name}{extension}"
