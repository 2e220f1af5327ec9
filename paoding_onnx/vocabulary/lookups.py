"""Where ids that are fed to a model go: into tables out of which they pick rows, and into comparisons with constants.

Reads a graph; changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from paoding_onnx.errors import UsageError
from paoding_onnx.model.graph import Graph
from paoding_onnx.model.input_names import companion_of
from paoding_onnx.model.nodes import Node, Tensor, TensorSpec
from paoding_onnx.rules.binding import BoundNode
from paoding_onnx.rules.facts import LooksUp, ReadsShape
from paoding_onnx.rules.forms import finds_extremes, hands_on, is_equality

_LEAST_BYTES = 4
"""A type with as many holds the ids of every vocabulary there is."""


@dataclass(frozen=True, slots=True)
class Table:
    """A node that picks rows of a table: its number, what it looks up, and how many rows there are."""

    node: int
    use: LooksUp
    n_rows: int


@dataclass(frozen=True, slots=True)
class Ids:
    """What becomes of the ids in input `name`: the tables that they pick from, and what they are compared with.

    `compared` are operands: the number of a node and of an input of it. `fault` says why the ids cannot be given other
    numbers; it is empty if they can.
    """

    name: str
    tables: tuple[Table, ...]
    compared: tuple[tuple[int, int], ...] = ()
    fault: str = ""

    @property
    def n_rows(self) -> int:
        """Rows of the largest table."""
        return max(table.n_rows for table in self.tables)


def ids_of(graph: Graph, bound_nodes: Sequence[BoundNode], specs: Sequence[TensorSpec]) -> tuple[Ids, ...]:
    """The inputs that hold ids of the vocabulary: those that pick rows of the table with the most rows.

    Inputs that hold positions or kinds of segments, to judge by their names, are none of them.

    Raises:
        UsageError: if there is none, or the ids of one cannot be given other numbers.
    """
    whole = (spec for spec in specs if spec.dtype is not None and spec.dtype.kind in "iu")
    asked = [spec.name for spec in whole if companion_of(spec) is None]
    found = [one for name in asked if (one := _followed(graph, bound_nodes, name)).tables]
    if not found:
        raise UsageError("no input of integers picks rows of a table, so there is no vocabulary to cut")
    size = max(one.n_rows for one in found)
    chosen = tuple(one for one in found if one.n_rows == size)
    for one in chosen:
        if one.fault:
            raise UsageError(f"the ids of input {one.name!r} cannot be given other numbers: {one.fault}")
        if other := next((table for table in one.tables if table.n_rows != size), None):
            raise UsageError(f"input {one.name!r} picks out of {size} rows, and at another node out of {other.n_rows}")
    return chosen


def _followed(graph: Graph, bound_nodes: Sequence[BoundNode], name: str) -> Ids:
    """What becomes of the content of an input."""
    carried, reached = {name}, graph.reached()
    tables: list[Table] = []
    compared: list[tuple[int, int]] = []
    faults = [f"they leave the model as {name!r}"] if name in graph.outputs else []
    for index, bound in enumerate(bound_nodes):
        node, use = bound.node, bound.rule.looks_up
        read = [k for k, tensor in enumerate(node.inputs) if tensor is not None and tensor.name in carried]
        if not carried.isdisjoint(node.captures):
            faults.append(f"a body of {_said(node)} reads them")
        if not read or isinstance(bound.rule.shape, ReadsShape):
            continue
        picks = [one for one in use if one.indices in read]
        if picks and len(read) == 1:
            tables += [Table(index, one, bound.binding.sizes[one.rows]) for one in picks]
            stored = (node.operand(one.table) for one in picks)
            faults += [f"{_said(node)} picks from what is computed" for table in stored if _is_in(table, reached)]
        elif read == [0] and hands_on(node.operator):
            made = [tensor for tensor in node.outputs if tensor is not None]
            carried |= {tensor.name for tensor in made}
            faults += [f"{_said(node)} makes {t.dtype} of them" for t in made if not _can_hold(t)]
            faults += [f"they leave the model as {t.name!r}" for t in made if t.name in graph.outputs]
        elif is_equality(node.operator):
            others = [k for k in (0, 1) if k not in read]
            compared += [(index, k) for k in others]
            unknown = [k for k in others if not _is_known(node, k, reached)]
            faults += [f"{_said(node)} compares them with what is computed" for _ in unknown]
        elif not (read == [0] and finds_extremes(node.operator)):
            faults.append(f"{_said(node)} computes with them")
    return Ids(name, tuple(tables), tuple(compared), faults[0] if faults else "")


def _is_in(tensor: Tensor | None, names: frozenset[str]) -> bool:
    return tensor is not None and tensor.name in names


def _is_known(node: Node, operand: int, reached: frozenset[str]) -> bool:
    """Whether an operand holds the same whatever is fed."""
    tensor = node.operand(operand)
    return tensor is not None and tensor.value is not None and tensor.name not in reached


def _can_hold(tensor: Tensor) -> bool:
    """Whether the type of a tensor holds ids as they are."""
    return tensor.dtype is not None and tensor.dtype.kind in "iuf" and tensor.dtype.itemsize >= _LEAST_BYTES


def _said(node: Node) -> str:
    return f"{node.operator} {node.name!r}" if node.name else f"{node.operator} that makes {node.first_output.name!r}"
