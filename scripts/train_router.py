"""Train the offline router from data/utterances, and measure it by cross-validation: python scripts/train_router.py."""

import argparse
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from router_fit import fit_clues, fit_cues, fit_hints, fit_idf, fit_lexicon, fit_linear, fit_trust, gram_matrix, matches, threshold
from router_samples import Sampler, annotate
from router_tagger import train_tagger

from copilot.intent import Ability
from copilot.outside.embed import Embedder
from copilot.resources import resource
from copilot.routing.clues import CLUES
from copilot.routing.corpus import Labelled, read_corpus, read_dialogues
from copilot.routing.features import delexicalise, facts, grams, unquoted
from copilot.routing.mentions import find_mentions
from copilot.routing.model import FOLDER, Model
from copilot.routing.offline import OfflineRouter, catalogue, dense_features, trust_features
from copilot.routing.route import Situation

SEED = 20261120
VARIANTS = 3  # samples drawn from each written utterance
FOLDS = 3
ACT = {"read": 0.86, "write": 0.88, "cloud": 0.97, "destructive": 0.97}  # wanted share of right calls among those acted on
START = {"score": 1.0}
DIALOGUE_WEIGHT = 4  # there are few multi-turn cases, and only they teach what the dialogue means


class Encoded:
    """An encoder that remembers."""

    def __init__(self) -> None:
        self.embedder = Embedder.load()
        self.seen: dict[str, np.ndarray] = {}

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        new = [t for t in dict.fromkeys(texts) if t not in self.seen]
        if new:
            self.seen.update(zip(new, self.embedder.encode(new), strict=True))
        return np.stack([self.seen[t] for t in texts])


@dataclass(frozen=True)
class Samples:
    """Training samples with what the classifier sees of them."""

    lines: list[Labelled]
    situations: list[Situation]
    source: np.ndarray
    dense: np.ndarray
    grams: Any

    def part(self, chosen: np.ndarray) -> "Samples":
        keep = np.nonzero(chosen)[0]
        lines, situations = [self.lines[i] for i in keep], [self.situations[i] for i in keep]
        return Samples(lines, situations, self.source[keep], self.dense[keep], self.grams[keep])


def draw(corpus: Sequence[Labelled], abilities: Mapping[str, Ability], encoder: Encoded) -> Samples:
    """Draw the variants of every utterance; the first keeps the written names."""
    sampler = Sampler(corpus, abilities, SEED)
    drawn = [(i, *sampler.variant(line, keep_names=v == 0)) for v in range(VARIANTS) for i, line in enumerate(corpus)]
    mentions = [find_mentions(line.text, situation.names) for _, line, situation in drawn]
    texts = [delexicalise(line.text, m) for (_, line, _), m in zip(drawn, mentions, strict=True)]
    seen = np.stack([facts(line.text, m) for (_, line, _), m in zip(drawn, mentions, strict=True)])
    dense = dense_features(encoder.encode([t[1] for t in texts]), encoder.encode([unquoted(line.text) for _, line, _ in drawn]), seen)
    counts = gram_matrix([grams(t[0]) for t in texts])
    return Samples([d[1] for d in drawn], [d[2] for d in drawn], np.array([d[0] for d in drawn]), dense, counts)


def fit(samples: Samples, dialogues: Sequence[Mapping[str, Any]], abilities: Mapping[str, Ability], words: Mapping[str, Any]) -> Model:
    """Fit the classifier, the hints, the lexicon and the tagger."""
    idf = fit_idf(samples.grams)
    intents = fit_linear(samples.dense, samples.grams, idf, [line.intent for line in samples.lines])
    hints = fit_hints(samples.dense, samples.grams, idf, samples.lines, abilities)
    # Examples of the catalogue are not annotated: the tagger would learn to mark nothing in them.
    marked = [(line, s) for line, s in zip(samples.lines, samples.situations, strict=True) if line.where != "catalogue"]
    marked += [(line, case["situation"]) for case in dialogues if (line := annotate(case, abilities))]
    lines = [line for line, _ in marked]
    learned = {"lexicon": fit_lexicon(lines, abilities), "cues": fit_cues(lines, abilities)}
    return Model(intents, hints, train_tagger(marked, abilities, SEED), {**words, **learned})


@dataclass(frozen=True)
class Weighed:
    """A held-out case with its readings: clues, calls, and the calls that are right."""

    case: Mapping[str, Any]
    situation: Situation
    clues: np.ndarray
    calls: list[dict[str, Any]]
    fold: int


def weigh(router: OfflineRouter, cases: Sequence[Mapping[str, Any]], fold: int) -> list[Weighed]:
    found = []
    for case in cases:
        situation = case["situation"]
        candidates = router.weigh(" ".join(case["utterance"].split()), situation)
        calls = [{"intent": c.reading.intent, "args": c.reading.args, "filled": c.filled} for c in candidates]
        found.append(Weighed(case, situation, np.stack([c.clues for c in candidates]), calls, fold))
    return found


def as_case(line: Labelled, situation: Situation) -> dict[str, Any]:
    return {"utterance": line.text, "intent": line.intent, "args": line.args, "situation": situation, "also": [], "where": line.where}


