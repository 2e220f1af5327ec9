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
from paoding_onnx.layerwise.statistics import Moments, damped
from paoding_onnx.model.graph import Array
from paoding_onnx.layerwise.weights import Candidate, View

EXACT = 1e-4
"""Share of a unit's size that is taken for rounding."""


def absorb(view: View, group: Group, candidates: Sequence[Candidate]) -> Mapping[str, Array]:
    """Constants (by name, where they differ from the file's) after each candidate's twin has taken over its weights.

    In every consuming weight the twin's slice grows by `coefficient` times the slice of the unit that goes. Candidates
    are taken in order, so a twin that goes later hands on what it took over.

    Source: paper section III, reference [4] there.
    """
    merges = [c for c in candidates if c.twin is not None and c.coefficient]
    contents = dict(view.contents)
    for place in group.having(Role.CONSUMES) if merges else ():
        value = np.array(contents.get(place.slot.tensor, view.content(place)))
        rows = np.moveaxis(value, place.axis, 0)
        positions = _by_unit(view.units(place), group)
        for candidate in merges:
            source = positions.get(candidate.unit)
            target = positions.get(candidate.twin if candidate.twin is not None else -1)
            if source is not None and target is not None and len(source) == len(target):
                rows[target] += np.asarray(candidate.coefficient * rows[source], rows.dtype)
        value.flags.writeable = False
        contents[place.slot.tensor] = value
    return MappingProxyType(contents)


def stand_in(
    view: View, group: Group, units: Sequence[int], layers: Mapping[int, Layer] = MappingProxyType({})
) -> Mapping[str, Array]:
    """Constants after the units of a group that stay stand in for `units`, as well as the moments allow.

    In every consumer that was observed a removed unit becomes the sum of kept ones that is nearest to it on the inputs,
    and its mean goes into the offset of the layer, given by site, where there is one. Removed units weigh nothing.
    """
    contents = dict(view.contents)
    gone = np.zeros(group.n_units, np.bool_)
    gone[np.asarray(units, np.int64) - group.start] = True
    for place in group.having(Role.CONSUMES):
        moments = view.moments.get((group.start, place.site))
        value = np.array(contents.get(place.slot.tensor, view.content(place)))
        if moments is None or value.dtype.kind != "f":
            continue
        layer = layers.get(place.site)
        has_offset = layer is not None and layer.offset is not None
        share = _shares(moments, gone, centred=has_offset)
        rows = np.moveaxis(value, place.axis, 0)
        positions = group.positions(view.units(place)).reshape(group.n_units, -1)
        lost = rows[positions[gone]].astype(np.float64)
        rows[positions[~gone]] = np.add(rows[positions[~gone]], np.tensordot(share.T, lost, 1).astype(rows.dtype))
        rows[positions[gone]] = 0
        contents[place.slot.tensor] = value
        if layer is not None and layer.offset is not None:
            constant = np.zeros_like(value)
            left = moments.mean[gone] - share @ moments.mean[~gone]
            np.moveaxis(constant, place.axis, 0)[positions[gone]] = lost * left.reshape(-1, *[1] * (lost.ndim - 1))
            shift = layer.offset.scale * matrix(layer.site, layer.of, constant).sum(1)
            old = np.asarray(contents.get(layer.offset.tensor, view.constant(layer.offset.tensor)))
            contents[layer.offset.tensor] = np.asarray(old + shift.reshape(old.shape), old.dtype)
    return MappingProxyType(contents)


def _shares(moments: Moments, gone: Mask, *, centred: bool) -> NDArray[np.float64]:
    """How much of each kept unit makes up for each removed one; `(n_removed, n_kept)`.

    With a ridge, except for units that are sums of kept ones to the last bit.
    """
    second = moments.covariance if centred else moments.covariance + np.outer(moments.mean, moments.mean)
    safe = damped(second)
    shares = np.linalg.solve(safe[np.ix_(~gone, ~gone)], safe[np.ix_(~gone, gone)]).T
    inner, across = second[np.ix_(~gone, ~gone)], second[np.ix_(~gone, gone)]
    sums = (np.linalg.pinv(inner, rcond=1e-6, hermitian=True) @ across).T
    left = np.diagonal(second)[gone] - np.einsum("uk,ku->u", sums, across)
    is_sum = left <= EXACT * np.diagonal(second)[gone]
    return np.asarray(np.where(is_sum[:, None], sums, shares))


def _by_unit(units: Ids, group: Group) -> dict[int, Array]:
    """Positions of each of the group's units on an axis, ascending."""
    positions = group.positions(units)
    found, starts = np.unique(units[positions], return_index=True)
    return {int(unit): part for unit, part in zip(found, np.split(positions, starts[1:]), strict=True)}
