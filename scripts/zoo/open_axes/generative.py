"""What draws random numbers, speaks, or codes sound: lengths grow by factors and by predicted durations."""

from __future__ import annotations

from collections.abc import Mapping

import torch
import torch.nn.functional as F  # noqa: N812, the usual name
from torch import Tensor, nn

from scripts.zoo.open_axes.layers import Block, dense, sine_positions, sound_unit, unit
from scripts.zoo.open_axes.model import Input, OpenModel, sizes
from scripts.zoo.open_axes.sizes import SOUND, SOUND_TRACED, TEXT, TEXT_TRACED, ids, images

BOTH = "old new"


class Vae(nn.Module):
    """An image to means and spreads, a sample of them, and back to an image."""

    def __init__(self) -> None:
        super().__init__()
        self.encode = nn.Sequential(unit(3, 16, 2), unit(16, 32, 2))
        self.mean, self.spread = nn.Conv2d(32, 8, 1), nn.Conv2d(32, 8, 1)
        self.decode = nn.Sequential(unit(8, 32), nn.Upsample(scale_factor=2), unit(32, 16), nn.Upsample(scale_factor=2))
        self.end = nn.Conv2d(16, 3, 3, 1, 1)

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """The image again, and the means."""
        x = self.encode(image)
        mean, spread = self.mean(x), (self.spread(x) / 2).exp()
        return self.end(self.decode(mean + torch.randn_like(mean) * spread)), mean


