"""Detectors, generators and networks with several images for structures."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import torch
import torch.nn.functional as F  # noqa: N812, the usual name
from torch import Tensor, nn

from scripts.zoo.image_structures import BATCH, IMAGE, built, head, unit
from scripts.zoo.torch_export import Built


class C2f(nn.Module):
    """Half of the channels pass bottlenecks one by one, all stages are laid side by side (YOLOv8)."""

    def __init__(self, n_in: int, n_out: int, n_blocks: int = 2) -> None:
        super().__init__()
        half = n_out // 2
        self.begin, self.end = unit(n_in, n_out, 1), unit((2 + n_blocks) * half, n_out, 1)
        self.blocks = nn.ModuleList(nn.Sequential(unit(half, half), unit(half, half)) for _ in range(n_blocks))

    def forward(self, x: Tensor) -> Tensor:
        """Maps of `n_out` channels."""
        parts = list(self.begin(x).chunk(2, 1))
        for block in self.blocks:
            parts.append(parts[-1] + block(parts[-1]))
        return self.end(torch.cat(parts, 1))


class Detector(nn.Module):
    """A backbone, a pyramid down and up, heads at two scales, and boxes decoded from distributions (YOLOv8)."""

    BINS, CLASSES = 8, 5

    def __init__(self) -> None:
        super().__init__()
        self.fine = nn.Sequential(unit(3, 16, 3, 2), unit(16, 24, 3, 2), C2f(24, 24))
        self.coarse = nn.Sequential(unit(24, 32, 3, 2), C2f(32, 32), unit(32, 32, 1))
        self.top, self.down, self.bottom = C2f(56, 24, 1), unit(24, 24, 3, 2), C2f(56, 32, 1)
        self.boxes = nn.ModuleList(nn.Sequential(unit(n, 32), nn.Conv2d(32, 4 * self.BINS, 1)) for n in (24, 32))
        self.scores = nn.ModuleList(nn.Sequential(unit(n, 24), nn.Conv2d(24, self.CLASSES, 1)) for n in (24, 32))
        self.mean = nn.Conv2d(self.BINS, 1, 1, bias=False)
        self.mean.weight.data = torch.arange(8.0).view(1, 8, 1, 1)

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Boxes with scores of all places, and the raw maps of each scale."""
        fine = self.fine(x)
        coarse = self.coarse(fine)
        fine = self.top(torch.cat([F.interpolate(coarse, scale_factor=2.0), fine], 1))
        coarse = self.bottom(torch.cat([self.down(fine), coarse], 1))
        pairs = zip((fine, coarse), self.boxes, self.scores, strict=True)
        raw = [torch.cat([box(maps), score(maps)], 1) for maps, box, score in pairs]
        flat = torch.cat([maps.flatten(2) for maps in raw], 2)
        sides, scores = flat.split((4 * self.BINS, self.CLASSES), 1)
        sides = self.mean(sides.unflatten(1, (4, self.BINS)).transpose(1, 2).softmax(1))[:, 0]
        return torch.cat([sides, scores.sigmoid()], 1), *raw


class Pyramid(nn.Module):
    """One head for all scales of a pyramid, whose outputs become rows and are joined (RetinaNet, SSD)."""

    def __init__(self) -> None:
        super().__init__()
        self.stages = nn.ModuleList([unit(3, 16, 3, 4), unit(16, 32, 3, 2), unit(32, 48, 3, 2)])
        self.lateral = nn.ModuleList(nn.Conv2d(n, 24, 1) for n in (16, 32, 48))
        self.boxes = nn.Sequential(nn.Conv2d(24, 32, 3, 1, 1), nn.ReLU(), nn.Conv2d(32, 12, 1))
        self.scores = nn.Sequential(nn.Conv2d(24, 32, 3, 1, 1), nn.ReLU(), nn.Conv2d(32, 15, 1))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Boxes `(batch, places, 4)` and scores `(batch, places, 5)`."""
        maps = []
        for stage in self.stages:
            x = stage(x)
            maps.append(x)
        merged: list[Tensor] = []
        for lateral, level in zip(reversed(self.lateral), reversed(maps), strict=True):
            above = F.interpolate(merged[-1], scale_factor=2.0) if merged else 0
            merged.append(lateral(level) + above)
        rows = [self.boxes(level).permute(0, 2, 3, 1).reshape(x.shape[0], -1, 4) for level in merged]
        scores = [self.scores(level).permute(0, 2, 3, 1).reshape(x.shape[0], -1, 5) for level in merged]
        return torch.cat(rows, 1), torch.cat(scores, 1).sigmoid()


class Generator(nn.Module):
    """Noise to images by transposed convolutions (DCGAN)."""

    def __init__(self) -> None:
        super().__init__()
        self.begin = nn.Linear(20, 48 * 16)
        ups = [(nn.ConvTranspose2d(a, b, 4, 2, 1), nn.BatchNorm2d(b), nn.ReLU()) for a, b in ((48, 32), (32, 16))]
        self.body = nn.Sequential(*(layer for up in ups for layer in up), nn.ConvTranspose2d(16, 3, 4, 2, 1), nn.Tanh())

    def forward(self, x: Tensor) -> Tensor:
        """Images of 32 pixels."""
        return self.body(self.begin(x).view(-1, 48, 4, 4))


class Diffusion(nn.Module):
    """A denoiser: an embedded time scales and shifts the channels behind a GroupNormalization, with one skip."""

    def __init__(self) -> None:
        super().__init__()
        self.time = nn.Sequential(nn.Linear(16, 48), nn.SiLU(), nn.Linear(48, 64))
        self.begin, self.norm = nn.Conv2d(3, 32, 3, 1, 1), nn.GroupNorm(8, 32)
        self.down, self.up = nn.Conv2d(32, 48, 3, 2, 1), nn.ConvTranspose2d(48, 32, 4, 2, 1)
        self.end = nn.Conv2d(64, 3, 3, 1, 1)

    def forward(self, x: Tensor, time: Tensor) -> Tensor:
        """The noise in the images."""
        angles = time[:, None] * torch.exp(torch.arange(8) * -(math.log(1000) / 8))
        scale, shift = self.time(torch.cat([angles.sin(), angles.cos()], 1)).chunk(2, 1)
        first = self.begin(x)
        y = F.silu(self.norm(first) * (1 + scale[:, :, None, None]) + shift[:, :, None, None])
        return self.end(torch.cat([first, self.up(F.silu(self.down(y)))], 1))


class Twins(nn.Module):
    """The same encoder on two images, and layers on how they differ."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Sequential(unit(3, 16, 3, 2), unit(16, 32, 3, 2), head(32)[:2])
        self.end = nn.Sequential(nn.Linear(96, 24), nn.ReLU(), nn.Linear(24, 1))

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """A score of likeness."""
        a, b = self.encoder(x), self.encoder(y)
        return self.end(torch.cat([a, b, (a - b).abs()], 1))


