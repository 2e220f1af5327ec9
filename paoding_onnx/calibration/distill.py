"""DISTIL synthetic inputs: move them by gradient until the network's own normalisations see what they saw in training.

A BatchNormalization that the exporter kept holds the mean and variance of every channel on the real data. Inputs on
which every layer has these are nearer to the real ones than any that are only drawn. Nothing but inputs is changed.

Source: Yin et al. 2020, "Dreaming to Distill" (DeepInversion), without labels and without a prior on images.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import onnx
from numpy.typing import NDArray

from paoding_onnx.calibration.samples import Samples
from paoding_onnx.context import Run
from paoding_onnx.dependency.trace import Trace
from paoding_onnx.errors import ModelError
from paoding_onnx.gradients.freeze import record
from paoding_onnx.gradients.reverse import reverse_pass
from paoding_onnx.gradients.writer import Writer, version_of
from paoding_onnx.layerwise.statistics import normalising
from paoding_onnx.model.load import Model, lift
from paoding_onnx.model.node_index import places_of
from paoding_onnx.model.nodes import Array
from paoding_onnx.model.session import Session
from paoding_onnx.rules.binding import BoundNode, stored_statistics
from paoding_onnx.shapes.observe import sizes_of

Doubles = NDArray[np.float64]

MOST_SAMPLES = 256
ROWS = 128
"""Samples that together should have the statistics, where memory allows; fewer are made too much alike."""
FEWEST_ROWS = 8
HELD = 8
"""A reverse pass holds about this many times what one run computes."""
STRIDE = 0.05
"""How far a number moves in a step, as a share of the standard deviation of its input."""
OF_SLOPES, OF_SQUARES = 0.9, 0.999
"""What a step keeps of the averages of slopes and of their squares."""
LOSS = "statistics_loss"
TINY = 1e-8


def distil(
    model: Model,
    trace: Trace,
    samples: Samples,
    steps: int,
    run: Run,
) -> Samples:
    """At most `MOST_SAMPLES` of the samples, moved in `steps` steps towards the statistics stored in `model`.

    All numbers stay within what the samples have at that place. Other inputs than the one with the most numbers stay.

    Raises:
        ModelError: if the model stores no statistics, or has no gradient.
    """
    bound_nodes = [trace.bound_nodes[index] for index in normalising(trace)]
    if not bound_nodes:
        raise ModelError("the model stores no statistics of its training data")
    if samples.is_bare:
        raise ModelError("no axis of the input counts samples")
    name = _moved(samples)
    rows = _rows(model, trace, samples, run.memory)
    count = min(samples.n_samples, MOST_SAMPLES) // rows * rows
    batches = _regrouped(samples.batches, rows, np.linspace(0, samples.n_samples - 1, count).astype(np.int64))
    slope = _Slope(_with_loss(model, bound_nodes, rows / _traced(trace)), batches[0], name)
    values = np.concatenate([feed[name] for feed in batches])
    walk = _Walk(values.min(0), values.max(0), STRIDE * float(values.std()), steps)
    found = []
    for number, feed in enumerate(batches):
        part = run.part(number / len(batches), 1 / len(batches))
        found.append({**feed, name: walk.down(slope, feed, name, part)})
    usual = len(next(iter(samples.batches[0].values())))
    return Samples(
        tuple(_regrouped(found, usual, np.arange(count))), f"{samples.description}, distilled in {steps} steps"
    )


def _moved(samples: Samples) -> str:
    """The input of floats with the most numbers."""
    feed = samples.batches[0]
    floats = [name for name, value in feed.items() if value.dtype.kind == "f"]
    if not floats:
        raise ModelError("the model reads no floats, which could be moved")
    found = max(floats, key=lambda name: feed[name].size)
    others = [name for name, value in feed.items() if value.shape[:1] != feed[found].shape[:1]]
    if others:
        raise ModelError(f"input {others[0]!r} does not hold one entry for each sample")
    return found


def _rows(model: Model, trace: Trace, samples: Samples, memory: int) -> int:
    """How many samples to move together."""
    sizes = [spec.dims[0] for spec in model.inputs if spec.dims]
    fixed = [size for size in sizes if isinstance(size, int)]
    computed = [tensor.shape or () for tensor in trace.graph.tensors.values() if not tensor.is_constant]
    bytes_of_one = 4 * sum(map(math.prod, computed)) // _traced(trace)
    rows = fixed[0] if fixed else min(ROWS, samples.n_samples, memory // max(HELD * bytes_of_one, 1))
    if rows < FEWEST_ROWS:
        raise ModelError(f"{rows} samples at a time are too few to have statistics, at least {FEWEST_ROWS} are needed")
    return rows


def _traced(trace: Trace) -> int:
    """How many samples the shapes in the trace are for."""
    return max((shape[0] for shape in sizes_of(trace.graph).traced.shapes.values() if shape), default=1)


def _regrouped(
    batches: Sequence[Mapping[str, Array]], rows: int, chosen: NDArray[np.int64]
) -> list[Mapping[str, Array]]:
    """Batches of `rows` samples each, made of the samples in `chosen`."""
    whole = {name: np.concatenate([feed[name] for feed in batches]) for name in batches[0]}
    parts = [chosen[start : start + rows] for start in range(0, len(chosen), rows)]
    return [{name: np.ascontiguousarray(value[part]) for name, value in whole.items()} for part in parts]


@dataclass(frozen=True, slots=True)
class _Walk:
    """Gradient descent between bounds, with steps that depend on how steady a slope is, not how steep.

    Source: Kingma, Ba 2015, "Adam".
    """

    low: Array
    high: Array
    stride: float
    steps: int

    def down(self, slope: _Slope, feed: Mapping[str, Array], name: str, run: Run) -> Array:
        """The content of input `name` after all steps."""
        start = feed[name]
        here = start.astype(np.float32)
        slopes, squares = np.zeros_like(here), np.zeros_like(here)
        for step in range(1, self.steps + 1):
            found = slope({**feed, name: here})
            slopes += (1 - OF_SLOPES) * (found - slopes)
            squares += (1 - OF_SQUARES) * (np.square(found) - squares)
            pace = np.sqrt(squares / (1 - OF_SQUARES**step)) + np.finfo(np.float32).tiny
            here = np.clip(here - self.stride * slopes / (1 - OF_SLOPES**step) / pace, self.low, self.high)
            run.tell("distilling inputs", step / self.steps)
        return here.astype(start.dtype)


class _Slope:
    """The gradient of the loss by one input, for as many samples as in `feed`.

    Raises:
        ModelError: if there is none.
    """

    def __init__(self, scored: Model, feed: Mapping[str, Array], name: str) -> None:
        _, backward, seed = reverse_pass(record(scored, feed), name, LOSS)
        self._session = Session(lift(backward), optimise=True)
        self._name, self._seed = name, {seed: np.ones(1, np.float32)}

    def __call__(self, feed: Mapping[str, Array]) -> NDArray[np.float32]:
        """The gradient, shaped like the input, in arbitrary units."""
        singles = {name: value.astype(np.float32) for name, value in feed.items() if value.dtype.kind == "f"}
        found = self._session.run({**feed, **singles, **self._seed})[self._session.output_names[-1]]
        return np.asarray(found, np.float32).reshape(feed[self._name].shape)


def _with_loss(model: Model, bound_nodes: Sequence[BoundNode], growth: float) -> Model:
    """The model with one more output: how far the channels of all normalisations are from their statistics.

    It is right for batches `growth` times as large as those at which the nodes were measured.

    With z a channel shifted and scaled by the stored mean and deviation, that is mean(z)^2 + (deviation(z) - 1)^2,
    averaged over channels and then over normalisations. The normalisations themselves are spelled out from the same z.
    """
    proto = onnx.ModelProto()
    proto.CopyFrom(model.proto)
    version = version_of(proto)
    writers = [Writer(f"{LOSS}_{number}", version) for number in range(len(bound_nodes))]
    losses = [_write_loss(bound, writer, growth) for bound, writer in zip(bound_nodes, writers, strict=True)]
    places = places_of(proto, (bound.node for bound in bound_nodes))
    spelled_out = {place: writer.nodes for place, writer in zip(places, writers, strict=True)}
    last = Writer(f"{LOSS}_of_all", version)
    total = losses[0]
    for loss in losses[1:]:
        total = last.add("Add", total, loss)
    last.scaled(total, 1 / len(losses), output=LOSS)
    nodes = [new for place, node in enumerate(proto.graph.node) for new in spelled_out.get(place, [node])]
    copies = [onnx.NodeProto.FromString(node.SerializeToString()) for node in (*nodes, *last.nodes)]
    del proto.graph.node[:]
    proto.graph.node.extend(copies)
    for writer in (*writers, last):
        proto.graph.initializer.extend(writer.constants)
    proto.graph.output.append(onnx.helper.make_tensor_value_info(LOSS, onnx.TensorProto.FLOAT, None))
    return Model(proto, model.weights)


def _write_loss(bound: BoundNode, writer: Writer, growth: float) -> str:
    """Write the loss of one normalisation, and the normalisation itself; returns the name of the loss."""
    statistics, affine, node = stored_statistics(bound), bound.rule.affine, bound.node
    source = node.inputs[0]
    if source is None or source.shape is None or affine is None or statistics is None:
        raise ModelError(f"the statistics of {node.name!r} cannot be used")
    if source.dtype != np.float32:
        raise ModelError(f"{node.name!r} computes in {source.dtype}, and not in float32")
    axis, ndim = statistics.axis, len(source.shape)
    gain, shift = np.asarray(affine.gain, np.float64), np.asarray(affine.shift, np.float64)
    centre = np.asarray(statistics.mean.value, np.float64)
    spread = np.sqrt(np.asarray(statistics.variance.value, np.float64) + TINY)
    shape = tuple(-1 if k == axis else 1 for k in range(ndim))

    def moved(of: str, factor: Doubles, term: Doubles, output: str = "") -> str:
        """A tensor times one vector, plus another."""
        product = writer.scaled(of, np.reshape(factor, shape))
        return writer.add("Add", product, writer.constant(np.reshape(term, shape)), output=output)

    def mean(of: str) -> str:
        """A mean over samples and places: a sum, divided where it is small, so its reverse is cheap."""
        return writer.scaled(writer.sum(of, others), 1 / count)

    z = moved(source.name, 1 / spread, -centre / spread)
    moved(z, gain * spread, shift + gain * centre, bound.node.first_output.name)
    others = tuple(k for k in range(ndim) if k != axis)
    count = growth * math.prod(source.shape[k] for k in others)
    first = mean(z)
    level = writer.add("Mul", first, first)
    variance = writer.add("Sub", mean(writer.add("Mul", z, z)), level)
    deviation = writer.add("Sqrt", writer.add("Add", variance, writer.constant(TINY)))
    off = writer.add("Sub", deviation, writer.constant(1.0))
    both = writer.add("Add", level, writer.add("Mul", off, off))
    return writer.scaled(writer.sum(both, tuple(range(ndim)), keeps_axes=False), 1 / source.shape[axis])