def cross_weigh(
    samples: Samples, dialogues: Sequence[Mapping[str, Any]], abilities: Mapping[str, Ability], encoder: Encoded
) -> list[Weighed]:
    """Weigh every utterance by a model that has not seen it; dialogues, never trained on, are spread over the folds."""
    folds = np.random.default_rng(SEED).integers(0, FOLDS, samples.source.max() + 1)
    found: list[Weighed] = []
    for fold in range(FOLDS):
        told = [case for i, case in enumerate(dialogues) if i % FOLDS != fold]
        model = fit(samples.part(folds[samples.source] != fold), told, abilities, {"clues": {name: START.get(name, 0.0) for name in CLUES}})
        router = OfflineRouter(model, encoder)
        held = np.nonzero(folds[samples.source] == fold)[0]
        first = held[held < samples.source.max() + 1]
        cases = [as_case(samples.lines[i], samples.situations[i]) for i in first if samples.lines[i].where != "catalogue"]
        found += weigh(router, cases, fold) + weigh(router, dialogues[fold::FOLDS], fold)
        print(f"fold {fold}: {len(cases)} utterances held out", flush=True)
    return found


def is_dialogue(item: Weighed) -> bool:
    return bool(item.situation.history or item.situation.pending)


def right_calls(item: Weighed) -> list[dict[str, Any]]:
    return [{"intent": c["intent"], "args": c["args"]} for c in (item.case, *item.case.get("also", []))]


def fit_decisions(weighed: Sequence[Weighed], abilities: Mapping[str, Ability]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Fit clues, trust and thresholds on held-out readings; return them with the figures, clues fitted on the other folds."""
    groups = [
        (
            w.clues,
            np.array([c["intent"] in {r["intent"] for r in right_calls(w)} for c in w.calls]),
            DIALOGUE_WEIGHT if is_dialogue(w) else 1,
        )
        for w in weighed
    ]
    folds = np.array([w.fold for w in weighed])
    features, right, intent_right, effects, oos = [], [], [], [], []
    held = {f: fit_clues([g for g, other in zip(groups, folds, strict=True) if other != f]) for f in sorted(set(folds))}
    for item in weighed:
        ranked = rank(item, held[item.fold])
        best = ranked[0].reading
        features.append(trust_features(ranked, abilities[best.intent]))
        right.append(any(matches(r, {"intent": best.intent, "args": best.args}) for r in right_calls(item)))
        intent_right.append(any(r["intent"] == best.intent for r in right_calls(item)))
        effects.append("destructive" if best.intent == "confirm" else abilities[best.intent].effect)
        oos.append((item.case["intent"] == "out_of_scope", best.intent == "out_of_scope"))
    x, y = np.array(features), np.array(right)
    words: dict[str, Any] = {"clues": fit_clues(groups), "trust": fit_trust(x, y)}
    sure = 1 / (1 + np.exp(-(x @ np.array(words["trust"]["weights"]) + words["trust"]["bias"])))
    effects = np.array(effects)
    limits = {}
    for effect, precision in ACT.items():
        kind = np.isin(effects, ("cloud", "destructive")) if effect in ("cloud", "destructive") else effects == effect
        limits[effect] = max(threshold(sure[kind], y[kind], precision), *limits.values(), 0.0)  # a costlier effect needs no less
    words["thresholds"] = {**limits, "alternative": 0.05}
    acted = np.array([s >= limits[e] for s, e in zip(sure, effects, strict=True)]) & ~np.array([said for _, said in oos])
    wanted, said = np.array(oos).T
    solo = np.array([not is_dialogue(item) for item in weighed])
    figures = {
        "utterances": len(weighed), "intent": np.mean(intent_right), "call": y.mean(), "intent_alone": np.array(intent_right)[solo].mean(),
        "call_alone": y[solo].mean(), "intent_in_dialogue": np.array(intent_right)[~solo].mean(), "call_in_dialogue": y[~solo].mean(),
        "oos_recall": said[wanted].mean(), "false_oos": said[~wanted].mean(),
        "acted": acted.mean(), "right_of_acted": y[acted].mean(),
    }  # fmt: skip
    return words, {name: round(float(value), 4) for name, value in figures.items()}


def rank(item: Weighed, weights: Mapping[str, float]) -> list[Any]:
    """Order the readings of a case by the given weights."""
    from copilot.routing.linear import softmax
    from copilot.routing.offline import Candidate
    from copilot.routing.route import Reading

    shares = softmax(item.clues @ np.array([weights[name] for name in CLUES]))
    order = np.argsort(-shares, kind="stable")
    return [
        Candidate(Reading(item.calls[i]["intent"], item.calls[i]["args"], float(shares[i])), item.calls[i]["filled"], item.clues[i])
        for i in order
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=FOLDER)
    options = parser.parse_args()
    started = time.time()
    abilities = catalogue()
    folder = resource("data", "utterances")
    corpus = read_corpus(folder, abilities)
    corpus += [Labelled(e, a.name, {}, (), "catalogue") for a in abilities.values() for e in a.examples]
    dialogues = [{**case, "situation": Situation.from_case(case)} for case in read_dialogues(folder / "dialogues.jsonl")]
    encoder = Encoded()
    samples = draw(corpus, abilities, encoder)
    print(f"{len(corpus)} utterances, {len(dialogues)} dialogues, {len(samples.lines)} samples, {time.time() - started:.0f} s", flush=True)
    words, figures = fit_decisions(cross_weigh(samples, dialogues, abilities, encoder), abilities)
    card = {
        "trained": datetime.now(UTC).date().isoformat(), "command": "python scripts/train_router.py", "seed": SEED, "folds": FOLDS,
        "data": {"utterances": len(corpus), "dialogues": len(dialogues), "variants": VARIANTS}, "cross_validation": figures,
    }  # fmt: skip
    model = fit(samples, dialogues, abilities, {**words, "catalogue": sorted(abilities), "card": card})
    model.save(options.out)
    print(json.dumps({**card, **words}, indent=1), f"{time.time() - started:.0f} s")


if __name__ == "__main__":
    main()
