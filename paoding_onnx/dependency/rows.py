"""TRACE of rows: what goes with the rows of tables that a user wants to lose, and with nothing else. Cuts nothing."""

from __future__ import annotations

from collections.abc import Sequence
from types import MappingProxyType

import numpy as np

from paoding_onnx.dependency.coupling import Coupling
from paoding_onnx.dependency.measured import measured_factors
from paoding_onnx.dependency.trace import Group, Trace
from paoding_onnx.dependency.union_find import Ids
from paoding_onnx.model.graph import Graph

GROUP = "rows"


def trace_of_rows(graph: Graph, coupling: Coupling, alike: Sequence[Ids]) -> Trace:
    """The trace in which unit k is what lies at index k of all axes in `alike`; these are sets, all of one length.

    No other unit may go: pruning has a trace of its own.
    """
    numbers = np.full(coupling.causes.size, -1, np.int64)
    for sets in alike:
        numbers[sets] = np.arange(sets.size)
    return Trace(
        graph=graph,
        bound_nodes=coupling.bound_nodes,
        units=MappingProxyType({key: numbers[sets] for key, sets in coupling.axes.items()}),
        factors=tuple(MappingProxyType({n: numbers[sets] for n, sets in of.items()}) for of in coupling.factors),
        groups=(Group(GROUP, 0, alike[0].size, (), is_exact=True, channel_multiples=()),),
        refusals=(),
        choices=coupling.choices,
        frozen=coupling.frozen,
        made_of=coupling.made_of,
        measured=MappingProxyType(dict(measured_factors(graph, coupling.bound_nodes))),
    )