class Localised(nn.Module):
    """Images are turned by what a first network says, then classified (spatial transformer)."""

    def __init__(self) -> None:
        super().__init__()
        self.where = nn.Sequential(unit(3, 16, 3, 4), head(16)[:2], nn.Linear(16, 24), nn.ReLU(), nn.Linear(24, 6))
        self.what = nn.Sequential(unit(3, 16, 3, 2), unit(16, 32, 3, 2), head(32))

    def forward(self, x: Tensor) -> Tensor:
        """Scores of seven classes."""
        grid = F.affine_grid(self.where(x).view(-1, 2, 3), list(x.shape), align_corners=False)
        return self.what(F.grid_sample(x, grid, align_corners=False))


class Autoencoder(nn.Module):
    """A variational autoencoder without noise: mean and spread are halves of one layer; the image comes back."""

    def __init__(self) -> None:
        super().__init__()
        self.encode = nn.Sequential(nn.Conv2d(3, 16, 4, 2, 1), nn.ReLU(), nn.Conv2d(16, 24, 4, 2, 1), nn.ReLU())
        self.both, self.back = nn.Linear(24 * 16, 32), nn.Linear(16, 24 * 16)
        self.decode = nn.Sequential(nn.ConvTranspose2d(24, 16, 4, 2, 1), nn.ReLU(), nn.ConvTranspose2d(16, 3, 4, 2, 1))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The image, and mean and spread of what it was coded as."""
        mean, spread = self.both(self.encode(x).flatten(1)).chunk(2, 1)
        coded = mean + spread.mul(0.5).exp() * 0.1
        return self.decode(self.back(coded).unflatten(1, (24, 4, 4))).sigmoid(), mean, spread


class Clip(nn.Module):
    """Films: convolutions over space, then over time, in two blocks with a sum (R(2+1)D)."""

    def __init__(self) -> None:
        super().__init__()
        self.space, self.time = (
            nn.Conv3d(3, 24, (1, 3, 3), (1, 2, 2), (0, 1, 1)),
            nn.Conv3d(24, 32, (3, 1, 1), 1, (1, 0, 0)),
        )
        self.norm, self.body = nn.BatchNorm3d(32), nn.Conv3d(32, 32, 3, padding=1)
        self.end = nn.Sequential(nn.AdaptiveAvgPool3d(1), nn.Flatten(), nn.Linear(32, 7))

    def forward(self, x: Tensor) -> Tensor:
        """Scores of seven classes."""
        x = F.relu(self.norm(self.time(F.relu(self.space(x)))))
        return self.end(F.relu(x + self.body(F.max_pool3d(x, 3, 1, 1))))


MODULES: Mapping[str, Callable[[], Built]] = {
    "detector": built(Detector),
    "pyramid": built(Pyramid),
    "generator": lambda: Built(Generator(), (torch.randn(1, 20),), (BATCH,)),
    "diffusion": lambda: Built(Diffusion(), (torch.randn(1, 3, 16, 16), torch.rand(1) * 9), (IMAGE, BATCH)),
    "twins": built(Twins, n=2),
    "localised": built(Localised),
    "autoencoder": lambda: Built(Autoencoder(), (torch.randn(1, 3, 16, 16),), (BATCH,)),
    "film": lambda: Built(Clip(), (torch.randn(1, 3, 4, 16, 16),), (BATCH,)),
}
"""What makes each structure, its arguments, and the axes that can be open."""
