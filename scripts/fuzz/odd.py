"""Blocks that are rare in networks but allowed: unusual operands, axes, ranks and ways to share."""

from __future__ import annotations

import numpy as np

from scripts.fuzz import forms
from scripts.fuzz.forms import Copy
from scripts.fuzz.joins import projected
from scripts.fuzz.net import FLOAT, INT32, Net, Value, with_channel
from scripts.fuzz.pointwise import per_channel


def with_itself(net: Net, x: Value) -> Value:
    """A tensor as both operands of one node."""
    operator = net.rng.choice(["Add", "Mul", "Max", "Concat"])
    if operator == "Concat":
        net.need(x.channels <= 16)
        return net.node("Concat", x, net.node("Neg", x) if net.chance(0.5) else x, x, axis=x.channel)
    return net.node(operator, x if operator != "Mul" else net.node("Tanh", x), x)


def spread(net: Net, x: Value) -> Value:
    """A single map spread over all channels, and joined with them."""
    one, c = projected(net, x, 1), x.channels
    style = net.rng.choice(["Expand", "Tile", "Concat", "none"])
    times = [c if axis == x.channel else 1 for axis in range(x.ndim)]
    if style in ("Expand", "Tile"):
        one = net.node(style, one, net.constant(times))
    elif style == "Concat":
        one = net.node("Concat", *[one] * c, axis=x.channel)
    return net.node(net.rng.choice(["Add", "Sub"]), *net.rng.sample([x, one], 2))


def uneven_split(net: Net, x: Value) -> Value:
    """Parts whose sizes follow from their number alone, the last one smaller."""
    net.need(net.opset >= 18 and x.channels >= 5)
    parts = net.many("Split", 3, x, axis=x.channel, num_outputs=3)
    return net.node("Concat", *net.rng.sample(parts, net.rng.choice([2, 3])), axis=x.channel)


def odd_einsum(net: Net, x: Value) -> Value:
    """Einsum as a sum, an outer product, a product of tensors, or with axes left unnamed."""
    net.need(net.opset >= 12 and x.dtype == FLOAT)
    letters = "bcdefg"[: x.ndim]
    c = letters[x.channel]
    style = net.rng.choice(["gain", "sum", "pair", "dots", "trace"])
    if style == "gain":
        return net.node("Einsum", x, net.weight(x.channels, kind="p"), equation=f"{letters},{c}->{letters}")
    if style == "pair":
        return net.node("Einsum", x, net.node("Sigmoid", x), equation=f"{letters},{letters}->{letters}")
    if style == "dots" and x.channel == x.ndim - 1:
        return net.node("Einsum", x, net.weight(x.channels, 6), equation="...c,cd->...d")
    if style == "trace":
        net.need(x.ndim == 2)
        outer = net.node("Einsum", x, net.node("Tanh", x), equation="bi,bj->bij")
        return with_channel(net.node("Einsum", outer, equation="bii->bi"), 1)
    total = net.node("Einsum", x, equation=f"{letters}->{letters.replace(c, '')}")
    return net.node("Sub", x, forms.unsqueeze(net, with_channel(total, 0), [x.channel]))


def odd_matmul(net: Net, x: Value) -> Value:
    """MatMul with a vector, with the weight on the left, or with a weight of three axes."""
    net.need(x.ndim >= 2)
    style = net.rng.choice(["vector", "left", "batched", "leading", "twice"])
    if style == "vector" and x.channel == x.ndim - 1:
        score = net.node("MatMul", x, net.weight(x.channels))
        return net.node("Mul", x, net.node("Sigmoid", forms.unsqueeze(net, with_channel(score, 0), [x.ndim - 1])))
    if style == "left" and x.ndim >= 3 and not x.is_open(x.ndim - 2):
        size = x.shape[-2]
        units = 6 if x.channel == x.ndim - 2 else size
        return with_channel(net.node("MatMul", net.weight(units, size), x), x.channel)
    if style == "batched" and x.ndim == 3 and x.channel == 2 and not x.is_open(1):
        return net.node("MatMul", x, net.weight(1, x.channels, 6))
    if style == "leading" and x.ndim == 4 and not x.is_open(1, 3):
        return net.node("MatMul", x, net.weight(x.shape[1], x.shape[3], 5))
    weight = net.weight(x.channels, 8)
    net.need(x.channel == x.ndim - 1)
    inner = net.node("Relu", net.node("MatMul", x, weight))
    return net.node("MatMul", inner, net.node("Transpose", weight, perm=[1, 0]))


