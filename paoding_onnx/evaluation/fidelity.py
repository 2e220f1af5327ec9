"""What pruning did to a model's speed and outputs, measured on synthetic inputs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from paoding_onnx.calibration.amount import made_samples
from paoding_onnx.calibration.samples import InputOptions, Request
from paoding_onnx.errors import ModelError
from paoding_onnx.evaluation.compare import agreement
from paoding_onnx.evaluation.latency import latency_ratio
from paoding_onnx.evaluation.measured import Measured
from paoding_onnx.evaluation.predictions import classes_said, form_of_one
from paoding_onnx.model.compare import output_difference
from paoding_onnx.model.graph import Graph
from paoding_onnx.model.load import Model
from paoding_onnx.model.nodes import Array
from paoding_onnx.model.session import Session
from paoding_onnx.shapes.dummy_inputs import random_feeds
from paoding_onnx.shapes.observe import sizes_of

LOW_MEMORY_BYTES = 1 << 28
"""Models with more bytes of weights than this are timed without a copy or faster layout of them, to save memory."""

FEWEST, MOST = 8, 64
"""Inputs on which outputs before and after are compared."""
QUICK, THOROUGH = 3 * 10**10, 10**12
"""Multiply-adds to spend on comparing: about half a second, or ten, on two cores."""
FRESH_SEED = 10**6
"""Added to the user's seed, so that the inputs are others than those that layers were reconstructed on."""


def request_for(macs: int, seed: int, inputs: InputOptions, *, spend: int) -> Request:
    """Fresh synthetic inputs to compare on: as many as `spend` multiply-adds allow where one run takes `macs`.

    >>> request_for(10**9, 0, InputOptions(), spend=QUICK).n_samples
    10
    """
    n_runs = spend // max(macs, 1)
    count = max(min(MOST, n_runs // 3), FEWEST)
    return Request(count, FRESH_SEED + seed, inputs, max(n_runs - 2 * count, 0))


def compare(original: Model, pruned: Model, graph: Graph, request: Request) -> Measured:
    """The comparison on synthetic inputs as they are requested; `graph` is the original's."""
    samples = made_samples(original, graph, request)
    try:
        before, after = _optimised(original, pruned)
        wanted, got = (_joined([session.run(feed) for feed in samples.batches]) for session in (before, after))
        feeds = random_feeds(original.inputs, sizes_of(graph).measured, np.random.default_rng(0))
        ratio = latency_ratio(before, after, feeds)
    except ModelError:  # of onnxruntime's optimiser: the models themselves are known to run
        before, after = Session(original), Session(pruned)
        wanted, got = (_joined([session.run(feed) for feed in samples.batches]) for session in (before, after))
        ratio = math.nan
    return Measured(ratio, output_difference(wanted, got), _same_answers(wanted, got), samples.description)


def _joined(runs: Sequence[Mapping[str, Array]]) -> dict[str, Array]:
    """Outputs of all runs that fit together, one after the other."""
    return {
        name: np.concatenate([run[name] for run in runs if name in run and run[name].shape[1:] == first.shape[1:]])
        if first.ndim
        else first
        for name, first in runs[0].items()
    }


def _same_answers(before: Mapping[str, Array], after: Mapping[str, Array]) -> float | None:
    """Share of the rows of the first output for which both models say the same class; `None` if it has no classes."""
    name = next(iter(before))
    a, b = before[name], after[name]
    if a.dtype.kind != "f" or a.ndim != 2 or a.shape != b.shape or not a.size:
        return None
    form = form_of_one(np.asarray(a, np.float64))
    old, new = (classes_said(np.asarray(rows, np.float64), form) for rows in (a, b))
    return agreement(old, new).value


def _optimised(original: Model, pruned: Model) -> tuple[Session, Session]:
    """Both models, optimised by onnxruntime alike: fully, or if they are large as far as that takes no second copy.

    Raises:
        ModelError: if it does not take them so.
    """
    is_large = sum(array.nbytes for array in original.weights.values()) > LOW_MEMORY_BYTES
    before, after = (Session(model, optimise=True, low_memory=is_large) for model in (original, pruned))
    return before, after
