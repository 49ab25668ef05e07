"""What the documents promise is there."""

import re
import shlex
from pathlib import Path

import pytest

from copilot.faces.cli import app
from copilot.faces.commands import BESIDE, parse_line
from copilot.faces.reference import as_markdown
from copilot.masking import mask
from copilot.resources import resource

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), ROOT / "benchmarks" / "README.md"]
PRODUCT = {command.callback.__name__ for command in app.registered_commands if command.callback}
MARK = "<!-- reference -->\n"


def said(pattern: str) -> list[str]:
    found = [match for page in PAGES for match in re.findall(pattern, page.read_text(encoding="utf-8").split(MARK)[0])]
    return sorted(set(found))


@pytest.mark.parametrize("line", said(r"`copilot ([^`]*)`"))
def test_a_command_in_the_documents_exists(line: str) -> None:
    words = shlex.split(line)
    assert words[0] in PRODUCT or words[0].startswith("-") or tuple(words[:2]) in BESIDE or parse_line(f"/{line}")


LINKS = said(r"\]\(((?:docs|benchmarks)?/?[\w./-]+\.md)\)")
NAMED = said(r"`((?:src|data|tests|prompts|docs|scripts|benchmarks)/[\w./-]+)`")


@pytest.mark.parametrize("path", LINKS + NAMED)
def test_a_file_in_the_documents_exists(path: str) -> None:
    assert any((page.parent / path).exists() for page in PAGES) or (ROOT / path).exists()


def test_the_readme_ends_with_the_reference_of_today() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert readme.split(MARK)[1].strip() == as_markdown().strip(), "Run: python scripts/write_reference.py"


def test_prompts_hold_no_secrets() -> None:
    assert all(mask(path.read_text(encoding="utf-8")) == path.read_text(encoding="utf-8") for path in resource("prompts").glob("*.txt"))
