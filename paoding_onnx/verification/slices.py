"""The constants of a cut model, number by number: where a network is not sensitive to a weight, no output shows it."""

from __future__ import annotations

from collections.abc import Iterator

from paoding_onnx.dependency.trace import Trace
from paoding_onnx.model.load import Model
from paoding_onnx.model.node_index import nodes_behind
from paoding_onnx.model.read import constants
from paoding_onnx.rules.binding import BoundNode
from paoding_onnx.rules.facts import Gathers
from paoding_onnx.surgery.plan import Plan
from paoding_onnx.verification.equivalence import check_surgery
from paoding_onnx.verification.verdict import SURGERY, Verdict


def check_cut(model: Model, trace: Trace, plan: Plan, pruned: Model, *, original: Model | None = None) -> Verdict:
    """Whether a cut model has the original's weights at the positions that stay, and computes what it must.

    `model` and `original` as for `check_surgery`; no weight of `pruned` is fitted.
    """
    fault = next(wrong_slices(model, trace, plan, pruned), None)
    if fault is not None:
        return Verdict(SURGERY, False, fault)
    return check_surgery(model, trace, plan, pruned, original=original)


def wrong_slices(model: Model, trace: Trace, plan: Plan, pruned: Model) -> Iterator[str]:
    """Constants of a cut model that are not the original's at the positions that stay.

    Numbers that hold sizes or positions are none of them: they are written anew.
    """
    whole, own = constants(model), constants(pruned)
    behind = nodes_behind(pruned.proto, trace.graph.nodes)
    frozen = {(use.node_index, use.operand) for use, _ in trace.frozen_values(plan.removed)}
    for index, bound in enumerate(trace.bound_nodes):
        for operand, tensor in enumerate(bound.node.inputs):
            if tensor is None or tensor.name not in whole or operand in _numbers(bound) or (index, operand) in frozen:
                continue
            use, wanted = bound.inputs[operand], whole[tensor.name]
            wanted = wanted if use is None else trace.kept_of(use, wanted, plan.removed)
            name = behind[index].input[operand]
            got = own.get(name)
            if got is None or (got.shape, got.dtype, got.tobytes()) != (wanted.shape, wanted.dtype, wanted.tobytes()):
                yield f"constant {name!r} is not the original's {tensor.name!r} at the positions that stay"


def _numbers(bound: BoundNode) -> set[int]:
    """Inputs of a node that hold sizes or positions."""
    held = {fit.holder for fit in bound.rule.fits if isinstance(fit.holder, int)}
    return held | ({bound.rule.shape.indices} if isinstance(bound.rule.shape, Gathers) else set())
