"""Why an axis may not shrink: the way from a tensor through the nodes of a graph to the reason. Explains only."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from paoding_onnx.dependency.composite_axes import Cause
from paoding_onnx.dependency.coupling import Coupling
from paoding_onnx.errors import UsageError
from paoding_onnx.model.graph import Graph
from paoding_onnx.rules.binding import BoundNode, TensorUse

_Key = tuple[TensorUse, int]


@dataclass(frozen=True, slots=True)
class Link:
    """One step of the way: through a node to an axis of another tensor."""

    operator: str
    node: str
    tensor: str
    axis: int


@dataclass(frozen=True, slots=True)
class Explanation:
    """An axis of a tensor: how many of its positions are pinned, the way to the reason, the node it lies at, in words.

    `reason` is empty where nothing pins the axis.
    """

    tensor: str
    axis: int
    size: int
    n_pinned: int
    way: tuple[Link, ...]
    operator: str
    node: str
    reason: str


def explain_axes(graph: Graph, coupling: Coupling, name: str) -> tuple[Explanation, ...]:
    """One explanation for each axis of tensor `name`, in order; of a shared vector the first use speaks.

    Raises:
        UsageError: if the graph has no such tensor, or no node reads or makes it.
    """
    uses = sorted({use for use, _ in coupling.axes if use.tensor == name})
    if not uses:
        raise UsageError(f"no node has a tensor named {name!r} with axes; `inspect --json` lists the initializers")
    keys = [(uses[0], axis) for axis in range(len(graph.tensors[name].shape or ()))]
    return tuple(_explain(coupling, key) for key in keys if key in coupling.axes)


def _explain(coupling: Coupling, key: _Key) -> Explanation:
    sets = coupling.axes[key]
    causes = coupling.causes[sets]
    pinned = causes >= 0
    if not pinned.any():
        return Explanation(key[0].tensor, key[1], sets.size, 0, (), "", "", "")
    number = int(causes[pinned].min())
    cause = coupling.reasons[number]
    start = int(sets[pinned & (causes == number)][0])
    way = _way(coupling, key, cause, start) or _way(coupling, key, cause, None) or ()
    place = (cause.operator, cause.node, cause.reason)
    return Explanation(key[0].tensor, key[1], sets.size, int(np.count_nonzero(pinned)), way, *place)


def _way(coupling: Coupling, start: _Key, cause: Cause, member: int | None) -> tuple[Link, ...] | None:
    """The shortest way from `start` to where `cause` lies, if there is one.

    It goes from axis to axis through factors that both have; with `member`, only over axes that this set lies on.
    """
    touching = _touching(coupling)
    came: dict[_Key, tuple[_Key, BoundNode] | None] = {start: None}
    waiting = deque([start])
    while waiting:
        key = waiting.popleft()
        if _is_end(touching, key, cause):
            return tuple(reversed(list(_back(came, key))))
        for other, bound in [(near, via) for via in touching[key] for near in _neighbours(via, key)]:
            if other not in came and (member is None or member in coupling.axes[other]):
                came[other] = (key, bound)
                waiting.append(other)
    return None


def _touching(coupling: Coupling) -> dict[_Key, list[BoundNode]]:
    """The nodes that have an axis."""
    found: dict[_Key, list[BoundNode]] = {key: [] for key in coupling.axes}
    for bound in coupling.bound_nodes:
        for use in dict.fromkeys(s for s in (*bound.inputs, *bound.outputs) if s is not None):
            for axis in range(_rank(bound, use)):
                found[use, axis].append(bound)
    return found


def _rank(bound: BoundNode, use: TensorUse) -> int:
    uses, operands = (*bound.inputs, *bound.outputs), (*bound.binding.inputs, *bound.binding.outputs)
    return max(len(operand or ()) for own, operand in zip(uses, operands, strict=True) if own == use)


def _neighbours(bound: BoundNode, key: _Key) -> Iterator[_Key]:
    """Axes of a node that share a factor with the axis `key`."""
    uses, operands = (*bound.inputs, *bound.outputs), (*bound.binding.inputs, *bound.binding.outputs)
    pairs = [(s, o) for s, o in zip(uses, operands, strict=True) if s is not None and o is not None]
    own = {name for use, operand in pairs if use == key[0] for name in operand[key[1]].names}
    for use, operand in pairs:
        for axis, parts in enumerate(operand):
            if not own.isdisjoint(parts.names):
                yield use, axis


def _is_end(touching: Mapping[_Key, list[BoundNode]], key: _Key, cause: Cause) -> bool:
    if cause.node:
        return any(bound.node.name == cause.node for bound in touching[key])
    return key[0].tensor == cause.tensor


def _back(came: Mapping[_Key, tuple[_Key, BoundNode] | None], key: _Key) -> Iterator[Link]:
    """Links from `key` back to the start."""
    step = came[key]
    while step is not None:
        yield Link(step[1].node.operator, step[1].node.name, key[0].tensor, key[1])
        key = step[0]
        step = came[key]
