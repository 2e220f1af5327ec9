"""What no node ever reads: rows of a table that none picks, as those of positions beyond the length of the inputs.

They go without any effect, before all units.
"""

from __future__ import annotations

import numpy as np

from paoding_onnx.dependency.cost import holds_weights
from paoding_onnx.dependency.coupling import Coupling
from paoding_onnx.dependency.scope import Scope, matches
from paoding_onnx.dependency.union_find import Ids
from paoding_onnx.model.graph import Graph
from paoding_onnx.rules.binding import BoundNode
from paoding_onnx.rules.facts import Gathers

_NONE = np.zeros(0, np.int64)


def unread_sets(graph: Graph, coupling: Coupling, scope: Scope) -> Ids:
    """The sets of positions, ascending, of tables of weights that nodes only pass over, and that nothing pins.

    A node that picks passes over what it does not pick; all that other nodes meet is read.
    """
    passed, read = [_NONE], [_NONE]
    for bound, factors in zip(coupling.bound_nodes, coupling.factors, strict=True):
        names = _passed_over(bound) if _reads_table(graph, bound, scope) else frozenset()
        for name, ids in factors.items():
            (passed if name in names else read).append(ids)
    picked = [
        factors[bound.rule.shape.source][list(bound.rule.shape.positions)]
        for bound, factors in zip(coupling.bound_nodes, coupling.factors, strict=True)
        if isinstance(bound.rule.shape, Gathers)
    ]
    found: Ids = np.setdiff1d(np.concatenate(passed), np.concatenate([*read, *picked]))
    free = coupling.causes[found] < 0
    return np.compress(free, found)


def _reads_table(graph: Graph, bound: BoundNode, scope: Scope) -> bool:
    """Whether what a node passes on are weights that the file holds, and it is in the scope.

    A vector is none: each node would get a copy of what it takes, and these may be more than the whole.
    """
    table = bound.inputs[0] if bound.inputs else None
    is_table = table is not None and table.node < 0 and holds_weights(graph.tensors[table.tensor])
    return is_table and (not scope.only or matches(bound.node, scope.only))


def _passed_over(bound: BoundNode) -> frozenset[str]:
    """Factors of which a node may leave entries out: the rows among which it picks, ends that it cuts off."""
    if isinstance(bound.rule.shape, Gathers):
        return frozenset((bound.rule.shape.source,))
    return bound.binding.read - bound.binding.made - bound.binding.summed
