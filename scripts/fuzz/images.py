"""Blocks of convolutional networks, on tensors of batch, channels and one to three axes of space."""

from __future__ import annotations

import math

from scripts.fuzz import forms
from scripts.fuzz.forms import Copy
from scripts.fuzz.net import FLOAT, HALF, INT8, Net, Value
from scripts.fuzz.pointwise import hidden_constant, per_channel

CHANNELS = (1, 2, 4, 5, 6, 8, 8, 8, 12, 12, 16, 16, 24)


def channels(net: Net) -> int:
    """A number of channels."""
    return net.rng.choice(CHANNELS)


def conv(net: Net, x: Value) -> Value:
    """A dense convolution of any kernel, stride, padding and dilation."""
    return convolved(net, x, channels(net), kernel=net.rng.choice([1, 1, 3, 3, 2]))


def convolved(net: Net, x: Value, units: int, *, kernel: int = 1, group: int = 1, plain: bool = False) -> Value:
    """A convolution to `units` channels; a `plain` one keeps the size of space."""
    space = x.ndim - 2
    weight = conv_weight(net, (units, x.channels // group, *[kernel] * space))
    more: dict[str, object] = {"group": group if group > 1 or net.chance(0.3) else None}
    more["kernel_shape"] = [kernel] * space if net.chance(0.5) else None
    large = min(x.shape[2:]) > 4
    style = "same" if plain or not large else net.rng.choice(["same", "same", "valid", "stride", "auto", "dilated"])
    if style == "auto" and kernel > 1:
        more["auto_pad"] = net.rng.choice(["SAME_UPPER", "SAME_LOWER", "VALID"])
    elif style in ("same", "stride", "dilated"):
        low = (kernel - 1) // 2
        more["pads"] = [*[low] * space, *[kernel - 1 - low] * space]
    if style == "stride":
        more["strides"] = [2] * space
    elif style == "dilated":
        more["dilations"] = [2] * space
    return net.node("Conv", x, weight, net.vector(units) if net.chance(0.6) else None, **more)


def conv_weight(net: Net, shape: tuple[int, ...]) -> Value:
    """A kernel as exporters store it: plain, or behind nodes that make it."""
    way = net.rng.choice(["plain"] * 14 + ["Identity", "quantized", "normed", "Cast", "Reshape"])
    if way == "quantized" and net.opset >= 13 and net.dtype == FLOAT:
        return dequantized(net, shape)
    if way == "normed":
        weight = net.weight(*shape)
        norm = forms.reduce(net, "ReduceL2", weight, list(range(1, len(shape))), keep=True)
        scaled = net.node("Div", weight, norm)
        return net.node("Mul", scaled, net.weight(shape[0], *[1] * (len(shape) - 1), kind="p"))
    if way == "Cast" and net.dtype == FLOAT:
        return net.node("Cast", net.weight(*shape, dtype=HALF), to=FLOAT)
    if way == "Reshape":
        return net.node("Reshape", net.weight(shape[0], math.prod(shape[1:])), net.constant([-1, *shape[1:]]))
    weight = net.weight(*shape)
    return net.node("Identity", weight) if way == "Identity" else weight


def dequantized(net: Net, shape: tuple[int, ...], axis: int = 0) -> Value:
    """A weight stored as 8-bit integers, with one scale or one for each unit."""
    stored = net.weight(*shape, kind="q", dtype=INT8)
    if net.chance(0.5):
        return net.node("DequantizeLinear", stored, net.constant(0.01, FLOAT))
    small = net.node("Mul", net.weight(shape[axis], kind="p"), net.number(0.01))
    zero = net.weight(shape[axis], kind="q", dtype=INT8) if net.chance(0.3) else None
    return net.node("DequantizeLinear", stored, small, zero, axis=axis)


def depthwise(net: Net, x: Value) -> Value:
    """A depthwise convolution, with one or two filters for each channel."""
    return convolved(net, x, x.channels * net.rng.choice([1, 1, 2]), kernel=3, group=x.channels)


def grouped(net: Net, x: Value) -> Value:
    """A convolution of two to four groups."""
    group = net.rng.choice([2, 3, 4])
    net.need(x.channels % group == 0)
    return convolved(net, x, group * net.rng.choice([1, 2, 3, 4]), kernel=net.rng.choice([1, 3]), group=group)


def conv_transposed(net: Net, x: Value) -> Value:
    """A transposed convolution, dense or grouped."""
    space, kernel = x.ndim - 2, net.rng.choice([2, 3])
    net.need(max(x.shape[2:]) <= 8)
    group = net.rng.choice([1, 1, 1, 2, x.channels])
    net.need(x.channels % group == 0)
    units = 1 if group == x.channels else net.rng.choice([2, 4, 6])
    weight = net.weight(x.channels, units, *[kernel] * space)
    stride = net.rng.choice([1, 2])
    more: dict[str, object] = {"strides": [stride] * space, "group": group}
    more["output_padding"] = [1] * space if stride == 2 and net.chance(0.3) else None
    more["pads"] = [1] * (2 * space) if kernel == 3 and net.chance(0.5) else None
    return net.node("ConvTranspose", x, weight, net.vector(units * group) if net.chance(0.5) else None, **more)


def batch_norm(net: Net, x: Value) -> Value:
    """BatchNormalization with stored statistics."""
    c = x.channels
    variance = net.weight(c, kind="p")
    return net.node("BatchNormalization", x, net.vector(c, "p"), net.vector(c), net.vector(c), variance)


def other_norm(net: Net, x: Value) -> Value:
    """Normalisation by the tensor's own statistics."""
    kinds = ["InstanceNormalization", "Lp", "MVN", "group", *(["LRN"] if x.ndim == 4 else [])]
    kinds += ["layer"] if net.opset >= 17 else []
    kind = net.rng.choice(kinds + ["operator"] * 4 if net.opset >= 21 else kinds)
    c, space = x.channels, list(range(2, x.ndim))
    if kind == "InstanceNormalization":
        return net.node(kind, x, net.vector(c, "p"), net.vector(c))
    if kind == "LRN":
        return net.node("LRN", x, size=net.rng.choice([3, 5]), alpha=0.01)
    if kind == "Lp":
        return net.node("LpNormalization", x, axis=net.rng.choice([1, -1, 2]), p=net.rng.choice([1, 2]))
    if kind == "MVN":
        net.need(x.ndim == 4)
        axes = None if net.chance(0.5) else net.rng.choice([[0, *space], space, [1, *space]])
        return net.node("MeanVarianceNormalization", x, axes=axes, dtype=x.dtype, shapes=x.shapes)
    if kind == "layer":
        last = forms.transpose(net, x, [0, *space, 1])
        given = (net.weight(c, kind="p"), net.vector(c) if net.chance(0.5) else None)
        y = net.node("LayerNormalization", last, *given, axis=-1)
        return forms.transpose(net, y, [0, x.ndim - 1, *range(1, x.ndim - 1)])
    return group_norm(net, x, spelt=kind == "group")


def group_norm(net: Net, x: Value, *, spelt: bool) -> Value:
    """Group normalisation, as an operator or spelt out by Reshape and InstanceNormalization."""
    c, groups = x.channels, net.rng.choice([2, 4])
    net.need(c % groups == 0)
    if not spelt:
        net.need(net.opset >= 18)
        size = c if net.opset >= 21 else groups
        weights = [net.weight(size, kind="p"), net.weight(size)]
        more = {"dtype": x.dtype, "shapes": x.shapes, "num_groups": groups}
        return net.node("GroupNormalization", x, *weights, **more)
    net.need(not x.is_open(*range(2, x.ndim)))
    apart = forms.reshape(net, x, [Copy(0), groups, c // groups * math.prod(x.shape[2:])])
    plain = net.node("InstanceNormalization", apart, *[net.constant([v] * groups, x.dtype) for v in (1.0, 0.0)])
    back = forms.reshape(net, plain, [Copy(0), c, *x.shape[2:]])
    scaled = net.node("Mul", back, net.weight(*x.per_channel(), kind="p"))
    return net.node("Add", scaled, net.weight(*x.per_channel()))


def pool(net: Net, x: Value) -> Value:
    """A pooling window that slides over space."""
    kind = net.rng.choice(["MaxPool", "MaxPool", "AveragePool", "LpPool"])
    space = x.ndim - 2
    net.need(min(x.shape[2:]) >= 3)
    more: dict[str, object] = {"kernel_shape": [net.rng.choice([2, 3])] * space}
    more["strides"] = [2] * space if net.chance(0.5) else None
    more["pads"] = [1] * (2 * space) if net.chance(0.4) else None
    more["count_include_pad"] = 1 if kind == "AveragePool" and more["pads"] and net.chance(0.5) else None
    is_plain = kind in ("MaxPool", "AveragePool") and net.opset >= 10
    more["ceil_mode"] = 1 if is_plain and net.chance(0.3) else None
    if kind == "MaxPool" and net.chance(0.1):
        return net.many(kind, 2, x, **more)[0]
    return net.node(kind, x, **more)


def resized(net: Net, x: Value) -> Value:
    """Resize or Upsample, by scales, by sizes or to computed sizes."""
    net.need(max(x.shape[2:]) <= 8 and x.ndim == 4)
    mode = net.rng.choice(["nearest", "linear"])
    scales = [1.0, 1.0, *[2.0] * (x.ndim - 2)]
    if net.opset < 9:
        return net.node("Upsample", x, mode=mode, scales=scales)
    if net.opset < 11:
        operator = "Upsample" if net.opset == 9 else "Resize"
        return net.node(operator, x, net.constant(scales, FLOAT), mode=mode)
    region = None if net.opset >= 13 else net.constant([], FLOAT)
    if net.opset >= 18 and net.chance(0.4):
        return _resized_axes(net, x, mode)
    if net.chance(0.5):
        return net.node("Resize", x, region, net.constant(scales, FLOAT), mode=mode)
    empty = None if net.opset >= 13 else net.constant([], FLOAT)
    net.need(not x.is_open(2, 3))
    target = [Copy(0), Copy(1) if net.chance(0.3) else x.channels, x.shape[2] + 2, x.shape[3] * 2]
    sizes = forms.vector_of(net, x, target) if x.is_open(0) or net.chance(0.3) else None
    sizes = sizes or net.constant([x.shape[0], x.channels, *target[2:]])
    shapes = x.with_sizes({2: target[2], 3: target[3]})
    return net.node("Resize", x, region, empty, sizes, mode=mode, shapes=shapes)


def _resized_axes(net: Net, x: Value, mode: str) -> Value:
    """Resize that names the axes it works on."""
    axes = net.rng.choice([[2, 3], [3, 2], [3], [2]])
    if net.chance(0.5) or x.is_open(2, 3):
        return net.node("Resize", x, None, net.constant([2.0] * len(axes), FLOAT), mode=mode, axes=axes)
    return net.node("Resize", x, None, None, net.constant([9] * len(axes)), mode=mode, axes=axes)


def scaled(net: Net, x: Value) -> Value:
    """Layer scale: a gain for each channel, which may come from elsewhere."""
    return net.node("Mul", x, hidden_constant(net, per_channel(net, x), net.rng.choice(["w", "p"])))


def conv_norm_act(net: Net, x: Value) -> Value:
    """The most common chain of all."""
    y = batch_norm(net, conv(net, x))
    return net.node(net.rng.choice(["Relu", "LeakyRelu", "Sigmoid"]), y)


def separable(net: Net, x: Value) -> Value:
    """A depthwise convolution and a pointwise one."""
    y = net.node("Relu", batch_norm(net, depthwise(net, x)))
    return convolved(net, y, channels(net))


def inverted(net: Net, x: Value) -> Value:
    """An inverted bottleneck: expand, depthwise, project, add."""
    wide = x.channels * 2
    y = net.node("Relu", batch_norm(net, convolved(net, x, wide)))
    y = forms.clip(net, convolved(net, y, wide, kernel=3, group=wide, plain=True), 0.0, 6.0)
    y = net.tried(squeeze_excite, y) if net.chance(0.5) else y
    return net.node("Add", x, batch_norm(net, convolved(net, y, x.channels)))


def squeeze_excite(net: Net, x: Value) -> Value:
    """A gate for each channel, from the mean over space."""
    space, c, few = list(range(2, x.ndim)), x.channels, net.rng.choice([2, 4])
    if net.chance(0.5):
        mean = net.node(net.rng.choice(["GlobalAveragePool", "GlobalMaxPool", "GlobalLpPool"]), x)
    else:
        mean = forms.reduce(net, net.rng.choice(["ReduceMean", "ReduceMax"]), x, space, keep=True)
    if net.chance(0.5):
        inner = net.node("Relu", convolved(net, mean, few, plain=True))
        gate = convolved(net, inner, c, plain=True)
    else:
        flat = net.node("Flatten", mean) if net.chance(0.5) else forms.squeeze(net, mean, space)
        inner = net.node("Relu", net.node("Gemm", flat, net.weight(few, c), net.weight(few), transB=1))
        gate = net.node("Gemm", inner, net.weight(few, c), net.weight(c))
        ones = [1] * len(space)
        gate = forms.unsqueeze(net, gate, space) if net.chance(0.5) else forms.reshape(net, gate, [Copy(0), c, *ones])
    gate = net.node(net.rng.choice(["Sigmoid", "HardSigmoid"]), gate)
    return net.node("Mul", *net.rng.sample([x, gate], 2))


BLOCKS = {
    conv: 8, conv_norm_act: 8, depthwise: 4, grouped: 4, separable: 2, inverted: 3, conv_transposed: 3,
    batch_norm: 3, other_norm: 4, pool: 4, resized: 3, scaled: 2, squeeze_excite: 3,
}  # fmt: skip
