"""REPAIR: what a removed unit contributed is handed to the units that stay, through the weights that consume it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from paoding_onnx.dependency.trace import Group, Mask, Role
from paoding_onnx.dependency.union_find import Ids
from paoding_onnx.layerwise.contraction import matrix
from paoding_onnx.layerwise.layers import Layer
from paoding_onnx.layerwise.statistics import damped
from paoding_onnx.layerwise.weights import Candidate, UnitStatistics, View
from paoding_onnx.model.nodes import Array

EXACT = 1e-4
"""Share of a unit's size that is taken for rounding."""
PLACES_FOR_SUMS = 2
"""Units seen at fewer places than this times their number are sums of each other by chance."""


def merge_units(view: View, group: Group, candidates: Sequence[Candidate]) -> Mapping[str, Array]:
    """Constants (by name, where they differ from the file's) after merge targets took over the candidates' weights.

    In every consuming weight the merge target's slice grows by `coefficient` times the slice of the unit that goes.
    Candidates are taken in order, so a merge target that goes later hands on what it took over.

    Source: paper section III, reference [4] there.
    """
    merges = [c for c in candidates if c.merge_target is not None and c.coefficient]
    overrides = dict(view.overrides)
    for parameter_axis in group.having(Role.CONSUMES) if merges else ():
        value = np.array(overrides.get(parameter_axis.use.tensor, view.content(parameter_axis)))
        rows = np.moveaxis(value, parameter_axis.axis, 0)
        positions = _by_unit(view.units(parameter_axis), group)
        for candidate in merges:
            source = positions.get(candidate.unit)
            target = positions.get(candidate.merge_target if candidate.merge_target is not None else -1)
            if source is not None and target is not None and len(source) == len(target):
                rows[target] += np.asarray(candidate.coefficient * rows[source], rows.dtype)
        value.flags.writeable = False
        overrides[parameter_axis.use.tensor] = value
    return MappingProxyType(overrides)


def compensate(
    view: View, group: Group, units: Sequence[int], layers: Mapping[int, Layer] = MappingProxyType({})
) -> Mapping[str, Array]:
    """Constants after the units of a group that stay stand in for `units`, as well as the moments allow.

    In every consumer that was observed a removed unit becomes the sum of kept ones that is nearest to it on the inputs,
    and its mean goes into the offset of the layer, given by node, where there is one. Removed units weigh nothing.
    """
    overrides = dict(view.overrides)
    gone = np.zeros(group.n_units, np.bool_)
    gone[np.asarray(units, np.int64) - group.start] = True
    for parameter_axis in group.having(Role.CONSUMES):
        unit_statistics = view.unit_statistics.get((group.start, parameter_axis.node_index))
        value = np.array(overrides.get(parameter_axis.use.tensor, view.content(parameter_axis)))
        if unit_statistics is None or value.dtype.kind != "f":
            continue
        layer = layers.get(parameter_axis.node_index)
        has_offset = layer is not None and layer.offset is not None
        share = _shares(unit_statistics, gone, centred=has_offset)
        rows = np.moveaxis(value, parameter_axis.axis, 0)
        positions = group.positions(view.units(parameter_axis)).reshape(group.n_units, -1)
        lost = rows[positions[gone]].astype(np.float64)
        rows[positions[~gone]] = np.add(rows[positions[~gone]], np.tensordot(share.T, lost, 1).astype(rows.dtype))
        rows[positions[gone]] = 0
        overrides[parameter_axis.use.tensor] = value
        if layer is not None and layer.offset is not None:
            constant = np.zeros_like(value)
            left = unit_statistics.mean[gone] - share @ unit_statistics.mean[~gone]
            np.moveaxis(constant, parameter_axis.axis, 0)[positions[gone]] = lost * left.reshape(
                -1, *[1] * (lost.ndim - 1)
            )
            shift = layer.offset.scale * matrix(layer.bound, layer.of, constant).sum(1)
            old = np.asarray(overrides.get(layer.offset.tensor, view.constant(layer.offset.tensor)))
            overrides[layer.offset.tensor] = np.asarray(old + shift.reshape(old.shape), old.dtype)
    return MappingProxyType(overrides)


def _shares(unit_statistics: UnitStatistics, gone: Mask, *, centred: bool) -> NDArray[np.float64]:
    """How much of each kept unit makes up for each removed one; `(n_removed, n_kept)`.

    With a ridge, except for units that are sums of kept ones to the last bit.
    """
    second = (
        unit_statistics.covariance
        if centred
        else unit_statistics.covariance + np.outer(unit_statistics.mean, unit_statistics.mean)
    )
    safe = damped(second, unit_statistics.count)
    shares = np.linalg.solve(safe[np.ix_(~gone, ~gone)], safe[np.ix_(~gone, gone)]).T
    if unit_statistics.count < PLACES_FOR_SUMS * len(gone) or not has_sums(second):
        return np.asarray(shares)
    inner, across = second[np.ix_(~gone, ~gone)], second[np.ix_(~gone, gone)]
    sums = (np.linalg.pinv(inner, rcond=1e-6, hermitian=True) @ across).T
    left = np.diagonal(second)[gone] - np.einsum("uk,ku->u", sums, across)
    is_sum = left <= EXACT * np.diagonal(second)[gone]
    return np.asarray(np.where(is_sum[:, None], sums, shares))


def has_sums(second: NDArray[np.float64]) -> bool:
    """Whether a unit may be a sum of others, but for a share `EXACT` of its size; silent units are left out.

    None is if the matrix of their products stays positive definite without that share of its diagonal: then every sum
    of units that holds one of them once is larger than that.
    """
    is_heard = np.diagonal(second) > 0
    heard = second[np.ix_(is_heard, is_heard)]
    try:
        np.linalg.cholesky(heard - np.diag(EXACT * np.diagonal(heard)))
    except np.linalg.LinAlgError:
        return True
    return False


def _by_unit(units: Ids, group: Group) -> dict[int, Array]:
    """Positions of each of the group's units on an axis, ascending."""
    positions = group.positions(units)
    found, starts = np.unique(units[positions], return_index=True)
    return {int(unit): part for unit, part in zip(found, np.split(positions, starts[1:]), strict=True)}
