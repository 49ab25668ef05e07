"""Train the reader of the built-in model: PYTHONPATH=. python scripts/train_reader.py

Writes `copilot/answering/model/reader.npz`, and prints the tables for `copilot/answering/evidence.py`, which are fitted on what a second
reader says of a third of the documents, which it was not trained on.
"""

import math
import random
import re
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context

import numpy as np
import torch
from reader_fit import Asked, fit, folds, measure
from torch_encoder import Descent, TorchEncoder

from copilot.answering.question import read
from copilot.answering.reader import MODEL, lay_out
from copilot.outside.embed import Embedder
from copilot.outside.embed_numpy import WIDTH
from copilot.outside.tuned import quantised

SEED = 99
POOL = 16
"""Candidates of a question that may be read in training, the likeliest by their words."""
RIGHT, NEAR, OTHERS = 3, 5, 2
"""Of these, how many right ones are read in a step, how many of the likeliest wrong ones, and of the rest."""
QUESTIONS, EPOCHS = 6, 3
RATE, HEAD_RATE = 8e-5, 1e-3
MISSED = 0.5
"""How much an answerable question counts whose answer is not among its candidates."""
PARTS = 16
"""Rows of like length that are read together."""
FOLDS = 3
FIELD = re.compile(r"(?:^|\s)(?P<label>[A-Z][\w/ ()-]{2,30}):\s+(?=\S)")
ASKED_FOR = (
    "What was the {}?", "{}?", "{} of the {subject}", "What is the {} of {subject}?", "which {} did the {subject} have", "tell me its {}",
    "what does it say under {}", "{subject}: what {}?", "I need the {} of the {subject}, please", "do we know the {}?",
)  # fmt: skip
SUBJECT = re.compile(r"(?<=[a-z] )[A-Z][a-z]+(?: [A-Z0-9][\w-]+)?")

Row = list[int]


