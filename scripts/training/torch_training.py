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

from training.dataset import Augmentation
from training.dataset import Dataset
from training.dataset import shuffled_batches

LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Schedule:
    """Length and strength of a training run with a one-cycle learning rate.

    The rate rises for the first `rise_ratio` of the steps. `is_bfloat16` halves the time of a step on processors that
    have it; the weights stay float32.
    """

    n_epochs: int
    batch_size: int
    peak_learning_rate: float
    weight_decay: float
    augmentation: Augmentation
    rise_ratio: float = 0.3
    is_bfloat16: bool = True
    n_threads: int = 2


@dataclass(frozen=True, slots=True)
class Run:
    """A network in training with all that moves from step to step."""

    network: nn.Module
    optimizer: torch.optim.Optimizer
    cycle: torch.optim.lr_scheduler.LRScheduler
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
    network.to(memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(network.parameters(), weight_decay=schedule.weight_decay)
    cycle = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, schedule.peak_learning_rate, total_steps=n_steps, pct_start=schedule.rise_ratio
    )
    return Run(network, optimizer, cycle, rng)


def _step(run: Run, x: torch.Tensor, y: torch.Tensor, *, schedule: Schedule) -> float:
    """Return the loss of the batch, in nats, after one optimiser step on it."""
    with torch.autocast("cpu", torch.bfloat16, enabled=schedule.is_bfloat16):
        logits = run.network(x.to(memory_format=torch.channels_last))
        loss = nn.functional.cross_entropy(logits, y, label_smoothing=0.05)
    run.optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(run.network.parameters(), max_norm=2.0)
    run.optimizer.step()
    run.cycle.step()
    return float(loss.item())


def _save(run: Run, path: Path, *, n_done: int) -> None:
    """Write all that the next epoch depends on; an interruption leaves the old file or the new one."""
    state = {
        "network": run.network.state_dict(),
        "optimizer": run.optimizer.state_dict(),
        "cycle": run.cycle.state_dict(),
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
    run.optimizer.load_state_dict(state["optimizer"])
    run.cycle.load_state_dict(state["cycle"])
    run.rng.bit_generator.state = state["rng"]
    torch.set_rng_state(state["torch_rng"])
    LOGGER.info("%s: taken up after epoch %d", path.name, state["n_done"])
    return int(state["n_done"])
