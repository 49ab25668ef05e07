"""Fine-tune all-MiniLM-L6-v2 for the router, in torch: one encoder for abilities, for the words of arguments, and for listed values."""

import math
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from safetensors.torch import load_file
from torch.nn import functional

from copilot.intent import Ability
from copilot.outside.embed import find_weights
from copilot.outside.embed_numpy import HEADS, LAYERS, WIDTH
from copilot.routing.corpus import Labelled
from copilot.routing.encoder import SHARPNESS, Labels, is_suggested, word_labels
from copilot.routing.mentions import find_mentions
from copilot.routing.rendering import Pieces, render, units
from copilot.routing.route import Situation

BATCH, RATE, HEAD_RATE = 32, 1.5e-4, 2e-3
WARM_UP = 0.06
DROPOUT = 0.1
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
        torch.manual_seed(seed)
        torch.set_num_threads(1)  # two trainings run side by side
        self.random = random.Random(seed)
        self.labels = Labels.of(abilities)
        published = load_file(find_weights() / "model.safetensors")
        self.weights = {name: tensor for name, tensor in published.items() if tensor.dtype == torch.float32 and "pooler" not in name}
        for name in self.weights:
            if name.startswith("encoder.layer"):
                self.weights[name] = torch.nn.Parameter(self.weights[name].clone())
        sizes = {"ability": len(self.labels.abilities), "word": len(self.labels.words), "value": len(self.labels.values)}
        self.heads = torch.nn.ModuleDict({name: torch.nn.Linear(WIDTH, size) for name, size in sizes.items()})
        self.allowed = self._masks(abilities)

    def _masks(self, abilities: Mapping[str, Ability]) -> torch.Tensor:
        """For each ability, 0 for the labels that its words can have and -1e4 for the others."""
        mask = torch.full((len(self.labels.abilities), len(self.labels.words)), -1e4)
        for row, name in enumerate(self.labels.abilities):
            mask[row, self.labels.words_of(abilities[name])] = 0
        return mask

    def states(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Return (batch, length, WIDTH)."""
        w, batch, length = self.weights, *ids.shape
        hidden = w["embeddings.word_embeddings.weight"][ids] + w["embeddings.position_embeddings.weight"][:length]
        hidden = self._drop(self._norm(hidden + w["embeddings.token_type_embeddings.weight"][0], "embeddings.LayerNorm"))
        for number in range(LAYERS):
            name = f"encoder.layer.{number}"
            heads = [
                self._linear(hidden, f"{name}.attention.self.{part}").view(batch, length, HEADS, -1).transpose(1, 2)
                for part in ("query", "key", "value")
            ]
            mixed = functional.scaled_dot_product_attention(*heads, attn_mask=mask[:, None, None, :], dropout_p=DROPOUT)
            mixed = self._linear(mixed.transpose(1, 2).reshape(batch, length, WIDTH), f"{name}.attention.output.dense")
            hidden = self._norm(hidden + self._drop(mixed), f"{name}.attention.output.LayerNorm")
            wide = functional.gelu(self._linear(hidden, f"{name}.intermediate.dense"))
            hidden = self._norm(hidden + self._drop(self._linear(wide, f"{name}.output.dense")), f"{name}.output.LayerNorm")
        return hidden

    def _linear(self, rows: torch.Tensor, name: str) -> torch.Tensor:
        return functional.linear(rows, self.weights[f"{name}.weight"], self.weights[f"{name}.bias"])

    def _norm(self, rows: torch.Tensor, name: str) -> torch.Tensor:
        return functional.layer_norm(rows, (WIDTH,), self.weights[f"{name}.weight"], self.weights[f"{name}.bias"], 1e-12)

    def _drop(self, rows: torch.Tensor) -> torch.Tensor:
        return functional.dropout(rows, DROPOUT)

    def loss(self, batch: Sequence[Sample]) -> torch.Tensor:
        length = max(len(s.ids) for s in batch)
        ids = torch.tensor([s.ids + [0] * (length - len(s.ids)) for s in batch])
        mask = torch.tensor([[i < len(s.ids) for i in range(length)] for s in batch])
        spoken = torch.tensor([[float(i < s.spoken) for i in range(length)] for s in batch])
        with torch.autocast("cpu", torch.bfloat16):
            states = self.states(ids, mask)
        states = states.float()
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
        encoder = [w for w in self.weights.values() if isinstance(w, torch.nn.Parameter)]
        steps = epochs * math.ceil(len(samples) / BATCH)
        groups = [{"params": encoder, "lr": RATE}, {"params": list(self.heads.parameters()), "lr": HEAD_RATE}]
        optimiser = torch.optim.AdamW(groups, weight_decay=0.01)
        plan = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda s: min(1.0, (s + 1) / (WARM_UP * steps)) * max(0.0, 1 - s / steps))
        for epoch in range(epochs):
            total = 0.0
            for batch in self._batches([self.random.choice(variants) for variants in samples]):
                loss = self.loss(batch)
                optimiser.zero_grad()
                loss.backward()
                torch.nn.utils.clip_grad_norm_(encoder, 1.0)
                optimiser.step()
                plan.step()
                total += loss.item()
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
        layers = {name: w.detach().numpy() for name, w in self.weights.items() if isinstance(w, torch.nn.Parameter)}
        return layers, {name: w.detach().numpy() for name, w in self.heads.state_dict().items()}
