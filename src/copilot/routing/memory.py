"""What a conversation remembers of its turns, and what it says of them."""

from collections.abc import Mapping
from typing import Any

from copilot.result import Field, Item, Result
from copilot.routing.route import Route

FOLLOWED = ("done", "asked")
"""Outcomes of turns that later words may refer to; the others are kept for `why` only."""


class Considered(Item):
    """One reading of the words."""

    intent: str
    args: dict[str, Any]
    confidence: float


class ModelCall(Item):
    """One call of a language model: `said` is what it decided, `usd` None when the price is unknown."""

    purpose: str
    model: str
    tokens_in: int
    tokens_out: int
    usd: float | None
    said: str


class Explained(Result):
    """How a line was read: the best reading first, and the calls of a language model that led there."""

    said: str
    decision: str
    ask: str | None
    readings: tuple[Considered, ...]
    why: str
    via: str
    calls: tuple[ModelCall, ...] = Field(default=())

    @property
    def headline(self) -> str:
        wanted = f" for {self.ask}" if self.ask else ""
        return f"“{self.said}”: {self.decision}{wanted}, by {self.via}." if self.said else f"{self.decision}{wanted}, by {self.via}."


class Forgotten(Result):
    """`asks` is the question that is open again, empty when none is."""

    said: str
    asks: str = ""

    @property
    def headline(self) -> str:
        again = f" This is open again: {self.asks}" if self.asks else ""
        return f"“{self.said}” is no longer part of the conversation. What it did stands; undo takes that back.{again}"


def explain(route: Route, said: str = "") -> Explained:
    """Return how a route came about."""
    kept = route.as_log()
    best = {name: kept[name] for name in ("intent", "args", "confidence")}
    others = [r for r in kept["alternatives"] if (r["intent"], r["args"]) != (route.intent, route.args)]
    readings = tuple(Considered(**reading) for reading in (best, *others))
    calls = tuple(ModelCall(**call) for call in kept["calls"])
    return Explained(said=said, decision=route.decision, ask=route.ask, readings=readings, why=route.why, via=route.via, calls=calls)


def reference(turn: Mapping[str, Any]) -> dict[str, Any]:
    """Return of a kept turn what routers see."""
    return {name: turn[name] for name in ("user", "intent", "args")}
