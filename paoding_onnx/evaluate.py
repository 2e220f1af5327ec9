"""What pruning did to a model's speed and outputs, measured on made-up inputs."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

import numpy as np

from paoding_onnx.checks import output_difference
from paoding_onnx.errors import ModelError
from paoding_onnx.graph import Array
from paoding_onnx.graph import Graph
from paoding_onnx.inputs import random_feeds
from paoding_onnx.loader import Model
from paoding_onnx.loader import input_specs
from paoding_onnx.session import Session
from paoding_onnx.session import latency_ratio
from paoding_onnx.shapes import runnable_shapes

LEAN_BYTES = 1 << 28
"""Models with more bytes of weights than this are timed without a copy or faster layout of them, to save memory."""

ROWS = 32
"""Random samples on which outputs before and after are compared, where that costs at most `MACS_TO_SPEND`."""
MACS_TO_SPEND = 10**10


def compare(original: Model, pruned: Model, graph: Graph, *, macs: int) -> tuple[float, float]:
    """Latency of `pruned` over that of `original`, and how far its outputs moved (see `output_difference`).

    `graph` is the original's; `macs` what one run of it costs.
    """
    feeds = random_feeds(input_specs(original), runnable_shapes(original, graph), np.random.default_rng(0))
    before, after = _sessions(original, pruned)
    difference = output_difference(*_outputs(original, before, after, feeds, macs))
    return latency_ratio(before, after, feeds), difference


def _sessions(original: Model, pruned: Model) -> tuple[Session, Session]:
    """Both models, optimised by onnxruntime alike: fully, or if they are large as far as that takes no second copy."""
    if sum(array.nbytes for array in original.weights.values()) <= LEAN_BYTES:
        return Session(original, optimise=True), Session(pruned, optimise=True)
    with suppress(ModelError):
        return Session(original, optimise=True, lean=True), Session(pruned, optimise=True, lean=True)
    return Session(original), Session(pruned)


def _outputs(
    original: Model, before: Session, after: Session, feeds: Mapping[str, Array], macs: int
) -> tuple[Mapping[str, Array], Mapping[str, Array]]:
    """Outputs of both models on a batch of random samples, or on one where a batch costs too much or does not run."""
    specs = input_specs(original)
    is_open = all(spec.dims and not isinstance(spec.dims[0], int) for spec in specs)
    if is_open and ROWS * macs < MACS_TO_SPEND:
        shapes = {name: (ROWS, *array.shape[1:]) for name, array in feeds.items()}
        with suppress(ModelError):
            many = random_feeds(specs, shapes, np.random.default_rng(0))
            return before.run(many), after.run(many)
    return before.run(feeds), after.run(feeds)
