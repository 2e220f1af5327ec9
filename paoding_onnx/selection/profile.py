"""What a model does on inputs, gathered once: which units are dispensable, and what it costs to lose them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from paoding_onnx.calibration import Samples
from paoding_onnx.dependency.cost import cost, nothing
from paoding_onnx.dependency.trace import Trace
from paoding_onnx.layerwise.layers import Layer, layers_of
from paoding_onnx.layerwise.statistics import ActivationStatistics, observe_units
from paoding_onnx.layerwise.weights import Candidate, View
from paoding_onnx.model.graph import Array
from paoding_onnx.model.load import Model
from paoding_onnx.samplers import Sampler
from paoding_onnx.selection.curve import Sensitivity
from paoding_onnx.selection.sensitivity import SHARES, Probe, measure
from paoding_onnx.shapes.observe import observe, shapes_of_two

MACS_TO_MEASURE = 5 * 10**11
"""Multiply-adds to spend on measuring harm; some ten seconds on two cores."""
FEWEST_PROBES, MOST_PROBES = 4, 128


@dataclass(frozen=True, slots=True)
class Profile:
    """Inputs, what units do on them, and the order in which each group (by its first unit) loses its units.

    `layers` are those that can be fitted, by site. `sensitivities` says what losing units does to the outputs, group by group;
    empty if it was not measured.
    """

    samples: Samples
    observed: ActivationStatistics
    orders: Mapping[int, tuple[Candidate, ...]]
    layers: Mapping[int, Layer]
    sensitivities: tuple[Sensitivity, ...] = ()


def measure_profile(
    model: Model,
    trace: Trace,
    samples: Samples,
    sampler: Sampler,
    *,
    is_measured: bool,
    is_made_up: bool,
    memory: int,
    seed: int,
    progress: Callable[[str, float], None] = lambda _what, _share: None,
) -> Profile:
    """Run `model` on `samples`, rank the units of every group, and measure harm if that is asked for.

    On inputs that are made up, stored statistics of normalisations are replaced by those of the inputs.

    Raises:
        ModelError: if a part of the model cannot be run alone.
    """
    progress("observing units", 0.0)
    observed = observe_units(model, trace, samples.batches, renormalise=is_made_up, memory=memory)
    view = View(trace, nothing(trace), MappingProxyType({}), unit_statistics=observed.unit_statistics)
    rng = np.random.default_rng(seed)
    orders = {}
    for number, group in enumerate(trace.groups):
        progress("ranking units", 0.1 + 0.2 * number / len(trace.groups))
        orders[group.start] = sampler(view, group, group.n_units - 1, rng)
    graph = observe(model, shapes_of_two(model, samples.batches[0]))
    layers = {layer.index: layer for layer in layers_of(graph)}
    sensitivities: tuple[Sensitivity, ...] = ()
    if is_measured:
        probe = Probe(model, view, _probes(trace, samples), observed.statistics, memory)
        sensitivities = measure(probe, orders, layers, lambda share: progress("measuring harm", 0.3 + 0.7 * share))
    return Profile(samples, observed, MappingProxyType(orders), MappingProxyType(layers), sensitivities)


def _probes(trace: Trace, samples: Samples) -> tuple[Mapping[str, Array], ...]:
    """As many batches as there is time to measure harm on."""
    each = max(samples.n_samples // len(samples.batches), 1)
    per_sample = cost(trace, nothing(trace)).macs * len(trace.groups) * len(SHARES) // 2
    affordable = min(MACS_TO_MEASURE // max(per_sample, 1), MOST_PROBES)
    if affordable >= each or any((trace.graph.tensors[name].shape or (0,))[0] != 1 for name in trace.graph.inputs):
        return samples.batches[: max(affordable // each, 1)]
    fewest = max(affordable, FEWEST_PROBES)
    return ({name: value[:fewest] for name, value in samples.batches[0].items()},)
