"""The sampler that removes the units which the others can stand in for, given what units do on inputs."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from paoding_onnx.dependency.trace import Group, ParameterAxis, Role
from paoding_onnx.layerwise.statistics import damped
from paoding_onnx.layerwise.weights import Candidate, UnitStatistics, View
from paoding_onnx.samplers.magnitude import magnitude

FAINT = 1e-5
"""Share of a unit's variance that is taken for rounding."""
BLOCK = 128
"""Rows of a covariance that are worked on at a time."""
FEWER = 0.8
"""Matrices get smaller once no more than this share of their units is left to pick from."""
MOST_ROUNDS = 128
"""Of larger groups several units are picked a round, so that their cost stays in proportion."""


def reconstruction(view: View, group: Group, count: int, rng: np.random.Generator) -> tuple[Candidate, ...]:
    """The `count` units that the others can best stand in for; the score is the share of the output lost with them.

    Kept are, one after the other, the units that together explain most of what the consumers compute: with G the
    covariance of the units that is not yet explained and H the Gram matrix of the consumer's weights, the unit u with
    the largest (G H G)_uu / G_uu, which is what trace(H G) loses when u explains its part of the others. Several
    consumers (residual streams, concatenations) add up, each relative to the size of what it computes. A group that no
    weight consumes, or that was not observed, is ranked by `magnitude`.

    Source: greedy column subset selection (Farahat, Ghodsi, Kamel 2011), weighted by the consumers.
    """
    consumers = [
        _Consumer(view, group, parameter_axis, unit_statistics)
        for parameter_axis, unit_statistics in _observed(view, group)
    ]
    if not consumers:
        return magnitude(view, group, count, rng)
    open_units = ~view.removed[group.start : group.stop]
    n_open = int(open_units.sum())
    per_round = -(-n_open // MOST_ROUNDS)
    picked: list[tuple[int, float]] = []
    while len(picked) < n_open:
        lost = float(np.mean([consumer.left() for consumer in consumers]))
        gain = np.sum([consumer.gain() for consumer in consumers], axis=0)
        ranked = np.argsort(np.where(open_units, -gain, np.inf), kind="stable")[: min(per_round, n_open - len(picked))]
        picked += [(group.start + int(unit), lost) for unit in ranked]
        open_units[ranked] = False
        for consumer in consumers:
            consumer.keep(ranked)
    return tuple(Candidate(unit, lost) for unit, lost in picked[: n_open - count - 1 : -1][:count])


def _observed(view: View, group: Group) -> list[tuple[ParameterAxis, UnitStatistics]]:
    pairs = [
        (parameter_axis, view.unit_statistics.get((group.start, parameter_axis.node_index)))
        for parameter_axis in group.having(Role.CONSUMES)
    ]
    return [
        (parameter_axis, unit_statistics) for parameter_axis, unit_statistics in pairs if unit_statistics is not None
    ]


class _Consumer:
    """One consumer while units are picked: what they leave unexplained of the covariance G, and Q = G H G.

    Both are of the `_units` that are not picked yet, and of some that are: nothing of these is unexplained.
    """

    def __init__(
        self, view: View, group: Group, parameter_axis: ParameterAxis, unit_statistics: UnitStatistics
    ) -> None:
        gram = weight_gram(view, group, parameter_axis)
        covariance = damped(unit_statistics.covariance, unit_statistics.count)
        self._gram = np.asarray(gram / (float((gram * covariance).sum()) or 1.0), np.float32)
        self._residual = np.asarray(covariance, np.float32)
        self._product = self._residual @ self._gram @ self._residual
        self._floor = np.diagonal(self._residual) * FAINT
        nonzero = np.diagonal(self._gram) * np.diagonal(self._residual)
        self._is_nonzero = nonzero > FAINT**2 * nonzero.max(initial=0)
        self._n_units = len(self._gram)
        self._units = np.arange(self._n_units)
        self._is_open = np.ones(self._n_units, np.bool_)
        self._left = sum(self._left_in(rows) for rows in self._blocks())

    def left(self) -> float:
        """Share of the output that the picked units do not explain."""
        return max(self._left, 0.0)

    def gain(self) -> NDArray[np.float64]:
        """What picking each unit would explain; nothing for units that the picked ones explain already, or that weigh
        nothing themselves, however much they are like others.
        """
        own = np.diagonal(self._residual)
        explained = np.diagonal(self._product) / np.maximum(own, np.finfo(np.float32).tiny)
        found = np.zeros(self._n_units, np.float64)
        found[self._units] = np.where((own > self._floor) & self._is_nonzero, explained, 0.0)
        return found

    def keep(self, units: NDArray[np.intp]) -> None:
        """Take away what these units explain, some rows at a time, which stay in the processor's cache meanwhile."""
        picked = np.searchsorted(self._units, units)
        columns, products = self._residual[:, picked], self._product[:, picked]
        block = columns[picked].astype(np.float64)
        block[np.diag_indices_from(block)] += self._floor[picked]
        share = np.linalg.solve(block, columns.T.astype(np.float64)).T.astype(np.float32)
        half = products - share @ (products[picked] / 2)
        first, second = np.hstack([share, half]), np.hstack([half, share]).T
        explained, self._left = np.ascontiguousarray(columns.T), 0.0
        for rows in self._blocks():
            self._residual[rows] -= share[rows] @ explained
            self._product[rows] -= first[rows] @ second
            self._left += self._left_in(rows)
        self._is_open[picked] = False
        if np.count_nonzero(self._is_open) <= FEWER * len(self._is_open):
            self._forget_picked()

    def _forget_picked(self) -> None:
        """Go on with what belongs to units that are not picked."""
        kept = np.flatnonzero(self._is_open)
        both = np.ix_(kept, kept)
        self._gram, self._residual, self._product = self._gram[both], self._residual[both], self._product[both]
        self._units, self._is_open = self._units[kept], self._is_open[kept]
        self._floor, self._is_nonzero = self._floor[kept], self._is_nonzero[kept]

    def _blocks(self) -> Iterator[slice]:
        return (slice(start, start + BLOCK) for start in range(0, len(self._gram), BLOCK))

    def _left_in(self, rows: slice) -> float:
        of_each = np.einsum("ij,ij->i", self._gram[rows], self._residual[rows])
        return float(of_each.sum(dtype=np.float64))


def weight_gram(view: View, group: Group, parameter_axis: ParameterAxis) -> NDArray[np.float64]:
    """Products of the weights of every two units at `parameter_axis`, summed over all else; `(n_units, n_units)`."""
    positions = group.positions(view.units(parameter_axis))
    rows = np.moveaxis(view.weights(parameter_axis), parameter_axis.axis, 0)[positions].astype(np.float32)
    rows = rows.reshape(group.n_units, -1)
    return np.asarray(rows @ rows.T, np.float64)
