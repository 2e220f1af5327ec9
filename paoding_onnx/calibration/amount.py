"""How many samples a model needs to be fitted on, and where they come from if it takes none of the usual ones."""

from __future__ import annotations

import math

import numpy as np

from paoding_onnx.calibration.samples import Request, Samples
from paoding_onnx.calibration.synthesize import make_samples
from paoding_onnx.dependency.cost import cost, nothing
from paoding_onnx.dependency.trace import Trace
from paoding_onnx.errors import ModelError
from paoding_onnx.layerwise.layers import ROWS_PER_FEATURE, layers_of
from paoding_onnx.model.graph import Graph
from paoding_onnx.model.input_sizes import Shapes
from paoding_onnx.model.load import Model
from paoding_onnx.model.session import Session
from paoding_onnx.rules.binding import rebound
from paoding_onnx.shapes.dummy_inputs import random_feeds
from paoding_onnx.shapes.observe import runnable_shapes, sizes_of

FEWEST_SAMPLES, MOST_SAMPLES = 16, 4096


USUAL_SAMPLES = 256
"""Samples for statistics, where multiply-adds and memory allow."""


MOST_NUMBERS = 1 << 22
"""Numbers that all samples of the inputs together hold, where that leaves `USUAL_SAMPLES`."""


MOST_RUNS = 256
"""Batches of a model that takes samples in batches of one size, each of which is run for itself."""


MACS_TO_RUN = 15 * 10**10
"""Multiply-adds to spend on one run of all samples; some seconds on two cores."""


def made_samples(model: Model, graph: Graph, request: Request, session: Session | None = None) -> Samples:
    """Synthetic inputs of the shapes at which costs are told; plain random ones where the model takes no others.

    `session` as for `make_samples`.
    """
    shapes = runnable_shapes(graph)
    try:
        return make_samples(model, graph, request, shapes=shapes, session=session)
    except ModelError:
        rng = np.random.default_rng(request.seed)
        return Samples((random_feeds(model.inputs, sizes_of(graph).measured, rng),), "random numbers")


def n_samples_for(model: Model, trace: Trace, shapes: Shapes) -> int:
    """How many samples it takes to fit the layers of a model, within bounds of time and memory."""
    batch = max(min((shape[0] for shape in shapes.values() if shape), default=1), 1)
    wanted = USUAL_SAMPLES
    for layer in layers_of(trace.graph):
        there = rebound(layer.bound, sizes_of(trace.graph).shapes) or layer.bound.binding
        rows = max(math.prod(there.sizes[name] for name in layer.of.rows) // batch, 1)
        wanted = max(wanted, ROWS_PER_FEATURE * layer.of.n_features(layer.bound) // rows)
    numbers = max(sum(int(np.prod(shape)) for shape in shapes.values()) // batch, 1)
    macs = max(cost(trace, nothing(trace)).macs // batch, 1)
    most = min(MOST_SAMPLES, max(MOST_NUMBERS // numbers, USUAL_SAMPLES), MACS_TO_RUN // macs)
    if any(isinstance(size, int) for spec in model.inputs for size in spec.dims[:1]):
        most = min(most, MOST_RUNS * batch)
    return max(min(wanted, most), FEWEST_SAMPLES)
