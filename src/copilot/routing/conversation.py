"""A conversation: what was said, what is still open, and what a new line therefore means."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from copilot.errors import CopilotError, NeedsAnswer, NotFound, OutOfScope
from copilot.intent import THINGS, Intent
from copilot.masking import mask, masked
from copilot.outside.access import reached
from copilot.outside.catalogue import BUILTIN_NAME
from copilot.outside.spending import Ledger, Spent, counting
from copilot.outside.store import Store
from copilot.routing.consent import NO, RISKY, SHOWN, YES, agrees, hesitates, wonders
from copilot.routing.memory import FOLLOWED, Explained, Forgotten, explain, reference
from copilot.routing.questions import choice, lasting, question
from copilot.routing.quotes import unquoted
from copilot.routing.route import Reading, Route, Router, Situation

REMEMBERED = 20
"""Turns kept for references such as "that one"."""

LONGEST_LINE = 20_000
"""Characters of one utterance; more is a pasted file."""

WHY = ("why", "/why")
FORGET = "/forget"
TAKING_BACK = {"undo", "undo that", "undo it", "/undo"}
PLAINLY = 0.9
TALK = ("ask_agent", "search_data", "help", "out_of_scope", "confirm", "cancel", "record_feedback")
"""What a line in a talk with an agent can be without being a command: `PLAINLY` is the confidence that makes it one."""

UNGUESSED = ("typed", "pending")
"""Routes that no router guessed."""

Parse = Callable[[str], tuple[str, dict[str, Any]] | None]
"""Reads a typed command: the ability's name and its arguments, or None when the line is not one."""

Perform = Callable[[Intent, Mapping[str, Any], bool], Any]
"""Runs a call; the flag says that the person has just agreed to it."""


@dataclass(frozen=True)
class Turn:
    """One utterance and what became of it."""

    utterance: str
    route: Route
    result: Any = None
    error: CopilotError | None = None
    spent: tuple[Spent, ...] = ()

    @property
    def exit_code(self) -> int:
        return self.error.exit_code if self.error else 0

    @property
    def outcome(self) -> str:
        """`done`, `asked`, `declined` or `failed`."""
        if isinstance(self.error, NeedsAnswer):
            return "asked"
        return "declined" if isinstance(self.error, OutOfScope) else "failed" if self.error else "done"

    @property
    def asks_for_yes(self) -> bool:
        return isinstance(self.error, NeedsAnswer) and "confirm" in self.error.pending


