"""More structures of images: grids whose cells are computed, axes apart, sampling by coordinates, choices, borders."""

from __future__ import annotations

from collections.abc import Mapping

import torch
import torch.nn.functional as F  # noqa: N812, the usual name
import torchvision
from torch import Tensor, nn

from scripts.zoo.open_axes.layers import Attention, Block, dense, pad_to, unit
from scripts.zoo.open_axes.model import Input, OpenModel
from scripts.zoo.open_axes.sizes import ODD, ONE_IMAGE, ONE_IMAGE_TRACED, images

BOTH = "old new"


class AdaptiveGrid(nn.Module):
    """Means over a grid of three by five cells, their borders computed, then a linear layer over places."""

    ROWS, COLUMNS = 3, 5

    def __init__(self) -> None:
        super().__init__()
        self.begin, self.end = nn.Sequential(unit(3, 16, 2), unit(16, 24, 2)), dense(24 * 15, 48, 7)

    def forward(self, image: Tensor) -> Tensor:
        """Seven logits."""
        x = self._means(self._means(self.begin(image), self.ROWS).transpose(2, 3), self.COLUMNS)
        return self.end(x.flatten(1))

    def _means(self, x: Tensor, n_cells: int) -> Tensor:
        """Means over cells of the rows, by differences of running sums."""
        height = x.shape[2]
        total = F.pad(x.cumsum(2), (0, 0, 1, 0))
        cells = torch.arange(n_cells)
        begin, end = cells * height // n_cells, ((cells + 1) * height + n_cells - 1) // n_cells
        return (total[:, :, end] - total[:, :, begin]) / (end - begin)[:, None]


class Axial(nn.Module):
    """Attention along rows, then along columns."""

    def __init__(self) -> None:
        super().__init__()
        self.begin, self.rows, self.columns = unit(3, 32, 4), Block(32, 4), Block(32, 4)
        self.end = nn.Conv2d(32, 5, 1)

    def forward(self, image: Tensor) -> Tensor:
        """Five channels at a fourth of the size."""
        x = self.begin(image)
        n, c, height, width = x.shape
        x = self.rows(x.permute(0, 2, 3, 1).reshape(n * height, width, c)).reshape(n, height, width, c)
        x = self.columns(x.transpose(1, 2).reshape(n * width, height, c)).reshape(n, width, height, c)
        return self.end(x.permute(0, 3, 2, 1))


