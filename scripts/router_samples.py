"""Training samples for the router: the written utterances with other names in them, in a workspace drawn for each."""

import itertools
import json
import random
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from copilot.intent import Ability
from copilot.resources import resource
from copilot.routing.corpus import Labelled, Span
from copilot.routing.kinds import is_new_name, kinds_of
from copilot.routing.references import is_elliptic, points_back
from copilot.routing.route import KINDS, Situation

WORDS: dict[str, Any] = json.loads(resource("data", "utterances", "names.json").read_text(encoding="utf-8"))
TOPICS, ENDINGS, PEOPLE, MODELS, USERS = (WORDS[part] for part in ("topics", "endings", "people", "models", "users"))

OWN_WORDS = ("purpose", "question", "query", "instructions", "comment", "action", "source", "subject", "topic")
ANSWERING = ("", "", "", "", "it's ", "um, ", "let's say ", "the ", "make it ", "ok, ", "i'd go for ", "use ")
CHANGING = (
    "yes but ",
    "ok but ",
    "yes, only ",
    "sure, just ",
    "go ahead, ",
    "make that ",
    "wait, ",
    "no, ",
    "actually ",
    "do it ",
    "yep ",
    "fine, but ",
)
FOLLOWING = (
    "and ",
    "same for ",
    "now ",
    "what about ",
    "also ",
    "then ",
    "the same ",
    "ok, and ",
    "how about ",
    "again ",
    "same thing ",
    "make it ",
)
"""How short lines of a dialogue begin: answers, changes to what waits for a yes, and follow-ups."""


def name_pools(corpus: Sequence[Labelled], abilities: Mapping[str, Ability]) -> dict[str, list[str]]:
    """Collect, by kind, the names written in the corpus."""
    pools: dict[str, set[str]] = defaultdict(set)
    for line in corpus:
        for span in line.spans:
            argument = abilities[line.intent].argument(span.arg)
            for kind in kinds_of(abilities[line.intent], argument)[:1] if argument else ():
                if not re.search(r"[/.]", str(span.value)) or kind == "models":
                    pools[kind].add(str(span.value))
    return {kind: sorted(names) for kind, names in pools.items()}


