"""Mixtures of experts, as one operator or spelt out, and weights with a scale for each block."""

from __future__ import annotations

from scripts.fuzz import forms
from scripts.fuzz.net import FLOAT, INT8, UINT8, Net, Value, with_channel
from scripts.fuzz.quantized import made

_BLOCK = 16
"""The smallest block that QMoE takes."""


def mixture(net: Net, x: Value) -> Value:
    """MoE: a router, and two layers for each of a few experts; added to what went in, or not."""
    net.need(x.dtype == FLOAT and x.channel == x.ndim - 1 and x.ndim in (2, 3) and net.opset >= 11)
    count, units = net.rng.choice([2, 3, 5]), net.rng.choice([3, 6, 8])
    kind = net.rng.choice(["relu", "gelu", "swiglu"])
    n_parts = 2 if kind == "swiglu" else 1
    weights = [net.weight(count, n_parts * units, x.channels), net.weight(count, n_parts * units),
               net.weight(count, x.channels, units)]  # fmt: skip
    weights += [net.weight(count, x.channels)] if net.chance(0.6) else []
    more = {"k": net.rng.randint(1, count), "activation_type": kind, "swiglu_fusion": 1 if n_parts == 2 else None}
    y = made(net, "MoE", x, _routed(net, x, count), *weights, like=x, **more)
    return net.node("Add", x, y) if net.chance(0.6) else y


def packed_mixture(net: Net, x: Value) -> Value:
    """QMoE: the same in four or eight bits, with a scale for each block; its width is one that has whole blocks."""
    net.need(x.dtype == FLOAT and x.channel == x.ndim - 1 and x.ndim == 2 and net.opset >= 11)
    width, units, count = net.rng.choice([16, 32]), net.rng.choice([16, 32, 48]), net.rng.choice([2, 3])
    wide = with_channel(net.node("MatMul", x, net.weight(x.channels, width)), 1)
    bits = net.rng.choice([4, 8])
    each = 8 // bits
    weights = [net.weight(count, units, width // each, kind="q", dtype=UINT8),
               net.weight(count, units, width // _BLOCK, kind="p"), net.weight(count, units),
               net.weight(count, width, units // each, kind="q", dtype=UINT8),
               net.weight(count, width, units // _BLOCK, kind="p"), net.weight(count, width)]  # fmt: skip
    more = {"k": net.rng.randint(1, count), "activation_type": "silu", "expert_weight_bits": bits, "block_size": _BLOCK}
    y = made(net, "QMoE", wide, _routed(net, wide, count), *weights, like=wide, **more)
    return net.node("Mul", y, net.number(0.001 if bits == 4 else 0.00001))


def gathered_mixture(net: Net, x: Value) -> Value:
    """The weights of the experts that were chosen are picked for each row; what they make is added up."""
    net.need(x.dtype == FLOAT and x.ndim == 2 and net.opset >= 13)
    count, units = net.rng.choice([2, 3, 5]), net.rng.choice([3, 6, 8])
    scores = net.node("MatMul", x, net.weight(x.channels, count))
    n_chosen = net.rng.randint(1, count)
    best, which = net.many("TopK", 2, scores, net.constant([n_chosen]), axis=-1)
    shares = net.node("Softmax", best, axis=-1)
    first = net.node("Gather", net.weight(count, x.channels, units), which, axis=0)
    second = net.node("Gather", net.weight(count, units, x.channels), which, axis=0)
    row = forms.unsqueeze(net, x, [1, 2])
    hidden = net.node(net.rng.choice(["Relu", "Tanh"]), net.node("MatMul", row, first))
    out = net.node("Squeeze", net.node("MatMul", hidden, second), net.constant([2]))
    weighed = net.node("Mul", out, net.node("Unsqueeze", shares, net.constant([2])))
    return with_channel(net.node("Add", x, forms.reduce(net, "ReduceSum", weighed, [1], keep=False)), 1)


def in_blocks(net: Net, x: Value) -> Value:
    """A dense layer whose weights have a scale for each block of either axis."""
    net.need(x.dtype == FLOAT and x.channel == x.ndim - 1 and net.opset >= 21)
    units, size, axis = net.rng.choice([4, 6, 8, 12]), net.rng.choice([2, 3, 4]), net.rng.choice([0, 1, -1, -2])
    shape = [x.channels, units]
    weight = net.weight(*shape, kind="q", dtype=INT8)
    shape[axis] = -(-shape[axis] // size)
    zero = net.weight(*shape, kind="q", dtype=INT8) if net.chance(0.4) else None
    given = (weight, net.weight(*shape, kind="p"), zero)
    restored = net.node("DequantizeLinear", *given, axis=axis, block_size=size, dtype=FLOAT,
                        shapes=[(x.channels, units)] * 2)  # fmt: skip
    y = with_channel(net.node("MatMul", x, restored), x.channel)
    return net.node("Mul", y, net.number(0.01))


def _routed(net: Net, x: Value, count: int) -> Value:
    """The scores of experts, a row for each row of the input."""
    scores = net.node("MatMul", x, net.weight(x.channels, count))
    return scores if x.ndim == 2 else with_channel(net.node("Reshape", scores, net.constant([-1, count]), shapes=[
        (shape[0] * shape[1], count) for shape in x.shapes]), 1)  # fmt: skip


BLOCKS = {mixture: 3, packed_mixture: 1, gathered_mixture: 2, in_blocks: 3}
