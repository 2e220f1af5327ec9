"""Training of PyTorch networks and both of PyTorch's ONNX exporters; knows no particular application."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn

from training.dataset import Augmentation
from training.dataset import Dataset
from training.dataset import shuffled_batches

LOGGER = logging.getLogger(__name__)
N_THREADS = 2
TORCHSCRIPT_OPSET = 17
DYNAMO_OPSET = 18


@dataclass(frozen=True, slots=True)
class Schedule:
    """Length and strength of a training run with a one-cycle learning rate."""

    n_epochs: int
    batch_size: int
    peak_learning_rate: float
    weight_decay: float
    augmentation: Augmentation


def fitted(build: Callable[[], nn.Sequential], dataset: Dataset, schedule: Schedule, *, seed: int) -> nn.Sequential:
    """Return the network trained on `dataset`, in evaluation mode; the same seed gives the same start and order."""
    torch.manual_seed(seed)
    torch.set_num_threads(N_THREADS)
    network = build()
    network.apply(_initialise)
    network.to(memory_format=torch.channels_last)
    step = _stepper(network, schedule, n_steps=schedule.n_epochs * (len(dataset.y_train) // schedule.batch_size))
    rng = np.random.default_rng(seed)
    for epoch in range(schedule.n_epochs):
        started = time.monotonic()
        batches = shuffled_batches(dataset, schedule.batch_size, rng=rng, augmentation=schedule.augmentation)
        losses = [step(torch.from_numpy(x), torch.from_numpy(y)) for x, y in batches]
        LOGGER.info("epoch %d: loss %.4f, %.0f s", epoch + 1, np.mean(losses), time.monotonic() - started)
    return network.to(memory_format=torch.contiguous_format).eval()


def _initialise(layer: nn.Module) -> None:
    """Draw weights that keep the variance through ReLU layers: without it the deep plain stack starts slowly."""
    if isinstance(layer, nn.Conv2d | nn.Linear):
        nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
        nn.init.zeros_(layer.bias)


def _stepper(network: nn.Module, schedule: Schedule, *, n_steps: int) -> Callable[[torch.Tensor, torch.Tensor], float]:
    """Return a function that takes one optimiser step on a batch and returns the batch's loss."""
    optimizer = torch.optim.AdamW(network.parameters(), weight_decay=schedule.weight_decay)
    cycle = torch.optim.lr_scheduler.OneCycleLR(optimizer, schedule.peak_learning_rate, total_steps=n_steps)
    criterion = nn.CrossEntropyLoss(label_smoothing=0.05)

    def step(x: torch.Tensor, y: torch.Tensor) -> float:
        """Return the loss of the batch, in nats, after one step on it."""
        # bfloat16 halves the time of a step on processors that have it; the weights stay float32
        with torch.autocast("cpu", torch.bfloat16):
            loss = criterion(network(x.to(memory_format=torch.channels_last)), y)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), max_norm=2.0)
        optimizer.step()
        cycle.step()
        return float(loss.item())

    return step


def export_torchscript(network: nn.Module, path: Path, *, input_shape: tuple[int, ...]) -> None:
    """Write the network with the older, TorchScript-based exporter, with any batch size."""
    torch.onnx.export(
        network,
        (torch.zeros(1, *input_shape),),
        path,
        dynamo=False,
        opset_version=TORCHSCRIPT_OPSET,
        input_names=["image"],
        output_names=["logits"],
        dynamic_axes={"image": {0: "batch"}, "logits": {0: "batch"}},
    )


def export_dynamo(network: nn.Module, path: Path, *, input_shape: tuple[int, ...]) -> None:
    """Write the network with the newer, torch.export-based exporter, as one file with any batch size."""
    torch.onnx.export(
        network,
        # torch.export takes a batch of one for a fixed size
        (torch.zeros(2, *input_shape),),
        path,
        dynamo=True,
        opset_version=DYNAMO_OPSET,
        input_names=["image"],
        output_names=["logits"],
        dynamic_shapes=({0: torch.export.Dim("batch")},),
        external_data=False,
    )
