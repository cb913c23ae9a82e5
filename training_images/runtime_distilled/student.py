# SPDX-License-Identifier: Apache-2.0
"""The student model: a few layers of self-attention over word pieces, and one score per label.

It normalises before each block (Xiong et al. 2020, https://arxiv.org/abs/2002.04745), because it has few training steps.
ReLU and mean pooling are cheap in an int8 runtime. `graph.py` writes the same computation as ONNX.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """The size of a student.

    Args:
        vocabulary: Number of word pieces; 0 is padding.
        width: Size of a token's vector.
        layers: Number of attention layers.
        heads: Heads per layer.
        longest: Largest number of tokens of a text.
        labels: Number of labels.
    """

    vocabulary: int
    width: int
    layers: int
    heads: int
    longest: int
    labels: int


class Layer(nn.Module):
    """A layer: attention, then two matrices with a ReLU between them, each with a residual connection."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.before_attention = nn.LayerNorm(width)
        self.query_key_value = nn.Linear(width, 3 * width)
        self.attended = nn.Linear(width, width)
        self.before_widening = nn.LayerNorm(width)
        self.widen = nn.Linear(width, 2 * width)
        self.narrow = nn.Linear(2 * width, width)

    def forward(self, states: Tensor, penalty: Tensor) -> Tensor:
        """The layer's output (batch, tokens, width); `penalty` (batch, 1, 1, tokens) is very low at padding."""
        batch, tokens, width = states.shape
        projected = self.query_key_value(self.before_attention(states))
        projected = projected.reshape(batch, tokens, 3, self.heads, width // self.heads).permute(2, 0, 3, 1, 4)
        query, key, value = projected.unbind(0)
        scores = query @ key.transpose(-1, -2) * (width // self.heads) ** -0.5 + penalty
        mixed = (scores.softmax(dim=-1) @ value).transpose(1, 2).reshape(batch, tokens, width)
        states = states + self.attended(mixed)
        widened: Tensor = torch.relu(self.widen(self.before_widening(states)))
        return states + self.narrow(widened)  # type: ignore[no-any-return]


class Student(nn.Module):
    """A score of every label for a text of word pieces."""

    PENALTY = -1e4

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.pieces = nn.Embedding(shape.vocabulary, shape.width)
        self.places = nn.Embedding(shape.longest, shape.width)
        self.layers = nn.ModuleList(Layer(shape.width, shape.heads) for _ in range(shape.layers))
        self.after = nn.LayerNorm(shape.width)
        self.labels = nn.Linear(shape.width, shape.labels)
        nn.init.normal_(self.pieces.weight, std=0.1)
        nn.init.normal_(self.places.weight, std=0.02)

    def forward(self, tokens: Tensor) -> Tensor:
        """Logits (batch, labels) for padded token ids (batch, tokens)."""
        mask = (tokens != 0).float()
        penalty = ((1.0 - mask) * self.PENALTY)[:, None, None, :]
        states = self.pieces(tokens) + self.places.weight[: tokens.shape[1]]
        for layer in self.layers:
            states = layer(states, penalty)
        total = (self.after(states) * mask[:, :, None]).sum(dim=1)
        logits: Tensor = self.labels(total / mask.sum(dim=1, keepdim=True).clamp(min=1.0))
        return logits


def padded(rows: Sequence[Sequence[int]], longest: int) -> Tensor:
    """Token ids as one tensor, padded to the longest row: (texts, tokens)."""
    width = max(1, min(longest, max(map(len, rows), default=1)))
    tokens = torch.zeros((len(rows), width), dtype=torch.long)
    for number, row in enumerate(rows):
        tokens[number, : len(row)] = torch.tensor(row[:width], dtype=torch.long)
    return tokens
