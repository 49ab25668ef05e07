"""The shipped offline router, loaded once."""

from typing import Any

import pytest

from copilot.intent import Ability
from copilot.routing.offline import OfflineRouter, catalogue
from copilot.routing.route import Route, Situation

NAMES = {
    "models": ["haiku", "gpt4"],
    "collections": ["hr", "it-faq", "contracts", "policies"],
    "agents": ["helpdesk", "legal-bot"],
    "benchmarks": ["hr-qa"],
    "deployments": ["helpdesk"],
}


@pytest.fixture(scope="session")
def abilities() -> dict[str, Ability]:
    return catalogue()


@pytest.fixture(scope="session")
def router() -> OfflineRouter:
    return OfflineRouter.load()


@pytest.fixture
def say(router: OfflineRouter, abilities: dict[str, Ability]):  # type: ignore[no-untyped-def]
    def said(text: str, pending: dict[str, Any] | None = None, history: tuple[dict[str, Any], ...] = ()) -> Route:
        return router.route(text, Situation(NAMES, history, pending), abilities)

    return said
