"""A FEW inputs for a first look at a model, cheap to make: one draw for all guesses, and nothing is run.

They must take part in no fit: `paoding_onnx.calibration.synthesize` makes inputs that suit the model.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from paoding_onnx.calibration import sources
from paoding_onnx.calibration.file_hints import options_said
from paoding_onnx.calibration.input_kinds import batch_for, main_input, roles_of
from paoding_onnx.calibration.samples import Request, Samples
from paoding_onnx.calibration.synthesize import feeds_of, likely, noise_about, sizes_under, whole
from paoding_onnx.model.graph import Graph
from paoding_onnx.model.load import Model
from paoding_onnx.model.nodes import Array
from paoding_onnx.shapes.observe import runnable_shapes


def few_samples(model: Model, graph: Graph, request: Request, *, has_strays: bool = False) -> Samples:
    """As many inputs as `request` asks for, of every family and under every likely guess of what the model reads.

    With `has_strays` the same rows under every other guess stand beside them, and noise. Same model and request, same
    bytes.

    Raises:
        ModelError: if an input is not a tensor of numbers.
        UsageError: if the options do not fit the model.
    """
    rng, shapes = np.random.default_rng(request.seed), runnable_shapes(graph)
    options = options_said(model, request.inputs)
    index = main_input(model.inputs, shapes)
    batch = min(batch_for(graph), request.n_samples)
    roles = roles_of(model.inputs, graph, shapes, options, batch=batch)
    main, others = roles[index], (*roles[:index], *roles[index + 1 :])
    source = sources.source_of(main, graph, options, is_plain=True)
    drawn = sources.mixed(source, np.ones(len(source.families), np.float32), whole(request.n_samples, main.step), rng)
    weights = np.array([guess.weight for guess in source.guesses])
    shares = likely(weights, sizes_under(source, drawn))
    stops = np.round(np.cumsum([0.0, *shares]) * len(drawn)).astype(int).tolist()
    parts = zip(source.guesses, pairwise(stops), strict=True)
    rows = np.concatenate([guess.finish(drawn[start:stop]) for guess, (start, stop) in parts if stop > start])
    described = ", ".join(word for word in (source.guesses[0].description, *source.families) if word)
    strays: list[Array] = []
    if has_strays:
        is_likely = (weights >= sources.NEARLY * weights.max()) & (shares == 0)
        strays += [source.guesses[k].finish(drawn) for k in np.flatnonzero(is_likely)]
        strays += noise_about(rows, len(rows), rng) if sources.is_guess(main, graph, options) else []
    batches, *others_of = (tuple(feeds_of(one, main, others, rng)) for one in (rows, *strays))
    return Samples(batches, described, is_bare=main.is_bare, strays=tuple(others_of))
