"""Which axis positions must go together: every node's equation, bound to its shapes, unites positions of its tensors.

Positions, not elements, are united: one set for each index of an axis. An axis of several factors follows the one that
may shrink; where two may, `couple` keeps the one with more units and pins the others (a *choice*).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

import numpy as np

from paoding_onnx.dependency.composite_axes import Cause, Composite, Stored, Work, settle
from paoding_onnx.dependency.scope import ANYWHERE, Scope, matches
from paoding_onnx.dependency.shape_arithmetic import follow_sizes
from paoding_onnx.dependency.trace import Choice, DataUse, Entries
from paoding_onnx.dependency.union_find import Ids, Partition
from paoding_onnx.errors import UsageError
from paoding_onnx.model.graph import Graph
from paoding_onnx.model.nodes import Node, Origin
from paoding_onnx.names import Prefer
from paoding_onnx.rules.binding import BoundNode, TensorUse, bind_nodes, is_layer
from paoding_onnx.rules.equation import Axis, is_fixed
from paoding_onnx.rules.facts import Gathers, ReadsShape, Selects
from paoding_onnx.rules.why import Hold, Why

_CAPTURED = Why("its subgraph reads it", Hold.BRANCHES)
_ADDED_UP = Why("adds up constants along this axis", Hold.CONSTANTS)
_NUMBERS = Why("its content is read as numbers", Hold.SIZES)
_SIZE_ONE = Why("has size one here, and keeps it", Hold.SIZE_ONE)
_EXCLUDED = Why("excluded by the user", Hold.EXCLUDED)


@dataclass(frozen=True, slots=True)
class Coupling:
    """A set number for each position of the axes of tensor uses and of the factors of nodes; what is pinned.

    `causes` gives, by set number, an index into `reasons`, -1 for a set that may go. `frozen` are uses of sizes as data
    that surgery must keep at their old value; `made_of` says which sizes the entries of shape arithmetic come from.
    """

    bound_nodes: tuple[BoundNode, ...]
    axes: Mapping[tuple[TensorUse, int], Ids]
    factors: Sequence[Mapping[str, Ids]]
    causes: Ids
    reasons: tuple[Cause, ...]
    choices: tuple[Choice, ...]
    frozen: tuple[DataUse, ...]
    made_of: Mapping[str, Entries]


@dataclass(frozen=True, slots=True)
class Lifted:
    """What is not pinned though it usually is: factors of nodes, by number and name, and axes of graph outputs."""

    factors: frozenset[tuple[int, str]] = frozenset()
    outputs: frozenset[tuple[str, int]] = frozenset()


NOTHING_LIFTED = Lifted()


def couple(
    graph: Graph,
    is_protected: Callable[[Node], bool] = lambda _node: False,
    prefer: Callable[[Node], Prefer] = lambda _node: Prefer.AUTO,
    lifted: Lifted = NOTHING_LIFTED,
) -> Coupling:
    """Unite what must go together, pin what may not go.

    `is_protected` nodes keep all axes of their tensors; `prefer` decides where a node leaves a choice.
    """
    bound_nodes = bind_nodes(graph)
    axes, factors, size = _number(graph, bound_nodes)
    work = Work(Partition(size))
    _pin_boundary(graph, axes, work, lifted)
    _pin_sums_of_constants(graph, bound_nodes, factors, work)
    composites: list[Composite] = []
    for index, bound in enumerate(bound_nodes):
        _pin_fixed(index, bound, factors[index], work, lifted)
        composites += _connect(index, bound, axes, factors[index], work)
    for bound in bound_nodes:
        if is_protected(bound.node):
            _pin_node(bound, axes, work)
    flow = follow_sizes(graph, bound_nodes)
    frozen = tuple(data_use for data_use in flow.data_uses if _can_freeze(bound_nodes, data_use))
    for data_use in flow.data_uses:
        if data_use not in frozen:
            _pin_sizes(data_use, bound_nodes, axes, work)
    choices = settle(composites, bound_nodes, prefer, work, _stored(graph, axes)) if composites else []
    roots = work.partition.roots(np.arange(size))
    return Coupling(
        bound_nodes=bound_nodes,
        axes={key: roots[ids] for key, ids in axes.items()},
        factors=[{name: roots[ids] for name, ids in of.items()} for of in factors],
        causes=work.partition.causes(),
        reasons=tuple(work.reasons),
        choices=tuple(choices),
        frozen=frozen,
        made_of=flow.made_of,
    )


def _can_freeze(bound_nodes: Sequence[BoundNode], data_use: DataUse) -> bool:
    """Whether what a node computes with is small and always the same, so that surgery can write it down as it was."""
    if not data_use.may_freeze:
        return False
    tensor = bound_nodes[data_use.node_index].node.inputs[data_use.operand] if data_use.operand >= 0 else None
    return tensor is not None and tensor.value is not None and tensor.varies is not None and not tensor.varies.any()


def _pin_sizes(
    data_use: DataUse, bound_nodes: Sequence[BoundNode], axes: Mapping[tuple[TensorUse, int], Ids], work: Work
) -> None:
    reader = bound_nodes[data_use.node_index].node if data_use.node_index >= 0 else None
    where = ("", "") if reader is None else (reader.operator, reader.name)
    cause = Cause(*where, "computes with the size of this axis", Hold.SIZES)
    for use, axis in sorted(data_use.sources):
        work.pin(axes[use, axis], cause)


def _number(
    graph: Graph, bound_nodes: Sequence[BoundNode]
) -> tuple[dict[tuple[TensorUse, int], Ids], list[dict[str, Ids]], int]:
    """Ids for every position of every axis and factor, in the order of the nodes."""
    axes: dict[tuple[TensorUse, int], Ids] = {}
    factors: list[dict[str, Ids]] = []
    size = 0
    for bound in bound_nodes:
        for use in (*bound.inputs, *bound.outputs):
            shape = graph.tensors[use.tensor].shape if use is not None else None
            for axis, length in enumerate(shape or ()):
                if use is not None and (use, axis) not in axes:
                    axes[use, axis] = np.arange(size, size + length)
                    size += length
        own = {}
        for name, length in bound.binding.sizes.items():
            own[name] = np.arange(size, size + length)
            size += length
        factors.append(own)
    return axes, factors, size


def _stored(graph: Graph, axes: Mapping[tuple[TensorUse, int], Ids]) -> Stored:
    """Where the numbers of constants of floats are."""
    found = [np.zeros((3, 0))]
    for (use, _), ids in axes.items():
        tensor = graph.tensors[use.tensor]
        if tensor.is_constant and tensor.dtype is not None and tensor.dtype.kind == "f":
            n = math.prod(tensor.shape or ()) / max(ids.size, 1)
            found.append(np.stack([ids, np.full(ids.size, n), np.full(ids.size, ids.size)]))
    ids, numbers, lengths = np.concatenate(found, 1)
    return Stored(ids.astype(np.int64), numbers, lengths.astype(np.int64))


def _pin_boundary(graph: Graph, axes: Mapping[tuple[TensorUse, int], Ids], work: Work, lifted: Lifted) -> None:
    causes = {name: _fed(name) for name in graph.inputs}
    causes |= {name: Cause("", "", f"graph output {name!r}", Hold.OUTPUT, name) for name in graph.outputs}
    for node in graph.nodes:
        causes |= {name: Cause.at(node, _CAPTURED) for name in node.captures}
        read = [t for t in node.inputs if t is not None and t.origin is Origin.INPUT and t.name not in causes]
        causes |= {tensor.name: _fed(tensor.name) for tensor in read}
    for (use, axis), ids in axes.items():
        gets_copy = use.node >= 0 and use.tensor not in graph.inputs  # what is read elsewhere stays beside it
        if use.tensor in causes and not gets_copy and (use.tensor, axis) not in lifted.outputs:
            work.pin(ids, causes[use.tensor])


def _fed(name: str) -> Cause:
    return Cause("", "", f"graph input {name!r}", Hold.INPUT, name)


def _pin_sums_of_constants(
    graph: Graph, bound_nodes: Sequence[BoundNode], factors: Sequence[Mapping[str, Ids]], work: Work
) -> None:
    """Axes along which constants are added up: every weight that is kept would change with one that goes."""
    reached = graph.reached()
    for bound, own in zip(bound_nodes, factors, strict=True):
        made = [tensor for tensor in bound.node.outputs if tensor is not None]
        is_weight = any(tensor is not None for tensor in bound.node.inputs) and reached.isdisjoint(t.name for t in made)
        if is_weight and not isinstance(bound.rule.shape, ReadsShape | Selects) and not is_layer(bound):
            cause = Cause.at(bound.node, _ADDED_UP)
            for name in sorted(bound.binding.summed):
                work.pin(own[name], cause)


def _pin_fixed(index: int, bound: BoundNode, factors: Mapping[str, Ids], work: Work, lifted: Lifted) -> None:
    """Pin the lower-case factors of a node."""
    cause = Cause.at(bound.node, bound.rule.because)
    for name, ids in factors.items():
        if is_fixed(name) and (index, name) not in lifted.factors:
            work.pin(ids, cause)


def _connect(
    index: int, bound: BoundNode, axes: Mapping[tuple[TensorUse, int], Ids], factors: Mapping[str, Ids], work: Work
) -> Iterator[Composite]:
    """Unite the node's simple axes, and yield what has several factors."""
    if isinstance(gathers := bound.rule.shape, Gathers):
        work.partition.unite(factors[gathers.target], factors[gathers.source][list(gathers.positions)])
    for first, second in bound.rule.alike:
        work.partition.unite(factors[first], factors[second])
    operands = zip((*bound.inputs, *bound.outputs), (*bound.binding.inputs, *bound.binding.outputs), strict=True)
    for use, operand in operands:
        for number, axis in enumerate(operand or ()):
            if use is not None:
                yield from _join(index, axis, axes[use, number], bound, factors, work)
    numbers = Cause.at(bound.node, _NUMBERS)
    mentioned = zip((*bound.node.inputs, *bound.node.outputs), (*bound.inputs, *bound.outputs), strict=True)
    for tensor, use in mentioned:
        if tensor is not None and use is None:
            for number in range(len(tensor.shape or ())):
                if (TensorUse(tensor.name), number) in axes:
                    work.pin(axes[TensorUse(tensor.name), number], numbers)


