"""Samplers that judge a unit by the size of its own weights."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from paoding_onnx.dependency.trace import Group, Role
from paoding_onnx.layerwise.weights import Candidate, View, unit_sums, weight_axes


def channel_scale(view: View, group: Group, count: int, rng: np.random.Generator) -> tuple[Candidate, ...]:
    """The `count` units of least channel scale: the mean absolute weight of the filters that make them.

    Source: paper section III, "Conv2D Layers". Differs from the original program: filters are ranked over the inputs
    that are still there, channels that several layers make together (residual streams) are ranked by the sum of their
    scales, and a layer whose channels are the model's output is never pruned.
    """
    scores = np.zeros(group.n_units)
    for parameter_axis in weight_axes(view, group, _main_role(view, group)):
        sums, counts = unit_sums(view, group, parameter_axis, 1)
        scores += sums / np.maximum(counts, 1)
    return least(view, group, scores, count)


def magnitude(view: View, group: Group, count: int, rng: np.random.Generator) -> tuple[Candidate, ...]:
    """The `count` units with the least product of incoming and outgoing weight norm (L2, over all weights and biases).

    Either norm counts as one where missing. A bias that a node of its own adds is not seen.
    """
    scores = np.ones(group.n_units)
    for role in (Role.PRODUCES, Role.CONSUMES):
        parameter_axes = group.having(role)
        if parameter_axes:
            scores *= np.sqrt(sum(unit_sums(view, group, parameter_axis, 2)[0] for parameter_axis in parameter_axes))
    return least(view, group, scores, count)


def least(view: View, group: Group, scores: NDArray[np.floating], count: int) -> tuple[Candidate, ...]:
    """The `count` remaining units of least score `(n_units,)`, ascending; ties go by unit number."""
    kept = view.kept_units(group)
    ranked = kept[np.argsort(scores[kept - group.start], kind="stable")]
    return tuple(Candidate(int(unit), float(scores[unit - group.start])) for unit in ranked[:count])


def _main_role(view: View, group: Group) -> Role:
    return Role.PRODUCES if weight_axes(view, group, Role.PRODUCES) else Role.CONSUMES
