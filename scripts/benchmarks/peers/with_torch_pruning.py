"""One PyTorch network through Torch-Pruning. Needs torch, torch-pruning and onnx; our package need not be there.

    python -m scripts.benchmarks.peers.with_torch_pruning NAME --size SIZE
    python -m scripts.benchmarks.peers.with_torch_pruning FILE --share SHARE --norm NORM --out OUT

The first removes half of the channels of a torchvision classifier, as in the quick start, runs the result on an image
of SIZE pixels and prints one JSON line. Progress goes to stdout, a word a line, so that the one who started this knows
where it ended. The second writes a file without SHARE of the parameters of a ResNet-20, whose weights are in FILE under
the names of the module, as an export that keeps BatchNormalization has them. The ratio of channels, the same for every
layer, is searched; NORM is 1 or 2, of the group importance. Nothing is trained.
"""

from __future__ import annotations

import argparse
import json
import time
from importlib.metadata import version
from pathlib import Path

import onnx
import torch
import torch_pruning
from torch import nn

from scripts.benchmarks.peers import resnet20
from scripts.benchmarks.peers.sizes import float_elements, nearest
from scripts.train.torch_export import export_torchscript

RATIO, NORM = 0.5, 2
N_CLASSES = 1000
IMAGE = (3, 32, 32)
"""What the ResNet-20 reads."""
_PLAIN = {"googlenet": {"aux_logits": False}, "inception_v3": {"aux_logits": False}}


def main() -> None:
    """Prune by half, or to a share."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", metavar="NAME|FILE")
    parser.add_argument("--size", metavar="SIZE", type=int)
    parser.add_argument("--share", metavar="SHARE", type=float)
    parser.add_argument("--norm", metavar="NORM", type=int, default=NORM)
    parser.add_argument("--out", metavar="OUT", type=Path)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    if arguments.out is None:
        _halve(arguments.model, arguments.size)
    else:
        _write_nearest(Path(arguments.model), arguments.share, arguments.norm, arguments.out)


def _halve(name: str, size: int) -> None:
    """Prune, run, count."""
    from torchvision import models

    print("building the model", flush=True)
    model = models.get_model(name, weights=None, **_PLAIN.get(name, {})).eval()
    image = torch.randn(1, 3, size, size)
    before, shape = _parameters(model), _output_shape(model, image)
    start = time.process_time()
    _prune(model, image, _heads(model), RATIO, NORM)
    seconds = time.process_time() - start
    print("running the result", flush=True)
    if _output_shape(model, image) != shape:
        raise ValueError("the output has another shape")
    after = _parameters(model)
    versions = f"{version('torch-pruning')} (torch {version('torch')}, torchvision {version('torchvision')})"
    print(json.dumps({"before": before, "after": after, "seconds": seconds, "version": versions}))


def _prune(model: nn.Module, image: torch.Tensor, ignored: list[nn.Module], ratio: float, norm: int) -> None:
    """A share of the channels of each layer goes, in place; only the classifier head is ignored."""
    print("building the pruner", flush=True)
    pruner = torch_pruning.pruner.BasePruner(
        model,
        image,
        importance=torch_pruning.importance.GroupMagnitudeImportance(p=norm),
        pruning_ratio=ratio,
        global_pruning=False,
        ignored_layers=ignored,
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


def _write_nearest(file: Path, share: float, norm: int, out: Path) -> None:
    """Write the result that is nearest to the share."""

    def pruned(ratio: float) -> onnx.ModelProto:
        """The ResNet-20 without this share of the channels."""
        network = resnet20.read(file)
        _prune(network, torch.zeros(1, *IMAGE), [network.linear], ratio, norm)
        export_torchscript(network, out, input_shape=IMAGE, names=("input", "output"), is_merged=False)
        return onnx.load(out)

    onnx.save(nearest(pruned, float_elements(onnx.load(file)), share), out)


if __name__ == "__main__":
    main()