class Sampler:
    """Draws variants of labelled utterances; the same seed draws the same ones."""

    def __init__(self, corpus: Sequence[Labelled], abilities: Mapping[str, Ability], seed: int) -> None:
        self.abilities = abilities
        self.pools = name_pools(corpus, abilities)
        self.corpus = [line for line in corpus if line.intent != "out_of_scope" and line.where != "catalogue"]
        self.groups: dict[str, list[Labelled]] = defaultdict(list)
        for line in self.corpus:
            self.groups[abilities[line.intent].group].append(line)
        self.proposals = [line for line in corpus if abilities[line.intent].effect in ("cloud", "destructive")]
        self.random = random.Random(seed)

    def variant(self, line: Labelled, keep_names: bool = False) -> tuple[Labelled, Situation]:
        """Return the utterance with names swapped (unless kept), and a workspace to say it in."""
        names: dict[str, list[str]] = {kind: [] for kind in KINDS}
        swapped: dict[str, tuple[str, str]] = {}
        spans: list[Span] = []
        text, at, args = "", 0, dict(line.args)
        for span in sorted(line.spans, key=lambda s: s.start):
            said, value = self._swap(line, span, swapped, keep_names)
            text += line.text[at : span.start]
            spans.append(replace(span, start=len(text), end=len(text) + len(said), value=value))
            text, at = text + said, span.end
            self._place(line.intent, span.arg, value, names)
        text += line.text[at:]
        for span in spans:
            if isinstance(args.get(span.arg), list):
                args[span.arg] = [s.value for s in spans if s.arg == span.arg]
            elif span.arg in args:
                args[span.arg] = span.value
        for kind in KINDS:
            names[kind] += [n for n in (self.name(kind) for _ in range(self.random.choice((0, 1, 1, 2, 3)))) if n not in names[kind]]
            self.random.shuffle(names[kind])
        return Labelled(text, line.intent, args, tuple(spans), line.where), Situation(
            names, self._history(line.intent, text, args), self._pending(line.intent)
        )

    def reply(self, line: Labelled) -> tuple[Labelled, Situation]:
        """Return a short line that gives one argument of an utterance, in a dialogue that supplies the others.

        Its `args` are only what its own words say.
        """
        whole, situation = self.variant(line)
        span = self.random.choice(whole.spans)
        said, ability = whole.text[span.start : span.end], self.abilities[line.intent]
        before = re.search(r"\b(?:to|in|for|on|at|from|with|into|by|called|named)\s+$", whole.text[: span.start])
        plain = span.arg in OWN_WORDS
        others = {name: value for name, value in whole.args.items() if name != span.arg}
        pending: dict[str, Any] | None = None
        history = situation.history
        if plain or (span.arg in ability.required and self.random.random() < 0.6):
            opening, closing = (
                ("", "") if plain else (self.random.choice(ANSWERING), self.random.choice(("", "", "", " please", " i think")))
            )
            pending = {"ask": span.arg, "intent": line.intent, "args": others}
        elif ability.effect != "read" and self.random.random() < 0.5:
            opening, closing = self.random.choice(CHANGING), self.random.choice(("", "", " instead", " please"))
            pending = {"confirm": {"intent": line.intent, "args": whole.args}}
        else:
            opening, closing = self.random.choice(FOLLOWING), self.random.choice(("", "", "?", " too", " as well", " instead"))
            history = (*history, {"user": line.text, "intent": line.intent, "args": whole.args})
        opening += before[0] if before and not plain and self.random.random() < 0.6 else ""
        value = [span.value] if isinstance(whole.args.get(span.arg), list) else span.value
        placed = Span(len(opening), len(opening) + len(said), span.arg, span.value)
        spoken = Labelled(f"{opening}{said}{closing}", line.intent, {span.arg: value}, (placed,), "drawn")
        return spoken, Situation(situation.names, history, pending)

    def _history(self, intent: str, text: str, args: Mapping[str, Any]) -> tuple[dict[str, Any], ...]:
        """Let most whole requests come after something else was said: in a chat nearly every line does, and few lean on it."""
        ability = self.abilities[intent]
        leans = points_back(text) or is_elliptic(text) or any(name not in args for name in ability.required)
        if leans or len(text.split()) < 4 or self.random.random() < 0.3:
            return ()
        near = self.groups[ability.group] or self.corpus
        turns = [self.random.choice(near if self.random.random() < 0.5 else self.corpus) for _ in range(self.random.choice((1, 1, 2, 3)))]
        return tuple({"user": turn.text, "intent": turn.intent, "args": turn.args} for turn in turns)

    def _pending(self, intent: str) -> dict[str, Any] | None:
        """Let a yes or a no mostly answer something, and other words seldom stand before an open question."""
        settles = intent in ("confirm", "cancel")
        if self.random.random() > (0.7 if settles else 0.05):
            return None
        if not settles and self.random.random() < 0.5:
            asking = self.abilities[self.random.choice(self.corpus).intent]
            return {"ask": asking.required[0], "intent": asking.name, "args": {}} if asking.required and asking.name != intent else None
        asked = self.random.choice(self.proposals)
        return {"confirm": {"intent": asked.intent, "args": asked.args}} if asked.intent != intent else None

    def name(self, kind: str) -> str:
        """Draw a name for a thing of a kind."""
        draw = self.random.random()
        if draw < 0.35 and self.pools.get(kind):
            return self.random.choice(self.pools[kind])
        if kind == "models":
            return self.random.choice(MODELS) if draw < 0.8 else f"{self.random.choice(TOPICS)}-{self.random.choice(ENDINGS['models'])}"
        if kind in ("agents", "deployments") and draw < 0.5:
            return self._styled(self.random.choice(PEOPLE))
        first = self.random.choice(TOPICS)
        if draw > 0.85:
            return self._styled(first)
        return self._styled(f"{first}-{self.random.choice(ENDINGS[kind])}")

    def _user(self) -> str:
        """Draw a person, by name or by e-mail."""
        first = self.random.choice(USERS)
        draw = self.random.random()
        if draw < 0.5:
            return str(first if draw < 0.3 else first.title())
        dots = f"{first[0]}.{self.random.choice(USERS)}" if draw < 0.7 else first
        return f"{dots}@{self.random.choice(TOPICS)}.{self.random.choice(('com', 'org', 'io', 'example'))}"

    def _styled(self, name: str) -> str:
        style = self.random.random()
        if style < 0.65:
            return name.lower()
        if style < 0.8:
            return name.lower().replace("-", "_")
        if style < 0.92:
            return name.replace("-", " ").title()
        return name.title().replace("-", "")

    def _swap(self, line: Labelled, span: Span, swapped: dict[str, tuple[str, str]], keep: bool) -> tuple[str, str]:
        ability = self.abilities[line.intent]
        argument = ability.argument(span.arg)
        said = line.text[span.start : span.end]
        kinds = kinds_of(ability, argument) if argument else ()
        if span.arg == "user" and not keep and self.random.random() < 0.7:
            user = self._user()
            return user, user
        new = argument is not None and is_new_name(ability, argument)
        if keep or not (kinds or new) or re.search(r"[/\\]|\.\w{2,5}$", said) or self.random.random() < 0.3:
            return said, span.value
        if said not in swapped:
            kind = kinds[0] if kinds else ability.group if ability.group in KINDS else "models"
            name = self.name(kind)
            swapped[said] = (self._typed(name, exact=new), name)
        said, value = swapped[said]
        return said, said if new else value

    def _typed(self, name: str, exact: bool) -> str:
        """Write a name as a hurried person does."""
        draw = self.random.random()
        if exact or draw < 0.6:
            return name
        if draw < 0.8:
            return name.lower()
        if draw < 0.9:
            return re.sub(r"[-_]", " ", name)
        if draw < 0.95 and len(name) > 6:
            place = self.random.randrange(2, len(name) - 2)
            return name[:place] + name[place + 1 :]
        return name.upper() if len(name) < 5 else name.title()

    def _place(self, intent: str, arg: str, value: object, names: dict[str, list[str]]) -> None:
        """Let the thing exist, mostly; what is deployed is mostly an agent too."""
        argument = self.abilities[intent].argument(arg)
        kinds = kinds_of(self.abilities[intent], argument) if argument else ()
        if not kinds or self.random.random() < 0.07 or re.search(r"[/\\]", str(value)):
            return
        kind = self.random.choice(kinds) if len(kinds) > 2 else kinds[0]
        homes = {kind}
        if kind == "deployments":
            homes = self.random.choice(({"deployments"}, {"deployments", "agents"}, {"deployments", "agents"}, {"agents"}))
        elif kind == "agents" and self.random.random() < 0.4:
            homes = {"agents", "deployments"}
        for home in homes:
            names[home].append(str(value))


def annotate(case: Mapping[str, Any], abilities: Mapping[str, Ability]) -> Labelled | None:
    """Mark the words of a multi-turn case that give its arguments; None when what they say cannot be found in them."""
    ability, text = abilities[case["intent"]], case["utterance"]
    before = [turn["args"] for turn in case["history"]] + [(_waiting(case).get("args") or {})]
    spans: list[Span] = []
    for name, value in case["args"].items():
        for one in value if isinstance(value, list) else [value]:
            found = re.search(rf"(?<!\w){re.escape(str(one))}(?!\w)", text, re.IGNORECASE)
            if found:
                spans.append(Span(found.start(), found.end(), name, one))
            elif not any(name in args or value in args.values() for args in before):
                return None
    overlap = any(a.start < b.end and b.start < a.end for a, b in itertools.combinations(spans, 2))
    return None if overlap or not ability.args else Labelled(text, ability.name, dict(case["args"]), tuple(spans), str(case["id"]))


def _waiting(case: Mapping[str, Any]) -> dict[str, Any]:
    pending = case["context"].get("pending") or {}
    return dict(pending.get("confirm") or pending)
