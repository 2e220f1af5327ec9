"""Image networks for structures: shortcuts, skips, pixel shuffles, normalisations, attention over channels."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import pairwise

import torch
import torch.nn.functional as F  # noqa: N812, the usual name
from torch import Tensor, nn

from scripts.zoo.torch_export import Built

IMAGE = {0: "batch", 2: "height", 3: "width"}
"""Axes of images that can be open."""
BATCH = {0: "batch"}


def unit(n_in: int, n_out: int, kernel: int = 3, stride: int = 1, groups: int = 1) -> nn.Sequential:
    """Convolution, BatchNormalization and SiLU on padded images."""
    conv = nn.Conv2d(n_in, n_out, kernel, stride, kernel // 2, groups=groups, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(n_out), nn.SiLU())


def head(n_in: int) -> nn.Sequential:
    """Scores of seven classes from maps."""
    return nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(n_in, 7))


class PaddedShortcut(nn.Module):
    """Residual block whose shortcut takes every second pixel and adds channels of zeros (ResNet on CIFAR, option A)."""

    def __init__(self, n_in: int, n_out: int) -> None:
        super().__init__()
        self.stride, self.missing = n_out // n_in, n_out - n_in
        self.body = nn.Sequential(unit(n_in, n_out, 3, self.stride), nn.Conv2d(n_out, n_out, 3, 1, 1))
        self.norm = nn.BatchNorm2d(n_out)

    def forward(self, x: Tensor) -> Tensor:
        """Maps of half the size where the width doubles."""
        short = x
        if self.missing:
            sides = (0, 0, 0, 0, self.missing // 2, self.missing - self.missing // 2)
            short = F.pad(x[:, :, :: self.stride, :: self.stride], sides)
        return F.relu(self.norm(self.body(x)) + short)


def cifar_resnet() -> nn.Module:
    """The ResNet of CIFAR-10 with nine blocks' structure in five."""
    widths = (16, 16, 32, 32, 64, 64)
    blocks = [PaddedShortcut(a, b) for a, b in pairwise(widths)]
    return nn.Sequential(unit(3, 16), *blocks, head(64))


class SuperResolution(nn.Module):
    """Twice the resolution by pixel shuffle, once in the middle (with a layer behind it) and once at the end."""

    def __init__(self) -> None:
        super().__init__()
        self.begin = nn.Conv2d(12, 32, 5, padding=2)
        self.body = nn.Sequential(nn.Conv2d(32, 32, 3, 1, 1), nn.ReLU(), nn.Conv2d(32, 32, 3, 1, 1))
        self.up = nn.Sequential(nn.Conv2d(32, 96, 3, 1, 1), nn.PixelShuffle(2), nn.PReLU(24))
        self.end = nn.Sequential(nn.Conv2d(24, 12, 3, 1, 1), nn.PixelShuffle(2))

    def forward(self, x: Tensor) -> Tensor:
        """The image, twice as wide and high, on top of an interpolated one."""
        y = F.relu(self.begin(F.pixel_unshuffle(x, 2)))
        return self.end(self.up(y + self.body(y))) + F.interpolate(x, scale_factor=2.0, mode="bilinear")


class UNet(nn.Module):
    """Down and up again with skips; up by transposed convolutions, or by interpolation to the size of the skip."""

    def __init__(self, *, transposed: bool) -> None:
        super().__init__()
        widths = (16, 32, 48)
        self.begin = nn.Sequential(unit(3, 16), unit(16, 16))
        pairs = list(pairwise(widths))
        self.down = nn.ModuleList(nn.Sequential(nn.MaxPool2d(2), unit(a, b), unit(b, b)) for a, b in pairs)
        self.up = nn.ModuleList(
            nn.ConvTranspose2d(b, a, 2, 2) if transposed else nn.Conv2d(b, a, 1) for a, b in pairs[::-1]
        )
        self.join = nn.ModuleList(nn.Sequential(unit(2 * a, a), unit(a, a)) for a, _ in pairs[::-1])
        self.end = nn.Conv2d(16, 5, 1)
        self.transposed = transposed

    def forward(self, x: Tensor) -> Tensor:
        """Scores of five classes at each pixel."""
        maps = [self.begin(x)]
        for down in self.down:
            maps.append(down(maps[-1]))
        y = maps.pop()
        for up, join in zip(self.up, self.join, strict=True):
            skip = maps.pop()
            y = up(y) if self.transposed else F.interpolate(up(y), skip.shape[-2:], mode="bilinear")
            y = join(torch.cat([skip, y], 1))
        return self.end(y)


