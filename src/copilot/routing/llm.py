"""The router that asks a language model, lets it reflect on evidence, and falls back on the offline router."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from copilot.errors import BadArguments, CopilotError
from copilot.intent import Ability
from copilot.outside.chat import Chatter, Reply
from copilot.prompt import prompt
from copilot.routing.calls import arguments_model, check, missing, tool
from copilot.routing.offline import OfflineRouter
from copilot.routing.route import FELL_BACK, Reading, Route, Situation, Spent

Reflection = Literal["always", "on_doubt", "never"]
SHORTLIST = 12
ALWAYS = ("out_of_scope", "help")
REMEMBERED = 6
SURE, LIKELY = 0.97, 0.9
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
    spent: list[Spent] = field(default_factory=list)

    @property
    def evidence(self) -> dict[str, Any]:
        names = {kind: list(listed) for kind, listed in self.situation.names.items() if listed}
        history = [dict(turn) for turn in self.situation.history[-REMEMBERED:]]
        return {"utterance": self.utterance, "names": names, "history": history, "pending": self.situation.pending}


@dataclass(frozen=True)
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

    def route(self, utterance: str, situation: Situation, abilities: Mapping[str, Ability]) -> Route:
        """Return what to do. A model that fails is never an error: the offline router answers and `why` says so."""
        fallback = self.offline.route(utterance, situation, abilities)
        names = [n for n in self.offline.shortlist(utterance, situation, len(self.offline.known)) if n in abilities and n not in ALWAYS]
        chosen = [*names[: SHORTLIST - len(ALWAYS)], *(n for n in ALWAYS if n in abilities)]
        attempt = Attempt(utterance, situation, {name: abilities[name] for name in chosen}, fallback)
        try:
            self._choose(attempt)
            if attempt.problem and attempt.intent in attempt.offered:
                self._repair(attempt)
            if self._doubts(attempt):
                return self._reflect(attempt)
        except CopilotError as error:
            why = f"{FELL_BACK} ({error.problem.rstrip('.')}); routed offline: {fallback.why}"
            return replace(fallback, why=why, spent=tuple(attempt.spent))
        return self._keep(attempt, "") if not attempt.problem else self._give_up(attempt, attempt.problem)

    def _choose(self, attempt: Attempt) -> None:
        reply = self.chat.complete(_messages("route", attempt.evidence), [tool(a) for a in attempt.offered.values()], "auto")
        attempt.spent.append(_spent("route", self.chat, reply))
        name, args = _first_call(reply, attempt.offered)
        attempt.intent = name
        try:
            attempt.args = check(name, args, attempt.offered)
        except BadArguments as error:
            attempt.args, attempt.problem = dict(args) if isinstance(args, Mapping) else {}, error.problem

    def _repair(self, attempt: Attempt) -> None:
        """Ask once more for arguments that the ability accepts."""
        evidence = {**attempt.evidence, "tool": attempt.intent, "args": attempt.args, "problem": attempt.problem}
        try:
            fixed, reply = self.chat.parse(_messages("route", evidence), arguments_model(attempt.offered[attempt.intent]))
        except BadArguments:
            return
        attempt.spent.append(_spent("repair", self.chat, reply))
        attempt.args = {k: v for k, v in fixed.model_dump().items() if v not in (None, "", [])}
        attempt.problem = ""

    def _doubts(self, attempt: Attempt) -> bool:
        if self.reflection == "on_doubt":
            shaky = attempt.fallback.decision != "act" or attempt.fallback.intent != attempt.intent
            return bool(attempt.problem) or shaky or attempt.offered[attempt.intent].effect in ("cloud", "destructive")
        return self.reflection == "always"

    def _reflect(self, attempt: Attempt) -> Route:
        candidates = [Reading(attempt.fallback.intent, attempt.fallback.args, attempt.fallback.confidence), *attempt.fallback.alternatives]
        evidence = {
            **attempt.evidence,
            "call": {"intent": attempt.intent, "args": attempt.args},
            "problem": attempt.problem,
            "candidates": [c.as_json() for c in candidates],
            "tools": {name: [ability.summary, *(a.name for a in ability.args)] for name, ability in attempt.offered.items()},
        }
        reply = self.chat.complete(_messages("reflect", evidence))
        attempt.spent.append(_spent("reflect", self.chat, reply))
        said = _object(reply.text) or {}
        why = f"{said.get('verdict', 'no verdict')}: {str(said.get('why') or '')[:200]}"
        match said.get("verdict"):
            case "keep" if not attempt.problem:
                return self._keep(attempt, why)
            case "mend":
                return self._mend(attempt, said, why)
            case "ask" if not attempt.problem:
                return self._ask(attempt, str(said.get("ask") or ""), why)
            case "refuse":
                return Route("out_of_scope", {}, LIKELY, "decline", why=why, via=self.chat.model, spent=tuple(attempt.spent))
        return self._give_up(attempt, why) if attempt.problem else self._keep(attempt, "The check gave no verdict.")

    def _mend(self, attempt: Attempt, said: Mapping[str, Any], why: str) -> Route:
        try:
            args = check(str(said.get("intent")), said.get("args") or {}, attempt.offered)
        except BadArguments as error:
            if attempt.problem:
                return self._give_up(attempt, error.problem)
            return self._keep(attempt, f"The correction was not valid: {error.problem}")
        before = attempt.intent
        attempt.intent, attempt.args = str(said["intent"]), args
        return self._keep(attempt, f"{why} (first: {before})")

    def _ask(self, attempt: Attempt, argument: str, why: str) -> Route:
        ability = attempt.offered[attempt.intent]
        route = self._keep(attempt, why)
        if route.decision == "decline":
            return route
        ask = argument if ability.argument(argument) and argument not in attempt.args else route.ask
        own = Reading(attempt.intent, attempt.args, route.confidence)
        others = tuple(r for r in (own, *attempt.fallback.alternatives) if r.intent in attempt.offered)
        return replace(route, decision="ask", ask=ask, alternatives=() if ask else others)

    def _keep(self, attempt: Attempt, why: str) -> Route:
        """Return the route of the call that stands."""
        agreed = attempt.intent == attempt.fallback.intent
        confidence = SURE if agreed else LIKELY
        spent, model = tuple(attempt.spent), self.chat.model
        if attempt.intent == "out_of_scope":
            return Route("out_of_scope", {}, confidence, "decline", why=why or "None of my abilities covers that.", via=model, spent=spent)
        gap = missing(attempt.offered[attempt.intent], attempt.args)
        others = tuple(r for r in attempt.fallback.alternatives if r.intent != attempt.intent)
        return Route(attempt.intent, attempt.args, confidence, "ask" if gap else "act", gap, others, why, model, spent)

    def _give_up(self, attempt: Attempt, problem: str) -> Route:
        why = f"The model's call was not valid ({problem.rstrip('.')}); routed offline: {attempt.fallback.why}"
        return replace(attempt.fallback, why=why, spent=tuple(attempt.spent))


def _messages(name: str, evidence: Mapping[str, Any]) -> list[dict[str, str]]:
    data = json.dumps(evidence, ensure_ascii=False, default=str)
    return [{"role": "system", "content": prompt(name)}, {"role": "user", "content": data}]


def _spent(purpose: str, chat: Chatter, reply: Reply) -> Spent:
    return Spent(purpose, chat.model, reply.tokens_in, reply.tokens_out, reply.usd)


def _first_call(reply: Reply, offered: Mapping[str, Ability]) -> tuple[str, Any]:
    """Return the first call of a reply; models without tools write it as JSON. Words alone are a refusal."""
    if reply.calls:
        return reply.calls[0].name, reply.calls[0].args
    said = _object(reply.text) or {}
    name = said.get("name") or said.get("tool") or said.get("intent")
    if name in offered:
        return str(name), said.get("arguments") or said.get("args") or said.get("parameters") or {}
    return "out_of_scope", {}


def _object(text: str) -> dict[str, Any] | None:
    """Read the JSON object in a text, None when there is none."""
    found = re.search(r"\{.*\}", text, re.DOTALL)
    try:
        said = json.loads(found[0]) if found else None
    except json.JSONDecodeError:
        return None
    return said if isinstance(said, dict) else None
