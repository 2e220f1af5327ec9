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
from paoding_onnx.model.nodes import Array
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
    n_samples = samples.n_samples
    if len(samples.batches) > 1 or n_samples < 2:
        return samples
    half = (n_samples + 1) // 2
    cut = [part_of(model, samples.batches[0], part) for part in (slice(None, half), slice(half, None))]
    parts = tuple(part for part in cut if part is not None)
    return replace(samples, batches=parts) if parts else samples


def part_of(model: Model, feed: Mapping[str, Array], part: slice) -> Mapping[str, Array] | None:
    """Some of the samples of a feed, without whose first axis inputs are as they are; `None` if it cannot be cut."""
    open_inputs = {spec.name for spec in model.inputs if spec.dims and not isinstance(spec.dims[0], int)}
    main = next(iter(feed))
    lengths = {len(value) for name, value in feed.items() if name in open_inputs}
    if main not in open_inputs or len(lengths) != 1:
        return None
    return {name: value[part] if name in open_inputs else value for name, value in feed.items()}
