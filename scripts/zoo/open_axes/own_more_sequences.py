"""More structures of sequences: two lengths, halves, shares of the best, loops, streams, bands and gated scans."""

from __future__ import annotations

from collections.abc import Mapping

import torch
import torch.nn.functional as F  # noqa: N812, the usual name
from torch import Tensor, nn

from scripts.zoo.open_axes.layers import Attention, Block, dense, sound_unit
from scripts.zoo.open_axes.model import Input, OpenModel, sizes
from scripts.zoo.open_axes.own_sequences import BOTH, WIDTH, Texts, texts
from scripts.zoo.open_axes.sizes import SOUND, SOUND_TRACED, ids


class TwoTexts(Texts):
    """A question and a text of their own lengths: joined, told apart by a type, and cut apart again."""

    def __init__(self) -> None:
        super().__init__()
        self.kinds, self.block, self.asked = nn.Embedding(2, WIDTH), Block(WIDTH, 4), Attention(WIDTH, 4)

    def layers(self, x: Tensor, *rest: Tensor) -> Tensor:
        """Of the length of the first text."""
        other = self.words(rest[0])
        kinds = torch.cat([torch.zeros_like(x[0, :, 0]), torch.ones_like(other[0, :, 0])]).long()
        both = self.block(torch.cat([x, other], 1) + self.kinds(kinds))
        return self.asked(both[:, : x.shape[1]], both[:, x.shape[1] :])


