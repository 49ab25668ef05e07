"""The router that asks a language model, lets it reflect on evidence, and falls back on the offline router."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from copilot.errors import BadArguments, CopilotError
from copilot.intent import Ability
from copilot.outside.chat import Chatter, Reply
from copilot.outside.chat_failures import NoFunctions
from copilot.outside.spending import Spent, counting
from copilot.prompt import prompt
from copilot.routing.calls import arguments_model, check, findings, missing, read_object, tool, written_call
from copilot.routing.consent import RISKY
from copilot.routing.offline import OfflineRouter
from copilot.routing.route import Reading, Route, Situation

Reflection = Literal["always", "on_doubt", "never"]
SHORTLIST = 12
ALWAYS = ("out_of_scope", "help")
REMEMBERED = 6
RECENT = 3
SHARED, UNSHARED = 0.97, 0.9
"""Confidence of a call that the offline router shares, and of one that it does not."""


@dataclass
class Attempt:
    """What is known of one utterance while it is routed."""

    utterance: str
    situation: Situation
    offered: Mapping[str, Ability]
    fallback: Route
    intent: str = ""
    args: dict[str, Any] = field(default_factory=dict)
    problem: str = ""
    in_writing: bool = False
    spent: list[Spent] = field(default_factory=list)

    @property
    def evidence(self) -> dict[str, Any]:
        names = {kind: list(listed) for kind, listed in self.situation.names.items() if listed}
        history = [dict(turn) for turn in self.situation.history[-REMEMBERED:]]
        return {"utterance": self.utterance, "names": names, "history": history, "pending": self.situation.pending}

    @property
    def validation(self) -> str:
        """What the rules say of the first call."""
        if self.problem:
            return f"not valid: {self.problem}"
        return "; ".join(["valid", *findings(self.offered[self.intent], self.args, self.situation.names)])

    def decided(self, said: str) -> None:
        """Note what the last call of the model came to."""
        self.spent[-1] = replace(self.spent[-1], said=said)


@dataclass
class LanguageModelRouter:
    """Routes with a language model. It can only name abilities that exist, whatever the words say.

    Args:
        chat: The model.
        offline: Chooses the tools that are offered, gives evidence, and answers when the model does not.
        reflection: When the first call is checked by a second one.
    """

    chat: Chatter
    offline: OfflineRouter
    reflection: Reflection = "always"

    def __post_init__(self) -> None:
        self.functions = self.chat.functions

    def route(self, utterance: str, situation: Situation, abilities: Mapping[str, Ability]) -> Route:
        """Return what to do. A model that fails is never an error: the offline router answers, and the notice says so."""
        fallback = self.offline.route(utterance, situation, abilities)
        if not utterance.strip():
            return fallback
        offered = {name: abilities[name] for name in shortlist(self.offline, utterance, situation, abilities)}
        attempt = Attempt(utterance, situation, offered, fallback)
        try:
            self._choose(attempt)
            if attempt.problem and attempt.intent in attempt.offered:
                self._repair(attempt)
            if self._doubts(attempt):
                return self._reflect(attempt)
        except CopilotError as error:
            return _offline(attempt, f"The model did not help ({error.problem.rstrip('.')}); routed offline. {error.hint}".rstrip())
        return self._keep(attempt, "") if not attempt.problem else self._give_up(attempt, attempt.problem)

    def _choose(self, attempt: Attempt) -> None:
        name, args = self._first_call(attempt)
        attempt.intent = name
        try:
            attempt.args = check(name, args, attempt.offered)
        except BadArguments as error:
            attempt.args, attempt.problem = dict(args) if isinstance(args, Mapping) else {}, error.problem
        attempt.decided(" ".join([name, *attempt.args]) if name in attempt.offered else "no such tool")

    def _first_call(self, attempt: Attempt) -> tuple[str, Any]:
        """Return the model's first call: of a function, or written as JSON. Words alone are a refusal."""
        if self.functions is False:
            return self._written(attempt)
        try:
            reply = self._complete(attempt, "route", prompt("route"), attempt.evidence, True)
        except NoFunctions:
            self.functions = False
            return self._written(attempt)
        except BadArguments:
            if self.functions:
                raise
            return self._written(attempt)  # perhaps it is only the functions that it does not take
        self.functions = True
        if reply.calls:
            return reply.calls[0].name, reply.calls[0].args
        written = written_call(reply.text)
        return written if written and written[0] in attempt.offered else ("out_of_scope", {})

    def _written(self, attempt: Attempt) -> tuple[str, Any]:
        """Ask for the call in writing, as models without functions are asked."""
        attempt.in_writing = True
        evidence = {**attempt.evidence, "tools": [tool(ability)["function"] for ability in attempt.offered.values()]}
        reply = self._complete(attempt, "route", f"{prompt('route')}\n{prompt('route_in_writing')}", evidence)
        return written_call(reply.text) or ("", {})

    def _repair(self, attempt: Attempt) -> None:
        """Ask once more for arguments that the ability accepts."""
        evidence = {**attempt.evidence, "tool": attempt.intent, "args": attempt.args, "problem": attempt.problem}
        with counting("repair") as calls:
            try:
                shape = arguments_model(attempt.offered[attempt.intent])
                fixed, _ = self.chat.parse(_messages(prompt("route"), evidence), shape, not attempt.in_writing)
                attempt.args = check(attempt.intent, fixed.model_dump(), attempt.offered)
            except BadArguments:
                attempt.spent += [replace(call, said="still not valid") for call in calls]
                return
        attempt.spent += calls
        attempt.problem = ""
        attempt.decided(" ".join([attempt.intent, *attempt.args]))

    def _doubts(self, attempt: Attempt) -> bool:
        if self.reflection == "on_doubt":
            second = attempt.fallback
            agreed = second.decision == "act" and (second.intent, _plain(second.args)) == (attempt.intent, _plain(attempt.args))
            return not agreed or attempt.validation != "valid" or attempt.offered[attempt.intent].effect in RISKY
        return self.reflection == "always"

    def _reflect(self, attempt: Attempt) -> Route:
        candidates = [Reading(attempt.fallback.intent, attempt.fallback.args, attempt.fallback.confidence), *attempt.fallback.alternatives]
        evidence = {
            **attempt.evidence,
            "call": {"intent": attempt.intent, "args": attempt.args},
            "validation": attempt.validation,
            "candidates": [c.as_json() for c in candidates],
            "tools": {name: [ability.summary, *(a.name for a in ability.args)] for name, ability in attempt.offered.items()},
        }
        reply = self._complete(attempt, "reflect", prompt("reflect"), evidence)
        said = read_object(reply.text, ("verdict",)) or {}
        verdict = str(said.get("verdict") or "no verdict")[:20]
        attempt.decided(verdict)
        why = f"{verdict}: {str(said.get('why') or '')[:200]}"
        match verdict:
            case "keep" if not attempt.problem:
                return self._keep(attempt, why)
            case "mend":
                return self._mend(attempt, said, why)
            case "ask" if not attempt.problem:
                return self._ask(attempt, str(said.get("ask") or ""), why)
            case "refuse":
                return Route("out_of_scope", {}, UNSHARED, "decline", why=why, via=self.chat.model, spent=tuple(attempt.spent))
        return self._give_up(attempt, attempt.problem) if attempt.problem else self._keep(attempt, "The check gave no verdict.")

    def _mend(self, attempt: Attempt, said: Mapping[str, Any], why: str) -> Route:
        try:
            args = check(str(said.get("intent")), said.get("args") or {}, attempt.offered)
        except BadArguments as error:
            if attempt.problem:
                return self._give_up(attempt, error.problem)
            return self._keep(attempt, f"The correction was not valid: {error.problem}")
        before = attempt.intent
        attempt.intent, attempt.args = str(said["intent"]), args
        attempt.decided(" ".join(["mend", attempt.intent, *args]))
        return self._keep(attempt, f"{why} (first: {before or 'no call'})")

    def _ask(self, attempt: Attempt, argument: str, why: str) -> Route:
        ability = attempt.offered[attempt.intent]
        route = self._keep(attempt, why)
        if route.decision == "decline":
            return route
        ask = argument if ability.argument(argument) and argument not in attempt.args else route.ask
        return replace(route, decision="ask", ask=ask, alternatives=() if ask else _readings(attempt, route.confidence))

    def _keep(self, attempt: Attempt, why: str) -> Route:
        """Return the route of the call that stands."""
        confidence = SHARED if attempt.intent == attempt.fallback.intent else UNSHARED
        spent, model = tuple(attempt.spent), self.chat.model
        if attempt.intent == "out_of_scope":
            return Route("out_of_scope", {}, confidence, "decline", why=why or "None of my abilities covers that.", via=model, spent=spent)
        gap = missing(attempt.offered[attempt.intent], attempt.args)
        others = tuple(r for r in _readings(attempt, confidence) if r.intent != attempt.intent)
        return Route(attempt.intent, attempt.args, confidence, "ask" if gap else "act", gap, others, why, model, spent)

    def _give_up(self, attempt: Attempt, problem: str) -> Route:
        return _offline(attempt, f"The model's call was not valid ({problem.rstrip('.')}); routed offline.")

    def _complete(self, attempt: Attempt, purpose: str, system: str, evidence: Mapping[str, Any], functions: bool = False) -> Reply:
        tools = [tool(ability) for ability in attempt.offered.values()] if functions else None
        with counting(purpose) as calls:
            reply = self.chat.complete(_messages(system, evidence), tools, "auto" if tools else None)
        attempt.spent += calls
        return reply


