"""Attention networks for structures: gated layers, tied tables, talking heads, relative positions, caches, Einsum."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import torch
import torch.nn.functional as F  # noqa: N812, the usual name
from torch import Tensor, nn

from scripts.zoo.torch_export import Built

WIDTH, HEADS, STEPS, WORDS = 48, 4, 16, 120
LONGEST = 128
"""Length of tables of positions."""
ROWS = {0: "batch", 1: "steps"}
"""Axes of sequences that can be open."""


class Attention(nn.Module):
    """Self-attention with one layer for queries, keys and values; subclasses change the scores."""

    def __init__(self) -> None:
        super().__init__()
        self.qkv = nn.Linear(WIDTH, 3 * WIDTH)
        self.project = nn.Linear(WIDTH, WIDTH)

    def forward(self, x: Tensor) -> Tensor:
        """Rows of the same shape."""
        q, k, v = self.qkv(x).unflatten(2, (3, HEADS, WIDTH // HEADS)).permute(2, 0, 3, 1, 4)
        scores = self.weigh(q @ k.transpose(2, 3) / math.sqrt(q.shape[-1]))
        return self.project((scores @ v).transpose(1, 2).flatten(2))

    def weigh(self, scores: Tensor) -> Tensor:
        """Weights from scores."""
        return scores.softmax(-1)


class TalkingHeads(Attention):
    """Heads are mixed before and after the softmax."""

    def __init__(self) -> None:
        super().__init__()
        self.before, self.after = nn.Linear(HEADS, HEADS), nn.Linear(HEADS, HEADS)

    def weigh(self, scores: Tensor) -> Tensor:
        """Weights from mixed scores, mixed again."""
        mixed = self.before(scores.permute(0, 2, 3, 1)).softmax(2)
        return self.after(mixed).permute(0, 3, 1, 2)


class RelativeBias(Attention):
    """A bias for each head and distance, looked up in a table (T5, Swin)."""

    def __init__(self) -> None:
        super().__init__()
        self.table = nn.Embedding(2 * LONGEST - 1, HEADS)

    def weigh(self, scores: Tensor) -> Tensor:
        """Weights from scores with the bias of their distance."""
        places = torch.arange(scores.shape[-1])
        distance = places[None] - places[:, None] + LONGEST - 1
        return (scores + self.table(distance).permute(2, 0, 1)).softmax(-1)


class Alibi(Attention):
    """Scores fall with the distance, at a rate of each head's own, and the future is hidden."""

    def weigh(self, scores: Tensor) -> Tensor:
        """Weights from scores less their distances."""
        places = torch.arange(scores.shape[-1])
        distance = (places[None] - places[:, None]).float()
        rates = 2.0 ** -torch.arange(1, HEADS + 1)[:, None, None]
        return (scores + rates * distance).masked_fill(distance > 0, -1e9).softmax(-1)


