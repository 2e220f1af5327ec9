"""One torchvision classifier through Torch-Pruning as in its quick start; prints one JSON line.

    python with_torch_pruning.py NAME SIZE

Needs torch, torchvision and torch-pruning. Progress goes to stdout, a word a line, so that the one who started this
knows where it ended.
"""

from __future__ import annotations

import argparse
import json
import time
from importlib.metadata import version

import torch
import torch_pruning
from torch import nn
from torchvision import models

RATIO = 0.5
N_CLASSES = 1000
_PLAIN = {"googlenet": {"aux_logits": False}, "inception_v3": {"aux_logits": False}}


def main() -> None:
    """Prune, run, count."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name")
    parser.add_argument("size", type=int)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    print("building the model", flush=True)
    model = models.get_model(arguments.name, weights=None, **_PLAIN.get(arguments.name, {})).eval()
    image = torch.randn(1, 3, arguments.size, arguments.size)
    before, shape = _parameters(model), _output_shape(model, image)
    start = time.process_time()
    _prune(model, image)
    seconds = time.process_time() - start
    print("running the result", flush=True)
    if _output_shape(model, image) != shape:
        raise ValueError("the output has another shape")
    after = _parameters(model)
    versions = f"{version('torch-pruning')} (torch {version('torch')}, torchvision {version('torchvision')})"
    print(json.dumps({"before": before, "after": after, "seconds": seconds, "version": versions}))


def _prune(model: nn.Module, image: torch.Tensor) -> None:
    """Half of the channels of each layer go, in place; only the classifier head is ignored."""
    print("building the pruner", flush=True)
    pruner = torch_pruning.pruner.BasePruner(
        model,
        image,
        importance=torch_pruning.importance.GroupMagnitudeImportance(p=2),
        pruning_ratio=RATIO,
        global_pruning=False,
        ignored_layers=_heads(model),
    )
    print("pruning", flush=True)
    pruner.step()


def _heads(model: nn.Module) -> list[nn.Module]:
    """The layers that give the class scores."""
    linear = [m for m in model.modules() if isinstance(m, nn.Linear) and m.out_features == N_CLASSES]
    return linear or [m for m in model.modules() if isinstance(m, nn.Conv2d) and m.out_channels == N_CLASSES]


def _parameters(model: nn.Module) -> int:
    return sum(parameter.numel() for parameter in model.parameters())


def _output_shape(model: nn.Module, image: torch.Tensor) -> tuple[int, ...]:
    with torch.no_grad():
        return tuple(model(image).shape)


if __name__ == "__main__":
    main()