def odd_gemm(net: Net, x: Value) -> Value:
    """Gemm with an activation as its bias, with the weight first, or with two activations."""
    net.need(x.ndim == 2 and not x.is_open(0))
    style = net.rng.choice(["bias", "first", "two", "mirror"])
    if style == "bias":
        return net.node("Gemm", x, net.weight(x.channels, x.channels), net.node("Tanh", x), transB=1)
    if style == "first":
        turned = net.node("Gemm", net.weight(7, x.channels), x, net.weight(7, 1), transB=1)
        return with_channel(net.node("Transpose", turned, perm=[1, 0]), 1)
    if style == "mirror":
        weight = net.weight(6, x.channels)
        inner = net.node("Relu", net.node("Gemm", x, weight, net.vector(6), transB=1))
        return net.node("Gemm", inner, weight, net.vector(x.channels))
    other = projected(net, x, 5)
    crossed = net.node("Gemm", net.node("Tanh", other), x, net.weight(x.channels), transA=1)
    return net.node("MatMul", net.node("Sigmoid", other), crossed)


def mirrored_conv(net: Net, x: Value) -> Value:
    """A kernel that encodes, and decodes too."""
    net.need(x.ndim >= 3 and x.channel == 1)
    weight = net.weight(net.rng.choice([4, 6]), x.channels, *[1] * (x.ndim - 2))
    inner = net.node("Relu", net.node("Conv", x, weight))
    return net.node("ConvTranspose", inner, weight, net.vector(x.channels) if net.chance(0.5) else None)


def turned(net: Net, x: Value) -> Value:
    """Batch and channels in each other's place for a while."""
    order = list(range(x.ndim))
    order[0], order[x.channel] = order[x.channel], order[0]
    there = forms.transpose(net, x, order)
    gain = net.weight(x.channels, *[1] * (x.ndim - 1), kind="p")
    return forms.transpose(net, net.node("Mul", net.node("Tanh", there), gain), order)


def over_batch(net: Net, x: Value) -> Value:
    """A statistic over the batch, or over everything, taken off."""
    axes = [0] if net.chance(0.5) else list(range(x.ndim))
    operator, source = net.rng.choice(["ReduceMean", "ReduceMax", "ReduceSum"]), net.node("Tanh", x)
    mean = forms.reduce(net, operator, source, axes, keep=net.chance(0.5) or axes == [0])
    return net.node("Sub", x, net.node("Sigmoid", mean))


def statistics(net: Net, x: Value) -> Value:
    """LayerNormalization whose statistics are used too, or over several axes."""
    net.need(net.has("LayerNormalization") and x.dtype == FLOAT and x.ndim > 2)
    if net.chance(0.5):
        last = x.shape[-1]
        net.need(last > 1)
        y, mean, _ = net.many("LayerNormalization", 3, x, net.weight(last, kind="p"), None, axis=-1, epsilon=0.01)
        return net.node("Add", y, net.node("Tanh", mean))
    net.need(not x.is_open(*range(1, x.ndim)))
    return net.node("LayerNormalization", x, net.weight(*x.shape[1:], kind="p"), axis=1, epsilon=0.01)


def odd_flatten(net: Net, x: Value) -> Value:
    """Flatten at another axis, and back."""
    net.need(x.ndim >= 3 and not x.is_open())
    axis = net.rng.choice([0, 2, x.ndim - 1, *([-1] if net.opset >= 11 else [])])
    flat = net.node("Flatten", x, axis=axis)
    return with_channel(net.node("Reshape", net.node("Tanh", flat), net.constant(x.shape)), x.channel)


def odd_gather(net: Net, x: Value) -> Value:
    """Gather by one index, by a matrix of indices, or by an index that the network computes."""
    c = x.channels
    style = net.rng.choice(["one", "matrix", "computed"])
    net.need(c >= 4)
    if style == "one":
        picked = net.node("Gather", x, net.constant(net.rng.randrange(c)), axis=x.channel)
        return net.node("Add", x, forms.unsqueeze(net, with_channel(picked, 0), [x.channel]))
    if style == "matrix":
        pairs = net.constant([[net.rng.randrange(c) for _ in range(3)] for _ in range(2)])
        grid = net.node("Gather", x, pairs, axis=x.channel)
        return with_channel(forms.reduce(net, "ReduceMax", grid, [x.channel], keep=False), x.channel)
    total = forms.reduce(net, "ReduceSum", x, [a for a in range(x.ndim) if a != x.channel], keep=False)
    best = net.node("ArgMax", total, axis=0, keepdims=1)
    return net.node("Add", x, net.node("Gather", x, best, axis=x.channel))