class EinsumAttention(nn.Module):
    """Attention in which every product is an Einsum, weights of three axes included."""

    def __init__(self) -> None:
        super().__init__()
        self.qkv = nn.Parameter(torch.randn(3, HEADS, WIDTH, WIDTH // HEADS) / math.sqrt(WIDTH))
        self.out = nn.Parameter(torch.randn(HEADS, WIDTH // HEADS, WIDTH) / math.sqrt(WIDTH))

    def forward(self, x: Tensor) -> Tensor:
        """Rows of the same shape."""
        q, k, v = (torch.einsum("btd,hde->bhte", x, weight) for weight in self.qkv)
        weights = torch.einsum("bhte,bhse->bhts", q, k).div(math.sqrt(q.shape[-1])).softmax(-1)
        return torch.einsum("bhts,bhse,hed->btd", weights, v, self.out)


class FusedAttention(Attention):
    """Attention as PyTorch's one call, queries of several heads on fewer keys and values."""

    def __init__(self) -> None:
        super().__init__()
        self.qkv = nn.Linear(WIDTH, 2 * WIDTH)

    def forward(self, x: Tensor) -> Tensor:
        """Rows of the same shape."""
        sizes = (HEADS, HEADS // 2, HEADS // 2)
        parts = self.qkv(x).unflatten(2, (sum(sizes), WIDTH // HEADS)).transpose(1, 2).split(sizes, 1)
        q, k, v = (part.repeat_interleave(HEADS // part.shape[1], 1) for part in parts)
        mixed = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        return self.project(mixed.transpose(1, 2).flatten(2))


class LinearAttention(Attention):
    """Attention without a softmax: keys and values are summed up first."""

    def forward(self, x: Tensor) -> Tensor:
        """Rows of the same shape."""
        q, k, v = self.qkv(x).unflatten(2, (3, HEADS, WIDTH // HEADS)).permute(2, 0, 3, 1, 4)
        q, k = F.elu(q) + 1, F.elu(k) + 1
        mixed = q @ (k.transpose(2, 3) @ v) / (q @ k.sum(2)[..., None] + 1e-6)
        return self.project(mixed.transpose(1, 2).flatten(2))


class Gated(nn.Module):
    """A feed-forward layer one half of which gates the other: GEGLU in one layer, SwiGLU in two."""

    def __init__(self, activation: Callable[[Tensor], Tensor], *, fused: bool) -> None:
        super().__init__()
        self.activation = activation
        self.up = nn.ModuleList([nn.Linear(WIDTH, 192)] if fused else [nn.Linear(WIDTH, 96), nn.Linear(WIDTH, 96)])
        self.down = nn.Linear(96, WIDTH)

    def forward(self, x: Tensor) -> Tensor:
        """Rows of the same shape."""
        value, gate = self.up[0](x).chunk(2, -1) if len(self.up) == 1 else (layer(x) for layer in self.up)
        return self.down(value * self.activation(gate))


class RootMeanSquare(nn.Module):
    """Rows of mean square one, and a gain: written out, as the old exporter has no such operator."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.ones(width))

    def forward(self, x: Tensor) -> Tensor:
        """Rows of the same shape."""
        return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + 1e-6) * self.gain


class Block(nn.Module):
    """Attention and a feed-forward layer on normalised rows, both added on."""

    def __init__(self, attention: nn.Module, feed: nn.Module, norm: type[nn.Module] = nn.LayerNorm) -> None:
        super().__init__()
        self.attention, self.feed = attention, feed
        self.norms = nn.ModuleList([norm(WIDTH), norm(WIDTH)])

    def forward(self, x: Tensor) -> Tensor:
        """Rows of the same shape."""
        x = x + self.attention(self.norms[0](x))
        return x + self.feed(self.norms[1](x))


def plain_feed() -> nn.Module:
    """A feed-forward layer with GELU."""
    return nn.Sequential(nn.Linear(WIDTH, 96), nn.GELU(), nn.Linear(96, WIDTH))


class Reader(nn.Module):
    """Words with positions through blocks; the last layer is one of its own, or the table of words again (`tied`)."""

    def __init__(self, *blocks: nn.Module, tied: bool = False) -> None:
        super().__init__()
        self.words, self.places = nn.Embedding(WORDS, WIDTH), nn.Embedding(LONGEST, WIDTH)
        self.blocks = nn.Sequential(*blocks)
        self.norm, self.out = nn.LayerNorm(WIDTH), nn.Linear(WIDTH, WORDS if tied else 7, bias=not tied)
        if tied:
            self.out.weight = self.words.weight

    def forward(self, x: Tensor) -> Tensor:
        """Scores of words, or of seven classes, at each step."""
        rows = self.words(x) + self.places(torch.arange(x.shape[1]))
        return self.out(self.norm(self.blocks(rows)))


class Translator(nn.Module):
    """PyTorch's own encoder and decoder layers, with attention across."""

    def __init__(self) -> None:
        super().__init__()
        chosen = {"nhead": HEADS, "dim_feedforward": 96, "batch_first": True, "dropout": 0.0}
        self.words = nn.Embedding(WORDS, WIDTH)
        self.encoder = nn.ModuleList(nn.TransformerEncoderLayer(WIDTH, **chosen) for _ in range(2))
        self.decoder = nn.ModuleList(nn.TransformerDecoderLayer(WIDTH, **chosen) for _ in range(2))
        self.out = nn.Linear(WIDTH, WORDS)

    def forward(self, source: Tensor, target: Tensor) -> Tensor:
        """Scores of words at each step of the target."""
        memory, rows = self.words(source), self.words(target)
        for layer in self.encoder:
            memory = layer(memory)
        future = torch.full((target.shape[1],) * 2, -1e9).triu(1)
        for layer in self.decoder:
            rows = layer(rows, memory, tgt_mask=future)
        return self.out(rows)


class Perceiver(nn.Module):
    """Learned rows ask an input of any length, then each other."""

    def __init__(self) -> None:
        super().__init__()
        self.latents = nn.Parameter(torch.randn(1, 6, WIDTH))
        self.project = nn.Linear(20, WIDTH)
        self.across = nn.MultiheadAttention(WIDTH, HEADS, batch_first=True)
        self.block, self.out = Block(Attention(), plain_feed()), nn.Linear(WIDTH, 7)

    def forward(self, x: Tensor) -> Tensor:
        """Scores of seven classes."""
        rows, asked = self.project(x), self.latents.expand(x.shape[0], -1, -1)
        asked = asked + self.across(asked, rows, rows, need_weights=False)[0]
        return self.out(self.block(asked).mean(1))


class CachedStep(nn.Module):
    """One step of a decoder whose keys and values of earlier steps come in and go out, longer by one."""

    def __init__(self) -> None:
        super().__init__()
        self.words = nn.Embedding(WORDS, WIDTH)
        self.qkv = nn.Linear(WIDTH, 3 * WIDTH)
        self.project, self.feed, self.out = nn.Linear(WIDTH, WIDTH), plain_feed(), nn.Linear(WIDTH, WORDS)

    def forward(self, x: Tensor, keys: Tensor, values: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Scores of words, and the new keys and values."""
        rows = self.words(x)
        q, k, v = self.qkv(rows).unflatten(2, (3, HEADS, WIDTH // HEADS)).permute(2, 0, 3, 1, 4)
        keys, values = torch.cat([keys, k], 2), torch.cat([values, v], 2)
        mixed = (q @ keys.transpose(2, 3) / math.sqrt(WIDTH // HEADS)).softmax(-1) @ values
        rows = rows + self.project(mixed.transpose(1, 2).flatten(2))
        return self.out(rows + self.feed(rows)), keys, values


def _words() -> Tensor:
    return torch.randint(0, WORDS, (1, STEPS))


def _texts(make: Callable[[], nn.Module]) -> Callable[[], Built]:
    return lambda: Built(make(), (_words(),), (ROWS,))


def _translator() -> Built:
    return Built(Translator(), (_words(), _words()), (ROWS, {0: "batch", 1: "target_steps"}))


def _read(attention: Callable[[], nn.Module], feed: Callable[[], nn.Module] = plain_feed) -> Callable[[], Built]:
    return _texts(lambda: Reader(Block(attention(), feed()), Block(attention(), feed())))


def _cached() -> Built:
    past = (torch.randn(1, HEADS, 5, WIDTH // HEADS), torch.randn(1, HEADS, 5, WIDTH // HEADS))
    axes = {0: "batch", 2: "past"}
    return Built(CachedStep(), (torch.randint(0, WORDS, (1, 1)), *past), ({0: "batch"}, axes, axes))


MODULES: Mapping[str, Callable[[], Built]] = {
    "geglu": _read(Attention, lambda: Gated(F.gelu, fused=True)),
    "swiglu_rms": _texts(lambda: Reader(Block(Attention(), Gated(F.silu, fused=False), RootMeanSquare))),
    "tied_words": _texts(lambda: Reader(Block(Attention(), plain_feed()), tied=True)),
    "talking_heads": _read(TalkingHeads),
    "relative_bias": _read(RelativeBias),
    "alibi": _read(Alibi),
    "einsum_attention": _read(EinsumAttention),
    "fused_attention": _read(FusedAttention),
    "linear_attention": _read(LinearAttention),
    "translator": _translator,
    "perceiver": lambda: Built(Perceiver(), (torch.randn(1, STEPS, 20),), (ROWS,)),
    "cached_step": _cached,
}
"""What makes each structure, its arguments, and the axes that can be open."""
