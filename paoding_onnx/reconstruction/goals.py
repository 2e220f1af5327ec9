"""What layers should lead to: rows of the original's tensors, gathered some layers ahead of where they are taken."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from paoding_onnx.layerwise.contraction import count, n_rows, targets
from paoding_onnx.layerwise.layers import ROWS_PER_FEATURE, Layer
from paoding_onnx.layerwise.ridge import Singles
from paoding_onnx.layerwise.stream import Stream, Watcher
from paoding_onnx.model.graph import Graph
from paoding_onnx.model.nodes import Array

FEWEST_ROWS = 1 << 12
MOST_ROWS = 1 << 15
MOST_NUMBERS = 1 << 26
"""Numbers of all features of a layer together, a quarter of a gigabyte."""
MOST_OF_MANY = 1 << 25
"""The same of a layer that is many systems, as a depthwise convolution is: each has few unknowns, and rows enough."""
FEWEST_SAMPLES = 256
"""Samples that the rows of a layer come from, if there are as many."""
HELD_BACK = 8
"""One of so many batches judges the fit and takes no part in it."""
AHEAD_NUMBERS = 1 << 24
"""Numbers of goals that are gathered ahead."""

Kept = Callable[[str, Array], Array]
"""From a tensor's name and content in the original to the positions that the smaller model still has."""


@dataclass(frozen=True, slots=True)
class Goal:
    """What a layer should lead to at its comparison point in some rows of a batch, `(n_rows, n_shared, n_made)`.

    They are chosen among `n_there`, and each counts as much as `weight` says.
    """

    batch: int
    chosen: NDArray[np.intp]
    rows: Singles
    n_there: int
    weight: float


class Goals:
    """The goals of the `layers` of a smaller model, which have to be asked for in their order.

    Args:
        original: the original on its way through its nodes.
        layers: those that have goals.
        kept: which positions of a tensor both models have.
        seed: for the rows that are drawn.
        weights: how much a sample of each batch counts.
    """

    def __init__(
        self, original: Stream, layers: Sequence[Layer], *, kept: Kept, seed: int, weights: Sequence[float] = ()
    ) -> None:
        self._original = original
        self._layers = tuple(layers)
        nodes = enumerate(original.graph.nodes)
        makers = {tensor.name: index for index, node in nodes for tensor in node.outputs if tensor is not None}
        self._makers = {layer.index: makers[layer.comparison_point] for layer in layers}
        counts = tuple(weights) or (1.0,) * original.n_batches
        self._gathered = {layer.index: _Gathered(layer, counts, kept, seed) for layer in layers}

    def take(self, layer: Layer) -> tuple[Goal, ...]:
        """The goals of a layer, which are forgotten here."""
        if self._original.position <= self._makers[layer.index]:
            self._gather_from(layer)
        return tuple(self._gathered.pop(layer.index).goals)

    def _gather_from(self, layer: Layer) -> None:
        """Let the original run past the layer, and past those after it whose goals have room."""
        stop, ahead = 0, 0
        for following in (one for one in self._layers if one.index >= layer.index):
            ahead += n_wished(following) * count(following.bound, (*following.of.shared, *following.of.made))
            if stop and ahead > AHEAD_NUMBERS:
                break
            stop = max(stop, self._makers[following.index] + 1)
        passed = [one for one in self._layers if self._original.position <= self._makers[one.index] < stop]
        meeting: dict[str, list[_Gathered]] = {}  # at a comparison point, several layers may meet
        for one in passed:
            meeting.setdefault(one.comparison_point, []).append(self._gathered[one.index])
        self._original.advance(
            stop,
            {name: _shown_to(lookers) for name, lookers in meeting.items()},
            skips=lambda name, batch: not any(looker.wants(batch) for looker in meeting[name]),
        )


def _shown_to(lookers: Sequence[_Gathered]) -> Watcher:
    """What shows a tensor to all that look at it, batch by batch."""

    def show(value: Array, batch: int) -> None:
        for looker in lookers:
            if looker.wants(batch):
                looker.add(value, batch)

    return show


