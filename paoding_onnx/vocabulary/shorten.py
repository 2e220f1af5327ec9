"""SHORTEN: a model becomes the same one with a smaller vocabulary. What is kept gets the numbers 0, 1, 2, .. in order.

It decides nothing: which ids stay is given. The result is proven by `paoding_onnx.verification.vocabulary`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import onnx

from paoding_onnx.calibration.kept_ids import KeptIds
from paoding_onnx.dependency.cost import Cost, cost, nothing
from paoding_onnx.dependency.coupling import Coupling, Lifted, couple
from paoding_onnx.dependency.rows import trace_of_rows
from paoding_onnx.dependency.trace import Trace
from paoding_onnx.dependency.union_find import Ids as Sets
from paoding_onnx.errors import UsageError
from paoding_onnx.model.graph import Graph
from paoding_onnx.model.input_sizes import Given
from paoding_onnx.model.load import Model
from paoding_onnx.model.nodes import Array
from paoding_onnx.rules.binding import TensorUse, bind_nodes
from paoding_onnx.shapes.choices import closed, settled
from paoding_onnx.shapes.observe import NOTHING_GIVEN
from paoding_onnx.shapes.study import Study, study
from paoding_onnx.surgery.cut import cut
from paoding_onnx.surgery.edits import OperandIndex
from paoding_onnx.surgery.plan import Plan, make_plan
from paoding_onnx.vocabulary.lookups import Ids, Table, ids_of
from paoding_onnx.vocabulary.tokens import IN_FILE, cut_tokens


@dataclass(frozen=True, slots=True)
class Lookups:
    """What was found out about a model that looks up ids; there are `size` of them."""

    study: Study
    ids: tuple[Ids, ...]
    size: int


@dataclass(frozen=True, slots=True)
class Shortened:
    """A model with a smaller vocabulary; `trace` and `plan` say what the original lost, `before` and `after` its cost.

    `trace` is that of `study`, what the original is once it is made ready to be cut.
    """

    model: Model
    study: Study
    trace: Trace
    plan: Plan
    ids: KeptIds

    @property
    def before(self) -> Cost:
        """What the original costs."""
        return cost(self.trace, nothing(self.trace))

    @property
    def after(self) -> Cost:
        """What is left of it."""
        return cost(self.trace, self.plan.removed)


def lookups_of(model: Model, given: Given = NOTHING_GIVEN, *, verbose: bool = False) -> Lookups:
    """Which inputs of a model hold ids, and where these go.

    Raises:
        ModelError: if it cannot be run.
        UsageError: if there are none, or they cannot be given other numbers.
    """
    found = study(model, given, verbose=verbose)
    ids = ids_of(found.graph, bind_nodes(found.graph), model.inputs)
    return Lookups(found, ids, ids[0].n_rows)


def shorten(model: Model, lookups: Lookups, kept: Sequence[int]) -> Shortened:
    """The model with the ids in `kept` alone, which are ascending.

    Raises:
        UsageError: if something of the model does not let the others go.
    """
    graph, size = lookups.study.graph, lookups.size
    if len(kept) >= size:
        raise UsageError(f"the vocabulary keeps all {size} ids: there is nothing to cut")
    tables = [table for one in lookups.ids for table in one.tables]
    asked = list(_as_long(graph, size))
    rows = frozenset((table.node, table.use.rows) for table in tables)
    coupling = couple(graph, lifted=Lifted(rows, frozenset(asked)))
    alike = list(_rows(coupling, tables))
    outputs = tuple(_outputs(coupling, asked, alike, _widths(coupling, tables)))
    heads = [coupling.axes[TensorUse(name), axis] for name, axis in outputs]
    traced = trace_of_rows(graph, coupling, [*alike, *heads])
    names = tuple(one.name for one in lookups.ids)
    ids = KeptIds(names, size, tuple(kept), outputs)
    removed = np.ones(size, np.bool_)
    removed[list(kept)] = False
    plan = make_plan(removed)
    operands = {place: value for one in lookups.ids for place, value in _compared(graph, one.compared, ids)}
    smaller = cut(lookups.study.folded, traced, plan, operands=operands)
    smaller = closed(settled(smaller, lookups.study.choices), lookups.study.choices)
    made = replace(smaller, proto=_with_tokens(smaller.proto, ids), files=model.files)
    return Shortened(made, lookups.study, traced, plan, ids)


def _as_long(graph: Graph, size: int) -> Iterator[tuple[str, int]]:
    """Axes of outputs of floats that have an entry for each id, at every size of the inputs."""
    for name in graph.outputs:
        tensor = graph.tensors[name]
        for axis, length in enumerate(tensor.shape or ()):
            is_open = bool(tensor.open) and tensor.open[axis]
            if length == size and not is_open and tensor.dtype is not None and tensor.dtype.kind == "f":
                yield name, axis


def _rows(coupling: Coupling, tables: Sequence[Table]) -> Iterator[Sets]:
    """The sets of the rows of each table.

    Raises:
        UsageError: if rows may not go.
    """
    for table in tables:
        sets = coupling.factors[table.node][table.use.rows]
        if why := _held(coupling, sets):
            raise UsageError(f"rows of {_name(coupling, table)!r} may not go: {why}")
        yield sets


def _outputs(
    coupling: Coupling, asked: Sequence[tuple[str, int]], rows: Sequence[Sets], widths: frozenset[int]
) -> Iterator[tuple[str, int]]:
    """Those of the axes asked for that lose what the tables lose.

    Raises:
        UsageError: if one has an entry for each id and cannot shrink, or it cannot be told whether it has.
    """
    for name, axis in asked:
        sets = coupling.axes[TensorUse(name), axis]
        is_tied = any(np.array_equal(sets, own) for own in rows)
        if not is_tied and sets.size in widths:
            raise UsageError(
                f"axis {axis} of output {name!r} has {sets.size} entries: it cannot be told whether they are for the "
                "ids or for what embeddings hold, as there are as many of both"
            )
        if why := _held(coupling, sets) or ("" if np.unique(sets).size == sets.size else "entries belong together"):
            raise UsageError(f"axis {axis} of output {name!r} has an entry for each id and may not shrink: {why}")
        yield name, axis


def _widths(coupling: Coupling, tables: Sequence[Table]) -> frozenset[int]:
    """Sizes of the axes of tables but for the rows."""
    found: set[int] = set()
    for table in tables:
        binding = coupling.bound_nodes[table.node].binding
        axes = binding.inputs[table.use.table] or ()
        found |= {axis.size(binding.sizes) for axis in axes if table.use.rows not in axis.names}
    return frozenset(found)


def _held(coupling: Coupling, sets: Sets) -> str:
    """Why some sets may not go; empty if all may."""
    causes = coupling.causes[sets]
    if not (causes >= 0).any():
        return ""
    cause = coupling.reasons[int(causes[causes >= 0].min())]
    return f"{cause.operator} {cause.node!r} {cause.reason}" if cause.operator else f"it is {cause.reason}"


def _name(coupling: Coupling, table: Table) -> str:
    node = coupling.bound_nodes[table.node].node
    stored = node.operand(table.use.table)
    return node.name if stored is None else stored.name


def _compared(graph: Graph, compared: Sequence[OperandIndex], ids: KeptIds) -> Iterator[tuple[OperandIndex, Array]]:
    """What ids are compared with, by the new numbers; other numbers than ids stay.

    Raises:
        UsageError: if ids are compared with one that is not kept.
    """
    for index, operand in compared:
        node = graph.nodes[index]
        tensor = node.operand(operand)
        if tensor is None or tensor.value is None:
            continue
        if lost := ids.lost(tensor.value):
            said = f"{node.operator} {node.name!r} compares ids with it"
            raise UsageError(f"the vocabulary has to keep id {lost[0]}, as {said}")
        yield (index, operand), ids.replaced(tensor.value)


def _with_tokens(proto: onnx.ModelProto, ids: KeptIds) -> onnx.ModelProto:
    """The model whose metadata list the tokens that are kept, if they listed all."""
    made = onnx.ModelProto()
    made.CopyFrom(proto)
    for entry in made.metadata_props:
        if entry.key in IN_FILE:
            entry.value = cut_tokens(entry.value, ids.new_ids)
    return made
