"""The shipped offline router, loaded once."""

import pytest

from copilot.intent import Ability
from copilot.outside.embed import Embedder
from copilot.routing.model import Model
from copilot.routing.offline import OfflineRouter, catalogue


@pytest.fixture(scope="session")
def abilities() -> dict[str, Ability]:
    return catalogue()


@pytest.fixture(scope="session")
def router() -> OfflineRouter:
    return OfflineRouter(Model.load(), Embedder.load())
