"""ResNet-18 of torchvision: exported, pruned, loaded back into PyTorch, compared with the pruned file, and trained.

    python -m scripts.benchmarks.torch_back

It needs torch, torchvision and onnxscript. The weights are random, the statistics of BatchNormalization those of the
CIFAR-10 images in `models/`, enlarged. The exporter is called with its defaults, which merge BatchNormalization.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import onnxruntime

import paoding_onnx
import paoding_onnx.torch
from scripts import ROOT

if TYPE_CHECKING:
    import torch

SIDE, ROWS = 96, 50


def main() -> None:
    """Print the sizes, the largest difference, and the loss before and after an epoch."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--target", type=float, default=0.3, help="share of the parameters (default %(default)s)")
    arguments = parser.parse_args()
    import torch
    import torchvision

    torch.manual_seed(0)
    images, labels = _images()
    model = torchvision.models.resnet18(num_classes=10)
    with torch.no_grad():
        for rows in images.split(ROWS):
            model.train()(rows)
    model.eval()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        before, after, plan = folder / "model.onnx", folder / "small.onnx", folder / "plan.json"
        torch.onnx.export(model, (images[:1],), before, input_names=["image"], dynamic_shapes=({0: "batch"},))
        options = paoding_onnx.Options(target=arguments.target, by="parameters", effort="fast")
        paoding_onnx.prune(before, after, options, documents={"plan": plan})
        state = paoding_onnx.torch.state(plan, model.state_dict(), original=before, pruned=after)
        small = paoding_onnx.torch.resize(torchvision.models.resnet18(num_classes=10), state).eval()
        session = onnxruntime.InferenceSession(after, providers=["CPUExecutionProvider"])
        (wanted,) = session.run(None, {"image": images[:ROWS].numpy()})
    with torch.no_grad():
        apart = np.abs(small(images[:ROWS]).numpy() - wanted).max() / np.abs(wanted).max()
    sizes = [sum(one.numel() for one in net.parameters()) for net in (model, small)]
    print(f"parameters {sizes[0]:,} -> {sizes[1]:,}; largest difference to the file {apart:.1e} of the largest output")
    losses = _epoch(small, images, labels)
    print(f"one epoch on {len(images)} images: loss {np.mean(losses[:3]):.2f} -> {np.mean(losses[-3:]):.2f}")


def _images() -> tuple[torch.Tensor, torch.Tensor]:
    import torch

    with np.load(ROOT / "models" / "cifar10_cnn_test.npz") as sample:
        values = sample["x"].astype(np.float32) / sample["scale"].astype(np.float32)
        labels = torch.from_numpy(sample["y"]).long()
    return torch.nn.functional.interpolate(torch.from_numpy(values), size=(SIDE, SIDE), mode="bilinear"), labels


def _epoch(small: torch.nn.Module, images: torch.Tensor, labels: torch.Tensor) -> list[float]:
    """The losses of the steps of an epoch."""
    import torch

    small.train()
    optimizer, losses = torch.optim.SGD(small.parameters(), lr=0.02, momentum=0.9), []
    for rows in torch.randperm(len(images)).split(ROWS):
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(small(images[rows]), labels[rows])
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


if __name__ == "__main__":
    main()
