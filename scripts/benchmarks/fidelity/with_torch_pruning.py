"""ResNet-20 through Torch-Pruning until a share of its parameters is gone. Needs torch, onnx and torch-pruning.

    python with_torch_pruning.py FILE SHARE OUT NORM

FILE must hold the weights under the names of the PyTorch module, as an export that keeps BatchNormalization does. The
module below computes what the file computes; a ratio of channels, the same for every layer, is searched for SHARE.
NORM is 1 or 2, of the group importance. Nothing is trained.
"""

from __future__ import annotations

import sys
from pathlib import Path

import onnx
import torch
import torch_pruning
from onnx import numpy_helper
from torch import nn
from torch.nn import functional
from torch.onnx import TrainingMode

from scripts.benchmarks.peers.count import float_elements

HALVINGS = 7
NEAR = 0.03


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


def main() -> None:
    """Search the ratio, write the nearest result, or fail if the share is out of reach."""
    source, share, target, norm = Path(sys.argv[1]), float(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4])
    torch.set_num_threads(1)
    before = float_elements(onnx.load(source))
    low, high, nearest = 0.0, 0.98, 1.0
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        trial = target.with_suffix(".trial.onnx")
        _export(_pruned(source, middle, norm), trial)
        removed = 1 - float_elements(onnx.load(trial)) / before
        if abs(removed - share) < nearest:
            nearest = abs(removed - share)
            trial.replace(target)
        low, high = (middle, high) if removed < share else (low, middle)
    if nearest > NEAR:
        raise SystemExit(f"the nearest to {share:.0%} that can be had is {nearest:.1%} away")


def _pruned(source: Path, ratio: float, norm: int) -> nn.Module:
    """The module with the weights of the file, without `ratio` of the channels of each layer."""
    weights = {t.name: torch.from_numpy(numpy_helper.to_array(t).copy()) for t in onnx.load(source).graph.initializer}
    network = ResNet20()
    held = network.state_dict()
    network.load_state_dict({name: weights.get(name, value) for name, value in held.items()})
    known = ("num_batches_tracked", "shortcut.weight")
    missing = [name for name in held if name not in weights and not name.endswith(known)]
    if missing:
        raise SystemExit(f"the file has no weights called {', '.join(missing[:3])}")
    network.eval()
    pruner = torch_pruning.pruner.BasePruner(
        network,
        torch.zeros(1, 3, 32, 32),
        importance=torch_pruning.importance.GroupMagnitudeImportance(p=norm),
        pruning_ratio=ratio,
        global_pruning=False,
        ignored_layers=[network.linear],
    )
    pruner.step()
    return network


def _export(network: nn.Module, path: Path) -> None:
    torch.onnx.export(
        network,
        (torch.zeros(1, 3, 32, 32),),
        path,
        dynamo=False,
        opset_version=17,
        input_names=["input"],
        output_names=["output"],
        dynamic_axes={"input": {0: "batch"}, "output": {0: "batch"}},
        training=TrainingMode.PRESERVE,
        do_constant_folding=False,
    )


if __name__ == "__main__":
    main()
