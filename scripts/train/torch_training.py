"""Training of PyTorch networks, which may be interrupted and taken up again; knows no particular application."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn

from scripts.train.datasets import Augmentation, Dataset, shuffled_batches

LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Muon:
    """Which matrices the Muon optimiser trains, by the start of their names, and its highest learning rate.

    Source: Jordan et al. 2024, "Muon: An optimizer for hidden layers in neural networks".
    """

    prefix: str
    peak_learning_rate: float


@dataclass(frozen=True, slots=True)
class Schedule:
    """Length and strength of a training run with a one-cycle learning rate.

    The rate rises for the first `rise_ratio` of the steps. AdamW trains all that `muon` does not. `is_bfloat16` halves
    the time of a step on processors that have it; the weights stay float32.
    """

    n_epochs: int
    augmentation: Augmentation
    batch_size: int = 128
    peak_learning_rate: float = 1.5e-3
    weight_decay: float = 0.05
    rise_ratio: float = 0.3
    muon: Muon | None = None
    is_bfloat16: bool = True
    n_threads: int = 2


@dataclass(frozen=True, slots=True)
class Run:
    """A network in training with all that moves from step to step."""

    network: nn.Module
    optimizers: tuple[torch.optim.Optimizer, ...]
    cycles: tuple[torch.optim.lr_scheduler.LRScheduler, ...]
    rng: np.random.Generator


def fitted(
    build: Callable[[], nn.Module], dataset: Dataset, schedule: Schedule, *, seed: int, checkpoint: Path | None = None
) -> nn.Module:
    """Return the network trained on `dataset`, in evaluation mode; the same seed gives the same start and order.

    `checkpoint` is written after every epoch and taken up by the next call; it goes when training is over.
    """
    torch.manual_seed(seed)
    torch.set_num_threads(schedule.n_threads)
    n_steps = schedule.n_epochs * (len(dataset.y_train) // schedule.batch_size)
    run = _begun(build(), schedule, n_steps=n_steps, rng=np.random.default_rng(seed))
    n_done = _restore(run, checkpoint) if checkpoint and checkpoint.exists() else 0
    for epoch in range(n_done, schedule.n_epochs):
        started = time.monotonic()
        batches = shuffled_batches(dataset, schedule.batch_size, rng=run.rng, augmentation=schedule.augmentation)
        losses = [_step(run, torch.from_numpy(x), torch.from_numpy(y), schedule=schedule) for x, y in batches]
        LOGGER.info("epoch %d: loss %.4f, %.0f s", epoch + 1, np.mean(losses), time.monotonic() - started)
        if checkpoint:
            _save(run, checkpoint, n_done=epoch + 1)
    if checkpoint:
        checkpoint.unlink(missing_ok=True)
    return run.network.to(memory_format=torch.contiguous_format).eval()


def _begun(network: nn.Module, schedule: Schedule, *, n_steps: int, rng: np.random.Generator) -> Run:
    """Return the run before its first step."""
    network.to(memory_format=torch.channels_last)
    optimizers = _optimizers(network, schedule)
    cycles = tuple(
        torch.optim.lr_scheduler.OneCycleLR(
            optimizer, optimizer.defaults["lr"], total_steps=n_steps, pct_start=schedule.rise_ratio
        )
        for optimizer in optimizers
    )
    return Run(network, optimizers, cycles, rng)


def _optimizers(network: nn.Module, schedule: Schedule) -> tuple[torch.optim.Optimizer, ...]:
    """Return AdamW, behind it Muon where asked for, each at its highest rate; together they train every parameter."""
    rate, decay, muon = schedule.peak_learning_rate, schedule.weight_decay, schedule.muon
    if not muon:
        return (torch.optim.AdamW(network.parameters(), rate, weight_decay=decay),)
    parameters = dict(network.named_parameters())
    hidden = {name for name in parameters if name.startswith(muon.prefix) and parameters[name].ndim == 2}
    return (
        torch.optim.AdamW([parameters[name] for name in parameters if name not in hidden], rate, weight_decay=decay),
        torch.optim.Muon(
            [parameters[name] for name in parameters if name in hidden], muon.peak_learning_rate, weight_decay=decay
        ),
    )


def _step(run: Run, x: torch.Tensor, y: torch.Tensor, *, schedule: Schedule) -> float:
    """Return the loss of the batch, in nats, after one optimiser step on it."""
    with torch.autocast("cpu", torch.bfloat16, enabled=schedule.is_bfloat16):
        logits = run.network(x.to(memory_format=torch.channels_last))
        loss = nn.functional.cross_entropy(logits, y, label_smoothing=0.05)
    run.network.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(run.network.parameters(), max_norm=2.0)
    for optimizer, cycle in zip(run.optimizers, run.cycles, strict=True):
        optimizer.step()
        cycle.step()
    return float(loss.item())


def _save(run: Run, path: Path, *, n_done: int) -> None:
    """Write all that the next epoch depends on; an interruption leaves the old file or the new one."""
    state = {
        "network": run.network.state_dict(),
        "optimizers": [optimizer.state_dict() for optimizer in run.optimizers],
        "cycles": [cycle.state_dict() for cycle in run.cycles],
        "rng": run.rng.bit_generator.state,
        "torch_rng": torch.get_rng_state(),
        "n_done": n_done,
    }
    partial = path.with_name(path.name + ".partial")
    torch.save(state, partial)
    os.replace(partial, path)


def _restore(run: Run, path: Path) -> int:
    """Bring the run to where the checkpoint was written; return the number of epochs done."""
    state = torch.load(path, weights_only=True)
    run.network.load_state_dict(state["network"])
    for moving, stored in zip(run.optimizers + run.cycles, state["optimizers"] + state["cycles"], strict=True):
        moving.load_state_dict(stored)
    run.rng.bit_generator.state = state["rng"]
    torch.set_rng_state(state["torch_rng"])
    LOGGER.info("%s: taken up after epoch %d", path.name, state["n_done"])
    return int(state["n_done"])
