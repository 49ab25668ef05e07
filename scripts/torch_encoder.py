"""The published sentence encoder in torch, its layers free to be tuned while its embeddings stay as they are."""

import random
from collections.abc import Iterable, Mapping

import numpy as np
import torch
from safetensors.torch import load_file
from torch.nn import Parameter, functional

from copilot.outside.embed import find_weights
from copilot.outside.embed_numpy import HEADS, LAYERS, WIDTH

DROPOUT = 0.1
WARM_UP = 0.06


class TorchEncoder:
    """all-MiniLM-L6-v2 while it is trained.

    Args:
        seed: The same seed gives the same weights on the same machine.
    """

    def __init__(self, seed: int) -> None:
        torch.manual_seed(seed)
        torch.set_num_threads(1)  # two trainings run side by side
        self.random = random.Random(seed)
        self.training = True
        published = load_file(find_weights() / "model.safetensors")
        self.weights = {name: tensor for name, tensor in published.items() if tensor.dtype == torch.float32 and "pooler" not in name}
        for name in self.weights:
            if name.startswith("encoder.layer"):
                self.weights[name] = Parameter(self.weights[name].clone())

    @property
    def tuned(self) -> dict[str, Parameter]:
        return {name: weight for name, weight in self.weights.items() if isinstance(weight, Parameter)}

    def states(self, rows: list[list[int]]) -> torch.Tensor:
        """Return (rows, longest row, WIDTH), float32, for ids of word pieces."""
        length = max(map(len, rows))
        ids = torch.tensor([row + [0] * (length - len(row)) for row in rows])
        mask = torch.tensor([[place < len(row) for place in range(length)] for row in rows])
        with torch.autocast("cpu", torch.bfloat16):
            states = self._forward(ids, mask)
        return states.float()

    def _forward(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        w, batch, length = self.weights, *ids.shape
        hidden = w["embeddings.word_embeddings.weight"][ids] + w["embeddings.position_embeddings.weight"][:length]
        hidden = self._drop(self._norm(hidden + w["embeddings.token_type_embeddings.weight"][0], "embeddings.LayerNorm"))
        for number in range(LAYERS):
            name = f"encoder.layer.{number}"
            heads = [
                self._linear(hidden, f"{name}.attention.self.{part}").view(batch, length, HEADS, -1).transpose(1, 2)
                for part in ("query", "key", "value")
            ]
            dropped = DROPOUT if self.training else 0.0
            mixed = functional.scaled_dot_product_attention(*heads, attn_mask=mask[:, None, None, :], dropout_p=dropped)
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
        return functional.dropout(rows, DROPOUT, training=self.training)

    def layers(self) -> dict[str, np.ndarray]:
        """Return the tuned layers as float32."""
        return {name: weight.detach().numpy() for name, weight in self.tuned.items()}


class Descent:
    """AdamW with a warm-up, then a rate that falls to nothing; gradients of the encoder are clipped.

    Args:
        encoder: Its layers, at `rate`.
        heads: Other parameters, at `head_rate`.
        steps: How many there will be.
    """

    def __init__(self, encoder: TorchEncoder, heads: Iterable[Parameter], rate: float, head_rate: float, steps: int) -> None:
        self.parameters = list(encoder.tuned.values())
        groups = [{"params": self.parameters, "lr": rate}, {"params": list(heads), "lr": head_rate}]
        self.optimiser = torch.optim.AdamW(groups, weight_decay=0.01)
        self.plan = torch.optim.lr_scheduler.LambdaLR(
            self.optimiser, lambda s: min(1.0, (s + 1) / (WARM_UP * steps)) * max(0.0, 1 - s / steps)
        )

    def step(self, loss: torch.Tensor) -> float:
        self.optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.parameters, 1.0)
        self.optimiser.step()
        self.plan.step()
        return float(loss.item())


def arrays(heads: Mapping[str, torch.Tensor]) -> dict[str, np.ndarray]:
    return {name: weight.detach().numpy() for name, weight in heads.items()}
