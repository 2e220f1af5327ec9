"""Blocks of dense networks, on tensors of batch and features; and the ways from images to them."""

from __future__ import annotations

import math

from scripts.fuzz import forms
from scripts.fuzz.forms import Copy
from scripts.fuzz.images import convolved, dequantized
from scripts.fuzz.net import FLOAT, Net, Value, with_channel

UNITS = (4, 6, 8, 12, 16, 24, 32)


def dense(net: Net, x: Value) -> Value:
    """A fully connected layer in any of its forms."""
    return dense_to(net, x, net.rng.choice(UNITS))


def dense_to(net: Net, x: Value, units: int) -> Value:
    """A fully connected layer with `units` outputs."""
    style = net.rng.choice(["Gemm", "Gemm", "Gemm", "MatMul", "MatMul", "turned", "Einsum", "quantized"])
    if style == "MatMul":
        y = net.node("MatMul", x, net.weight(x.channels, units))
        return net.node("Add", *net.rng.sample([y, net.vector(units)], 2)) if net.chance(0.6) else y
    if style == "turned":
        weight = net.node("Transpose", net.weight(units, x.channels), perm=[1, 0])
        return net.node("MatMul", x, weight)
    if style == "Einsum" and net.opset >= 12 and x.dtype == FLOAT:
        spelt = net.rng.choice([("bi,oi->bo", (units, x.channels)), ("bi,io->bo", (x.channels, units))])
        return net.node("Einsum", x, net.weight(*spelt[1]), equation=spelt[0])
    if style == "quantized" and net.opset >= 13 and x.dtype == FLOAT:
        return net.node("Gemm", x, dequantized(net, (units, x.channels)), net.vector(units), transB=1)
    return _gemm(net, x, units)


def _gemm(net: Net, x: Value, units: int) -> Value:
    """A Gemm with or without its options."""
    turned = net.chance(0.6)
    weight = net.weight(units, x.channels) if turned else net.weight(x.channels, units)
    more = {"transB": 1 if turned else None, "alpha": 0.7 if net.chance(0.2) else None}
    more["beta"] = 0.5 if net.chance(0.2) else None
    bias = [net.rng.choice([(units,), (units,), (units,), (1, units), (1,), ()])] if net.chance(0.8) else []
    bias = bias or ([(units,)] if net.opset < 11 else [])
    source = x
    if net.chance(0.08):
        source, more["transA"] = net.node("Transpose", x, perm=[1, 0]), 1
    y = net.node("Gemm", source, weight, *[net.vector(*s) if len(s) == 1 else net.weight(*s) for s in bias], **more)
    return with_channel(y, 1)


def deep(net: Net, x: Value) -> Value:
    """A layer and its activation."""
    return net.node(net.rng.choice(["Relu", "Sigmoid", "Tanh", "Elu", "Softplus"]), dense(net, x))


def row_norm(net: Net, x: Value) -> Value:
    """BatchNormalization or LayerNormalization of rows."""
    c = x.channels
    if net.has("LayerNormalization") and net.chance(0.4):
        return net.node("LayerNormalization", x, net.vector(c, "p"), net.vector(c), axis=net.rng.choice([1, -1]))
    return net.node("BatchNormalization", x, *[net.weight(c, kind=kind) for kind in "pwwp"])


def crossed(net: Net, x: Value) -> Value:
    """A feature cross: x0 (x w) + b + x, as in recommendation models."""
    score = net.node("MatMul", x, net.weight(x.channels, 1))
    return net.node("Add", net.node("Add", net.node("Mul", x, net.node("Tanh", score)), net.vector(x.channels)), x)


def heads_apart(net: Net, x: Value) -> Value:
    """Features seen as a grid for a while, with a reduction or a gain along one of its sides."""
    side = net.rng.choice([2, 3, 4])
    net.need(x.channels % side == 0 and x.channels > side)
    grid = forms.reshape(net, x, [Copy(0), side, x.channels // side])
    if net.chance(0.5):
        return forms.reduce(net, net.rng.choice(["ReduceSum", "ReduceMean", "ReduceMax"]), grid, [1], keep=False)
    shape = net.rng.choice([(side, 1), (x.channels // side,), (1, side, 1)])
    return forms.reshape(net, net.node("Mul", grid, net.weight(*shape, kind="p")), [Copy(0), x.channels])


def factored(net: Net, x: Value) -> Value:
    """A factorisation machine: the product of two projections, summed up."""
    k = net.rng.choice([4, 8])
    one = net.node("MatMul", x, net.weight(x.channels, k))
    two = net.node("Tanh", net.node("MatMul", x, net.weight(x.channels, k)))
    total = forms.reduce(net, "ReduceSum", net.node("Mul", one, two), [1], keep=True)
    return net.node("Add", dense_to(net, x, x.channels), total)


BLOCKS = {dense: 8, deep: 10, row_norm: 4, crossed: 1, heads_apart: 3, factored: 1}


def from_image(net: Net, x: Value) -> Value:
    """Rows made of an image: by pooling, or by laying all pixels end to end."""
    space = list(range(2, x.ndim))
    style = net.rng.choice(["pool", "pool", "mean", "flat", "flat", "Reshape", "max"])
    if style in ("flat", "Reshape") and not x.is_open(*range(1, x.ndim)) and _size(x) <= 800:
        if style == "flat":
            return with_channel(net.node("Flatten", x, axis=None if net.chance(0.5) else 1), 1)
        return forms.reshape(net, x, [Copy(0), _size(x)])
    if style == "mean":
        return forms.reduce(net, "ReduceMean", x, space, keep=False)
    pooled = net.node("GlobalMaxPool" if style == "max" else "GlobalAveragePool", x)
    way = net.rng.choice(["Flatten", "Squeeze", "Reshape", "Conv"])
    if way == "Conv":
        return net.node("Flatten", convolved(net, pooled, net.rng.choice(UNITS), plain=True))
    if way == "Squeeze":
        return forms.squeeze(net, pooled, space)
    return net.node("Flatten", pooled) if way == "Flatten" else forms.reshape(net, pooled, [Copy(0), x.channels])


def _size(x: Value) -> int:
    """Number of elements of one sample."""
    return math.prod(x.shape[1:])
