"""Train the offline router from data/utterances, and measure it on what was held out: python scripts/train_router.py."""

import argparse
import json
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from router_encoder import Sample, Trainer, sample
from router_fit import fit_clues, fit_cues, fit_lexicon, fit_trust, threshold
from router_samples import Sampler, annotate
from router_score import matches

from copilot.intent import Ability
from copilot.outside.embed import Embedder
from copilot.resources import resource
from copilot.routing.clues import CLUES
from copilot.routing.corpus import Labelled, read_corpus, read_dialogues
from copilot.routing.encoder import Labels
from copilot.routing.model import FOLDER, Model
from copilot.routing.offline import OfflineRouter, catalogue, softmax, trust_features
from copilot.routing.rendering import Pieces
from copilot.routing.route import Situation

SEED = 20261120
VARIANTS = 6  # samples drawn from each written utterance
HELD_OUT, HELD_DIALOGUES = 4, 3  # every so many-th utterance (drawn) and dialogue is kept from the model that the decisions are fitted on
FOLDS = 5  # of the held-out readings, when the weights of the clues are measured
REPLIES = 1500  # short lines of dialogues, drawn from written utterances
EPOCHS = 7
RIGHT, RIGHT_IF_RISKY = 0.88, 0.975  # wanted share of right calls among those acted on; the second where it is `cloud` or `destructive`
FALSE_REFUSALS = 0.025  # most requests that may be refused
DIALOGUE_COPIES = 2  # of each multi-turn case in an epoch
DIALOGUE_WEIGHT = 2  # of a multi-turn case when the decisions are fitted: there are few, and only they teach what the dialogue means


@dataclass(frozen=True)
class Drawn:
    """A written utterance in its variants, each in a situation; the first keeps the written names."""

    line: Labelled
    variants: list[tuple[Labelled, Situation]]
    marked: bool

    @property
    def first(self) -> tuple[Labelled, Situation]:
        return self.variants[0]


def draw(corpus: Sequence[Labelled], abilities: Mapping[str, Ability]) -> list[Drawn]:
    """Draw the variants of every utterance. Examples of the catalogue are not annotated: their words teach nothing."""
    sampler = Sampler(corpus, abilities, SEED)
    return [Drawn(line, [sampler.variant(line, keep_names=v == 0) for v in range(VARIANTS)], line.where != "catalogue") for line in corpus]


def fit(
    drawn: Sequence[Drawn], dialogues: Sequence[Mapping[str, Any]], abilities: Mapping[str, Ability], words: Mapping[str, Any]
) -> Model:
    """Fit the encoder and the lexicon."""
    labels, pieces = Labels.of(abilities), Pieces(Embedder.load().tokenizer)

    def seen(line: Labelled, situation: Situation, marked: bool) -> Sample:
        return sample(line, situation, pieces, abilities[line.intent], labels, marked)

    samples = [[seen(*variant, d.marked) for variant in d.variants] for d in drawn]
    for case in dialogues:
        line = annotate(case, abilities)
        said = line or Labelled(case["utterance"], case["intent"], {}, ())
        samples += [[seen(said, case["situation"], line is not None)]] * DIALOGUE_COPIES
    giving = [d.line for d in drawn if d.line.spans]
    sampler = Sampler([d.line for d in drawn], abilities, SEED + 1)
    replied = sampler.random.choices(giving, k=REPLIES)
    samples += [[seen(*sampler.reply(line), True) for _ in range(VARIANTS)] for line in replied]
    trainer = Trainer(abilities, SEED)
    trainer.fit(samples, EPOCHS)
    layers, heads = trainer.arrays()
    lines = [variant[0] for d in drawn if d.marked for variant in d.variants]
    learned = {"lexicon": fit_lexicon(lines, abilities), "cues": fit_cues(lines, abilities)}
    return Model(layers, heads, labels, {**words, **learned})


@dataclass(frozen=True)
class Weighed:
    """A held-out case with its readings: clues, calls, and the calls that are right."""

    case: Mapping[str, Any]
    clues: np.ndarray
    calls: list[dict[str, Any]]
    fold: int


def weigh(router: OfflineRouter, cases: Sequence[Mapping[str, Any]]) -> list[Weighed]:
    found = []
    for i, case in enumerate(cases):
        situation = case["situation"]
        candidates = router.weigh(" ".join(case["utterance"].split()), situation)
        calls = [{"intent": c.reading.intent, "args": c.reading.args, "candidate": c} for c in candidates]
        found.append(Weighed(case, np.stack([c.clues for c in candidates]), calls, i % FOLDS))
    return found


def as_case(line: Labelled, situation: Situation) -> dict[str, Any]:
    return {"utterance": line.text, "intent": line.intent, "args": line.args, "situation": situation, "also": [], "where": line.where}


def fit_both(
    drawn: Sequence[Drawn], dialogues: Sequence[Mapping[str, Any]], abilities: Mapping[str, Ability]
) -> tuple[Model, list[Weighed]]:
    """Fit the model that is shipped, and beside it one that lacks some utterances and dialogues; return the first, and what the other
    makes of what it lacks."""
    kept = np.random.default_rng(SEED).integers(0, HELD_OUT, len(drawn)) > 0
    told = [case for i, case in enumerate(dialogues) if i % HELD_DIALOGUES]
    start = {"clues": {name: float(name == "score") for name in CLUES}}
    with ProcessPoolExecutor(2, get_context("spawn")) as pool:
        shipped = pool.submit(fit, drawn, dialogues, abilities, start)
        partial = pool.submit(fit, [d for d, keep in zip(drawn, kept, strict=True) if keep], told, abilities, start).result()
        router = OfflineRouter(partial)
        cases = [as_case(*d.first) for d, keep in zip(drawn, kept, strict=True) if not keep and d.marked]
        print(f"{len(cases)} utterances held out", flush=True)
        return shipped.result(), weigh(router, [*cases, *dialogues[::HELD_DIALOGUES]])