@dataclass
class Conversation:
    """A dialogue of one user, kept in the store under a name so that it survives a restart.

    Args:
        name: The session's name; an empty one is kept nowhere.
        abilities: The abilities that exist.
        router: Called for the router when a line needs one, so that typed commands never load it.
        offline: Called for the router that costs nothing; it looks at what must not be paid for, or left to a model.
        agreed_in_advance: True when nothing will be confirmed (`--yes`), so that every doubt has to be asked about here.
    """

    store: Store
    name: str
    abilities: Mapping[str, Intent]
    router: Callable[[], Router]
    offline: Callable[[], Router]
    parse: Parse
    perform: Perform
    agreed_in_advance: bool = False
    history: list[dict[str, Any]] = field(default_factory=list)
    pending: dict[str, Any] | None = None

    def __post_init__(self) -> None:
        self.ledger = Ledger(self.store, self.name)
        state = self.store.session(self.name) if self.name else {}
        self.history = list(state.get("history", ()))
        self.pending = state.get("pending")

    def say(self, utterance: str) -> Turn:
        """Take one line to its end: read it, run it, remember it. Errors come back in the turn, not as exceptions."""
        utterance = utterance.strip()
        try:
            if utterance.lower() in (*WHY, FORGET):
                name, act = ("forget", self.forget) if utterance.lower() == FORGET else ("why", self.explain)
                return Turn(utterance, Route(name, {}, 1.0, "act", via="typed"), act())
            route = self.read(utterance)
        except CopilotError as error:
            return Turn(utterance, Route("out_of_scope", {}, 0.0, "decline"), error=error)
        return self._take(utterance, route)

    def run(self, name: str, args: Mapping[str, Any]) -> Turn:
        """Take a typed command to its end, as `say` does with words."""
        return self._take(name, Route(name, dict(args), 1.0, "act", via="typed"))

    def answer(self, agreed: bool) -> Turn:
        """Agree to what is pending, or decline it, without words."""
        return self.run("confirm" if agreed else "cancel", {})

    def _take(self, utterance: str, route: Route) -> Turn:
        before = self.pending
        with counting("", self.ledger.caps(self.store.settings())) as calls:
            try:
                turn = Turn(utterance, *self._act(utterance, route))
                self.pending = None
            except NeedsAnswer as error:
                self.pending = {**error.pending, "said": error.problem} if error.pending else None
                turn = Turn(utterance, route, error=error)
            except CopilotError as error:
                self.pending = before if isinstance(error, OutOfScope) else None
                turn = Turn(utterance, route, error=error)
        spent = [replace(call, purpose=turn.route.intent) for call in calls]
        self.ledger.record(spent)
        self._remember(turn, before)
        return replace(turn, spent=(*route.spent, *spent))

    def read(self, utterance: str) -> Route:
        """Decide what a line means without doing it."""
        if len(utterance) > LONGEST_LINE:
            problem = f"That is {len(utterance):,} characters long; a sentence of up to {LONGEST_LINE:,} can be understood."
            raise CopilotError(problem, "To load a text, save it as a file and say: ingest FILE into COLLECTION")
        if self.pending and "confirm" in self.pending and utterance.lower().strip(" .!") in TAKING_BACK:
            return Route("cancel", {}, 1.0, "act", why="Nothing was done yet, so what was proposed is dropped.", via="pending")
        if typed := self.parse(utterance):
            name, args = typed
            return Route(name, args, 1.0, "act", why="A typed command runs as it is.", via="typed")
        if route := self._reply(utterance):
            return route
        return self._ask_router(utterance, self.situation())

    def _ask_router(self, utterance: str, situation: Situation) -> Route:
        with counting("route", self.ledger.caps(self.store.settings())):
            route = self.router().route(mask(utterance), situation, self.abilities)
        self.ledger.record(route.spent)
        return route

    def _look(self, utterance: str, situation: Situation) -> Route:
        """Return what the words mean to the offline router."""
        return self.offline().route(mask(utterance), situation, self.abilities)

    def situation(self) -> Situation:
        names = {f"{kind}s": self.store.names(kind) for kind in THINGS}
        names["agents"] += [agent.name for agent in reached(self.store)]
        if BUILTIN_NAME not in names["models"]:
            names["models"].append(BUILTIN_NAME)
        history = tuple(reference(turn) for turn in self.history if turn.get("outcome", "done") in FOLLOWED)
        return Situation(names, history, masked(lasting(self.pending)))

    def keep_asking(self, agent: str) -> None:
        """Stay with an agent: the next line is a question for it again, until the person says stop."""
        self.pending = {"ask": "question", "intent": "ask_agent", "args": {"agent": agent}}

    def explain(self) -> Explained:
        """Say how the last line was read; raise NotFound when there is none."""
        last = self._last()
        return explain(Route.from_log(last["route"]), last["user"])

    def forget(self) -> Forgotten:
        """Drop the last turn; raise NotFound when there is none.

        A question for an argument that was open before it is open again, unless the turn was carried out. What waits for a yes
        never is: it would be carried out by a yes to something else.
        """
        last = self._last()
        self.history.pop()
        before = last["before"] or {}
        again = "ask" in before and last["outcome"] != "done"
        self.pending = before if again else None
        self._save()
        return Forgotten(said=last["user"], asks=(before.get("said") or f"Which {before['ask']}?") if again else "")

    def _last(self) -> dict[str, Any]:
        if not self.history:
            raise NotFound("Nothing was said yet in this conversation.", "Name one to go on with: --session NAME")
        return self.history[-1]

    def _act(self, utterance: str, route: Route) -> tuple[Route, Any]:
        if route.decision == "decline":
            raise OutOfScope(route.why or "I can't do that.", "See what I can do: help")
        if route.decision == "ask" and not self._is_asked_anyway(utterance, route):
            raise question(route, self.abilities, self.pending)
        guessed = route.via not in UNGUESSED
        if guessed and self._is_unasked(utterance, route):
            readings = (Reading(route.intent, route.args, route.confidence), *(r for r in route.alternatives if r.intent != route.intent))
            raise question(replace(route, ask=None, alternatives=readings), self.abilities, self.pending)
        confirmed = route.intent == "confirm" and bool(self.pending and "confirm" in self.pending)
        if confirmed and self.pending:
            call = self.pending["confirm"]
            named = (*SHOWN, *(value for value in call["args"].values() if isinstance(value, str)))
            if guessed and not agrees(utterance, self.abilities[call["intent"]].effect, named):
                raise NeedsAnswer("That was not a clear yes, so nothing was done.", "Answer yes or no.", self.pending)
            route = Route(call["intent"], call["args"], 1.0, "act", why="You agreed.", via="pending", spent=route.spent)
        return route, self.perform(self.abilities[route.intent], route.args, confirmed)

    def _is_asked_anyway(self, utterance: str, route: Route) -> bool:
        """Say whether the gate will show what the words mean, planned, and ask for a yes: asking twice adds nothing.

        That takes a single reading, or what was proposed with other details ("yes but to staging instead").
        """
        if route.ask or self.agreed_in_advance or self.abilities[route.intent].effect not in RISKY or self._is_unasked(utterance, route):
            return False
        proposed = (self.pending or {}).get("confirm", {}).get("intent")
        return proposed == route.intent or [reading.intent for reading in route.alternatives] == [route.intent]

    def _is_unasked(self, utterance: str, route: Route) -> bool:
        """Say whether a call that costs or destroys may not be what the person asks for: only quoted, reported, banned, put off."""
        if self.abilities[route.intent].effect not in RISKY:
            return False
        situation = self.situation()
        own = unquoted(utterance, situation.names)
        return hesitates(utterance) or (own != utterance and self._look(own, situation).intent != route.intent)

    def _reply(self, utterance: str) -> Route | None:
        """Return the route of a plain reply to what is pending: a number, yes or no, a question for an agent."""
        pending, bare = self.pending or {}, utterance.lower().strip(" .!")
        if not pending and self.history and (call := self.history[-1].get("on_yes")) and agrees(utterance, "cloud", SHOWN):
            return Route(call[0], call[1], 1.0, "act", why="You agreed to what was shown.", via="pending")
        if ((not pending or "confirm" in pending) and bare in YES) or (pending and bare in NO):
            return Route("confirm" if bare in YES else "cancel", {}, 1.0, "act", why="A plain yes or no.", via="pending")
        if pending.get("ask") == "question" and bare not in NO:
            args = {**pending["args"], "question": utterance}
            return self._aside(utterance) or Route(pending["intent"], args, 1.0, "act", why="Your question, as it is.", via="pending")
        if pending.get("verbatim") and bare not in NO:
            args = {**pending["args"], pending["ask"]: utterance.strip()}
            return Route(pending["intent"], args, 1.0, "act", why="What you typed, as it is.", via="pending")
        if chosen := choice(utterance, pending):
            return Route(chosen["intent"], chosen["args"], 1.0, "act", why="The reading that you picked.", via="pending")
        return None

    def _aside(self, utterance: str) -> Route | None:
        """Return the route of a line that is plainly meant for copilot, though an agent is being talked to."""
        if wonders(utterance):
            return None
        route = self._look(utterance, replace(self.situation(), pending=None))
        clear = route.decision == "act" and route.confidence >= PLAINLY and route.intent not in TALK
        return route if clear else None

    def _remember(self, turn: Turn, before: Mapping[str, Any] | None) -> None:
        """Keep a turn for `why` and for later references, less the arguments that held for one confirmation only."""
        once, route = (before or {}).get("once", ()), turn.route
        args = {name: value for name, value in route.args.items() if name not in once}
        if route.intent == "undo" and turn.error is None:
            self._take_back(getattr(turn.result, "ability", ""))
        kept = {"user": turn.utterance, "intent": route.intent, "args": args, "outcome": turn.outcome, "before": before}
        kept["on_yes"] = getattr(turn.result, "on_yes", None)
        self.history.append(masked({**kept, "route": replace(route, args=args).as_log()}))
        del self.history[:-REMEMBERED]
        self._save()

    def _take_back(self, ability: str) -> None:
        """Drop the newest turn of an ability whose change was undone, so that "it" no longer means what is gone."""
        for place in reversed(range(len(self.history))):
            if self.history[place]["intent"] == ability and self.history[place].get("outcome") == "done":
                del self.history[place]
                return

    def _save(self) -> None:
        if self.name:
            self.store.save_session(self.name, masked({"history": self.history, "pending": self.pending}))