class Grids(nn.Module):
    """Attention among places of the same place in cells of four by four (MaxViT's grid), of padded maps."""

    def __init__(self) -> None:
        super().__init__()
        self.begin, self.block, self.end = unit(3, 32, 2), Block(32, 4), nn.Conv2d(32, 5, 1)

    def forward(self, image: Tensor) -> Tensor:
        """Five channels at half of the size."""
        maps = self.begin(image)
        x = pad_to(maps, 4, 2)
        n, c, height, width = x.shape
        cells = x.reshape(n, c, 4, height // 4, 4, width // 4).permute(0, 3, 5, 2, 4, 1).reshape(-1, 16, c)
        cells = self.block(cells).reshape(n, height // 4, width // 4, 4, 4, c)
        x = cells.permute(0, 5, 3, 1, 4, 2).reshape(n, c, height, width)
        return self.end(x[:, :, : maps.shape[2], : maps.shape[3]])


class Channels(nn.Module):
    """Attention among channels (XCiT), and squeeze-and-excitation behind it."""

    def __init__(self) -> None:
        super().__init__()
        self.begin, self.qkv, self.scale = unit(3, 32, 4), nn.Conv2d(32, 96, 1), nn.Parameter(torch.ones(4, 1, 1))
        self.squeeze, self.end = nn.Sequential(nn.Conv2d(32, 8, 1), nn.ReLU(), nn.Conv2d(8, 32, 1)), nn.Conv2d(32, 5, 1)

    def forward(self, image: Tensor) -> Tensor:
        """Five channels at a fourth of the size."""
        x = self.begin(image)
        n, c, height, width = x.shape
        q, k, v = self.qkv(x).reshape(n, 3, 4, c // 4, height * width).unbind(1)
        weights = (F.normalize(q, dim=3) @ F.normalize(k, dim=3).transpose(2, 3) * self.scale).softmax(3)
        x = x + (weights @ v).reshape(n, c, height, width)
        return self.end(x * self.squeeze(x.mean((2, 3), keepdim=True)).sigmoid())


class Sampled(nn.Module):
    """Maps sampled at places moved by predicted offsets (deformable attention, spatial transformers)."""

    def __init__(self) -> None:
        super().__init__()
        self.begin, self.offsets, self.end = unit(3, 24, 4), nn.Conv2d(24, 2, 3, 1, 1), nn.Conv2d(24, 5, 1)

    def forward(self, image: Tensor) -> Tensor:
        """Five channels at a fourth of the size."""
        x = self.begin(image)
        height, width = x.shape[2:]
        rows = (torch.arange(height) * 2 + 1) / height - 1
        columns = (torch.arange(width) * 2 + 1) / width - 1
        places = torch.stack([columns[None].expand(height, -1), rows[:, None].expand(-1, width)], 2)
        places = places + self.offsets(x).tanh().permute(0, 2, 3, 1) / 4
        return self.end(x + F.grid_sample(x, places, align_corners=False))


class Suppressed(nn.Module):
    """Boxes at every place, those above a score and not beside a better one; possibly none."""

    def __init__(self, least: float) -> None:
        super().__init__()
        self.least = least
        self.begin = nn.Sequential(unit(3, 16, 4), unit(16, 24, 2))
        self.boxes, self.scores = nn.Conv2d(24, 4, 1), nn.Conv2d(24, 1, 1)

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """Boxes `(found, 4)` and scores `(found,)`."""
        x = self.begin(image[None])
        height, width = x.shape[2:]
        y, z = torch.arange(height)[:, None].expand(-1, width), torch.arange(width)[None].expand(height, -1)
        middles = torch.stack([z.flatten(), y.flatten()], 1) * 8.0
        sides = self.boxes(x)[0].flatten(1).t().exp() * 8
        boxes = torch.cat([middles - sides[:, :2], middles + sides[:, 2:]], 1)
        scores = self.scores(x).flatten().sigmoid()
        kept = torch.nonzero(scores > self.least)[:, 0]
        boxes, scores = boxes[kept], scores[kept]
        best = torchvision.ops.nms(boxes, scores, 0.3)
        return boxes[best], scores[best]


class Borders(nn.Module):
    """Borders that are reflected, repeated or go round, each before a convolution without a border of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList([nn.Conv2d(3, 16, 5), nn.Conv2d(16, 20, 3), nn.Conv2d(20, 24, 3)])
        self.norm, self.end = nn.GroupNorm(4, 24), nn.Conv2d(24, 5, 1)

    def forward(self, image: Tensor) -> Tensor:
        """Five channels at the size of the image."""
        x = self.layers[0](F.pad(image, (2, 2, 2, 2), mode="reflect")).relu()
        x = self.layers[1](F.pad(x, (1, 1, 1, 1), mode="replicate")).relu()
        x = self.layers[2](torch.cat([x[..., -1:], x, x[..., :1]], 3).relu())
        return self.end(self.norm(F.pad(x, (0, 0, 1, 1))))


class Unfolded(nn.Module):
    """Attention of each place to its three by three neighbours, by unfolding keys and values."""

    def __init__(self) -> None:
        super().__init__()
        self.begin, self.qkv, self.end = unit(3, 24, 4), nn.Conv2d(24, 72, 1), nn.Conv2d(24, 5, 1)

    def forward(self, image: Tensor) -> Tensor:
        """Five channels at a fourth of the size."""
        x = self.begin(image)
        n, c, height, width = x.shape
        q, k, v = self.qkv(x).chunk(3, 1)
        k = F.pad(k, (1, 1, 1, 1))
        v = F.pad(v, (1, 1, 1, 1))
        places = [(i, j) for i in range(3) for j in range(3)]
        keys = torch.stack([k[:, :, i : i + height, j : j + width] for i, j in places], 2)
        values = torch.stack([v[:, :, i : i + height, j : j + width] for i, j in places], 2)
        weights = (q[:, :, None] * keys).reshape(n, 4, c // 4, 9, height, width).sum(2, keepdim=True).softmax(3)
        found = (weights * values.reshape(n, 4, c // 4, 9, height, width)).sum(3)
        return self.end(x + found.reshape(n, c, height, width))


class Folded(nn.Module):
    """Overlapping patches of four, every second place, through linear layers, then folded back to their means."""

    def __init__(self) -> None:
        super().__init__()
        self.begin, self.mix, self.end = unit(3, 8), dense(8 * 16, 64, 8 * 16), nn.Conv2d(8, 5, 1)

    def forward(self, image: Tensor) -> Tensor:
        """Five channels at the size of the image, which is even."""
        x = self.begin(image)
        patches = F.unfold(x, 4, padding=1, stride=2).transpose(1, 2)
        mixed = self.mix(patches).transpose(1, 2)
        meeting = F.fold(torch.ones_like(mixed), x.shape[2:], 4, padding=1, stride=2)
        return self.end(x + F.fold(mixed, x.shape[2:], 4, padding=1, stride=2) / meeting)


class Queries(nn.Module):
    """Seven learned queries ask maps, and their answers weigh the maps (masks of Mask2Former)."""

    def __init__(self) -> None:
        super().__init__()
        self.begin, self.asked, self.queries = unit(3, 32, 4), Attention(32, 4), nn.Parameter(torch.randn(7, 32))
        self.classes, self.masks = nn.Linear(32, 6), dense(32, 48, 32)

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """Logits `(batch, 7, 6)`, and masks `(batch, 7, height, width)`."""
        x = self.begin(image)
        asked = self.queries.expand(x.shape[0], -1, -1)
        asked = asked + self.asked(asked, x.flatten(2).transpose(1, 2))
        masks = torch.einsum("nqc,nchw->nqhw", self.masks(asked), x)
        return self.classes(asked), F.interpolate(masks, scale_factor=4.0, mode="bilinear")


def _found(least: float) -> OpenModel:
    given = (Input("image", (3, "height", "width")),)
    return OpenModel(lambda: Suppressed(least), given, ONE_IMAGE_TRACED, ONE_IMAGE, BOTH, "rows 1")


MODELS: Mapping[str, OpenModel] = {
    "own_adaptive_grid": images(AdaptiveGrid, sizes=ODD, exporters=BOTH),
    "own_axial": images(Axial, sizes=ODD, exporters=BOTH),
    "own_grids": images(Grids, sizes=ODD, exporters=BOTH),
    "own_channels": images(Channels, sizes=ODD, exporters=BOTH),
    "own_sampled": images(Sampled, sizes=ODD, exporters=BOTH),
    "own_suppressed": _found(0.5),
    "own_suppressed_none": _found(0.9999),
    "own_borders": images(Borders, sizes=ODD, exporters=BOTH),
    "own_unfolded": images(Unfolded, sizes=ODD, exporters=BOTH),
    "own_folded": images(Folded, exporters="new"),
    "own_queries": images(Queries, sizes=ODD, exporters=BOTH),
}
"""Structures of images by name."""
