"""Shapes and shape arithmetic, measured: the model runs once (twice if it has open axes) and every tensor is looked at.

onnxruntime judges the result anyway, so its word on what shape a tensor has is taken from the start; no operator's
shape rule is written down a second time. The second run, with other sizes, tells which numbers depend on open axes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from paoding_onnx.errors import ModelError
from paoding_onnx.model.graph import Array, Graph, Origin, Tensor
from paoding_onnx.model.load import Model, TensorSpec
from paoding_onnx.model.read import computed_names, input_dependent_names, read_graph
from paoding_onnx.model.session import Session
from paoding_onnx.shapes.data_dependence import data_dependent_tensors
from paoding_onnx.shapes.dummy_inputs import Shapes, choose_shapes, random_feeds

SMALL = 256
"""Tensors of at most this many elements may be shape arithmetic: their content is kept."""
_SIZES = (64, 96, 224, 32, 128, 256, 16, 512, 8, 1)


def observe(model: Model, given: Shapes | None = None, *, verbose: bool = False) -> Graph:
    """The model's graph with the shape of every tensor and the content of small integer ones.

    Raises:
        ModelError: if onnxruntime does not load the model, or runs it at none of the sizes tried.
    """
    session = Session(model, watch=computed_names(model), verbose=verbose)
    runs = _runs(session, model.inputs, given)
    first = next(runs)
    is_open = any(not isinstance(dim, int) for spec in model.inputs for dim in spec.dims)
    second = next(runs, None) if is_open else first
    input_dependent = input_dependent_names(model)
    measured = {
        name: _tensor(name, value, second if name in input_dependent else first) for name, value in first.items()
    }
    for name in (spec.name for spec in model.inputs):
        measured[name] = replace(measured[name], origin=Origin.INPUT)
    graph = read_graph(model, measured)
    data_dependent = graph.tensors.keys() & data_dependent_tensors(graph)
    unknown = {name: replace(graph.tensors[name], value=None, varies=None) for name in sorted(data_dependent)}
    return read_graph(model, measured | unknown)


def runnable_shapes(model: Model, graph: Graph) -> Shapes:
    """Input shapes at which `graph` was measured: the model is known to run on them."""
    return {spec.name: graph.tensors[spec.name].shape or () for spec in model.inputs}


def shapes_of_two(model: Model, feed: Mapping[str, Array]) -> Shapes:
    """The shapes of a feed, its samples down to two where an open axis holds them: enough to tell them from ones."""
    is_open = {spec.name: bool(spec.dims) and not isinstance(spec.dims[0], int) for spec in model.inputs}
    return {
        name: (2, *value.shape[1:]) if is_open.get(name) and value.shape[:1] > (2,) else value.shape
        for name, value in feed.items()
    }


def other_shapes(model: Model, graph: Graph) -> Iterator[Shapes]:
    """More shapes for inputs with open axes, other than those `graph` was measured at; none if no axis is open."""
    specs = model.inputs
    if all(isinstance(dim, int) for spec in specs for dim in spec.dims):
        return
    measured = runnable_shapes(model, graph)
    for size in _SIZES:
        if size not in {side for shape in measured.values() for side in shape}:
            yield choose_shapes(specs, batch=2, size=size)


def _runs(session: Session, specs: Sequence[TensorSpec], given: Shapes | None) -> Iterator[dict[str, Array]]:
    """All tensors of the runs that succeed; each run has another batch and other sizes than those before it."""
    failure: ModelError | None = None
    batch = 1
    sizes = list(_SIZES)
    for size in sizes:  # grows by the size that ran: axes that take no other may still have an open batch
        shapes = choose_shapes(specs, batch=batch, size=size, given=given if batch == 1 else None)
        feeds = random_feeds(specs, shapes, np.random.default_rng(0))
        try:
            tensors = session.run(feeds) | feeds
        except ModelError as error:
            failure = failure or error
            continue
        yield tensors
        batch += 1
        sizes.append(size)
    if batch == 1:
        raise failure or ModelError("the model was never run")


def _tensor(name: str, value: Array, second: Mapping[str, Array] | None) -> Tensor:
    if not isinstance(value, np.ndarray):
        return Tensor(name, Origin.COMPUTED)
    tensor = Tensor(name, Origin.COMPUTED, value.shape, value.dtype)
    if value.dtype.kind not in "iuf" or value.size > SMALL:
        return tensor
    other = None if second is None else second.get(name)
    if other is None or other.shape != value.shape:
        return replace(tensor, value=value, varies=np.ones(value.shape, np.bool_))
    return replace(tensor, value=value, varies=np.asarray(other != value))
