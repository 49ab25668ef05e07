"""Fine-tune all-MiniLM-L6-v2 for the router, in torch: one encoder for abilities, for the words of arguments, and for listed values."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional
from torch_encoder import Descent, TorchEncoder, arrays

from copilot.intent import Ability
from copilot.outside.embed_numpy import WIDTH
from copilot.routing.corpus import Labelled
from copilot.routing.encoder import SHARPNESS, Labels, is_suggested, word_labels
from copilot.routing.mentions import find_mentions
from copilot.routing.rendering import Pieces, render, units
from copilot.routing.route import Situation

BATCH, RATE, HEAD_RATE = 32, 1.5e-4, 2e-3
SMOOTHING = 0.1
WORDS_COUNT, VALUES_COUNT = 1.0, 2.0
"""How much the losses of words and of listed values count, where that of abilities counts 1."""
SORTED = 16
"""Batches are cut from so many batches' worth of samples sorted by length, which saves padding."""


@dataclass(frozen=True)
class Sample:
    """An utterance as the encoder sees it, with what it should say.

    `words` holds the label of each place, `values` a column of the listed values for each argument that the ability has.
    """

    ids: list[int]
    spoken: int
    ability: int
    places: list[int]
    words: list[int]
    values: list[int]


def sample(line: Labelled, situation: Situation, pieces: Pieces, ability: Ability, labels: Labels, marked: bool) -> Sample:
    """Lay out an utterance; `marked` says that its spans and arguments are all that its words give."""
    words = units(line.text)
    rendered = render(words, find_mentions(line.text, situation.names), situation, pieces)
    gold = [labels.words.index(label) for label in word_labels(words, line.spans)]
    seen = [(place, word) for place, word in zip(rendered.places, gold, strict=True) if place >= 0] if marked else []
    suggested = [f"{a.name}={_value(line.args.get(a.name))}" for a in ability.args if is_suggested(a)] if marked else []
    values = [labels.values.index(value) for value in suggested]
    number = labels.abilities.index(line.intent)
    return Sample(rendered.ids, rendered.spoken, number, [place for place, _ in seen], [word for _, word in seen], values)


def _value(value: object) -> str:
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


class Trainer:
    """The encoder and its heads while they are trained.

    Args:
        abilities: The catalogue.
        seed: The same seed gives the same weights on the same machine.
    """

    def __init__(self, abilities: Mapping[str, Ability], seed: int) -> None:
        self.encoder = TorchEncoder(seed)
        self.random = self.encoder.random
        self.labels = Labels.of(abilities)
        sizes = {"ability": len(self.labels.abilities), "word": len(self.labels.words), "value": len(self.labels.values)}
        self.heads = torch.nn.ModuleDict({name: torch.nn.Linear(WIDTH, size) for name, size in sizes.items()})
        self.allowed = self._masks(abilities)

    def _masks(self, abilities: Mapping[str, Ability]) -> torch.Tensor:
        """For each ability, 0 for the labels that its words can have and -1e4 for the others."""
        mask = torch.full((len(self.labels.abilities), len(self.labels.words)), -1e4)
        for row, name in enumerate(self.labels.abilities):
            mask[row, self.labels.words_of(abilities[name])] = 0
        return mask

    def loss(self, batch: Sequence[Sample]) -> torch.Tensor:
        states = self.encoder.states([s.ids for s in batch])
        spoken = torch.tensor([[float(i < s.spoken) for i in range(states.shape[1])] for s in batch])
        meaning = functional.normalize((states * spoken[:, :, None]).sum(1), dim=-1) * SHARPNESS
        wanted = torch.tensor([s.ability for s in batch])
        total = functional.cross_entropy(self.heads["ability"](meaning), wanted, label_smoothing=SMOOTHING)
        rows = [(i, place, word) for i, s in enumerate(batch) for place, word in zip(s.places, s.words, strict=True)]
        if rows:
            at, places, words = (torch.tensor(column) for column in zip(*rows, strict=True))
            total = total + WORDS_COUNT * functional.cross_entropy(self.heads["word"](states[at, places]) + self.allowed[wanted[at]], words)
        return total + VALUES_COUNT * self._value_loss(meaning, batch)

    def _value_loss(self, meaning: torch.Tensor, batch: Sequence[Sample]) -> torch.Tensor:
        scores = self.heads["value"](meaning)
        losses = []
        for row, s in enumerate(batch):
            for column in s.values:
                first, last = self.labels.groups[self.labels.values[column].partition("=")[0]]
                losses.append(functional.cross_entropy(scores[row, first:last], torch.tensor(column - first)))
        return torch.stack(losses).mean() if losses else torch.zeros(())

    def fit(self, samples: Sequence[Sequence[Sample]], epochs: int) -> None:
        """Train on samples, each given in variants of which every epoch sees one."""
        descent = Descent(self.encoder, self.heads.parameters(), RATE, HEAD_RATE, epochs * math.ceil(len(samples) / BATCH))
        for epoch in range(epochs):
            total = 0.0
            for batch in self._batches([self.random.choice(variants) for variants in samples]):
                total += descent.step(self.loss(batch))
            print(f"  epoch {epoch + 1} of {epochs}: loss {total * BATCH / len(samples):.3f}", flush=True)

    def _batches(self, samples: list[Sample]) -> Iterator[list[Sample]]:
        self.random.shuffle(samples)
        cut = []
        for first in range(0, len(samples), BATCH * SORTED):
            part = sorted(samples[first : first + BATCH * SORTED], key=lambda s: len(s.ids))
            cut += [part[i : i + BATCH] for i in range(0, len(part), BATCH)]
        self.random.shuffle(cut)
        yield from cut

    def arrays(self) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
        """Return the tuned layers and the heads (`NAME.weight`, `NAME.bias`) as float32."""
        return self.encoder.layers(), arrays(self.heads.state_dict())