def is_dialogue(item: Weighed) -> bool:
    return "id" in item.case


def right_calls(item: Weighed) -> list[dict[str, Any]]:
    return [{"intent": c["intent"], "args": c["args"]} for c in (item.case, *item.case.get("also", []))]


def fit_decisions(weighed: Sequence[Weighed], abilities: Mapping[str, Ability]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Fit clues, trust and thresholds on held-out readings; return them with the figures, clues fitted on the other folds."""
    folds = sorted({w.fold for w in weighed})
    held = {fold: fit_ranking([w for w in weighed if w.fold != fold]) for fold in folds}
    ranked = [rank(w, held[w.fold]) for w in weighed]
    best = [r[0].reading for r in ranked]
    right = np.array(
        [any(matches(r, {"intent": b.intent, "args": b.args}) for r in right_calls(w)) for w, b in zip(weighed, best, strict=True)]
    )
    intent_right = np.array([any(r["intent"] == b.intent for r in right_calls(w)) for w, b in zip(weighed, best, strict=True)])
    wanted = np.array([w.case["intent"] == "out_of_scope" for w in weighed])
    refused = np.array([b.intent == "out_of_scope" for b in best])
    features = np.array([trust_features(r, abilities[b.intent]) for r, b in zip(ranked, best, strict=True)])
    sure = np.zeros(len(weighed))
    for fold in folds:
        own = np.array([w.fold == fold for w in weighed])
        trusted = fit_trust(features[~own], right[~own])
        sure[own] = 1 / (1 + np.exp(-(features[own] @ np.array(trusted["weights"]) + trusted["bias"])))
    risky = np.array([b.intent == "confirm" or abilities[b.intent].effect in ("cloud", "destructive") for b in best])
    plain = threshold(sure[~risky & ~refused], right[~risky & ~refused], RIGHT)
    careful = max(plain, threshold(sure[risky], right[risky], RIGHT_IF_RISKY))
    limits = {"read": plain, "write": plain, "cloud": careful, "destructive": careful, "alternative": 0.05}
    words = {"clues": fit_ranking(weighed), "trust": fit_trust(features, right), "thresholds": limits}
    acted = (sure >= np.where(risky, careful, plain)) & ~refused
    told = np.array([is_dialogue(w) for w in weighed])
    figures = {
        "utterances": len(weighed), "intent": intent_right.mean(), "call": right.mean(), "intent_alone": intent_right[~told].mean(),
        "call_alone": right[~told].mean(), "intent_in_dialogue": intent_right[told].mean(), "call_in_dialogue": right[told].mean(),
        "oos_recall": refused[wanted].mean(), "false_oos": refused[~wanted].mean(),
        "acted": acted.mean(), "right_of_acted": right[acted].mean(), "risky_wrong": (acted & risky & ~right).sum(),
    }  # fmt: skip
    return words, {name: round(float(value), 4) for name, value in figures.items()}


def fit_ranking(weighed: Sequence[Weighed]) -> dict[str, float]:
    """Fit the weights of the clues, then lean towards refusing as far as few enough requests are refused wrongly."""
    groups = []
    for w in weighed:
        right = {r["intent"] for r in right_calls(w)}
        groups.append((w.clues, np.array([c["intent"] in right for c in w.calls]), DIALOGUE_WEIGHT if is_dialogue(w) else 1))
    weights = fit_clues(groups)
    vector = np.array([weights[name] for name in CLUES])
    leads = []
    for w in weighed:
        outside = np.array([c["intent"] == "out_of_scope" for c in w.calls])
        if w.case["intent"] != "out_of_scope" and outside.any() and not outside.all():
            totals = w.clues @ vector
            leads.append(totals[~outside].max() - totals[outside].max())
    lean = max(0.0, float(np.quantile(leads, FALSE_REFUSALS)))
    return {**weights, "out_of_scope": round(weights["out_of_scope"] + lean, 5)}


def rank(item: Weighed, weights: Mapping[str, float]) -> list[Any]:
    """Order the readings of a case by the given weights."""
    shares = softmax(item.clues @ np.array([weights[name] for name in CLUES]))
    order = np.argsort(-shares, kind="stable")
    return [replace(c := item.calls[i]["candidate"], reading=replace(c.reading, confidence=float(shares[i]))) for i in order]


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
    drawn = draw(corpus, abilities)
    print(f"{len(corpus)} utterances, {len(dialogues)} dialogues, {time.time() - started:.0f} s", flush=True)
    model, weighed = fit_both(drawn, dialogues, abilities)
    words, figures = fit_decisions(weighed, abilities)
    card = {
        "trained": datetime.now(UTC).date().isoformat(), "command": "python scripts/train_router.py", "seed": SEED,
        "data": {"utterances": len(corpus), "dialogues": len(dialogues), "variants": VARIANTS}, "held_out": figures,
    }  # fmt: skip
    model = replace(model, words={**model.words, **words, "card": card})
    model.save(options.out)
    print(json.dumps({**card, **words}, indent=1), f"{time.time() - started:.0f} s")


if __name__ == "__main__":
    main()