class Halves(Texts):
    """The length is split in two halves that trade places, then streams are interleaved."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = dense(WIDTH, 48, WIDTH), dense(WIDTH, 48, WIDTH)

    def layers(self, x: Tensor, *_: Tensor) -> Tensor:
        """Of the same length, which is even."""
        half = x.shape[1] // 2
        left, right = self.first(x[:, :half]), self.second(x[:, half:])
        both = torch.stack([right, left], 2)
        return both.reshape(both.shape[0], 2 * half, WIDTH)


class Best(Texts):
    """The better half of the places by score, in order of score, goes on (as tokens are dropped)."""

    def __init__(self) -> None:
        super().__init__()
        self.score, self.block = nn.Linear(WIDTH, 1), Block(WIDTH, 4)

    def layers(self, x: Tensor, *_: Tensor) -> Tensor:
        """Of half of the length, rounded up."""
        scores = self.score(x)[..., 0]
        order = scores.argsort(1, descending=True)[:, : (x.shape[1] + 1) // 2]
        chosen = x.gather(1, order[..., None].expand(-1, -1, WIDTH))
        return self.block(chosen)


class Backwards(Texts):
    """A text and its mirror image through one layer each; neighbours by shifts of one place."""

    def __init__(self) -> None:
        super().__init__()
        self.forwards, self.backwards = dense(2 * WIDTH, 48, WIDTH), dense(2 * WIDTH, 48, WIDTH)

    def layers(self, x: Tensor, *_: Tensor) -> Tensor:
        """Of the same length."""
        before = F.pad(x, (0, 0, 1, 0))[:, :-1]
        mirrored = x.flip(1)
        back = self.backwards(torch.cat([mirrored, F.pad(mirrored, (0, 0, 1, 0))[:, :-1]], 2)).flip(1)
        return self.forwards(torch.cat([x, before], 2)) + back


class Linear(Texts):
    """Attention without a softmax: sums over the length of keys times values (Performer, linear attention)."""

    def __init__(self) -> None:
        super().__init__()
        self.attention, self.after = Attention(WIDTH, 4), dense(WIDTH, 64, WIDTH)

    def layers(self, x: Tensor, *_: Tensor) -> Tensor:
        """Of the same length."""
        q, k, v = self.attention.query(x), self.attention.key(x), self.attention.value(x)
        q, k, v = (part.unflatten(2, (4, -1)) for part in (q.relu(), k.relu(), v))
        context = torch.einsum("nlhd,nlhe->nhde", k, v)
        weight = torch.einsum("nlhd,nhd->nlh", q, k.sum(1))
        found = torch.einsum("nlhd,nhde->nlhe", q, context) / (weight[..., None] + 0.1)
        return self.after(x + found.flatten(2))


class Gated(Texts):
    """Values that decay along the length, by a matrix of decays (retention), and a gate of SwiGLU."""

    def __init__(self) -> None:
        super().__init__()
        self.query, self.key, self.value = (nn.Linear(WIDTH, WIDTH) for _ in range(3))
        self.gate, self.up, self.down = nn.Linear(WIDTH, 64), nn.Linear(WIDTH, 64), nn.Linear(64, WIDTH)

    def layers(self, x: Tensor, *_: Tensor) -> Tensor:
        """Of the same length."""
        places = torch.arange(x.shape[1])
        distance = (places[:, None] - places[None]).to(x.dtype)
        decay = torch.where(distance >= 0, torch.exp(-distance.clamp(min=0) / 8), 0.0)
        x = x + (self.query(x) @ self.key(x).transpose(1, 2) * decay) @ self.value(x) / WIDTH
        return self.down(F.silu(self.gate(x)) * self.up(x))


class Rotary(Texts):
    """Turned queries and keys whose angles are looked up, shared keys for two heads each, and RMS norms."""

    def __init__(self) -> None:
        super().__init__()
        self.query, self.key, self.value = nn.Linear(WIDTH, 32), nn.Linear(WIDTH, 16), nn.Linear(WIDTH, 16)
        self.out, self.scale = nn.Linear(32, WIDTH), nn.Parameter(torch.ones(WIDTH))
        angles = torch.arange(1024)[:, None] / 100 ** (torch.arange(4) / 4)
        self.register_buffer("angles", torch.cat([angles, angles], 1))

    def layers(self, x: Tensor, *_: Tensor) -> Tensor:
        """Of the same length."""
        inner = x * torch.rsqrt(x.pow(2).mean(2, keepdim=True) + 1e-6) * self.scale
        q, k, v = (layer(inner).unflatten(2, (-1, 8)).transpose(1, 2) for layer in (self.query, self.key, self.value))
        angles = self.angles[: x.shape[1]]
        q, k = (part * angles.cos() + self._half_turned(part) * angles.sin() for part in (q, k))
        n, heads, length, width = k.shape
        k, v = (p[:, :, None].expand(n, heads, 2, length, width).reshape(n, 2 * heads, length, width) for p in (k, v))
        return x + self.out(((q @ k.transpose(2, 3) / 3).softmax(3) @ v).transpose(1, 2).flatten(2))

    def _half_turned(self, x: Tensor) -> Tensor:
        first, second = x.chunk(2, 3)
        return torch.cat([-second, first], 3)


class Banded(nn.Module):
    """Sound cut into overlapping frames of 40 every 16, a learned spectrum of each, and bands pooled by strides."""

    def __init__(self) -> None:
        super().__init__()
        self.spectrum = nn.Linear(40, 48, bias=False)
        self.after = nn.Sequential(sound_unit(24, 32, 5, 2), nn.MaxPool1d(3, 2), sound_unit(32, 32, 3))
        self.end = nn.Linear(64, 7)

    def forward(self, sound: Tensor) -> Tensor:
        """Seven logits, by mean and spread over frames."""
        frames = sound.unfold(1, 40, 16)
        real, imaginary = self.spectrum(frames).chunk(2, 2)
        x = self.after((real.pow(2) + imaginary.pow(2) + 1e-3).log().transpose(1, 2))
        mean = x.mean(2)
        return self.end(torch.cat([mean, (x - mean[..., None]).pow(2).mean(2).add(1e-5).sqrt()], 1))


class Dilations(nn.Module):
    """Causal convolutions of growing dilation with gates and skipped sums (WaveNet)."""

    def __init__(self) -> None:
        super().__init__()
        self.begin = nn.Conv1d(1, 16, 1)
        self.inner = nn.ModuleList(nn.Conv1d(16, 32, 2, dilation=2**k) for k in range(4))
        self.skips, self.paths = (nn.ModuleList(nn.Conv1d(16, 16, 1) for _ in range(4)) for _ in range(2))
        self.end = nn.Sequential(nn.ReLU(), nn.Conv1d(16, 24, 1), nn.ReLU(), nn.Conv1d(24, 11, 1))

    def forward(self, sound: Tensor) -> Tensor:
        """Eleven channels at each sample that is kept."""
        x, total = self.begin(sound[:, None]), torch.zeros(1)
        for layer, skip, path in zip(self.inner, self.skips, self.paths, strict=True):
            inner, gate = layer(F.pad(x, (layer.dilation[0], 0))).chunk(2, 1)
            inner = inner.tanh() * gate.sigmoid()
            total, x = total + skip(inner), x + path(inner)
        return self.end(total[:, :, ::5])


class Beams(Texts):
    """Each text is repeated for two beams of its own start, and the beams are laid beside one another again."""

    def __init__(self) -> None:
        super().__init__()
        self.starts, self.block = nn.Parameter(torch.randn(2, 1, WIDTH)), Block(WIDTH, 4)
        self.join = dense(2 * WIDTH, 64, WIDTH)

    def layers(self, x: Tensor, *_: Tensor) -> Tensor:
        """One place more than the length."""
        n, length, _width = x.shape
        many = x[:, None].expand(n, 2, length, WIDTH).reshape(2 * n, length, WIDTH)
        many = self.block(torch.cat([self.starts.repeat(n, 1, 1), many], 1))
        return self.join(many.reshape(n, 2, length + 1, WIDTH).transpose(1, 2).flatten(2))


PAIRS = sizes(batch=(3, 1, 4, 5, 6), length=(40, 300, 7, 64, 1), other=(10, 300, 64, 1, 3))
EVEN = sizes(batch=(3, 1, 4, 5, 6), length=(40, 600, 8, 64, 2))
OTHER = Input("other_ids", ("batch", "other"), "ids 3 300")
WAVE = (Input("sound", ("batch", "samples")),)
MODELS: Mapping[str, OpenModel] = {
    "own_two_texts": texts(TwoTexts, inputs=(ids(), OTHER), traced={"batch": 2, "length": 11, "other": 5}, sizes=PAIRS),
    "own_halves": texts(Halves, traced={"batch": 2, "length": 12}, sizes=EVEN),
    "own_best": texts(Best, compare="rows 2"),
    "own_backwards": texts(Backwards),
    "own_linear": texts(Linear),
    "own_gated": texts(Gated),
    "own_rotary": texts(Rotary),
    "own_beams": texts(Beams),
    "own_banded": OpenModel(Banded, WAVE, SOUND_TRACED, SOUND, "new"),
    "own_dilations": OpenModel(Dilations, WAVE, SOUND_TRACED, SOUND, BOTH),
}
"""Structures of sequences by name."""