class Trainer:
    """The reader while it is trained: an encoder, and a head on its first state."""

    def __init__(self, seed: int) -> None:
        self.encoder = TorchEncoder(seed)
        self.head = torch.nn.Linear(WIDTH, 1)
        torch.nn.init.normal_(self.head.weight, std=0.02)

    def scores(self, rows: Sequence[Row]) -> torch.Tensor:
        order = sorted(range(len(rows)), key=lambda i: len(rows[i]))
        count = max(1, len(rows) // PARTS)
        parts = [order[n * len(rows) // count : (n + 1) * len(rows) // count] for n in range(count)]
        found = torch.cat([self.head(self.encoder.states([rows[i] for i in part])[:, 0])[:, 0] for part in parts])
        return found[torch.argsort(torch.tensor(order))]

    def fit(self, asked: Sequence[Asked], rows: Sequence[Sequence[Row]]) -> None:
        chance = self.encoder.random
        descent = Descent(self.encoder, self.head.parameters(), RATE, HEAD_RATE, EPOCHS * math.ceil(len(asked) / QUESTIONS))
        for epoch in range(EPOCHS):
            order, total = chance.sample(range(len(asked)), len(asked)), 0.0
            for first in range(0, len(order), QUESTIONS):
                chosen = [(i, self.choose(asked[i])) for i in order[first : first + QUESTIONS]]
                scores = iter(self.scores([rows[i][c] for i, picked in chosen for c in picked]).split([len(p) for _, p in chosen]))
                losses = [loss(asked[i], picked, next(scores)) for i, picked in chosen]
                total += descent.step(torch.stack(losses).mean()) * len(losses)
            print(f"  epoch {epoch + 1} of {EPOCHS}: loss {total / len(asked):.3f}", flush=True)

    def choose(self, asked: Asked) -> list[int]:
        """Pick the candidates to read in a step."""
        chance = self.encoder.random
        right, wrong = ([i for i, holds in enumerate(asked.right) if holds == wanted] for wanted in (True, False))
        others = wrong[NEAR:]
        return [*chance.sample(right, min(RIGHT, len(right))), *wrong[:NEAR], *chance.sample(others, min(OTHERS, len(others)))]

    def read(self, rows: Sequence[Sequence[Row]]) -> list[np.ndarray]:
        self.encoder.training = False
        with torch.no_grad():
            return [self.scores(own).numpy() for own in rows]


def loss(asked: Asked, picked: Sequence[int], scores: torch.Tensor) -> torch.Tensor:
    """How little the right candidates have of e to the score, where "no answer" has the score 0."""
    open_ = torch.cat([torch.zeros(1), scores])
    right = torch.tensor([False, *asked.right[list(picked)]])
    if right.any():
        return torch.logsumexp(open_, 0) - torch.logsumexp(open_[right], 0)
    return (torch.logsumexp(open_, 0) - open_[0]) * (MISSED if asked.case.answerable else 1.0)


def train(
    asked: Sequence[Asked], rows: Sequence[Sequence[Row]], others: Sequence[Sequence[Row]], seed: int
) -> tuple[dict[str, np.ndarray], list[np.ndarray]]:
    """Return the trained arrays, and the scores of rows that were not trained on."""
    trainer = Trainer(seed)
    trainer.fit(asked, rows)
    head = {"head.weight": trainer.head.weight.detach().numpy()[0], "head.bias": trainer.head.bias.detach().numpy()}
    return {**trainer.encoder.layers(), **head}, trainer.read(others)


def fields(asked: Sequence[Asked]) -> list[Asked]:
    """Ask for a labelled field of a form by its label, where a question's candidates have one: people's questions seldom do."""
    chance, made = random.Random(SEED), []
    for a in asked:
        texts = [c.unit.text for c in a.found if not c.unit.cells]
        labels = sorted({match["label"] for text in texts for match in FIELD.finditer(text)})
        if labels:
            label, subjects = chance.choice(labels), sorted({name for text in texts for name in SUBJECT.findall(text)})
            text = chance.choice(ASKED_FOR).format(label.lower(), subject=chance.choice(subjects or ["document"]))
            right = np.array([f"{label}:" in c.unit.text for c in a.found])
            made.append(replace(a, name="fields", question=read(text), right=right))
    return made


def main() -> None:
    started = time.time()
    embedder = Embedder.load()
    everything = measure(embedder)
    asked = [a.likeliest(POOL) for a in everything]
    more = fields(asked)
    held = folds([*asked, *more], FOLDS) == 0
    taught = [a for a, out in zip([*asked, *more], held, strict=True) if not out]
    others = [a for a, out in zip(asked, held, strict=False) if out]
    rows, known, unknown = ([laid_out(a, embedder) for a in some] for some in ([*asked, *more], taught, others))
    with ProcessPoolExecutor(2, get_context("spawn")) as pool:
        shipped, partial = pool.submit(train, [*asked, *more], rows, [], SEED), pool.submit(train, taught, known, unknown, SEED)
        scores = partial.result()[1]
        arrays, _ = shipped.result()
    heads = {name: array for name, array in arrays.items() if name.startswith("head.")}
    MODEL.parent.mkdir(exist_ok=True)
    np.savez(MODEL, **quantised({name: array for name, array in arrays.items() if name not in heads}), **heads)  # type: ignore[arg-type]
    fit(everything, [with_scores(a, own) for a, own in zip(others, scores, strict=True)])
    print(f"{len(asked)} questions, {len(more)} more that name a field, {MODEL.stat().st_size:,} bytes, {time.time() - started:.0f} s")


def laid_out(asked: Asked, embedder: Embedder) -> list[Row]:
    return lay_out(embedder.tokenizer, asked.question.text, [c.headed for c in asked.found])


def with_scores(asked: Asked, scores: np.ndarray) -> Asked:
    found = tuple(replace(c, features={**c.features, "read": float(s)}) for c, s in zip(asked.found, scores, strict=True))
    return replace(asked, found=found)


if __name__ == "__main__":
    main()