class Residual(nn.Module):
    """Two convolutions with a normalisation of choice around a sum; the second one is a scaled branch."""

    def __init__(self, width: int, norm: Callable[[int], nn.Module]) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.ReflectionPad2d(1), nn.Conv2d(width, width, 3), norm(width), nn.ReLU(), nn.Conv2d(width, width, 3, 1, 1)
        )
        self.norm = norm(width)

    def forward(self, x: Tensor) -> Tensor:
        """Maps of the same shape."""
        return F.relu(x + self.norm(self.body(x)))


def normalised(norm: Callable[[int], nn.Module]) -> nn.Module:
    """A residual classifier with a normalisation of choice."""
    stem = (nn.Conv2d(3, 32, 3, 2, 1), norm(32), nn.ReLU())
    return nn.Sequential(*stem, Residual(32, norm), nn.Conv2d(32, 48, 3, 2, 1), Residual(48, norm), head(48))


def style_transfer() -> nn.Module:
    """InstanceNormalization around residual blocks, nearest neighbours on the way up."""
    norm = lambda width: nn.InstanceNorm2d(width, affine=True)  # noqa: E731, two words
    down = (nn.Conv2d(3, 16, 9, 1, 4), norm(16), nn.ReLU(), nn.Conv2d(16, 32, 3, 2, 1), norm(32), nn.ReLU())
    up = (nn.Upsample(scale_factor=2.0), nn.Conv2d(32, 16, 3, 1, 1), norm(16), nn.ReLU(), nn.Conv2d(16, 3, 9, 1, 4))
    return nn.Sequential(*down, Residual(32, norm), Residual(32, norm), *up, nn.Tanh())


def alexnet_original() -> nn.Module:
    """Two groups, local response normalisation, overlapping pools, and layers behind a Flatten."""
    return nn.Sequential(
        *(nn.Conv2d(3, 32, 7, 2), nn.ReLU(), nn.LocalResponseNorm(5), nn.MaxPool2d(3, 2)),
        *(nn.Conv2d(32, 64, 5, padding=2, groups=2), nn.ReLU(), nn.LocalResponseNorm(5), nn.MaxPool2d(3, 2)),
        *(nn.Conv2d(64, 48, 3, padding=1), nn.ReLU(), nn.Conv2d(48, 48, 3, padding=1, groups=2), nn.ReLU()),
        *(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(48, 64), nn.ReLU(), nn.Dropout(), nn.Linear(64, 7)),
    )


class Inception(nn.Module):
    """Four branches, side by side."""

    def __init__(self, n_in: int, n_out: int) -> None:
        super().__init__()
        quarter = n_out // 4
        self.branches = nn.ModuleList(
            [
                nn.Conv2d(n_in, quarter, 1),
                nn.Sequential(nn.Conv2d(n_in, 8, 1), nn.ReLU(), nn.Conv2d(8, quarter, 3, 1, 1)),
                nn.Sequential(nn.Conv2d(n_in, 8, 1), nn.ReLU(), nn.Conv2d(8, quarter, 5, 1, 2)),
                nn.Sequential(nn.MaxPool2d(3, 1, 1, ceil_mode=True), nn.Conv2d(n_in, quarter, 1)),
            ]
        )

    def forward(self, x: Tensor) -> Tensor:
        """All branches' channels."""
        return torch.cat([F.relu(branch(x)) for branch in self.branches], 1)


def caffe_googlenet() -> nn.Module:
    """GoogLeNet as first published: local response normalisation, ceiling pools, inception modules."""
    return nn.Sequential(
        *(nn.Conv2d(3, 24, 7, 2, 3), nn.ReLU(), nn.MaxPool2d(3, 2, ceil_mode=True), nn.LocalResponseNorm(5)),
        *(nn.Conv2d(24, 24, 1), nn.ReLU(), nn.Conv2d(24, 32, 3, 1, 1), nn.ReLU(), nn.LocalResponseNorm(5)),
        *(Inception(32, 48), nn.MaxPool2d(3, 2, ceil_mode=True), Inception(48, 64), Inception(64, 64), head(64)),
    )


