"""Code and content of an agent in one archive, for targets that take nothing else; the same bytes every time.

What hardly gets smaller, the weights, is not compressed: every plan packs it.
"""

import gzip
import io
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from copilot.cloud.artifacts import Artifacts
from copilot.cloud.bundle import EPOCH, FILES, Member
from copilot.cloud.serverless import Blueprint, described

CONTENT = "content"
INFERENCE = b"from copilot.cloud.inference import model_fn, transform_fn\n"

Write = Callable[[Iterator[Member], Path], None]


def seal(blueprint: Blueprint, artifacts: Artifacts, write: Write, code: str = "") -> Blueprint:
    """Return the blueprint with everything that answers in one archive.

    Args:
        write: `zipped` or `tarred`.
        code: Folder in the archive that the code lies in.
    """
    part = artifacts.folder / "package"  # where a clean-up finds it if this process is killed: it holds documents
    try:
        write(_members(blueprint, artifacts, code), part)
        return replace(blueprint, content=replace(blueprint.content, package=artifacts.add(part)))
    finally:
        part.unlink(missing_ok=True)


def zipped(members: Iterator[Member], path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, body in members:
            entry = zipfile.ZipInfo(name, EPOCH)
            entry.compress_type = zipfile.ZIP_STORED if name.startswith(CONTENT) else zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, body)


def tarred(members: Iterator[Member], path: Path) -> None:
    with (
        path.open("wb") as file,
        gzip.GzipFile("", "wb", compresslevel=0, fileobj=file, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w|", format=tarfile.PAX_FORMAT) as archive,
    ):
        for name, body in members:
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(body), 0o644
            archive.addfile(entry, io.BytesIO(body))


def _members(blueprint: Blueprint, artifacts: Artifacts, code: str) -> Iterator[Member]:
    content = blueprint.content
    with zipfile.ZipFile(artifacts.path(content.code)) as archive:
        for name in archive.namelist():
            yield f"{code}{name}", archive.read(name)
    if code:
        yield f"{code}inference.py", INFERENCE
    yield f"{CONTENT}/agent.json", described(blueprint).encode()
    for part, name in FILES.items():
        yield f"{CONTENT}/copilot/{name}", artifacts.path(getattr(content, part)).read_bytes()
