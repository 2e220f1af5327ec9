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

from paoding_onnx.layerwise.contraction import contraction, count
from paoding_onnx.model.graph import Graph
from paoding_onnx.model.nodes import Tensor
from paoding_onnx.rules.binding import BoundNode, bind_nodes

Counts = NDArray[np.float64]
NUMBER, NUMBER_BACK = 10.0, 180.0
"""Making one number, whatever the operator, in a run and in a step; in runs onnxruntime makes most along the way."""
BACK = 3.0
"""A multiply-add of a run is so many in a step."""
WINDOWED = 15.0
"""Copying one number into a window, in a step: layers with a kernel do so for each place of it."""
THIN = 16
"""Products that add up fewer numbers than this take as long as if they added up so many."""
NODE_BACK = 1e6
"""Having one node in a step, on however many samples."""
WEIGHT = 200.0
"""Moving one weight in a step."""


@dataclass(frozen=True, slots=True)
class Work:
    """Of every node of a graph what it takes for one sample, and the weights that it reads.

    These are multiply-adds, numbers that it makes, and numbers in its windows if it has a kernel.
    """

    macs: Counts
    numbers: Counts
    windows: Counts
    weights: Counts

    @property
    def run_of_one(self) -> float:
        """Running all nodes on one sample, among many at a time."""
        return float(sum(self.macs) + NUMBER * sum(self.numbers))

    def step(self, places: Sequence[int], n_samples: int, n_runs: int) -> float:
        """A step that trains the nodes at `places` on `n_samples`, in `n_runs`."""
        counts = (self.macs, self.numbers, self.windows, self.weights)
        macs, numbers, windows, weights = (float(one[list(places)].sum()) for one in counts)
        for_one = BACK * macs + NUMBER_BACK * numbers + WINDOWED * windows
        return n_samples * for_one + n_runs * NODE_BACK * len(places) + WEIGHT * weights


def work_of(graph: Graph, n_samples: int) -> Work:
    """The work of a graph that was observed on `n_samples`."""
    bound_nodes = bind_nodes(graph)
    numbers = np.array([sum(_size(tensor) for tensor in bound.node.outputs) for bound in bound_nodes], np.float64)
    macs = np.array([_macs(bound) for bound in bound_nodes], np.float64)
    macs = np.where(macs > 0, np.maximum(macs, THIN * numbers), 0)
    windows = np.array([_n_windowed(bound) for bound in bound_nodes], np.float64)
    weights = np.array([_n_weights(bound) for bound in bound_nodes], np.float64)
    n = max(n_samples, 1)
    return Work(macs / n, numbers / n, windows / n, weights)


def work_of_traced(graph: Graph) -> Work:
    """The work of the graph of a trace, whose equations were read at a few samples, as its inputs tell."""
    firsts = [shape[0] for name in graph.inputs if (shape := graph.tensors[name].shape)]
    return work_of(graph, min(firsts, default=1))


def _macs(bound: BoundNode) -> int:
    contracts = bound.rule.contracts
    return 0 if contracts is None else contracts.macs(bound.binding.sizes)


def _n_windowed(bound: BoundNode) -> float:
    of = contraction(bound)
    return _macs(bound) / count(bound, of.made) if of is not None and of.kernel else 0.0


def _n_weights(bound: BoundNode) -> int:
    return sum(_size(t) for t in bound.node.inputs if t is not None and t.is_constant)


def _size(tensor: Tensor | None) -> int:
    return 0 if tensor is None else math.prod(tensor.shape or ())
