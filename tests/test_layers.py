"""Imports point downwards, foreign libraries have one door each, and nothing grows too long."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[1] / "src" / "copilot"
FILES = sorted(SOURCE.rglob("*.py"))
BASE = {"errors", "resources", "progress", "result", "masking"}
ALLOWED = {
    "errors": set(),
    "resources": set(),
    "progress": set(),
    "result": set(),
    "masking": set(),
    "prompt": {"resources"},
    "intent": {"errors"},
    "registry": {"intent"},
    "outside": {*BASE},
    "knowledge": {*BASE, "prompt", "outside"},
    "answering": {*BASE, "prompt", "outside", "knowledge"},
    "evaluation": {*BASE, "prompt", "outside", "knowledge", "answering"},
    "cloud": {*BASE, "prompt", "outside", "knowledge", "answering"},
    "context": {*BASE, "intent", "outside"},
    "intents": {*BASE, "prompt", "intent", "registry", "context", "outside", "knowledge", "answering", "evaluation", "cloud"},
    "routing": {*BASE, "prompt", "intent", "outside"},
    "faces": {*BASE, "intent", "intents", "context", "routing", "outside"},
    "__main__": {"faces"},
    "__init__": set(),
}
DOORS = {
    "boto3": {"outside/aws.py", "cloud/handler.py", "cloud/speaker.py", "cloud/simulator"},
    "botocore": {"outside/aws.py", "cloud", "faces/doctor.py"},
    "moto": {"cloud/simulator"},
    "litellm": {"outside/chat.py"},
    "instructor": {"outside/chat.py"},
    "chromadb": {"outside/vectors.py"},
    "unstructured": {"knowledge/formats"},
    "onnxruntime": {"outside/embed.py"},
    "ray": {"outside/ray_pool.py"},
}
HEAVY = {"numpy", "boto3", "botocore", "moto", "litellm", "instructor", "chromadb", "unstructured", "onnxruntime", "pypdfium2", "PIL"}


def imports(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def room(path: Path) -> str:
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


each = pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SOURCE)))


@each
def test_imports_point_downwards(path: Path) -> None:
    own = room(path)
    used = {name.split(".")[1] for name in imports(ast.parse(path.read_text())) if name.startswith("copilot.")}
    assert used - {own} <= ALLOWED[own]


@each
def test_a_foreign_library_is_imported_at_its_door_only(path: Path) -> None:
    place = path.relative_to(SOURCE).as_posix()
    for name in {name.split(".")[0] for name in imports(ast.parse(path.read_text()))} & DOORS.keys():
        assert any(place == door or place.startswith(f"{door}/") for door in DOORS[name]), name


@each
def test_abilities_and_faces_import_nothing_heavy_at_the_top(path: Path) -> None:
    if room(path) in ("intents", "faces", "context", "intent", "errors", "result"):
        top = ast.Module([n for n in ast.parse(path.read_text()).body if isinstance(n, ast.Import | ast.ImportFrom)], [])
        assert not {name.split(".")[0] for name in imports(top)} & HEAVY


@each
def test_files_and_functions_stay_short(path: Path) -> None:
    text = path.read_text()
    assert len(text.splitlines()) <= 300
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert (node.end_lineno or 0) - node.lineno < 60, node.name
