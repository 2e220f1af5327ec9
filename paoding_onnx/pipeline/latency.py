"""Original and smaller model timed against each other, at the sizes at which costs are told."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from paoding_onnx.evaluation.latency import compare_latency
from paoding_onnx.evaluation.measured import Latency
from paoding_onnx.model.graph import Graph
from paoding_onnx.model.load import Model
from paoding_onnx.model.save import write_model
from paoding_onnx.model.scratch import scratch_folder
from paoding_onnx.shapes.dummy_inputs import random_feeds
from paoding_onnx.shapes.observe import sizes_of

SECONDS = 2.0
"""For about so long at most a candidate and the original are run in turns."""
ROUNDS, STEADY = 4, 0.03
"""So often it is tried again, as long as the ratio is not known to this share of it."""


def latency_of(
    original: Model,
    smaller: Model | Path,
    graph: Graph,
    *,
    threads: int,
    seconds: float = SECONDS,
    rounds: int = ROUNDS,
) -> Latency | None:
    """How long runs of the original and of a smaller one take: the steadiest of several measurements.

    `None` if times vary too much in all of them.
    """
    feeds = random_feeds(original.inputs, sizes_of(graph).measured, np.random.default_rng(0))
    best = None
    with scratch_folder() as folder:
        first = next(iter(original.files), None) or write_model(original, folder / "original.onnx")[-1]
        second = smaller if isinstance(smaller, Path) else write_model(smaller, folder / "smaller.onnx")[-1]
        for _ in range(rounds):
            found = compare_latency(first, second, feeds, processors=threads, seconds=seconds)
            if found is not None and (best is None or found.spread < best.spread):
                best = found
            if best is not None and best.spread <= STEADY:
                break
    return best
