"""Own small layers that several families are made of."""

from __future__ import annotations

import torch
import torch.nn.functional as F  # noqa: N812, the usual name
from torch import Tensor, nn


def unit(n_in: int, n_out: int, stride: int = 1) -> nn.Module:
    """Convolution of images, BatchNormalization and ReLU."""
    return nn.Sequential(nn.Conv2d(n_in, n_out, 3, stride, 1, bias=False), nn.BatchNorm2d(n_out), nn.ReLU())


def sound_unit(n_in: int, n_out: int, kernel: int = 3, stride: int = 1) -> nn.Module:
    """Convolution of sounds, BatchNormalization and ReLU."""
    convolution = nn.Conv1d(n_in, n_out, kernel, stride, kernel // 2, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm1d(n_out), nn.ReLU())


def dense(n_in: int, n_inner: int, n_out: int) -> nn.Module:
    """Two linear layers."""
    return nn.Sequential(nn.Linear(n_in, n_inner), nn.GELU(), nn.Linear(n_inner, n_out))


class Attention(nn.Module):
    """Attention of several heads over `(batch, length, width)`, with a bias that is added to the scores."""

    def __init__(self, width: int, n_heads: int) -> None:
        super().__init__()
        self.n_heads = n_heads
        self.query, self.key, self.value, self.out = (nn.Linear(width, width) for _ in range(4))

    def forward(self, x: Tensor, source: Tensor | None = None, bias: Tensor | None = None) -> Tensor:
        """What is attended to in `source`, in `x` itself without one."""
        source = x if source is None else source
        q, k, v = self._heads(self.query(x)), self._heads(self.key(source)), self._heads(self.value(source))
        scores = q @ k.transpose(2, 3) / q.shape[-1] ** 0.5
        scores = scores if bias is None else scores + bias
        return self.out((scores.softmax(3) @ v).transpose(1, 2).flatten(2))

    def _heads(self, x: Tensor) -> Tensor:
        return x.unflatten(2, (self.n_heads, -1)).transpose(1, 2)


class Block(nn.Module):
    """Attention and two linear layers, each beside a path around it."""

    def __init__(self, width: int, n_heads: int) -> None:
        super().__init__()
        self.attention, self.dense = Attention(width, n_heads), dense(width, 2 * width, width)
        self.norms = nn.ModuleList([nn.LayerNorm(width), nn.LayerNorm(width)])

    def forward(self, x: Tensor, bias: Tensor | None = None) -> Tensor:
        """Of the shape of `x`."""
        x = x + self.attention(self.norms[0](x), bias=bias)
        return x + self.dense(self.norms[1](x))


def pad_to(x: Tensor, multiple: int, axes: int) -> Tensor:
    """Zeros behind the last `axes` axes, so that each is a multiple."""
    pads = [amount for size in reversed(x.shape[-axes:]) for amount in (0, (-size) % multiple)]
    return F.pad(x, pads)


def sine_positions(length: Tensor | int, width: int) -> Tensor:
    """Sines and cosines `(length, width)` that are computed, however long."""
    rates = torch.exp(torch.arange(0, width, 2) * (-9.2 / width))
    angles = torch.arange(length)[:, None] * rates
    return torch.cat([angles.sin(), angles.cos()], 1)
