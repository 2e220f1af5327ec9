"""Mixtures of experts as onnxruntime writes them: MoE, QMoE. Of several networks alike, a few work on each row."""

from __future__ import annotations

from paoding_onnx.model.nodes import Node
from paoding_onnx.rules.equation import Axis, Equation, Operand, axes, axis, names_of
from paoding_onnx.rules.facts import Contracts
from paoding_onnx.rules.rule import Rule, fixed, register
from paoding_onnx.rules.why import ONE_SCALE, Hold, Why

_MICROSOFT = "com.microsoft"
_INTERLEAVED = 1
"""The value of `swiglu_fusion` that says that gates and what they let pass stand in turn, not one behind another."""
_LAYOUT = "weights_prepacked"
"""The attribute that says whether an execution provider has its own layout of the weights."""
_EXPERTS, _INPUT, _HIDDEN, _OUTPUT = axis("E").mixed(), axis("H"), axis("I"), axis("O")


@register("MoE", read=1, domain=_MICROSOFT)
def experts(node: Node) -> Rule:
    """com.microsoft MoE: two layers for each expert, or three; hidden units are alike in all, as they lie in one."""
    lead = axes("a", len(node.shape(0)) - 1)
    if len(node.shape(2)) != 3 or len(node.shape(4)) != 3 or node.shape(2)[2] != node.shape(0)[-1]:
        return fixed(node, "its weights lie in another order than its schema says")
    n_parts = node.shape(2)[1] // max(node.shape(4)[2], 1)
    first = _fused(node, n_parts)
    inputs = [
        (*lead, _INPUT),
        (axis("r"), _EXPERTS),
        (_EXPERTS, first, _INPUT),
        (_EXPERTS, first),
        (_EXPERTS, _OUTPUT, _HIDDEN),
        (_EXPERTS, _OUTPUT),
        (_EXPERTS, _HIDDEN, _INPUT),
        (_EXPERTS, _HIDDEN),
    ]
    return Rule(
        Equation.of(inputs, [(*lead, _OUTPUT)]),
        sizes={"k": node.integer("k", 1), "f": n_parts},
        contracts=_products(node, lead, has_third=len(node.shape(6)) > 0),
        least={"E": node.integer("k", 1)},
        alike=(("H", "O"),),
    )


@register("QMoE", read=1, domain=_MICROSOFT)
def packed_experts(node: Node) -> Rule:
    """com.microsoft QMoE: as MoE with packed integers, one scale for each row and block; blocks of units go whole."""
    size, kind = node.integer("block_size", 0), node.text("quant_type", "int")
    if kind != "int" or not size or len(node.shape(2)) != 3 or len(node.shape(6)) != 3 or node.integer(_LAYOUT, 0) > 0:
        return fixed(node, Why("packs units that have one scale together", Hold.BLOCKS))
    lead = axes("a", len(node.shape(0)) - 1)
    n_blocks, width = node.shape(6)[2], node.shape(0)[-1]
    n_parts = node.shape(2)[1] // max(n_blocks * size, 1)
    has_own = [node.shape(k)[2:] in ((), (n,)) for k, n in ((11, width // size), (12, n_blocks), (13, width // size))]
    inward = axis("C") if has_own[0] and has_own[2] else axis("c")
    hidden = axis("B") if has_own[1] else axis("b")
    outward = axis("D", "t") if inward == axis("C") else axis("d", "t")
    units, rows = _joined(hidden, "s"), _fused_blocks(node, n_parts, hidden)
    zeros = [
        axis(f"z{k}") if not own else one for k, own, one in zip("123", has_own, (inward, hidden, inward), strict=True)
    ]
    inputs = [
        (*lead, _joined(inward, "s")),
        (axis("r"), _EXPERTS),
        *((_EXPERTS, rows, _joined(inward, "q")), (_EXPERTS, rows, inward), (_EXPERTS, rows)),
        *((_EXPERTS, outward, _joined(hidden, "p")), (_EXPERTS, outward, hidden), (_EXPERTS, outward)),
        *((_EXPERTS, units, _joined(inward, "w")), (_EXPERTS, units, inward), (_EXPERTS, units)),
        *((_EXPERTS, rows, zeros[0]), (_EXPERTS, outward, zeros[1]), (_EXPERTS, units, zeros[2])),
        (axis("r"), _EXPERTS),
    ]
    row, inner = (*names_of(lead), "k"), names_of((hidden,))
    more = ((*row, *inner, "s", *names_of((inward,)), "v"),) if node.shape(8) else ()
    products = ((*row, "f", *inner, "s", *names_of((inward,)), "v"), (*row, *names_of((outward,)), *inner, "v"), *more)
    return Rule(
        Equation.of(inputs, [(*lead, outward)]),
        sizes={"k": node.integer("k", 1), "f": n_parts, "s": size, "t": size, "v": size},
        contracts=Contracts(products),
        least={"E": node.integer("k", 1)},
        alike=((inward.names[0], outward.names[0]),),
        why=ONE_SCALE,
    )


def _joined(blocks: Axis, inner: str) -> Axis:
    """Blocks of something."""
    return axis(*blocks.names, inner)


def _fused_blocks(node: Node, n_parts: int, blocks: Axis) -> Axis:
    """As `_fused`, where units lie in blocks."""
    if n_parts < 2:
        return _joined(blocks, "s")
    is_interleaved = node.integer("swiglu_fusion", 0) == _INTERLEAVED
    return axis(*blocks.names, "s", "f") if is_interleaved else axis("f", *blocks.names, "s")


def _fused(node: Node, n_parts: int) -> Axis:
    """Hidden units of the first layer, each with its gate if it has one."""
    if n_parts < 2:
        return _HIDDEN
    return axis("I", "f") if node.integer("swiglu_fusion", 0) == _INTERLEAVED else axis("f", "I")


def _products(node: Node, lead: Operand, *, has_third: bool) -> Contracts:
    """Each row meets the weights of `k` experts."""
    row = (*names_of(lead), "k")
    more = ((*row, "I", "H"),) if has_third else ()
    return Contracts(((*row, "f", "I", "H"), (*row, "O", "I"), *more))
