"""HELD: which reasons keep most of the parameters of a model when half of its units are gone. Counts only."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from paoding_onnx.dependency.composite_axes import Cause
from paoding_onnx.dependency.cost import is_parameter, unread
from paoding_onnx.dependency.coupling import Coupling
from paoding_onnx.dependency.trace import Held, Mask, Refusal, Trace
from paoding_onnx.dependency.union_find import Ids
from paoding_onnx.model.graph import Graph
from paoding_onnx.rules.binding import TensorUse
from paoding_onnx.rules.why import Hold, Why


@dataclass(frozen=True, slots=True)
class Reason:
    """Why parameters stay: how many more would go at half of all units if this did not hold them, and the nodes."""

    operator: str
    reason: str
    hold: Hold
    parameters: int
    nodes: tuple[str, ...]


TIED = Why("ties so many positions to one another that they are a unit without a like", Hold.TIED)
"""What is said of positions that nothing pins, and that nevertheless are of no group, as channels that are shuffled."""


def held_axes(graph: Graph, coupling: Coupling, numbers: Ids | None = None) -> Iterator[Held]:
    """The axes of all constants with more than one that have positions which may not go, each for its first reason.

    Those of kernels and gates are none of them: along these a layer never shrinks. With the units' `numbers` by set,
    those are told that nothing pins and that are of no group.
    """
    seen = set()
    for bound in coupling.bound_nodes:
        for use, operand in zip(bound.inputs, bound.binding.inputs, strict=True):
            if use is None or use in seen or not _is_matrix(graph, use):
                continue
            seen.add(use)
            for axis, parts in enumerate(operand or ()):
                sets = coupling.axes[use, axis]
                causes = coupling.causes[sets]
                pinned = causes >= 0
                alone = np.zeros(1) if numbers is None else ~pinned & (numbers[sets] < 0)
                if causes.size > 1 and alone.any():
                    yield _held(use, axis, float(np.mean(alone)), Cause.at(bound.node, TIED))
                if causes.size > 1 and pinned.any() and (parts.free or bound.rule.contracts is None):
                    cause = coupling.reasons[int(causes[pinned].min())]
                    if cause.hold is not Hold.ELSEWHERE:  # half of those go all the same
                        yield _held(use, axis, float(np.mean(pinned)), cause)


def _held(use: TensorUse, axis: int, share: float, cause: Cause) -> Held:
    return Held(use, axis, share, Refusal(cause.operator, cause.node, use.tensor, axis, cause.reason), cause.hold)


GIVEN = frozenset({Hold.INPUT, Hold.OUTPUT, Hold.POSITIONS})
"""Kinds of reasons that no other program could do anything about: ends of the model, positions and steps."""
GIVEN_BESIDE = GIVEN | {Hold.SHARES}
"""Those of what stands beside scores, such as biases and masks: their axes are the positions that are compared."""


def given_axes(graph: Graph, coupling: Coupling) -> dict[tuple[TensorUse, int], float]:
    """The share of each axis of a constant that is as long as inputs, outputs, positions, kernels and ids say."""
    multiplied, beside = (
        np.array([cause.hold in holds for cause in coupling.reasons] + [False])  # the last stands for none
        for holds in (GIVEN, GIVEN_BESIDE)
    )
    found: dict[tuple[TensorUse, int], float] = {}
    for bound in coupling.bound_nodes:
        is_given = beside if bound.rule.contracts is None else multiplied
        looked_up = {(one.table, one.rows) for one in bound.rule.looks_up}
        for number, (use, operand) in enumerate(zip(bound.inputs, bound.binding.inputs, strict=True)):
            if use is None or not graph.tensors[use.tensor].is_constant:
                continue
            for axis, parts in enumerate(operand or ()):
                causes = coupling.causes[coupling.axes[use, axis]]
                is_kernel = bound.rule.contracts is not None and not parts.free
                share = float(np.mean(is_given[causes])) if causes.size else 0.0
                if is_kernel or any((number, name) in looked_up for name in parts.names):
                    share = float(np.mean(causes >= 0)) if causes.size else 0.0
                found[use, axis] = max(found.get((use, axis), 0.0), share)
    return found


def least_at_half(trace: Trace) -> int:
    """The parameters that would stay if every axis lost half of its positions that are not given.

    Where units that are removed take more with them, as experts do, it is what they leave.
    """
    removed = half_of(trace)
    uses = {use.tensor: use for bound in trace.bound_nodes for use in bound.inputs if use is not None}
    left = 0.0
    for name, tensor in trace.graph.tensors.items():
        if is_parameter(trace, name):
            use, shape = uses.get(name), tensor.shape or ()
            shares = (_least(trace, use, axis, removed) for axis in range(len(shape)) if use is not None)
            left += math.prod(shape) * math.prod(shares)
    return round(left)


def _least(trace: Trace, use: TensorUse, axis: int, removed: Mask) -> float:
    kept = trace.kept(use, axis, removed)
    if kept.size <= 1:
        return 1.0
    return min(float(kept.mean()), (1 + trace.given.get((use, axis), 0.0)) / 2)


def _is_matrix(graph: Graph, use: TensorUse) -> bool:
    """Whether a constant has more than one axis."""
    tensor = graph.tensors[use.tensor]
    return tensor.is_constant and len(tensor.shape or ()) > 1


def half_of(trace: Trace) -> Mask:
    """The mask that removes half of the units of every group, as far as they may go."""
    removed = unread(trace)
    for group in trace.groups:
        removed[group.start : group.start + min(group.n_units // 2, group.most)] = True
    return removed


_Key = tuple[str, str, Hold]


def reasons_of(trace: Trace, removed: Mask) -> tuple[Reason, ...]:
    """What holds parameters when the units in `removed` are gone, most of them first."""
    by_tensor: dict[tuple[TensorUse, _Key], list[Held]] = {}
    nodes: dict[_Key, dict[str, None]] = {}
    for held in (held for held in trace.held if is_parameter(trace, held.use.tensor)):
        key = held.why.operator, held.why.reason, held.hold
        by_tensor.setdefault((held.use, key), []).append(held)
        nodes.setdefault(key, {})[held.why.node] = None
    found: dict[_Key, float] = {}
    for (use, key), axes in by_tensor.items():
        shape = trace.graph.tensors[use.tensor].shape or ()
        others = set(range(len(shape))) - {held.axis for held in axes}
        left = math.prod(float(trace.kept(use, axis, removed).mean()) for axis in others) if math.prod(shape) else 0.0
        more = 1 - math.prod(1 - held.share / 2 for held in axes)
        found[key] = found.get(key, 0.0) + math.prod(shape) * left * more
    ordered = sorted(found, key=lambda key: -found[key])
    return tuple(Reason(*key, round(found[key]), tuple(filter(None, nodes[key]))) for key in ordered)
