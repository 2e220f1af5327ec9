"""A small vision transformer for pictures of 32x32: patches of 4x4, learned positions, the mean over the patches.

Source: Dosovitskiy et al. 2021, "An Image is Worth 16x16 Words", section 3.1; the mean in place of the class token is
that of Beyer et al. 2022, "Better plain ViT baselines for ImageNet-1k".
"""

from __future__ import annotations

import torch
from torch import nn

N_PATCHES = 64
PATCH_SIZE = 4
WIDTH = 128
DEPTH = 4
N_HEADS = 4
N_HIDDEN = 2 * WIDTH
# of all training pixels, rounded
PIXEL_MEAN = (0.49, 0.48, 0.45)
PIXEL_DEVIATION = (0.25, 0.24, 0.26)


class Attention(nn.Module):
    """Self-attention with one dense layer for queries, keys and values."""

    def __init__(self) -> None:
        """Draw both layers."""
        super().__init__()
        self.qkv = nn.Linear(WIDTH, 3 * WIDTH)
        self.project = nn.Linear(WIDTH, WIDTH)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return what the patches of x (n, n_patches, WIDTH) read from each other, of the same shape."""
        n = x.shape[0]
        parts = self.qkv(x).reshape(n, N_PATCHES, 3, N_HEADS, WIDTH // N_HEADS).permute(2, 0, 3, 1, 4)
        query, key, value = parts.unbind(0)
        weight = (query @ key.transpose(-2, -1) * (WIDTH // N_HEADS) ** -0.5).softmax(dim=-1)
        return self.project((weight @ value).transpose(1, 2).reshape(n, N_PATCHES, WIDTH))


class Block(nn.Module):
    """Attention and a two-layer perceptron, each behind a LayerNormalization and with a shortcut around it."""

    def __init__(self) -> None:
        """Draw both halves."""
        super().__init__()
        self.attend = nn.Sequential(nn.LayerNorm(WIDTH), Attention())
        self.transform = nn.Sequential(
            nn.LayerNorm(WIDTH), nn.Linear(WIDTH, N_HIDDEN), nn.GELU(), nn.Linear(N_HIDDEN, WIDTH)
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return (n, n_patches, WIDTH) of x of the same shape."""
        x = x + self.attend(x)
        return x + self.transform(x)


class VisionTransformer(nn.Module):
    """The whole network, from pixels in [0, 1] to logits."""

    def __init__(self) -> None:
        """Draw the whole network."""
        super().__init__()
        self.register_buffer("mean", torch.tensor(PIXEL_MEAN).reshape(1, 3, 1, 1))
        self.register_buffer("deviation", torch.tensor(PIXEL_DEVIATION).reshape(1, 3, 1, 1))
        self.embed = nn.Conv2d(3, WIDTH, PATCH_SIZE, PATCH_SIZE)
        self.position = nn.Parameter(0.02 * torch.randn(1, N_PATCHES, WIDTH))
        self.blocks = nn.Sequential(*(Block() for _ in range(DEPTH)))
        self.normalise = nn.LayerNorm(WIDTH)
        self.classify = nn.Linear(WIDTH, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return logits (n, 10) of pictures x (n, 3, 32, 32)."""
        patches = self.embed((x - self.mean) / self.deviation).flatten(2).transpose(1, 2)
        return self.classify(self.normalise(self.blocks(patches + self.position)).mean(dim=1))