def quantized_bias(net: Net, x: Value) -> Value:
    """A layer whose weight and bias are both stored as integers."""
    net.need(net.opset >= 13 and x.dtype == FLOAT and x.ndim == 4 and x.channel == 1)
    units = net.rng.choice([4, 8])
    scale = net.weight(units, kind="p")
    small = net.node("Mul", scale, net.number(0.01))
    weight = net.node("DequantizeLinear", net.weight(units, x.channels, 1, 1, kind="q", dtype=3), small, axis=0)
    bias = net.node("DequantizeLinear", net.weight(units, kind="q", dtype=INT32), small, axis=0)
    return net.node("Conv", x, weight, bias)


def long_way(net: Net, x: Value) -> Value:
    """Channels padded, cut, and joined with another piece, so that indices shift several times."""
    c = x.channels
    net.need(c >= 4)
    before, after = [0] * x.ndim, [0] * x.ndim
    before[x.channel], after[x.channel] = 1, 2
    wide = forms.pad(net, x, before, after)
    piece = forms.cut(net, wide, x.channel, 2, c + 2)
    other = forms.cut(net, x, x.channel, 1, 3)
    joined = net.node("Concat", piece, other, axis=x.channel)
    one, two = forms.split(net, joined, [c - 1, 3], x.channel)
    return net.node("Concat", two, one, axis=x.channel) if net.chance(0.5) else one


def resampled_channels(net: Net, x: Value) -> Value:
    """Resize along the channels, or with an attribute that keeps them."""
    net.need(x.ndim == 4 and net.opset >= 13 and x.channels <= 8 and x.dtype == FLOAT)
    scales = net.rng.choice([[1.0, 2.0, 1.0, 1.0], [1.0, 1.0, 1.0, 2.0], [1.0, 1.0, 1.0, 1.0]])
    return net.node("Resize", x, None, net.constant(scales, FLOAT), mode="nearest")


def chosen(net: Net, x: Value) -> Value:
    """A table looked up by a decision that the network makes."""
    net.need(x.ndim == 3 and x.channel == 2 and x.dtype == FLOAT)
    best = net.node("ArgMax", x, axis=2, keepdims=0)
    return net.node("Add", x, net.node("Gather", net.weight(x.channels, x.channels), best, axis=0))


def powers(net: Net, x: Value) -> Value:
    """One exponent, slope or bound for each channel."""
    base = net.node("Add", net.node("Sigmoid", x), net.number(0.5))
    if net.chance(0.5):
        return net.node("Pow", base, net.weight(*per_channel(net, x), kind="p"))
    return net.node("Div", x, net.node("Add", base, net.weight(*per_channel(net, x), kind="p")))


def switched(net: Net, x: Value) -> Value:
    """Two tensors chosen from by a condition for each channel that is computed from constants."""
    net.need(net.opset >= 9)
    gain = net.weight(*per_channel(net, x))
    truth = net.node("Greater", gain, net.constant(np.float32(0.0), x.dtype))
    return net.node("Where", truth, x, net.node("Tanh", x))


def grid_and_back(net: Net, x: Value) -> Value:
    """Space as a grid of windows, and back."""
    net.need(x.ndim == 4 and x.channel == 1 and not x.is_open(2, 3))
    h, w = x.shape[2:]
    net.need(h % 2 == 0 and w % 2 == 0)
    six = forms.reshape(net, x, [Copy(0), x.channels, h // 2, 2, w // 2, 2])
    windows = net.node("Transpose", six, perm=[0, 2, 4, 3, 5, 1])
    net.need(not x.is_open(0))
    rows = forms.reshape(net, windows, [-1, 4, x.channels], channel=2)
    mixed = net.node("Add", net.node("MatMul", rows, net.weight(x.channels, x.channels)), net.vector(x.channels))
    back = net.node("Reshape", mixed, net.constant([-1, h // 2, w // 2, 2, 2, x.channels]))
    restored = net.node("Transpose", back, perm=[0, 5, 1, 3, 2, 4])
    return with_channel(net.node("Reshape", restored, net.constant(x.shape)), 1)


BLOCKS = {
    with_itself: 3, spread: 3, uneven_split: 2, odd_einsum: 3, odd_matmul: 4, odd_gemm: 4, mirrored_conv: 2, turned: 2,
    over_batch: 2, statistics: 2, odd_flatten: 1, odd_gather: 3, quantized_bias: 1, long_way: 2, resampled_channels: 1,
    chosen: 1, powers: 2, switched: 1, grid_and_back: 2,
}  # fmt: skip
