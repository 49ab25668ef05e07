"""The router that needs no language model: a tuned encoder, typed parsers and the dialogue."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from threading import Lock
from typing import Any

import numpy as np

from copilot.intent import Ability
from copilot.resources import resource
from copilot.routing.clues import CLUES, clues
from copilot.routing.encoder import Encoder, Seen
from copilot.routing.frames import plainly
from copilot.routing.model import Model
from copilot.routing.references import addressed, continues, supplied
from copilot.routing.reply import answer, merged
from copilot.routing.route import Reading, Route, Situation
from copilot.routing.slots import Filled, Said, fill
from copilot.routing.tagger import mark
from copilot.routing.values import Lexicon, allows

CANDIDATES = 6
ALTERNATIVES = 3
LONGEST = 2000
HINT_SURE = 0.8
UNASKED = -5.0
"""What an ability other than asking loses where the form of the sentence is a question to an agent."""
LOADING = Lock()
UNREFERRING = ("confirm", "cancel", "undo", "help", "out_of_scope")


@dataclass(frozen=True)
class Candidate:
    """A reading being weighed: what the words gave, the values of CLUES, and how far its arguments are in doubt.

    `doubt` is what `mark` says of the words; `unsure` is the least share that a suggested value, or none, has of its argument's.
    """

    reading: Reading
    filled: Filled
    clues: np.ndarray
    doubt: tuple[float, float]
    unsure: float


def catalogue() -> dict[str, Ability]:
    """Return every ability that the router knows, also those that have no handler yet."""
    entries = json.loads(resource("data", "intents.json").read_text(encoding="utf-8"))
    return {entry["name"]: Ability.from_json(entry) for entry in entries}


def softmax(logits: np.ndarray) -> np.ndarray:
    """Turn scores into probabilities."""
    exponents = np.exp(logits - logits.max())
    shares: np.ndarray = exponents / exponents.sum()
    return shares


class OfflineRouter:
    """Routes without a network: the same words in the same situation always give the same route.

    Args:
        model: What training found.
    """

    def __init__(self, model: Model) -> None:
        self.model = model
        self.encoder = Encoder(model.layers, model.heads)
        self.lexicon = Lexicon(model.words["lexicon"], model.words["cues"])
        self.weights = np.array([model.words["clues"][name] for name in CLUES], np.float32)

    @classmethod
    def load(cls) -> "OfflineRouter":
        """Open the shipped model, once a process; raise Unavailable when it or the published weights are missing."""
        with LOADING:
            return _loaded()

    @cached_property
    def known(self) -> dict[str, Ability]:
        return catalogue()

    def route(self, utterance: str, situation: Situation, abilities: Mapping[str, Ability]) -> Route:
        """Return what to do; `abilities` are those that exist here, of those the router knows."""
        text = " ".join(utterance.split())
        if not text:
            return Route("out_of_scope", {}, 1.0, "decline", why="Nothing was said.")
        found = decide(self.weigh(text, situation), abilities, self.known, self.model.words)
        return replace(found, args=_uncut(found.args, text)) if len(text) > LONGEST else found

    def weigh(self, text: str, situation: Situation) -> list[Candidate]:
        """Return the readings of an utterance, best first; their confidences add up to at most 1."""
        return self._weigh(text, situation)[0]

    def _weigh(self, text: str, situation: Situation) -> tuple[list[Candidate], np.ndarray]:
        """Return the readings, and the scores of all abilities."""
        text = " ".join(text.split())[:LONGEST]
        said = Said(addressed(text, situation, self.known), situation.names)
        seen = self.encoder.read(said.units, said.mentions, situation)
        scores = np.log(softmax(seen.abilities) + 1e-9)
        if plain := plainly(said.text, said.mentions):
            scores += np.array([0.0 if label == plain else UNASKED for label in self.model.labels.abilities])
        hints = self._hints(seen)
        found = [self._candidate(name, float(score), said, seen, situation, hints) for name, score in self._likely(scores, situation)]
        totals = np.stack([c.clues for c in found]) @ self.weights
        shares = softmax(totals)
        ranked = sorted(zip(found, shares, strict=True), key=lambda pair: -pair[1])
        return [replace(c, reading=replace(c.reading, confidence=float(share))) for c, share in ranked], scores

    def shortlist(self, text: str, situation: Situation, count: int) -> list[str]:
        """Return the likeliest abilities, best first."""
        candidates, scores = self._weigh(text, situation)
        ranked = [c.reading.intent for c in candidates]
        rest = [self.model.labels.abilities[i] for i in np.argsort(-scores, kind="stable")]
        return list(dict.fromkeys([*ranked, *rest]))[:count]

    def _likely(self, scores: np.ndarray, situation: Situation) -> list[tuple[str, float]]:
        labels = self.model.labels.abilities
        wanted = [labels[i] for i in np.argsort(-scores, kind="stable")[:CANDIDATES]]
        pending = situation.pending or {}
        wanted.append("out_of_scope")
        if pending:
            waiting = (pending.get("confirm") or pending).get("intent")
            wanted += ["confirm", "cancel"] if pending.get("confirm") else ["cancel"]
            wanted += [waiting] if waiting in self.known else []
        if situation.history and situation.history[-1]["intent"] in self.known:
            wanted.append(situation.history[-1]["intent"])
        return [(name, float(scores[labels.index(name)])) for name in dict.fromkeys(wanted)]

    def _candidate(
        self, name: str, score: float, said: Said, seen: Seen, situation: Situation, hints: Mapping[str, tuple[Any, float]]
    ) -> Candidate:
        """Read the utterance as a call of one ability: what its words give, what the dialogue supplies, what the whole suggests."""
        ability, pending = self.known[name], situation.pending or {}
        columns = self.model.labels.words_of(ability)
        marks, doubt = mark(said.units, seen.words[:, columns], [self.model.labels.words[c] for c in columns])
        filled = fill(said, ability, marks, self.lexicon)
        args, reply = filled.args, None
        waiting = (pending.get("confirm") or pending).get("intent") == name
        if waiting and (argument := ability.argument(pending.get("ask") or "")):
            reply = answer(said, ability, argument, self.lexicon)
            args = {argument.name: reply, **args} if reply is not None else args
        if waiting:
            args = merged(pending, args)
        elif name not in UNREFERRING:
            args = supplied(ability, filled, said.text, situation, self.known)
        leans = waiting or continues(name, said.text, situation.history)
        unsure = min((hints[a.name][1] for a in ability.args if a.name in hints and a.name not in filled.args), default=1.0)
        args = {**args, **_hinted(ability, hints, args, HINT_SURE if leans else 0.0)}
        return Candidate(Reading(name, args, 0.0), filled, clues(ability, score, filled, args, said.text, situation, reply), doubt, unsure)

    def _hints(self, seen: Seen) -> dict[str, tuple[Any, float]]:
        """Return for each argument the value that the whole utterance suggests most, None for none, and its share."""
        found = {}
        for argument, (first, end) in self.model.labels.groups.items():
            shares = softmax(seen.values[first:end])
            value = self.model.labels.values[first + int(shares.argmax())].partition("=")[2]
            found[argument] = ({"true": True, "false": False, "": None}.get(value, value), float(shares.max()))
        return found


@cache
def _loaded() -> OfflineRouter:
    return OfflineRouter(Model.load())


def _uncut(args: Mapping[str, Any], text: str) -> dict[str, Any]:
    """Return the arguments with the rest of the text where one reached the end of what was read."""
    read, rest = text[:LONGEST], text[LONGEST:]
    return {name: value + rest if isinstance(value, str) and read.endswith(value) else value for name, value in args.items()}


def _hinted(ability: Ability, hints: Mapping[str, tuple[Any, float]], given: Mapping[str, Any], least: float) -> dict[str, Any]:
    """Return the hints of at least some strength that fit arguments which are not given."""
    wanted = [a for a in ability.args if a.name in hints and a.name not in given and allows(a, hints[a.name][0])]
    return {a.name: hints[a.name][0] for a in wanted if hints[a.name][1] >= least}


def trust(candidates: Sequence[Candidate], ability: Ability, words: Mapping[str, Any]) -> float:
    """Estimate how likely the best reading is right, arguments included."""
    score = float(trust_features(candidates, ability) @ np.array(words["trust"]["weights"])) + words["trust"]["bias"]
    return float(1 / (1 + np.exp(-score)))


def trust_features(candidates: Sequence[Candidate], ability: Ability) -> np.ndarray:
    """Say what tells right calls from wrong ones: the lead over the next reading, and how well the arguments sit."""
    best = candidates[0]
    p = min(max(best.reading.confidence, 1e-4), 1 - 1e-4)
    second = candidates[1].reading.confidence if len(candidates) > 1 else 0.0
    score = CLUES.index("score")
    rival = max((float(c.clues[score]) for c in candidates[1:]), default=0.0)
    seen = dict(zip(CLUES, best.clues.tolist(), strict=True))
    given = [a for a in ability.args if a.name in best.filled.args]
    return np.array(
        [
            np.log(p / (1 - p)), p - second, seen["score"], seen["score"] - rival, seen["margin"], len(given),
            sum(a.type == "string" for a in given), sum(bool(a.choices) for a in given), sum(a.many for a in given),
            sum(a.required for a in ability.args) - sum(a.required for a in given), seen["left_names"], seen["left_figures"],
            *best.doubt, np.log(best.unsure),
            seen["supplied"] + seen["again"], seen["asked"] + seen["changes"], ability.name == "out_of_scope", bool(ability.args),
        ],
        np.float64,
    )  # fmt: skip


def decide(
    candidates: Sequence[Candidate], abilities: Mapping[str, Ability], known: Mapping[str, Ability], words: Mapping[str, Any]
) -> Route:
    """Act, ask or decline: by how far the best reading can be trusted and by what a mistake would cost."""
    best = candidates[0].reading
    ability = known[best.intent]
    sure = trust(candidates, ability, words)
    limits = words["thresholds"]
    others = tuple(c.reading for c in candidates[1 : ALTERNATIVES + 1] if c.reading.confidence >= limits["alternative"])
    needed = limits["destructive" if best.intent == "confirm" else ability.effect]
    why = f"Sure {sure:.2f}, needed {needed:.2f}: {best.intent} {best.confidence:.2f}" + "".join(
        f", {o.intent} {o.confidence:.2f}" for o in others
    )
    if best.intent == "out_of_scope":
        return Route(best.intent, {}, sure, "decline", alternatives=others, why="None of my abilities covers that.")
    if best.intent not in abilities:
        summary = ability.summary[:1].lower() + ability.summary[1:]
        return Route("out_of_scope", {}, sure, "decline", alternatives=(best, *others), why=f"I can't do that yet: {summary}")
    missing = next((name for name in ability.required if name not in best.args), None)
    others = tuple(o for o in others if o.intent in abilities)
    if missing:
        return Route(best.intent, best.args, sure, "ask", missing, others, f"{missing} is missing ({why}).")
    if sure >= needed:
        return Route(best.intent, best.args, sure, "act", None, others, why)
    return Route(best.intent, best.args, sure, "ask", None, (best, *others), f"{why}.")
