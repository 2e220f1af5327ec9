"""What a model does on inputs, gathered once: which units are dispensable, and what it costs to lose them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

import numpy as np

from paoding_onnx.calibration.fill import growth
from paoding_onnx.calibration.samples import Samples
from paoding_onnx.context import Run
from paoding_onnx.dependency.cost import cost, nothing
from paoding_onnx.dependency.trace import Trace
from paoding_onnx.layerwise.statistics import observe_units
from paoding_onnx.layerwise.weights import Sampler, View
from paoding_onnx.model.load import Model
from paoding_onnx.model.nodes import Array
from paoding_onnx.reconstruction.basis import Basis
from paoding_onnx.selection.curve import MOST_MEASURED, Sensitivity
from paoding_onnx.selection.profile import Profile, in_two, layers_on, part_of
from paoding_onnx.selection.sensitivity import Probe, measure

MACS_TO_MEASURE = 3 * 10**11
"""Multiply-adds to spend on measuring sensitivity; some seconds on two cores."""
FEWEST_PROBES, USUAL_PROBES, MOST_PROBES = 4, 16, 128
DEARER = 4
"""Up to the usual number of samples may cost so many times as much: by fewer, layers trade places by chance."""
FEWEST_REAL = 8
"""So many of the user's samples say alone what hurts."""


def measure_profile(
    model: Model, trace: Trace, samples: Samples, sampler: Sampler, run: Run, *, is_measured: bool
) -> Profile:
    """Run `model` on `samples`, rank the units of every group, and measure sensitivity if that is asked for.

    On inputs that are synthetic, stored statistics of normalisations are replaced by those of the inputs.

    Raises:
        ModelError: if a part of the model cannot be run alone.
    """
    samples = in_two(model, samples)
    run.tell("observing units", 0.0)
    weights = samples.weights
    seen = observe_units(model, trace, samples.batches, run, renormalise=samples.is_synthetic, weights=weights)
    view = View(trace, nothing(trace), seen.normalization, unit_statistics=seen.units)
    rng = np.random.default_rng(run.seed)
    orders = {}
    for number, group in enumerate(trace.groups):
        run.tell("ranking units", 0.1 + 0.2 * number / len(trace.groups))
        orders[group.start] = sampler(view, group, group.most, rng)
    layers = layers_on(model, trace, samples)
    sensitivities: tuple[Sensitivity, ...] = ()
    if is_measured:
        view = replace(view, unit_statistics=seen.halved)
        probe = Probe(model, view, _probes(model, trace, samples), seen.normalization, run.part(0.3, 0.7))
        shapes = {name: value.shape for name, value in samples.batches[0].items()}
        sensitivities = tuple(replace(one, input_shapes=shapes) for one in measure(probe, orders, layers))
    basis = Basis(samples, seen.whole(), layers)
    return Profile(basis, MappingProxyType(orders), sensitivities)


def _probes(model: Model, trace: Trace, samples: Samples) -> tuple[Mapping[str, Array], ...]:
    """As many batches as there is time to measure sensitivity on, none of them of the half that stand-ins are made of.

    A single batch has to serve for both. Of mixed samples the user's serve alone, where there are enough.
    """
    batches = samples.batches[1::2] or samples.batches
    each = max(samples.n_samples // len(samples.batches), 1)
    most = max(samples.weights, default=1.0)
    real = tuple(feed for feed, w in zip(batches, samples.weights[1::2], strict=False) if w == most)
    if each * len(real) >= FEWEST_REAL:
        batches = real
    macs = cost(trace, nothing(trace)).macs * growth(batches[0], trace.graph)
    affordable = _affordable(max(macs * len(trace.groups) * MOST_MEASURED / 2, 1))
    few = part_of(model, batches[0], slice(affordable))
    return batches[: max(affordable // each, 1)] if affordable >= each or few is None else (few,)


def _affordable(macs: float) -> int:
    """On how many samples there is time to measure, at so many multiply-adds for each."""
    usual = min(int(DEARER * MACS_TO_MEASURE / macs), USUAL_PROBES)
    return max(min(int(MACS_TO_MEASURE / macs), MOST_PROBES), usual, FEWEST_PROBES)