def _join(
    index: int, axis: Axis, ids: Ids, bound: BoundNode, factors: Mapping[str, Ids], work: Work
) -> Iterator[Composite]:
    offset = 0
    for segment in axis.segments:
        sizes = [bound.binding.sizes[factor.name] for factor in segment]
        part = ids[offset : offset + math.prod(sizes)]
        offset += part.size
        names = tuple(factor.name for factor, size in zip(segment, sizes, strict=True) if size > 1)
        if len(names) == 1:
            work.partition.unite(part, factors[names[0]])
        elif names:
            grid = np.indices([bound.binding.sizes[name] for name in names]).reshape(len(names), -1)
            yield Composite(index, part, names, tuple(factors[name] for name in names), tuple(grid))
        elif not segment:
            work.pin(part, Cause.at(bound.node, _SIZE_ONE))
        elif part.size == 1:
            work.partition.unite(
                np.repeat(part, len(segment)), np.concatenate([factors[factor.name] for factor in segment])
            )


def _pin_node(bound: BoundNode, axes: Mapping[tuple[TensorUse, int], Ids], work: Work) -> None:
    cause = Cause.at(bound.node, _EXCLUDED)
    tensors = zip((*bound.inputs, *bound.outputs), (*bound.node.inputs, *bound.node.outputs), strict=True)
    for use, tensor in tensors:
        for axis in range(len(tensor.shape or ()) if tensor is not None else 0):
            if use is not None:
                work.pin(axes[use, axis], cause)


def coupled(graph: Graph, scope: Scope) -> Coupling:
    """What must go together in `graph`, within a scope.

    Raises:
        UsageError: if a pattern matches nothing.
    """
    _check_patterns(graph, scope.exclude, "--exclude")
    _check_patterns(graph, scope.only, "--only")
    coupling = couple(graph, lambda node: matches(node, scope.exclude), lambda node: _preferred(node, scope.choose))
    nodes = {choice.node for choice in coupling.choices}
    for pattern, _ in scope.choose:
        if not any(fnmatchcase(name, pattern) for name in nodes) and pattern != ANYWHERE:
            raise UsageError(f"--choose {pattern!r} matches no node that leaves a choice; `inspect` lists those")
    return coupling


def _preferred(node: Node, choose: Sequence[tuple[str, Prefer]]) -> Prefer:
    """What the last pattern says that matches."""
    return next((what for pattern, what in reversed(choose) if fnmatchcase(node.name, pattern)), Prefer.AUTO)


def _check_patterns(graph: Graph, patterns: Sequence[str], option: str) -> None:
    for pattern in patterns:
        if not any(matches(node, (pattern,)) for node in graph.nodes):
            raise UsageError(f"{option} {pattern!r} matches no node or initializer; `inspect` lists the names")
