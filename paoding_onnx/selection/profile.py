"""What was seen of a model on inputs, as a value: which units are dispensable, and what it costs to lose them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from paoding_onnx.calibration.samples import Samples
from paoding_onnx.dependency.trace import Trace
from paoding_onnx.layerwise.layers import Layer, layers_of
from paoding_onnx.layerwise.weights import Candidate
from paoding_onnx.model.load import Model
from paoding_onnx.reconstruction.basis import Basis
from paoding_onnx.selection.curve import Sensitivity
from paoding_onnx.shapes.observe import first_two, observe_on


@dataclass(frozen=True, slots=True)
class Profile:
    """What was seen of a model on inputs: the basis for fitting it, and the order in which each group loses its units.

    `orders` are given by the first unit of the group. `sensitivities` says, group by group, what losing units does to
    the outputs; empty if it was not measured.
    """

    basis: Basis
    orders: Mapping[int, tuple[Candidate, ...]]
    sensitivities: tuple[Sensitivity, ...] = ()


def layers_on(model: Model, trace: Trace, samples: Samples) -> Mapping[int, Layer]:
    """The layers of a model that can be fitted, by node, as they are on these samples."""
    graph = observe_on(model, first_two(trace.graph, samples.batches[0]))
    return MappingProxyType({layer.index: layer for layer in layers_of(graph)})


def in_two(model: Model, samples: Samples) -> Samples:
    """The samples in at least two batches, as far as the model allows it: one half judges what the other tells."""
    feed = samples.batches[0]
    open_inputs = {spec.name for spec in model.inputs if spec.dims and not isinstance(spec.dims[0], int)}
    lengths = {len(value) if value.ndim else 0 for value in feed.values()}
    if len(samples.batches) > 1 or open_inputs != feed.keys() or len(lengths) != 1 or lengths <= {0, 1}:
        return samples
    half = (lengths.pop() + 1) // 2
    parts = (slice(None, half), slice(half, None))
    return replace(samples, batches=tuple({name: value[part] for name, value in feed.items()} for part in parts))
