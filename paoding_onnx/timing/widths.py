"""The layers whose time depends on widths, and the widths at which each of them is to be timed. Runs nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product

import numpy as np

from paoding_onnx.dependency.trace import Trace
from paoding_onnx.model.nodes import Tensor
from paoding_onnx.rules.binding import BoundNode, rebound

SHARES: Mapping[int, tuple[float, ...]] = {
    0: (),
    1: (0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875, 1.0),
    2: (0.125, 0.375, 0.625, 0.875, 1.0),
    3: (0.25, 0.625, 1.0),
}
"""Shares of each factor's size at which a layer is timed, by how many of its factors may shrink."""
MOST_FACTORS = 3
"""A layer that may shrink along more factors is timed with the smallest ones whole."""
COARSEST = 16
"""Sizes to be timed are multiples of a power of two, of this at most: what kernels like, and so what is kept."""


@dataclass(frozen=True, slots=True)
class TimedLayer:
    """A node that multiplies and adds up: its number, the factors that may shrink, the sizes of all of its factors.

    Layers of one `key` take the same time.
    """

    index: int
    bound: BoundNode
    factors: tuple[str, ...]
    sizes: Mapping[str, int]
    key: str

    def grid(self) -> tuple[tuple[int, ...], ...]:
        """The sizes of each of the factors at which the layer is timed, ascending; the last is the whole one."""
        return tuple(grid_of(self.sizes[name], len(self.factors)) for name in self.factors)

    def points(self) -> Iterator[dict[str, int]]:
        """The sizes of all factors at every point of the grid, the last factor's changing first."""
        for chosen in product(*self.grid()):
            yield {**self.sizes, **dict(zip(self.factors, chosen, strict=True))}


def grid_of(size: int, n_factors: int) -> tuple[int, ...]:
    """The sizes of one factor at which a layer with so many of them is timed.

    >>> grid_of(64, 2), grid_of(3, 1)
    ((8, 24, 40, 56, 64), (1, 2, 3))
    """
    step = min(1 << max(size // 8, 1).bit_length() - 1, COARSEST)
    found = {min(max(round(size * share / step), 1) * step, size) for share in SHARES[n_factors]}
    return tuple(sorted(found | {size}))


def timed_layers(trace: Trace) -> tuple[TimedLayer, ...]:
    """The layers of a model, at the sizes at which costs are told."""
    return tuple(
        _timed(trace, index, bound) for index, bound in enumerate(trace.bound_nodes) if bound.rule.contracts is not None
    )


def _timed(trace: Trace, index: int, bound: BoundNode) -> TimedLayer:
    shapes = {} if trace.graph.sizes is None else trace.graph.sizes.shapes
    sizes = (rebound(bound, shapes) or bound.binding).sizes
    counted = {name for product in (bound.rule.contracts.products if bound.rule.contracts else ()) for name in product}
    free = [
        name
        for name, units in trace.factors[index].items()
        if name in counted and np.any(units >= 0) and units.size == sizes[name]
    ]
    factors = tuple(sorted(sorted(free, key=lambda name: -sizes[name])[:MOST_FACTORS]))
    return TimedLayer(index, bound, factors, sizes, _key(bound, factors, shapes))


def _key(bound: BoundNode, factors: tuple[str, ...], shapes: Mapping[str, tuple[int, ...]]) -> str:
    """What decides how long a node takes, in words: operator, operands, attributes, what may shrink."""
    node = bound.node
    operands = ", ".join("-" if t is None else _operand(t, shapes) for t in node.inputs)
    attributes = " ".join(f"{name}={value}" for name, value in sorted(node.attributes.items()) if value is not None)
    kind = f"{node.domain}::{node.operator}" if node.domain else node.operator
    return f"{kind} {operands} [{attributes}] {bound.rule.equation} ({' '.join(factors)})"


def _operand(tensor: Tensor, shapes: Mapping[str, tuple[int, ...]]) -> str:
    shape = "x".join(map(str, shapes.get(tensor.name, tensor.shape or ())))
    return f"{tensor.dtype}:{shape}{' constant' if tensor.is_constant else ''}"