class Vits(nn.Module):
    """Letters to sound: frames are taken from letters by predicted durations, noise is drawn and turned (VITS)."""

    WIDTH = 32

    def __init__(self) -> None:
        super().__init__()
        self.letters, self.block = nn.Embedding(300, self.WIDTH), Block(self.WIDTH, 4)
        self.durations = nn.Sequential(sound_unit(self.WIDTH, 24), nn.Conv1d(24, 1, 1))
        self.means, self.spreads = nn.Conv1d(self.WIDTH, 16, 1), nn.Conv1d(self.WIDTH, 16, 1)
        self.couple = nn.Sequential(sound_unit(8, 24), nn.Conv1d(24, 8, 1))
        self.speak = nn.Sequential(sound_unit(16, 32), nn.ConvTranspose1d(32, 16, 8, 4, 2), nn.LeakyReLU(0.1))
        self.end = nn.Conv1d(16, 1, 7, 1, 3)

    def forward(self, input_ids: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Sound `(batch, 1, 4 frames)` and durations `(batch, length)`."""
        known = (torch.arange(input_ids.shape[1])[None] < lengths[:, None]).float()
        x = self.letters(input_ids) + sine_positions(input_ids.shape[1], self.WIDTH)
        x = (self.block(x, (known[:, None, None] - 1) * 1e4) * known[..., None]).transpose(1, 2)
        durations = (self.durations(x)[:, 0].sigmoid() * 3).ceil() * known
        ends = durations.cumsum(1)
        frames = torch.arange(int(ends.max()) if not torch.jit.is_tracing() else ends.max())
        begun = (frames[None, :, None] >= (ends - durations)[:, None]) & (frames[None, :, None] < ends[:, None])
        path = begun.float().transpose(1, 2)
        mean, spread = self.means(x) @ path, self.spreads(x) @ path
        drawn = mean + torch.randn_like(mean) * spread.exp() * 0.6
        first, second = drawn.chunk(2, 1)
        return self.end(self.speak(torch.cat([second - self.couple(first), first], 1))), durations


class Tacotron(nn.Module):
    """Frames of a spectrum beside letters: two-way LSTM, attention by content, prenet with dropout that stays on."""

    def __init__(self) -> None:
        super().__init__()
        self.letters = nn.Embedding(300, 32)
        self.convolutions = nn.Sequential(sound_unit(32, 32, 5), sound_unit(32, 32, 5))
        self.encode = nn.LSTM(32, 16, batch_first=True, bidirectional=True)
        self.prenet, self.decode = nn.Linear(20, 24), nn.LSTM(24, 32, batch_first=True)
        self.after = nn.Sequential(sound_unit(20, 24, 5), nn.Conv1d(24, 20, 5, 1, 2))
        self.frame = nn.Linear(64, 20)

    def forward(self, input_ids: Tensor, spectrum: Tensor) -> Tensor:
        """A spectrum `(batch, frames, 20)`."""
        x = self.convolutions(self.letters(input_ids).transpose(1, 2)).transpose(1, 2)
        memory, _ = self.encode(x)
        thinned = self.prenet(spectrum).relu()
        thinned = thinned * (torch.rand_like(thinned) > 0.5).float() * 2
        state, _ = self.decode(thinned)
        found = (state @ memory.transpose(1, 2) / 6).softmax(2) @ memory
        made = self.frame(torch.cat([state, found], 2)).transpose(1, 2)
        return (made + self.after(made)).transpose(1, 2)


class Codec(nn.Module):
    """Sound to codes by strides of two, four and five, nearest entries of two books, and back to its length."""

    def __init__(self) -> None:
        super().__init__()
        self.down = nn.ModuleList(nn.Conv1d(a, b, 2 * s, s) for a, b, s in ((1, 12, 2), (12, 20, 4), (20, 24, 5)))
        self.up = nn.ModuleList(
            nn.ConvTranspose1d(a, b, 2 * s, s) for a, b, s in ((24, 20, 5), (20, 12, 4), (12, 1, 2))
        )
        self.lstm = nn.LSTM(24, 24, batch_first=True)
        self.books = nn.ParameterList(torch.randn(16, 24) for _ in range(2))

    def forward(self, sound: Tensor) -> tuple[Tensor, Tensor]:
        """Sound `(batch, samples)` and codes `(batch, 2, frames)`."""
        x = sound[:, None]
        for layer in self.down:
            stride = layer.stride[0]
            x = F.elu(layer(F.pad(x, (stride, (-x.shape[2]) % stride))))
        x = (x.transpose(1, 2) + self.lstm(x.transpose(1, 2))[0]).transpose(1, 2)
        rest, total, codes = x.transpose(1, 2), torch.zeros_like(x.transpose(1, 2)), []
        for book in self.books:
            code = (rest @ book.t() * 2 - book.pow(2).sum(1)).argmax(2)
            total, rest = total + F.embedding(code, book), rest - F.embedding(code, book)
            codes.append(code)
        x = total.transpose(1, 2)
        for layer in self.up:
            x = layer(F.elu(x))[:, :, layer.stride[0] :]
        return x[:, 0, : sound.shape[1]], torch.stack(codes, 1)


class Conformer(nn.Module):
    """A spectrum through strided convolutions, then blocks of attention and of gated depthwise convolution."""

    WIDTH = 32

    def __init__(self) -> None:
        super().__init__()
        self.begin = nn.Sequential(nn.Conv2d(1, 12, 3, 2), nn.ReLU(), nn.Conv2d(12, 16, 3, 2), nn.ReLU())
        self.project, self.block = nn.Linear(16 * 9, self.WIDTH), Block(self.WIDTH, 4)
        self.first, self.last = dense(self.WIDTH, 64, self.WIDTH), dense(self.WIDTH, 64, self.WIDTH)
        self.gate, self.mix = nn.Conv1d(self.WIDTH, 2 * self.WIDTH, 1), nn.Conv1d(self.WIDTH, self.WIDTH, 1)
        self.depth = nn.Conv1d(self.WIDTH, self.WIDTH, 15, 1, 7, groups=self.WIDTH, bias=False)
        self.norm, self.end = nn.BatchNorm1d(self.WIDTH), nn.Linear(self.WIDTH, 12)

    def forward(self, spectrum: Tensor) -> Tensor:
        """Logarithms of probabilities of twelve letters, `(batch, frames, 12)`."""
        x = self.begin(spectrum[:, None]).transpose(1, 2).flatten(2)
        x = self.project(x) + sine_positions(x.shape[1], self.WIDTH)
        x = self.block(x + self.first(x) / 2)
        inner = F.silu(self.norm(self.depth(F.glu(self.gate(x.transpose(1, 2)), 1))))
        x = x + self.mix(inner).transpose(1, 2)
        return self.end(x + self.last(x) / 2).log_softmax(2)


class Vocoder(nn.Module):
    """A spectrum to sound by transposed convolutions of eight and five, and kernels of several sizes (HiFi-GAN)."""

    def __init__(self) -> None:
        super().__init__()
        self.begin = nn.Conv1d(20, 32, 7, 1, 3)
        self.up = nn.ModuleList([nn.ConvTranspose1d(32, 24, 16, 8, 4), nn.ConvTranspose1d(24, 16, 11, 5, 3)])
        kinds = [[(n, 3, 1), (n, 7, 3)] for n in (24, 16)]
        self.inner = nn.ModuleList(
            nn.ModuleList(nn.Conv1d(n, n, k, 1, k // 2 * d, dilation=d) for n, k, d in kind) for kind in kinds
        )
        self.end = nn.Conv1d(16, 1, 7, 1, 3)

    def forward(self, spectrum: Tensor) -> Tensor:
        """Sound `(batch, 1, 40 frames)`."""
        x = self.begin(spectrum)
        for up, inner in zip(self.up, self.inner, strict=True):
            x = up(F.leaky_relu(x, 0.1))
            x = sum(x + layer(F.leaky_relu(x, 0.1)) for layer in inner) / 2
        return self.end(F.leaky_relu(x, 0.1)).tanh()


FRAMES = sizes(batch=(3, 1, 4, 5, 6), frames=(100, 600, 33, 50, 17))
SPECTRUM = sizes(batch=(3, 1, 4, 5, 6), length=(12, 90, 1, 30, 7), frames=(100, 300, 33, 1, 17))
LENGTHS = Input("lengths", ("batch",), "lengths length")
MODELS: Mapping[str, OpenModel] = {
    "vae": images(Vae, exporters=BOTH),
    "vits": OpenModel(Vits, (ids(), LENGTHS), TEXT_TRACED, TEXT),
    "tacotron": OpenModel(
        Tacotron,
        (ids(), Input("spectrum", ("batch", "frames", 20))),
        {"batch": 2, "length": 9, "frames": 14},
        SPECTRUM,
        exporters=BOTH,
    ),
    "codec": OpenModel(Codec, (Input("sound", ("batch", "samples")),), SOUND_TRACED, SOUND, exporters=BOTH),
    "conformer": OpenModel(
        Conformer, (Input("spectrum", ("batch", "frames", 39)),), {"batch": 2, "frames": 40}, FRAMES, exporters=BOTH
    ),
    "vocoder": OpenModel(
        Vocoder, (Input("spectrum", ("batch", 20, "frames")),), {"batch": 2, "frames": 40}, FRAMES, exporters=BOTH
    ),
}
"""Models that draw, speak or code, by name."""
