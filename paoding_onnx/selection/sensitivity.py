"""How much the outputs of a model suffer when one group loses units, measured group by group with the others whole."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from paoding_onnx.dependency.groups import Group
from paoding_onnx.dependency.roles import Place, Role
from paoding_onnx.layerwise.layers import Layer
from paoding_onnx.layerwise.stream import Stream
from paoding_onnx.model.graph import Array
from paoding_onnx.model.load import Model
from paoding_onnx.reconstruction.compensate import stand_in
from paoding_onnx.samplers import Candidate, View

SHARES = (0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875)
"""Shares of a group's units at which its harm is measured."""


@dataclass(frozen=True, slots=True)
class Harm:
    """What it does to the outputs that a group lost its first `counts` units.

    For probabilities of classes the divergence (Kullback, Leibler) from those of the whole model, in nats; for other
    outputs the mean square change as a share of the variance. Rows of numbers that may be scores of classes or not have
    the larger of both.
    """

    group: str
    counts: tuple[int, ...]
    values: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Probe:
    """What to measure on: a model with its trace, inputs, and constants that differ from the file's."""

    model: Model
    view: View
    feeds: Sequence[Mapping[str, Array]]
    contents: Mapping[str, Array]
    memory: int


def measure(
    probe: Probe,
    orders: Mapping[int, Sequence[Candidate]],
    layers: Mapping[int, Layer],
    progress: Callable[[float], None] = lambda _share: None,
) -> tuple[Harm, ...]:
    """The harm of every group, in the trace's order, its units going in the order given by its first unit.

    The consumers' weights make up for the loss as `stand_in` does, all other groups are whole.

    Raises:
        ModelError: if a part of the model cannot be run alone.
    """
    trace = probe.view.trace
    starts = sorted((_first(group), number) for number, group in enumerate(trace.groups))
    found: dict[int, Harm] = {}
    with Stream(probe.model, trace.graph, probe.feeds, contents=probe.contents, memory=probe.memory) as stream:
        for done, (first, number) in enumerate(starts):
            progress(done / len(starts))
            stream.advance(first)
            group = trace.groups[number]
            found[number] = _harm(probe.view, group, orders[group.start], layers, stream)
    return tuple(found[number] for number in range(len(trace.groups)))


def _first(group: Group) -> int:
    """The first site that reads a constant which the loss of units changes."""
    return min(place.site for place in _changed(group))


def _changed(group: Group) -> Sequence[Place]:
    return group.having(Role.CONSUMES) or group.having(Role.PRODUCES)


def _harm(view: View, group: Group, order: Sequence[Candidate], layers: Mapping[int, Layer], stream: Stream) -> Harm:
    counts = sorted({min(round(share * group.n_units), len(order)) for share in SHARES} - {0})
    versions = [_without(view, group, [c.unit for c in order[:count]], layers) for count in counts]
    whole = {name: view.constant(name) for name in versions[0]} if versions else {}
    run = stream.rest(tuple(whole))
    wanted = run(whole)
    values = tuple(_distance(wanted, run(version)) for version in versions)
    return Harm(group.name, tuple(counts), values)


def _without(view: View, group: Group, units: Sequence[int], layers: Mapping[int, Layer]) -> Mapping[str, Array]:
    """Constants under which a group's units have no effect any more."""
    if group.having(Role.CONSUMES):
        return stand_in(view, group, units, layers)
    contents: dict[str, Array] = {}
    for place in group.having(Role.PRODUCES):
        value = np.array(contents.get(place.slot.tensor, view.content(place)))
        np.moveaxis(value, place.axis, 0)[np.isin(view.units(place), units)] = 0
        contents[place.slot.tensor] = value
    return MappingProxyType(contents)


def _distance(wanted: Mapping[str, Sequence[Array]], got: Mapping[str, Sequence[Array]]) -> float:
    """Harm averaged over the outputs of floats."""
    shares = [share for name in wanted if (share := _share(wanted[name], got[name])) is not None]
    return float(np.mean(shares)) if shares else 0.0


def _share(wanted: Sequence[Array], got: Sequence[Array]) -> float | None:
    if wanted[0].dtype.kind != "f" or any(a.shape != b.shape for a, b in zip(wanted, got, strict=True)):
        return None
    a, b = (np.concatenate([np.asarray(part, np.float64) for part in parts]) for parts in (wanted, got))
    if a.ndim == 2 and a.shape[1] > 1 and a.min() >= 0 and np.allclose(a.sum(1), 1, atol=1e-3):
        return _divergence(*(np.log(np.maximum(of, 1e-9)) for of in (a, b)))
    spread = float(a.var(0).mean() if a.ndim == 2 else a.var())
    change = float(np.square(a - b).mean()) / spread if spread > 0 else None
    if a.ndim != 2 or a.shape[1] == 1:
        return change
    return max(_divergence(_log_softmax(a), _log_softmax(b)), change or 0.0)


def _divergence(wanted: NDArray[np.float64], got: NDArray[np.float64]) -> float:
    """Mean Kullback-Leibler divergence of rows of logarithms of probabilities."""
    return float((np.exp(wanted) * (wanted - got)).sum(1).mean())


def _log_softmax(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    lower = scores - scores.max(1, keepdims=True)
    return np.asarray(lower - np.log(np.exp(lower).sum(1, keepdims=True)))