class Cbam(nn.Module):
    """Attention over channels from mean and maximum by one shared layer, then over pixels."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.mlp = nn.Sequential(nn.Conv2d(width, width // 4, 1), nn.ReLU(), nn.Conv2d(width // 4, width, 1))
        self.pixels = nn.Conv2d(2, 1, 7, padding=3)

    def forward(self, x: Tensor) -> Tensor:
        """The maps, weighed."""
        x = x * torch.sigmoid(self.mlp(x.mean((2, 3), keepdim=True)) + self.mlp(x.amax((2, 3), keepdim=True)))
        return x * torch.sigmoid(self.pixels(torch.cat([x.mean(1, keepdim=True), x.amax(1, keepdim=True)], 1)))


class NonLocal(nn.Module):
    """Attention between all pixels, on channels of its own."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.query, self.key, self.value = (nn.Conv2d(width, width // 2, 1) for _ in range(3))
        self.project = nn.Conv2d(width // 2, width, 1)

    def forward(self, x: Tensor) -> Tensor:
        """The maps and what other pixels add to them."""
        query, key, value = (part(x).flatten(2) for part in (self.query, self.key, self.value))
        mixed = value @ torch.softmax(query.transpose(1, 2) @ key, -1).transpose(1, 2)
        return x + self.project(mixed.unflatten(2, x.shape[2:]))


class ChannelShuffle(nn.Module):
    """Grouped convolutions with a shuffle of channels between them (ShuffleNet v1)."""

    def __init__(self, width: int, groups: int) -> None:
        super().__init__()
        self.groups = groups
        self.begin, self.depthwise = unit(width, width, 1, 1, groups), unit(width, width, 3, 1, width)
        self.end = nn.Conv2d(width, width, 1, groups=groups)

    def forward(self, x: Tensor) -> Tensor:
        """Maps of the same shape."""
        batch, width, high, wide = x.shape
        y = self.begin(x).view(batch, self.groups, width // self.groups, high, wide).transpose(1, 2)
        return F.relu(x + self.end(self.depthwise(y.reshape(batch, width, high, wide))))


class FaceEmbedding(nn.Module):
    """PReLU for each channel, depthwise convolution over the whole map, an embedding of length one (MobileFaceNet)."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(
            *(nn.Conv2d(3, 32, 3, 2, 1), nn.PReLU(32), nn.Conv2d(32, 64, 3, 2, 1, groups=32), nn.PReLU(64)),
            *(nn.Conv2d(64, 48, 1), nn.Conv2d(48, 48, 8, groups=48), nn.Flatten(), nn.Linear(48, 24)),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Directions, `(batch, 24)`."""
        return F.normalize(self.body(x))


class LightCnn(nn.Module):
    """The larger of two halves of the channels in place of an activation (maxout)."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList([nn.Conv2d(3, 32, 5, 2, 2), nn.Conv2d(16, 48, 3, 2, 1), nn.Conv2d(24, 64, 3, 2, 1)])
        self.head = head(32)

    def forward(self, x: Tensor) -> Tensor:
        """Scores of the classes."""
        for layer in self.layers:
            x = torch.maximum(*layer(x).chunk(2, 1))
        return self.head(x)


def built(
    make: Callable[[], nn.Module], side: int = 32, axes: Mapping[int, str] = IMAGE, n: int = 1
) -> Callable[[], Built]:
    """What makes a network that reads `n` images."""
    return lambda: Built(make(), tuple(torch.randn(1, 3, side, side) for _ in range(n)), (axes,) * n)


MODULES: Mapping[str, Callable[[], Built]] = {
    "cifar_resnet": built(cifar_resnet),
    "super_resolution": built(SuperResolution),
    "unet": built(lambda: UNet(transposed=True)),
    "unet_resize": built(lambda: UNet(transposed=False)),
    "group_norm": built(lambda: normalised(lambda width: nn.GroupNorm(8, width))),
    "layer_norm_images": built(lambda: normalised(lambda width: nn.GroupNorm(1, width))),
    "instance_norm": built(lambda: normalised(lambda width: nn.InstanceNorm2d(width, affine=True))),
    "style_transfer": built(style_transfer),
    "alexnet_original": built(alexnet_original, 64, BATCH),
    "caffe_googlenet": built(caffe_googlenet, 64),
    "cbam": built(lambda: nn.Sequential(unit(3, 32, 3, 2), Cbam(32), unit(32, 48), Cbam(48), head(48))),
    "non_local": built(lambda: nn.Sequential(unit(3, 32, 3, 4), NonLocal(32), unit(32, 48), head(48))),
    "channel_shuffle": built(
        lambda: nn.Sequential(unit(3, 36, 3, 2), ChannelShuffle(36, 3), ChannelShuffle(36, 3), head(36))
    ),
    "face_embedding": built(FaceEmbedding, 32, BATCH),
    "light_cnn": built(LightCnn),
}
"""What makes each structure, its arguments, and the axes that can be open."""