def shortlist(offline: OfflineRouter, utterance: str, situation: Situation, abilities: Mapping[str, Ability]) -> list[str]:
    """Return the names of the abilities that are offered: those being talked of, the likeliest that exist, the ways out."""
    pending = situation.pending or {}
    talked_of = [(pending.get("confirm") or pending).get("intent"), *(turn["intent"] for turn in situation.history[-RECENT:])]
    ranked = dict.fromkeys([*talked_of, *offline.shortlist(utterance, situation, len(offline.known))])
    likely = [name for name in ranked if name in abilities and name not in ALWAYS]
    return [*likely[: SHORTLIST - len(ALWAYS)], *(name for name in ALWAYS if name in abilities)]


def _plain(args: Mapping[str, Any]) -> dict[str, str]:
    """Return arguments fit to be compared: how two routers write the same thing may differ in case, and 32 is 32.0."""
    return {name: f"{value:g}" if isinstance(value, int | float) else str(value).lower() for name, value in args.items()}


def _offline(attempt: Attempt, notice: str) -> Route:
    """Return what the offline router said, with what the model has cost and why it does not count."""
    return replace(attempt.fallback, why=f"{notice} {attempt.fallback.why}".rstrip(), notice=notice, spent=tuple(attempt.spent))


def _readings(attempt: Attempt, confidence: float) -> tuple[Reading, ...]:
    """Return the model's call and the offline router's readings as choices, each ability once."""
    fallback = attempt.fallback
    own = Reading(attempt.intent, attempt.args, confidence)
    readings = {r.intent: r for r in (own, Reading(fallback.intent, fallback.args, fallback.confidence), *fallback.alternatives)}
    readings[own.intent] = own
    return tuple(r for r in readings.values() if r.intent in attempt.offered and r.intent != "out_of_scope")


def _messages(system: str, evidence: Mapping[str, Any]) -> list[dict[str, str]]:
    data = json.dumps(evidence, ensure_ascii=False, default=str)
    return [{"role": "system", "content": system}, {"role": "user", "content": data}]
