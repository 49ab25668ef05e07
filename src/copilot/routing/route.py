"""What a router is given and what it answers."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, Protocol

from copilot.intent import Ability
from copilot.outside.spending import Spent

Decision = Literal["act", "ask", "decline"]
KINDS = ("models", "collections", "agents", "benchmarks", "deployments")
"""The kinds of named things that a workspace has, as `Situation.names` lists them."""


@dataclass(frozen=True)
class Reading:
    """One way to read an utterance."""

    intent: str
    args: dict[str, Any]
    confidence: float

    def as_json(self) -> dict[str, Any]:
        return {"intent": self.intent, "args": self.args, "confidence": round(self.confidence, 4)}


@dataclass(frozen=True)
class Route:
    """What to do with an utterance.

    `intent` and `args` are the best reading even when the decision is to ask; declining is `out_of_scope`.
    `ask` names the argument that is missing, when that is what is asked; otherwise asking offers the alternatives.
    `via` is `typed`, `pending`, `offline` or the model's name; `why` is for people. `notice` is what they must be told
    unasked: that the model did not help, or may not be asked. `spent` holds the calls of the model that led here.
    """

    intent: str
    args: dict[str, Any]
    confidence: float
    decision: Decision
    ask: str | None = None
    alternatives: tuple[Reading, ...] = ()
    why: str = ""
    via: str = "offline"
    spent: tuple[Spent, ...] = ()
    notice: str = ""

    def as_json(self) -> dict[str, Any]:
        return {
            "intent": self.intent,
            "args": self.args,
            "confidence": round(self.confidence, 4),
            "decision": self.decision,
            "ask": self.ask,
            "alternatives": [a.as_json() for a in self.alternatives],
        }

    def as_log(self) -> dict[str, Any]:
        """Return all of it as a conversation keeps it."""
        calls = [asdict(call) for call in self.spent]
        return {**self.as_json(), "why": self.why, "via": self.via, "calls": calls, "notice": self.notice}

    @classmethod
    def from_log(cls, kept: Mapping[str, Any]) -> "Route":
        """Read what `as_log` wrote."""
        readings = tuple(Reading(**reading) for reading in kept["alternatives"])
        calls = tuple(Spent(**call) for call in kept["calls"])
        told = {name: kept[name] for name in ("intent", "args", "confidence", "decision", "ask", "why", "via", "notice")}
        return cls(**told, alternatives=readings, spent=calls)


@dataclass(frozen=True)
class Situation:
    """What the words are said in.

    Args:
        names: The names that exist, by kind (see KINDS).
        history: Earlier turns, oldest first: `{"user", "intent", "args"}`.
        pending: What the copilot last asked, or None: `{"ask", "intent", "args"}`, `{"confirm": {"intent", "args"}}`
            or `{"choose": [{"intent", "args"}, …]}`.
    """

    names: Mapping[str, Sequence[str]] = field(default_factory=dict)
    history: Sequence[Mapping[str, Any]] = ()
    pending: Mapping[str, Any] | None = None

    @classmethod
    def from_case(cls, case: Mapping[str, Any]) -> "Situation":
        """Read the `context` and `history` of a labelled case."""
        context = case.get("context") or {}
        return cls({kind: context.get(kind) or [] for kind in KINDS}, case.get("history") or (), context.get("pending"))


class Router(Protocol):
    """Turns words into a route. The abilities are passed in: routing never imports them."""

    def route(self, utterance: str, situation: Situation, abilities: Mapping[str, Ability]) -> Route: ...
