"""Original and smaller model timed against each other, at the sizes at which costs are told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from paoding_onnx.context import ANYHOW, Deployment
from paoding_onnx.evaluation.latency import compare_latency
from paoding_onnx.evaluation.measured import Latency
from paoding_onnx.model.graph import Graph
from paoding_onnx.model.load import Model
from paoding_onnx.model.save import write_model
from paoding_onnx.model.scratch import scratch_folder
from paoding_onnx.shapes.dummy_inputs import random_feeds
from paoding_onnx.shapes.observe import sizes_of

SECONDS = 1.0
"""For about so long at most a candidate and the original are run in turns, in each round."""
ROUNDS = 3
"""So many processes time them: where memory lies makes a difference of some points."""
MOST_BYTES = 1 << 28
"""It is not told what operators of larger models take, which needs a second copy of them."""
ATTEMPTS = 2
"""Of several rounds, one in which times vary too much for a ratio is tried so often."""


def latency_of(
    original: Model,
    smaller: Model | Path,
    graph: Graph,
    *,
    on: Deployment,
    seconds: float = SECONDS,
    rounds: int = ROUNDS,
) -> Latency | None:
    """How long runs of the original and of a smaller one take: the middle one of several measurements.

    Its spread is not less than how far these are apart. `None` if times vary too much in all of them.
    """
    feeds = random_feeds(original.inputs, sizes_of(graph).measured, np.random.default_rng(0))
    found: list[Latency] = []
    with scratch_folder() as folder:
        first = next(iter(original.files), None) or write_model(original, folder / "original.onnx")[-1]
        second = smaller if isinstance(smaller, Path) else write_model(smaller, folder / "smaller.onnx")[-1]
        operators = original.n_bytes < MOST_BYTES and on.provider == ANYHOW.provider
        for _ in range(rounds * ATTEMPTS if rounds > 1 else 1):
            one = compare_latency(first, second, feeds, on=on, seconds=seconds, operators=operators)
            found += [] if one is None else [one]
            if len(found) == rounds:
                break
    return _middle(found) if found else None


def _middle(found: Sequence[Latency]) -> Latency:
    """The one with the middle ratio."""
    ordered = sorted(found, key=lambda one: one.ratio)
    middle = ordered[len(ordered) // 2]
    apart = (ordered[-1].ratio - ordered[0].ratio) / 2 / middle.ratio
    return replace(middle, spread=max(middle.spread, apart))
