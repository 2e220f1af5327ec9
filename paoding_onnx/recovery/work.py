"""How much work learning is, known before anything runs: the same on every machine, so that a bound changes no bytes.

The unit is one multiply-add of a dense layer, of which a core does some 2e10 a second; what takes longer counts as more
of them. The figures were fitted to what real networks took (docs/explanation/recovery.md).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from paoding_onnx.model.graph import Graph
from paoding_onnx.model.nodes import Tensor
from paoding_onnx.rules.binding import BoundNode, bind_nodes

Counts = NDArray[np.float64]
NUMBER, NUMBER_BACK = 10.0, 180.0
"""Making one number, whatever the operator, in a run and in a step; in runs onnxruntime makes most along the way."""
BACK = 3.0
"""A multiply-add of a run is so many in a step."""
THIN = 16
"""Products that add up fewer numbers than this take as long as if they added up so many."""
NODE_BACK = 1e6
"""Having one node in a step, on however many samples."""
WEIGHT = 200.0
"""Moving one weight in a step."""


@dataclass(frozen=True, slots=True)
class Work:
    """Of every node of a graph the multiply-adds and the numbers made for one sample, and the weights that it reads."""

    macs: Counts
    numbers: Counts
    weights: Counts

    @property
    def run_of_one(self) -> float:
        """Running all nodes on one sample, among many at a time."""
        return float(sum(self.macs) + NUMBER * sum(self.numbers))

    def step(self, places: Sequence[int], n_samples: int, n_runs: int) -> float:
        """A step that trains the nodes at `places` on `n_samples`, in `n_runs`."""
        macs, numbers, weights = (float(count[list(places)].sum()) for count in (self.macs, self.numbers, self.weights))
        for_one = BACK * macs + NUMBER_BACK * numbers
        return n_samples * for_one + n_runs * NODE_BACK * len(places) + WEIGHT * weights


def work_of(graph: Graph, n_samples: int) -> Work:
    """The work of a graph that was observed on `n_samples`."""
    bound_nodes = bind_nodes(graph)
    numbers = np.array([sum(_size(tensor) for tensor in bound.node.outputs) for bound in bound_nodes], np.float64)
    macs = np.array([_macs(bound) for bound in bound_nodes], np.float64)
    macs = np.where(macs > 0, np.maximum(macs, THIN * numbers), 0)
    return Work(
        macs / max(n_samples, 1),
        numbers / max(n_samples, 1),
        np.array([_n_weights(b) for b in bound_nodes], np.float64),
    )


def _macs(bound: BoundNode) -> int:
    contracts = bound.rule.contracts
    return 0 if contracts is None else contracts.macs(bound.binding.sizes)


def _n_weights(bound: BoundNode) -> int:
    return sum(_size(t) for t in bound.node.inputs if t is not None and t.is_constant)


def _size(tensor: Tensor | None) -> int:
    return 0 if tensor is None else math.prod(tensor.shape or ())
