"""FGSM on the CIFAR-10 classifier beside PyTorch's: the same perturbed inputs, gradients without a framework here.

    python -m scripts.benchmarks.compare_fgsm [--samples 500] [--epsilons 0.01 0.05]

Needs the extras torch-models and robustness.
PyTorch computes in double precision; in float32 it rounds gradients of very sure predictions to zero, as p - 1 of the
label does not fit there. Prints Markdown.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import numpy_helper
from torch.nn.functional import cross_entropy

from paoding_onnx.evaluation.dataset import Range
from paoding_onnx.evaluation.predictions import Form, Task
from paoding_onnx.gradients.freeze import record
from paoding_onnx.model.load import load
from paoding_onnx.robustness.attacks import fgsm
from paoding_onnx.robustness.gradients import Gradient
from paoding_onnx.robustness.losses import loss_point
from scripts import MODELS
from scripts.benchmarks.page import table
from scripts.train.datasets import model_input, read_sample
from scripts.train.torch_cnn import plain_cnn

FILE = MODELS / "cifar10_cnn.onnx"
UNIT = Range(np.array(0.0), np.array(1.0))
CLOSE = 1e-4
ROWS = 50
"""Samples at a time."""

Images = NDArray[np.float32]
Labels = NDArray[np.int64]
Floats = NDArray[np.float64]


def main() -> None:
    """Attack the samples with both gradients and print how far the results agree."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=int, default=500, help="how many of the 500 samples (default all)")
    parser.add_argument("--epsilons", type=float, nargs="+", default=[0.01, 0.05])
    arguments = parser.parse_args()
    sample, count = read_sample(MODELS / "cifar10_cnn_test.npz"), arguments.samples // ROWS * ROWS
    x, labels = model_input(sample.x_test[:count], sample.scale), sample.y_test[:count]
    network = network_of(FILE)
    ours, theirs = our_gradient(x, labels), torch_gradient(network, x, labels)
    length = np.linalg.norm(theirs.reshape(count, -1), axis=1)
    apart = np.linalg.norm((ours - theirs).reshape(count, -1), axis=1) / length
    middle, most = np.median(apart), apart.max()
    print(f"{count} samples; gradients differ by {middle:.1e} of their length (median), at most {most:.1e}")
    rows = [row(network, x, labels, epsilon, (ours, theirs)) for epsilon in arguments.epsilons]
    heads = ("epsilon", f"values within {CLOSE:g}", "mean difference", "largest", "accuracy after, here", "PyTorch")
    print(f"\n{table(heads, rows, align='l')}")


def row(
    network: torch.nn.Module, x: Images, labels: Labels, epsilon: float, gradients: tuple[Floats, Floats]
) -> list[str]:
    """A line of the table: how far the inputs perturbed by both gradients agree, and what they do to the model."""
    ours, theirs = (fgsm(x, gradient, epsilon, UNIT) for gradient in gradients)
    apart = np.abs(ours - theirs)
    right = [float(np.mean(predicted(network, changed) == labels)) for changed in (ours, theirs)]
    close = float(np.mean(apart <= CLOSE))
    shown = [f"{share:.1%}" for share in right]
    return [f"{epsilon:g}", f"{close:.5%}", f"{apart.mean():.1e}", f"{apart.max():.2g}", *shown]


def network_of(path: Path) -> torch.nn.Module:
    """PyTorch's network with the weights of the file, in double precision."""
    network = plain_cnn(3)
    stored = {tensor.name: numpy_helper.to_array(tensor) for tensor in onnx.load(path).graph.initializer}
    network.load_state_dict({name: torch.tensor(stored[name]) for name in network.state_dict()})
    return network.double().eval()


def torch_gradient(network: torch.nn.Module, x: Images, labels: Labels) -> Floats:
    """Gradient of each sample's cross-entropy by its picture, by PyTorch."""
    parts = []
    for start in range(0, len(x), ROWS):
        batch = torch.tensor(x[start : start + ROWS], dtype=torch.float64, requires_grad=True)
        cross_entropy(network(batch), torch.tensor(labels[start : start + ROWS]), reduction="sum").backward()
        parts.append(batch.grad.numpy())
    return np.concatenate(parts)


def our_gradient(x: Images, labels: Labels) -> Floats:
    """The same gradient, by a reverse pass in onnxruntime."""
    subject = record(load(FILE), {"image": x[:ROWS]})
    point = loss_point(subject, subject.graph.outputs[0], Task.CLASSES, Form.LOGITS)
    gradient = Gradient(subject, "image", point)
    starts = range(0, len(x), ROWS)
    return np.concatenate([gradient(x[s : s + ROWS], labels[s : s + ROWS]) for s in starts])


def predicted(network: torch.nn.Module, x: Images) -> Labels:
    """The classes that PyTorch's network says."""
    with torch.no_grad():
        return network(torch.tensor(x, dtype=torch.float64)).argmax(dim=1).numpy()


if __name__ == "__main__":
    main()
