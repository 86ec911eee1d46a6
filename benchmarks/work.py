"""The work that every contender watches: training steps of a transformer language model on random tokens.

Shapes: B batch, T context, C width, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional


@dataclass(frozen=True, slots=True)
class Shape:
    """Size of the model: `blocks` transformer blocks of 12 parameter tensors each, and 5 tensors around them."""

    blocks: int
    width: int
    heads: int
    context: int
    vocabulary: int


SMALL: Final = Shape(blocks=6, width=128, heads=4, context=64, vocabulary=512)
"""77 parameter tensors, 1.3 M parameters: small enough that a recorder's cost per tensor shows."""
LARGE: Final = Shape(blocks=12, width=768, heads=12, context=512, vocabulary=32768)
"""149 parameter tensors, 136 M parameters: for a GPU."""

BATCHES: Final = 8
"""Batches made beforehand and used in turn, so that no step waits for data."""


class Block(nn.Module):
    """A pre-norm transformer block."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.heads = shape.heads
        self.norm_1 = nn.LayerNorm(shape.width)
        self.qkv = nn.Linear(shape.width, 3 * shape.width)
        self.projection = nn.Linear(shape.width, shape.width)
        self.norm_2 = nn.LayerNorm(shape.width)
        self.up = nn.Linear(shape.width, 4 * shape.width)
        self.down = nn.Linear(4 * shape.width, shape.width)

    def forward(self, x: Tensor) -> Tensor:
        """Return `x` `[B, T, C]` after attention and feed-forward."""
        batch, context, width = x.shape
        split = self.qkv(self.norm_1(x)).view(batch, context, 3, self.heads, width // self.heads)
        query, key, value = split.permute(2, 0, 3, 1, 4)  # each [B, heads, T, C / heads]
        attended = functional.scaled_dot_product_attention(query, key, value, is_causal=True)
        x = x + self.projection(attended.transpose(1, 2).reshape(batch, context, width))
        return x + self.down(functional.gelu(self.up(self.norm_2(x))))


class LanguageModel(nn.Module):
    """A decoder-only transformer with learned positions."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.tokens = nn.Embedding(shape.vocabulary, shape.width)
        self.positions = nn.Embedding(shape.context, shape.width)
        self.blocks = nn.ModuleList(Block(shape) for _ in range(shape.blocks))
        self.norm = nn.LayerNorm(shape.width)
        self.head = nn.Linear(shape.width, shape.vocabulary, bias=False)

    def forward(self, tokens: Tensor) -> Tensor:
        """Return logits `[B, T, V]` for `tokens` `[B, T]`."""
        x = self.tokens(tokens) + self.positions.weight[: tokens.shape[1]]
        for block in self.blocks:
            x = block(x)
        return self.head(self.norm(x))


class Work:
    """A model in training; `step` takes one step and reads nothing back."""

    def __init__(self, shape: Shape, batch: int, device: torch.device) -> None:
        torch.manual_seed(0)
        self.device = device
        self.model = LanguageModel(shape).to(device)
        self.optimizer = torch.optim.AdamW(self.model.parameters(), lr=1e-4)
        self.batches = torch.randint(shape.vocabulary, (BATCHES, batch, shape.context + 1), device=device)
        self.steps = 0

    def step(self, after_backward: Callable[[], None]) -> None:
        """Take one step, with the contender's own call where a user would write it."""
        tokens = self.batches[self.steps % BATCHES]
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.device.type == "cuda"):
            logits = self.model(tokens[:, :-1])
            loss = functional.cross_entropy(logits.flatten(0, 1), tokens[:, 1:].flatten())
        loss.backward()
        after_backward()
        self.optimizer.step()
        self.optimizer.zero_grad()
        self.steps += 1
