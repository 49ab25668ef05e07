"""Fixtures that every room's tests share."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from copilot.context import Context
from copilot.outside.store import Store

ROOT = Path(__file__).resolve().parents[1]
SHARED = Path(os.environ.get("COPILOT_SHARED_DATA") or ROOT.parent / "shared" / "data")


def shared_data(*parts: str) -> Path:
    """Return a path in the folder of public data; skip the test where it is absent."""
    path = SHARED.joinpath(*parts)
    if not path.exists():
        pytest.skip(f"public data is not here: {path}")
    return path


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path / "copilot.db", "tester")
    yield opened
    opened.close()


@pytest.fixture
def ctx(tmp_path: Path) -> Iterator[Context]:
    context = Context(home=tmp_path / "home", user="tester", consent="person")
    yield context
    context.store.close()
