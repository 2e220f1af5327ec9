"""The ResNet-56 that Neuron Merging published, pruned by its own code. Needs torch, scikit-learn and that code.

    PYTHONPATH=CHECKOUT python -m scripts.benchmarks.peers.with_neuron_merging --ratio RATIO --out OUT

CHECKOUT is a folder of github.com/friendshipkim/neuron-merging with its weights. OUT is written as an ONNX file that
keeps BatchNormalization. RATIO of the inner channels of every block goes, and those that remain make up for them as in
the paper, with the settings of its script for this network; with --plain they only go. A RATIO of 0 writes the network
as it is.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path

import torch
from decompose import Decompose
from torch import nn

import models  # of the checkout, like what decomposes
from scripts.train.torch_export import export_torchscript

WEIGHTS = "saved_models/ResNet.cifar10.original.56.pth.tar"
DEPTH, N_CLASSES, CHANNELS, IMAGE = 56, 10, (16, 32, 64), (3, 32, 32)
THRESHOLD, LAMBDA = 0.1, 0.85
"""What its script says for this network."""
CRITERIA = ("l1-norm", "l2-norm", "l2-GM")


def main() -> None:
    """Prune the network, write it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ratio", metavar="RATIO", type=float, required=True)
    parser.add_argument("--out", metavar="OUT", type=Path, required=True)
    parser.add_argument("--criterion", choices=CRITERIA, default=CRITERIA[0])
    parser.add_argument("--plain", action="store_true", help="cut only")
    arguments = parser.parse_args()
    checkout = Path(models.__file__).parents[1]
    weights = torch.load(checkout / WEIGHTS, map_location="cpu", weights_only=False)["state_dict"]
    kind = "prune" if arguments.plain else "merge"
    network = _pruned(weights, arguments.ratio, arguments.criterion, kind)
    export_torchscript(network, arguments.out, input_shape=IMAGE, is_merged=False)


def _pruned(weights: Mapping[str, torch.Tensor], ratio: float, criterion: str, kind: str) -> nn.Module:
    """The network without a share of its inner channels, as the published program makes it."""
    network: nn.Module
    if not ratio:
        network = models.ResNet(DEPTH, N_CLASSES)
        network.load_state_dict(weights)
        return network
    torch.Tensor.cuda = lambda tensor: tensor  # the published program asks for a GPU where it ranks channels
    widths = [int(count * (1 - ratio)) for count in CHANNELS]
    found = Decompose("ResNet", dict(weights), criterion, THRESHOLD, LAMBDA, kind, widths, False).main()
    network = models.ResNet(DEPTH, N_CLASSES, cfg=list(widths))
    for tensor, value in zip(network.state_dict().values(), found, strict=True):
        tensor.copy_(value)
    return network


if __name__ == "__main__":
    main()