class _Gathered:
    """The goals of one layer, which come batch by batch, the first one first: it tells which others are wanted."""

    def __init__(self, layer: Layer, weights: Sequence[float], kept: Kept, seed: int) -> None:
        self.goals: list[Goal] = []
        self._layer = layer
        self._weights = weights
        self._kept = kept
        self._rng = np.random.default_rng([seed, layer.index])
        self._which = range(len(weights))
        self._per_batch: dict[float, int] = {}
        self._is_mixed = len(set(weights)) > 1

    def wants(self, number: int) -> bool:
        """Whether a batch is one of those that goals come from."""
        return number in self._which

    def add(self, value: Array, number: int) -> None:
        """A batch of the tensor that the layer leads to."""
        layer = self._layer
        value = self._kept(layer.comparison_point, value)
        there = n_rows(layer.bound, layer.of, value)
        if not number:
            n_samples = len(np.atleast_1d(value))
            wished = n_wished(layer)
            if not self._is_mixed:
                self._which = _some(len(self._weights), n_samples, -(-wished // max(there // n_samples, 1)))
            self._per_batch = {w: _share(wished, self._which, self._weights, w) for w in set(self._weights)}
        weight = self._weights[number]
        chosen = np.sort(self._rng.choice(there, min(self._per_batch[weight], there), replace=False, shuffle=False))
        rows = targets(layer.bound, layer.of, value, chosen).astype(np.float32)
        of_each = weight * len(np.atleast_1d(value)) / len(chosen) if self._is_mixed else 1.0
        self.goals.append(Goal(number, chosen, rows, there, of_each))


def n_wished(layer: Layer) -> int:
    """How many rows it takes to fit a layer, as far as there is room for their features."""
    n_features = layer.of.n_features(layer.bound)
    n_systems = math.prod(layer.bound.binding.sizes[name] for name in layer.of.shared)
    fewest = min(FEWEST_ROWS, ROWS_PER_FEATURE * n_features)
    room = MOST_NUMBERS if n_systems == 1 else MOST_OF_MANY
    most = max(room // max(n_features * n_systems, 1), fewest)
    return min(max(ROWS_PER_FEATURE * n_features, FEWEST_ROWS), MOST_ROWS, most)


def _share(wished: int, which: range, weights: Sequence[float], weight: float) -> int:
    """How many rows come from each of the batches with a weight: of those that count for less, half as many in all."""
    whole = wished if weight == max(weights) else wished // 2
    return -(-whole // sum(weights[number] == weight for number in which))


def _some(n_batches: int, batch: int, n_samples: int) -> range:
    """Numbers of batches that together hold `n_samples` samples, at least `FEWEST_SAMPLES`, evenly spread."""
    n_used = -(-max(n_samples, FEWEST_SAMPLES) // batch)
    step = max(n_batches // max(n_used, HELD_BACK), 1)
    return range(0, n_batches, step)


def differing(original: Graph, smaller: Graph) -> frozenset[str]:
    """Names of tensors of the smaller model that may not be what they are in the original.

    Those that are made of constants of another content or of no node that the original has, or of such tensors.
    """
    makers = {t.name for node in original.nodes for t in node.outputs if t is not None} | set(original.inputs)
    found = {name for name, tensor in smaller.tensors.items() if not tensor.is_constant and name not in makers}
    for node in smaller.nodes:
        read = [t.name for t in node.inputs if t is not None]
        is_other = any(name in found or _is_other(original, smaller, name) for name in (*read, *node.captures))
        found |= {t.name for t in node.outputs if t is not None and is_other}
    return frozenset(found)


def _is_other(original: Graph, smaller: Graph, name: str) -> bool:
    """Whether a constant is none of the original's, or of another content."""
    new, old = smaller.tensors.get(name), original.tensors.get(name)
    if new is None or not new.is_constant:
        return new is None
    return old is None or old.value is None or new.value is None or not np.array_equal(old.value, new.value)
