"""Structures of images whose arithmetic of sizes is their point: windows, grids, pyramids, odd sizes."""

from __future__ import annotations

from collections.abc import Mapping

import torch
import torch.nn.functional as F  # noqa: N812, the usual name
from torch import Tensor, nn

from scripts.zoo.open_axes.layers import Block, dense, pad_to, unit
from scripts.zoo.open_axes.model import OpenModel, Size, sizes
from scripts.zoo.open_axes.sizes import ODD, images

BOTH = "old new"


class PaddedWindows(nn.Module):
    """Attention inside windows of seven, behind padding to whole windows that is cut off again."""

    WINDOW = 7

    def __init__(self, shift: int = 0) -> None:
        super().__init__()
        self.shift = shift
        self.begin, self.block, self.end = unit(3, 32, 2), Block(32, 4), nn.Conv2d(32, 5, 1)

    def forward(self, image: Tensor) -> Tensor:
        """Five channels at half of the size."""
        maps = self.begin(image)
        height, width = maps.shape[2:]
        x = pad_to(maps, self.WINDOW, 2)
        x = torch.roll(x, (-self.shift, -self.shift), (2, 3)) if self.shift else x
        n, c, tall, wide = x.shape
        x = x.reshape(n, c, tall // self.WINDOW, self.WINDOW, wide // self.WINDOW, self.WINDOW)
        x = x.permute(0, 2, 4, 3, 5, 1).reshape(-1, self.WINDOW * self.WINDOW, c)
        x = self.block(x).reshape(n, tall // self.WINDOW, wide // self.WINDOW, self.WINDOW, self.WINDOW, c)
        x = x.permute(0, 5, 1, 3, 2, 4).reshape(n, c, tall, wide)
        x = torch.roll(x, (self.shift, self.shift), (2, 3)) if self.shift else x
        return self.end(x[:, :, :height, :width])


class Focus(nn.Module):
    """Every second pixel of four phases side by side as channels (the first layer of YOLOv5)."""

    def __init__(self) -> None:
        super().__init__()
        self.begin, self.stages = unit(12, 16), nn.Sequential(unit(16, 32, 2), unit(32, 32))
        self.end = nn.Conv2d(32, 5, 1)

    def forward(self, image: Tensor) -> Tensor:
        """Five channels at a fourth of the size."""
        phases = [image[..., ::2, ::2], image[..., 1::2, ::2], image[..., ::2, 1::2], image[..., 1::2, 1::2]]
        return self.end(self.stages(self.begin(torch.cat(phases, 1))))


class FocusInside(nn.Module):
    """The same of feature maps, so that a unit becomes four channels."""

    def __init__(self) -> None:
        super().__init__()
        self.begin, self.next, self.end = unit(3, 16), unit(64, 24), nn.Conv2d(24, 5, 1)

    def forward(self, image: Tensor) -> Tensor:
        """Five channels at half of the size."""
        x = self.begin(image)
        rows = torch.cat([x[..., ::2, :], x[..., 1::2, :]], 1)
        return self.end(self.next(torch.cat([rows[..., ::2], rows[..., 1::2]], 1)))


class PyramidPooling(nn.Module):
    """The mean, and means of cells of four, two and one, each laid back over the maps (PSPNet)."""

    def __init__(self) -> None:
        super().__init__()
        self.begin = nn.Sequential(unit(3, 16, 2), unit(16, 32, 2))
        self.branches = nn.ModuleList(nn.Conv2d(32, 8, 1) for _ in range(4))
        self.end = nn.Sequential(unit(64, 24), nn.Conv2d(24, 5, 1))

    def forward(self, image: Tensor) -> Tensor:
        """Five channels at the size of the image."""
        x = self.begin(image)
        parts = [x]
        for grid, branch in zip((1, 2, 4, 8), self.branches, strict=True):
            pooled = F.avg_pool2d(x, 8 // grid) if grid > 1 else x.mean((2, 3), keepdim=True)
            parts.append(F.interpolate(branch(pooled), x.shape[2:], mode="bilinear", align_corners=False))
        return F.interpolate(self.end(torch.cat(parts, 1)), image.shape[2:], mode="bilinear", align_corners=False)


class FixedGrid(nn.Module):
    """Maps of any size sampled to a grid of four by six, whose places are then features of a linear layer."""

    def __init__(self) -> None:
        super().__init__()
        self.begin, self.end = nn.Sequential(unit(3, 16, 2), unit(16, 24, 2)), dense(24 * 24, 48, 7)

    def forward(self, image: Tensor) -> Tensor:
        """Seven logits."""
        x = F.interpolate(self.begin(image), (4, 6), mode="bilinear", align_corners=False)
        return self.end(x.flatten(1))


class UNet(nn.Module):
    """Down and up twice; what comes up is resized or cut to what it meets, so that odd sizes do."""

    def __init__(self, *, cuts: bool) -> None:
        super().__init__()
        self.cuts = cuts
        self.down = nn.ModuleList([unit(3, 12), unit(12, 24), unit(24, 32)])
        self.up = nn.ModuleList([nn.ConvTranspose2d(32, 24, 2, 2), nn.ConvTranspose2d(24, 12, 2, 2)])
        self.merge = nn.ModuleList([unit(48, 24), unit(24, 12)])
        self.end = nn.Conv2d(12, 5, 1)

    def forward(self, image: Tensor) -> Tensor:
        """Five channels at the size of the image."""
        fine = self.down[0](image)
        middle = self.down[1](F.max_pool2d(fine, 2, ceil_mode=self.cuts))
        x = self.down[2](F.max_pool2d(middle, 2, ceil_mode=self.cuts))
        for up, merge, beside in zip(self.up, self.merge, (middle, fine), strict=True):
            x = self._fitted(up(x), beside)
            x = merge(torch.cat([beside, x], 1))
        return self.end(x)

    def _fitted(self, x: Tensor, beside: Tensor) -> Tensor:
        height, width = beside.shape[2:]
        if self.cuts:
            return x[:, :, :height, :width]
        return F.pad(x, (0, width - x.shape[3], 0, height - x.shape[2]))


class Reduced(nn.Module):
    """Attention of all places to a grid reduced by a strided convolution (PVT, SegFormer)."""

    def __init__(self) -> None:
        super().__init__()
        self.begin, self.reduce = unit(3, 32, 4), nn.Conv2d(32, 32, 2, 2)
        self.block, self.norm, self.end = Block(32, 4), nn.LayerNorm(32), nn.Linear(32, 5)

    def forward(self, image: Tensor) -> Tensor:
        """Five numbers at each place."""
        maps = self.begin(image)
        source = self.norm(self.reduce(maps).flatten(2).transpose(1, 2))
        x = maps.flatten(2).transpose(1, 2)
        x = x + self.block.attention(x, source)
        return self.end(x + self.block.dense(x))


class Patches(nn.Module):
    """Unfolded patches of four through linear layers, folded back (as MobileViT does)."""

    def __init__(self) -> None:
        super().__init__()
        self.begin, self.mix, self.end = unit(3, 16), dense(16 * 16, 64, 16 * 16), nn.Conv2d(16, 5, 1)

    def forward(self, image: Tensor) -> Tensor:
        """Five channels at the size of the image, a multiple of four."""
        x = self.begin(image)
        n, c, height, width = x.shape
        patches = x.reshape(n, c, height // 4, 4, width // 4, 4).permute(0, 2, 4, 1, 3, 5).flatten(3)
        patches = patches + self.mix(patches)
        x = patches.reshape(n, height // 4, width // 4, c, 4, 4).permute(0, 3, 1, 4, 2, 5)
        return self.end(x.reshape(n, c, height, width))


class Places(nn.Module):
    """Coordinates of rows and columns beside the maps, and positions learned for at most 64 rows and columns."""

    def __init__(self) -> None:
        super().__init__()
        self.begin, self.next = unit(3, 24, 4), unit(26, 24)
        self.rows, self.columns = nn.Parameter(torch.randn(64, 24)), nn.Parameter(torch.randn(100, 24))
        self.end = nn.Conv2d(24, 5, 1)

    def forward(self, image: Tensor) -> Tensor:
        """Five channels at a fourth of the size."""
        x = self.begin(image)
        n, _, height, width = x.shape
        y = torch.linspace(-1, 1, 64)[:height].view(1, 1, -1, 1).expand(n, 1, height, width)
        z = torch.linspace(-1, 1, 100)[:width].view(1, 1, 1, -1).expand(n, 1, height, width)
        x = self.next(torch.cat([x, y, z], 1))
        placed = self.rows[:height].t()[None, :, :, None] + self.columns[:width].t()[None, :, None]
        return self.end(x + placed)


class Shuffle(nn.Module):
    """To a third of the size as nine times the channels and back, padded to a multiple of three."""

    def __init__(self) -> None:
        super().__init__()
        self.begin, self.inner, self.back = unit(3, 8), unit(72, 32), nn.Conv2d(32, 72, 1)
        self.end = nn.Conv2d(8, 5, 1)

    def forward(self, image: Tensor) -> Tensor:
        """Five channels at the size of the image."""
        x = self.begin(pad_to(image, 3, 2))
        x = x + F.pixel_shuffle(self.back(self.inner(F.pixel_unshuffle(x, 3))), 3)
        return self.end(x)[:, :, : image.shape[2], : image.shape[3]]


class FiveBySeven(nn.Module):
    """Cells of five rows and seven columns, whatever their size: the mean of each, and attention among them."""

    def __init__(self) -> None:
        super().__init__()
        self.begin, self.block, self.end = unit(3, 32), Block(32, 4), nn.Linear(32 * 35, 7)

    def forward(self, image: Tensor) -> Tensor:
        """Seven logits, for heights that are multiples of five and widths of seven."""
        x = self.begin(image)
        n, c, height, width = x.shape
        cells = x.reshape(n, c, 5, height // 5, 7, width // 7).mean((3, 5))
        return self.end(self.block(cells.flatten(2).transpose(1, 2)).flatten(1))


class Resized(nn.Module):
    """The image is resized to 48 by 80 first, the answer back to the image's size."""

    def __init__(self) -> None:
        super().__init__()
        self.begin, self.end = nn.Sequential(unit(3, 16, 2), unit(16, 32, 2)), nn.Conv2d(32, 5, 1)

    def forward(self, image: Tensor) -> Tensor:
        """Five channels at the size of the image."""
        x = F.interpolate(image, (48, 80), mode="bilinear", align_corners=False)
        return F.interpolate(self.end(self.begin(x)), image.shape[2:], mode="nearest")


BY_35 = sizes(batch=(3, 1, 5, 4, 6), height=(105, 35, 140, 210, 245), width=(140, 105, 35, 245, 210))
THIRTY_FIVE: Size = {"batch": 2, "height": 70, "width": 175}
MODELS: Mapping[str, OpenModel] = {
    "own_windows_padded": images(PaddedWindows, sizes=ODD, exporters=BOTH),
    "own_windows_shifted": images(lambda: PaddedWindows(3), sizes=ODD, exporters=BOTH),
    "own_focus": images(Focus, exporters=BOTH),
    "own_focus_inside": images(FocusInside, exporters=BOTH),
    "own_pyramid_pooling": images(PyramidPooling, exporters=BOTH),
    "own_fixed_grid": images(FixedGrid, sizes=ODD, exporters=BOTH),
    "own_unet_padded": images(lambda: UNet(cuts=False), sizes=ODD, exporters=BOTH),
    "own_unet_cut": images(lambda: UNet(cuts=True), sizes=ODD, exporters=BOTH),
    "own_attention_reduced": images(Reduced, sizes=ODD, exporters=BOTH),
    "own_patches": images(Patches, exporters=BOTH),
    "own_places": images(Places, sizes=ODD, exporters=BOTH),
    "own_shuffle": images(Shuffle, sizes=ODD, exporters=BOTH),
    "own_five_by_seven": images(FiveBySeven, traced=THIRTY_FIVE, sizes=BY_35, exporters=BOTH),
    "own_resized": images(Resized, sizes=ODD, exporters=BOTH),
}
"""Structures of images by name."""
