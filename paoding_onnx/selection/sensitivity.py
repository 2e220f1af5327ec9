"""How much the outputs of a model suffer when one group loses units, measured group by group with the others whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np

from paoding_onnx.context import Run
from paoding_onnx.dependency.trace import Group, ParameterAxis, Role
from paoding_onnx.layerwise.dequantize import zero_of
from paoding_onnx.layerwise.layers import Layer
from paoding_onnx.layerwise.stream import Stream
from paoding_onnx.layerwise.weights import Candidate, View
from paoding_onnx.model.compare import distance
from paoding_onnx.model.load import Model
from paoding_onnx.model.nodes import Array
from paoding_onnx.reconstruction.compensate import compensate
from paoding_onnx.selection.curve import Sensitivity, counts_to_measure


@dataclass(frozen=True, slots=True)
class Probe:
    """What to measure on: a model with its trace, inputs, and constants that differ from the file's."""

    model: Model
    view: View
    feeds: Sequence[Mapping[str, Array]]
    overrides: Mapping[str, Array]
    run: Run


def measure(
    probe: Probe,
    orders: Mapping[int, Sequence[Candidate]],
    layers: Mapping[int, Layer],
) -> tuple[Sensitivity, ...]:
    """The sensitivity of every group, in the trace's order, its units going in the order given by its first unit.

    The consumers' weights make up for the loss as `compensate` does, all other groups are whole.

    Raises:
        ModelError: if a part of the model cannot be run alone.
    """
    trace = probe.view.trace
    starts = sorted((_first(group), number) for number, group in enumerate(trace.groups))
    found: dict[int, Sensitivity] = {}
    with Stream(
        probe.model,
        trace.graph,
        probe.feeds,
        overrides=probe.overrides,
        memory=probe.run.memory,
        on=probe.run.deployment,
    ) as stream:
        whole = stream.rest(())({})
        for done, (first, number) in enumerate(starts):
            probe.run.tell("measuring sensitivity", done / len(starts))
            stream.advance(first)
            group = trace.groups[number]
            versions = _versions(probe.view, group, orders[group.start], layers)
            measured = _sensitivity(group, versions, stream, whole)
            found[number] = replace(measured, losses=tuple(c.score for c in orders[group.start]))
    return tuple(found[number] for number in range(len(trace.groups)))


def _first(group: Group) -> int:
    """The first node that reads a constant which the loss of units changes."""
    return min(parameter_axis.node_index for parameter_axis in _changed(group))


def _changed(group: Group) -> Sequence[ParameterAxis]:
    return group.having(Role.CONSUMES) or group.having(Role.PRODUCES)


Versions = Mapping[int, Mapping[str, Array]]
"""The constants that change when a group loses units, by how many it lost."""


def _versions(view: View, group: Group, order: Sequence[Candidate], layers: Mapping[int, Layer]) -> Versions:
    counts = counts_to_measure(group.n_units, [candidate.score for candidate in order])
    found = {count: _without(view, group, [c.unit for c in order[:count]], layers) for count in counts}
    return {
        count: {name: value for name, value in version.items() if value is not view.overrides.get(name)}
        for count, version in found.items()
    }


def _sensitivity(group: Group, versions: Versions, stream: Stream, whole: Mapping[str, Sequence[Array]]) -> Sensitivity:
    """How far the outputs are from those of the `whole` model; those that were made before the group do not move."""
    changed = tuple(dict.fromkeys(name for version in versions.values() for name in version))
    run = stream.rest(changed)
    moved = {count: run(version) for count, version in versions.items()}
    values = (distance({name: whole[name] for name in found}, found) for found in moved.values())
    return Sensitivity(group.name, tuple(moved), tuple(values))


def _without(view: View, group: Group, units: Sequence[int], layers: Mapping[int, Layer]) -> Mapping[str, Array]:
    """Constants under which a group's units have no effect any more; others stand in for them where they were seen."""
    consumers = group.having(Role.CONSUMES)
    overrides = dict(compensate(view, group, units, layers)) if consumers else {}
    for parameter_axis in consumers or group.having(Role.PRODUCES):
        value = overrides.get(parameter_axis.use.tensor, view.content(parameter_axis))
        is_replaced = (group.start, parameter_axis.node_index) in view.unit_statistics and value.dtype.kind == "f"
        zero = zero_of(view.trace, parameter_axis.use, value)
        if not (consumers and is_replaced) and zero is not None:
            gone = np.isin(view.units(parameter_axis), units)
            shape = [gone.size if axis == parameter_axis.axis else 1 for axis in range(value.ndim)]
            overrides[parameter_axis.use.tensor] = np.where(gone.reshape(shape), zero, value)
    return MappingProxyType(overrides)
