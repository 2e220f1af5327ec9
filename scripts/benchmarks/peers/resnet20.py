"""ResNet-20 in PyTorch, with the weights of an ONNX file that an export which keeps BatchNormalization wrote."""

from __future__ import annotations

from pathlib import Path

import onnx
import torch
from onnx import numpy_helper
from torch import nn
from torch.nn import functional


class Block(nn.Module):
    """Two convolutions and a shortcut, which takes every other pixel and fills up with channels of zeros.

    It fills up by a fixed 1x1 convolution: channels padded by a function are more than Torch-Pruning follows.
    """

    def __init__(self, n_in: int, n_out: int) -> None:
        super().__init__()
        stride = 1 if n_in == n_out else 2
        self.conv1 = nn.Conv2d(n_in, n_out, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(n_out)
        self.conv2 = nn.Conv2d(n_out, n_out, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(n_out)
        self.shortcut = nn.Identity() if n_in == n_out else _widening(n_in, n_out)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """What the block makes of `(n, n_in, height, width)`."""
        y = self.bn2(self.conv2(functional.relu(self.bn1(self.conv1(x)))))
        return functional.relu(self.shortcut(x) + y)


def _widening(n_in: int, n_out: int) -> nn.Conv2d:
    """Every other pixel, with half of the new channels, which are zero, on either side."""
    layer = nn.Conv2d(n_in, n_out, 1, 2, bias=False)
    with torch.no_grad():
        layer.weight.zero_()
        for channel in range(n_in):
            layer.weight[channel + (n_out - n_in) // 2, channel] = 1
    return layer


class ResNet20(nn.Module):
    """Nine blocks of 16, 32 and 64 channels; the names are those of the public weights."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 16, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(16)
        self.layer1 = nn.Sequential(Block(16, 16), Block(16, 16), Block(16, 16))
        self.layer2 = nn.Sequential(Block(16, 32), Block(32, 32), Block(32, 32))
        self.layer3 = nn.Sequential(Block(32, 64), Block(64, 64), Block(64, 64))
        self.linear = nn.Linear(64, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Logits of pictures `(n, 3, 32, 32)`."""
        x = self.layer3(self.layer2(self.layer1(functional.relu(self.bn1(self.conv1(x))))))
        return self.linear(x.mean((2, 3)))


def read(source: Path) -> ResNet20:
    """The network that computes what the file computes.

    Raises:
        SystemExit: if the file does not have its weights under their names.
    """
    weights = {t.name: torch.from_numpy(numpy_helper.to_array(t).copy()) for t in onnx.load(source).graph.initializer}
    network = ResNet20()
    held = network.state_dict()
    known = ("num_batches_tracked", "shortcut.weight")
    missing = [name for name in held if name not in weights and not name.endswith(known)]
    if missing:
        raise SystemExit(f"the file has no weights called {', '.join(missing[:3])}")
    network.load_state_dict({name: weights.get(name, value) for name, value in held.items()})
    return network.eval()
