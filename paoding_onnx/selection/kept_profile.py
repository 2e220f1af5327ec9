"""A profile as arrays with a description, to be kept in a cache, and back; what does not fit the model is none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from types import MappingProxyType
from typing import Any

import numpy as np

from paoding_onnx.calibration.samples import Samples
from paoding_onnx.dependency.trace import Group, Trace
from paoding_onnx.layerwise.statistics import ActivationStatistics, consumer_axes
from paoding_onnx.layerwise.weights import Candidate, UnitStatistics
from paoding_onnx.model.load import Model
from paoding_onnx.model.nodes import Array
from paoding_onnx.reconstruction.basis import Basis
from paoding_onnx.selection.cache import Entry
from paoding_onnx.selection.curve import Sensitivity
from paoding_onnx.selection.profile import Profile, in_two, layers_on

Json = Any
"""Whatever stands in a description that was read."""
Units = Mapping[tuple[int, int], UnitStatistics]


def entry_of(profile: Profile, *, with_samples: bool) -> Entry:
    """All of a profile but what the model tells again; without the samples where they are the user's own."""
    samples, statistics, curves = profile.basis.samples, profile.basis.statistics, profile.sensitivities
    packed = _Packed()
    batches = [packed.named(feed) for feed in samples.batches] if with_samples else []
    description = {
        "samples": {"batches": batches, "description": samples.description, "is_synthetic": samples.is_synthetic},
        "units": packed.statistics(statistics.units),
        "normalization": packed.named(statistics.normalization),
        "orders": [[start, *packed.order(order)] for start, order in profile.orders.items()],
        "sensitivities": [[one.group, list(one.counts), packed.add(np.array(one.values))] for one in curves],
    }
    return Entry(packed.arrays, description)


@dataclass(frozen=True, slots=True)
class _Packed:
    """Arrays, which get numbers for names."""

    arrays: dict[str, Array] = field(default_factory=dict)

    def add(self, array: Array) -> str:
        """The name that an array got."""
        name = str(len(self.arrays))
        self.arrays[name] = np.asarray(array)
        return name

    def named(self, arrays: Mapping[str, Array]) -> dict[str, str]:
        """The names that arrays with names of their own got, in their order."""
        return {name: self.add(array) for name, array in arrays.items()}

    def statistics(self, units: Units) -> list[list[object]]:
        """First unit, node, number of places, mean and covariance of each group at each consumer."""
        return [[*key, one.count, self.add(one.mean), self.add(one.covariance)] for key, one in units.items()]

    def order(self, order: Sequence[Candidate]) -> tuple[str, str]:
        """The units of an order, and their scores."""
        units = np.array([candidate.unit for candidate in order], np.int64)
        return self.add(units), self.add(np.array([candidate.score for candidate in order], np.float64))


def profile_of(entry: Entry, model: Model, trace: Trace, samples: Samples | None) -> Profile | None:
    """The profile that an entry holds, on the user's `samples` where it holds none; `None` if it is none of `model`."""
    try:
        return _Reader(entry, trace).profile(model, samples)
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, OverflowError):
        return None


class _UnfitError(ValueError):
    """Something in an entry does not fit the model."""


def _require(condition: object) -> None:
    if not condition:
        raise _UnfitError


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads an entry for a model with this trace, and leaves off with an error where something does not fit.

    A description may hold anything.
    """

    entry: Entry
    trace: Trace

    def profile(self, model: Model, samples: Samples | None) -> Profile:
        """The profile."""
        told: Any = self.entry.description
        samples = self._samples(told["samples"]) if samples is None else in_two(model, samples)
        dtypes = {spec.name: spec.dtype for spec in model.inputs}
        read = [{name: array.dtype for name, array in feed.items()} for feed in samples.batches]
        _require(read and all(one == dtypes for one in read))
        statistics = ActivationStatistics(
            MappingProxyType(self._units(told["units"])),
            MappingProxyType(self._normalization(told["normalization"])),
        )
        orders = {group.start: self._order(group, told["orders"]) for group in self.trace.groups}
        curves = tuple(self._sensitivity(one, orders, samples) for one in _listed(told["sensitivities"]))
        _require(not curves or [one.group for one in curves] == [group.name for group in self.trace.groups])
        basis = Basis(samples, statistics, layers_on(model, self.trace, samples))
        return Profile(basis, MappingProxyType(orders), curves)

    def _array(self, name: Json, shape: tuple[int, ...], kind: str = "f") -> Array:
        array = self.entry.arrays[str(name)]
        _require(array.shape == shape and array.dtype.kind == kind)
        return array

    def _samples(self, told: Json) -> Samples:
        values = _named(told)
        batches = tuple(
            {name: self.entry.arrays[str(at)] for name, at in _named(feed).items()}
            for feed in _listed(values["batches"])
        )
        return Samples(batches, str(values["description"]), is_synthetic=bool(values["is_synthetic"]))

    def _units(self, told: Json) -> dict[tuple[int, int], UnitStatistics]:
        sizes = {(one.group.start, one.node_index): one.group.n_units for one in consumer_axes(self.trace)}
        found = {}
        for start, node, count, mean, covariance in _listed(told):
            n_units = sizes[start, node]
            _require(isinstance(count, int) and count >= 0)
            arrays = (self._array(mean, (n_units,)), self._array(covariance, (n_units, n_units)))
            _require(all(array.dtype == np.float64 for array in arrays))
            found[start, node] = UnitStatistics(arrays[0].astype(np.float64), arrays[1].astype(np.float64), count)
        _require(found.keys() == sizes.keys())
        return found

    def _normalization(self, told: Json) -> dict[str, Array]:
        found = {}
        for name, at in _named(told).items():
            tensor = self.trace.graph.tensors[name]
            found[name] = self._array(at, tensor.shape or ())
            _require(tensor.is_constant and found[name].dtype == tensor.dtype)
        return found

    def _order(self, group: Group, told: Json) -> tuple[Candidate, ...]:
        units, scores = {start: names for start, *names in _listed(told)}[group.start]
        shape = (group.most,)
        numbers = self._array(units, shape, "i").tolist()
        _require(len(set(numbers)) == len(numbers) and all(group.start <= unit < group.stop for unit in numbers))
        return tuple(map(Candidate, numbers, self._array(scores, shape).tolist()))

    def _sensitivity(self, told: Json, orders: Mapping[int, tuple[Candidate, ...]], samples: Samples) -> Sensitivity:
        name, counts, values = told
        group = {group.name: group for group in self.trace.groups}[name]
        numbers = tuple(int(count) for count in _listed(counts))
        _require(all(a < b for a, b in pairwise((0, *numbers, group.n_units))))
        shapes = {name: value.shape for name, value in samples.batches[0].items()}
        losses = tuple(candidate.score for candidate in orders[group.start])
        found = tuple(self._array(values, (len(numbers),)).tolist())
        return Sensitivity(group.name, numbers, found, input_shapes=shapes, losses=losses)


def _listed(told: Json) -> list[Json]:
    if not isinstance(told, list):
        raise _UnfitError
    return told


def _named(told: Json) -> dict[str, Json]:
    if not isinstance(told, dict):
        raise _UnfitError
    return told
