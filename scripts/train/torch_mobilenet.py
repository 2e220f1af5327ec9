"""A small MobileNetV2 for pictures of 32x32: inverted residuals with depthwise convolutions.

Source: Sandler et al. 2018, "MobileNetV2: Inverted Residuals and Linear Bottlenecks", section 3.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import nn

N_STEM = 16
N_HEAD = 320


class Stage(NamedTuple):
    """Blocks of one width: the first has the stride, each widens to `expansion` times its input channels."""

    expansion: int
    n_channels: int
    n_blocks: int
    stride: int


STAGES = (Stage(1, 16, 1, 1), Stage(3, 32, 2, 2), Stage(4, 64, 2, 2), Stage(6, 96, 3, 2))


class InvertedResidual(nn.Module):
    """A 1x1 convolution that widens, a depthwise 3x3, a linear 1x1 that narrows; a shortcut where shapes agree."""

    def __init__(self, n_inputs: int, n_outputs: int, *, expansion: int, stride: int) -> None:
        """Draw the layers; a block with an expansion of 1 has no first convolution."""
        super().__init__()
        n_inner = expansion * n_inputs
        self.has_shortcut = stride == 1 and n_inputs == n_outputs
        self.body = nn.Sequential(
            *(convolution(n_inputs, n_inner) if expansion > 1 else ()),
            *convolution(n_inner, n_inner, size=3, stride=stride, groups=n_inner),
            nn.Conv2d(n_inner, n_outputs, 1, bias=False),
            nn.BatchNorm2d(n_outputs),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return (n, n_outputs, height / stride, width / stride) of x (n, n_inputs, height, width)."""
        return x + self.body(x) if self.has_shortcut else self.body(x)


def convolution(
    n_inputs: int, n_outputs: int, *, size: int = 1, stride: int = 1, groups: int = 1
) -> tuple[nn.Module, ...]:
    """Return a padded convolution without bias, its BatchNormalization and ReLU6."""
    conv = nn.Conv2d(n_inputs, n_outputs, size, stride, padding=size // 2, groups=groups, bias=False)
    return conv, nn.BatchNorm2d(n_outputs), nn.ReLU6()


def mobilenet() -> nn.Sequential:
    """Return the untrained network; it maps (n, 3, 32, 32) to logits (n, 10)."""
    blocks, n_channels = [], N_STEM
    for stage in STAGES:
        for i in range(stage.n_blocks):
            stride = stage.stride if i == 0 else 1
            blocks.append(InvertedResidual(n_channels, stage.n_channels, expansion=stage.expansion, stride=stride))
            n_channels = stage.n_channels
    return nn.Sequential(
        *convolution(3, N_STEM, size=3),
        *blocks,
        *convolution(n_channels, N_HEAD),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(N_HEAD, 10),
    )
