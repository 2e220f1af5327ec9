"""Blocks of convolutional networks in which tensors meet tensors, or channels change their place."""

from __future__ import annotations

from scripts.fuzz import forms
from scripts.fuzz.forms import Copy
from scripts.fuzz.images import batch_norm, convolved
from scripts.fuzz.net import FLOAT, Net, Value, with_channel
from scripts.fuzz.pointwise import activation


def twins(net: Net, x: Value) -> Value:
    """One layer used on two tensors, as in siamese and recurrently unrolled networks."""
    units = net.rng.choice([4, 8, x.channels])
    weight, bias = net.weight(units, x.channels, *[1] * (x.ndim - 2)), net.vector(units)
    others = [o for o in net.earlier if o.shapes == x.shapes and o.name != x.name]
    other = net.rng.choice(others) if others and net.chance(0.5) else net.node("Tanh", x)
    one, two = net.node("Conv", x, weight, bias), net.node("Conv", other, weight, bias)
    if units == x.channels and net.chance(0.4):
        return net.node("Conv", net.node("Relu", one), weight, bias)
    if net.chance(0.5):
        return net.node("Concat", one, two, axis=1)
    return net.node(net.rng.choice(["Add", "Sub", "Max"]), one, two)


def inception(net: Net, x: Value) -> Value:
    """Branches with different kernels, end to end."""
    parts = [convolved(net, x, net.rng.choice([2, 4, 6]), kernel=kernel, plain=True) for kernel in (1, 3)]
    if net.chance(0.5):
        window = {"kernel_shape": [3] * (x.ndim - 2), "pads": [1] * (2 * x.ndim - 4)}
        parts.append(convolved(net, net.node("MaxPool", x, **window), 4, plain=True))
    parts = [net.node("Relu", part) for part in parts]
    if net.chance(0.3):
        parts.append(x)
    return net.node("Concat", *parts, axis=1)


def spatial_gate(net: Net, x: Value) -> Value:
    """A gate for each pixel, from statistics over the channels."""
    mean = forms.reduce(net, "ReduceMean", x, [1], keep=True)
    top = forms.reduce(net, "ReduceMax", x, [1], keep=True)
    map_ = convolved(net, net.node("Concat", mean, top, axis=1), 1, kernel=3, plain=True)
    return net.node("Mul", x, net.node("Sigmoid", map_))


def gram(net: Net, x: Value) -> Value:
    """Products of channels with channels, which then weigh the channels."""
    net.need(x.ndim == 4 and not x.is_open(2, 3))
    flat = forms.reshape(net, net.node("Tanh", x), [Copy(0), x.channels, x.shape[2] * x.shape[3]])
    product = net.node("MatMul", flat, net.node("Transpose", flat, perm=[0, 2, 1]))
    scores = net.node("Mul", product, net.number(0.05))
    if net.chance(0.5):
        scores = net.node("Softmax", scores, axis=2 if net.opset < 13 else -1)
    mixed = net.node("MatMul", scores, flat)
    return forms.reshape(net, mixed, [Copy(0), x.channels, *x.shape[2:]])


def non_local(net: Net, x: Value) -> Value:
    """Attention between pixels, with queries, keys and values from convolutions."""
    net.need(x.ndim == 4 and not x.is_open(2, 3))
    few, pixels = net.rng.choice([2, 4]), x.shape[2] * x.shape[3]
    q, k, v = (
        forms.reshape(net, convolved(net, x, units, plain=True), [Copy(0), units, pixels])
        for units in (few, few, x.channels)
    )
    scores = net.node("Softmax", net.node("MatMul", net.node("Transpose", q, perm=[0, 2, 1]), k), axis=2)
    mixed = net.node("MatMul", v, net.node("Transpose", scores, perm=[0, 2, 1]))
    back = forms.reshape(net, mixed, [Copy(0), x.channels, *x.shape[2:]])
    return net.node("Add", x, net.node("Mul", back, net.number(0.5)))


def dynamic(net: Net, x: Value) -> Value:
    """A convolution whose kernel the network computes from the image."""
    net.need(not x.is_open(0) and x.shape[0] == 1 and x.channels <= 12)
    units = net.rng.choice([2, 4])
    pooled = net.node("Tanh", net.node("Flatten", net.node("GlobalAveragePool", x)))
    made = net.node("Gemm", pooled, net.weight(x.channels, units * x.channels), net.weight(units * x.channels))
    kernel = net.node("Reshape", made, net.constant([units, x.channels, *[1] * (x.ndim - 2)]))
    return with_channel(net.node("Conv", x, kernel, shapes=x.with_sizes({1: units})), 1)


def channel_conv(net: Net, x: Value) -> Value:
    """Efficient channel attention: a convolution along the channels."""
    net.need(x.ndim == 4)
    pooled = net.node("GlobalAveragePool", x)
    row = forms.transpose(net, forms.squeeze(net, pooled, [3]), [0, 2, 1])
    mixed = net.node("Conv", with_channel(row, 1), net.weight(1, 1, 3), pads=[1, 1])
    back = forms.unsqueeze(net, net.node("Transpose", mixed, perm=[0, 2, 1]), [3])
    return net.node("Mul", x, net.node("Sigmoid", back))


def repeated(net: Net, x: Value) -> Value:
    """Every channel several times, side by side."""
    net.need(x.channels <= 12 and x.ndim == 4)
    five = forms.unsqueeze(net, x, [2])
    if net.chance(0.5) and net.has("Expand"):
        wide = net.node("Expand", five, net.constant([1, 1, 2, 1, 1]))
    else:
        wide = net.node("Concat", five, net.node("Neg", five), axis=2)
    return forms.reshape(net, wide, [Copy(0), 2 * x.channels, Copy(3), Copy(4)])


def regrouped(net: Net, x: Value) -> Value:
    """Channels as a grid: a statistic or a gain along one of its sides, or the other reading order."""
    side = net.rng.choice([2, 3, 4])
    net.need(x.ndim == 4 and x.channels % side == 0 and x.channels > side)
    other = x.channels // side
    grid = forms.reshape(net, x, [Copy(0), side, other, Copy(2), Copy(3)])
    style = net.rng.choice(["gain", "reduce", "minor", "softmax", "split"])
    if style == "gain":
        shape = net.rng.choice([(side, 1, 1, 1), (other, 1, 1), (side, other, 1, 1)])
        grid = net.node("Mul", grid, net.weight(*shape, kind="p"))
        return forms.reshape(net, grid, [Copy(0), x.channels, Copy(3), Copy(4)])
    if style == "split":
        parts = forms.split(net, grid, [1] * side, 1, spelt=False)
        total = net.node("Sum", *[forms.squeeze(net, part, [1]) for part in parts])
        return with_channel(total, 1)
    if style == "softmax":
        weights = net.node("Softmax", with_channel(grid, 1), axis=1)
        net.need(net.opset >= 13)
        grid = net.node("Mul", grid, weights)
    operator = net.rng.choice(["ReduceSum", "ReduceMean", "ReduceMax", "ReduceL2"])
    axis = 2 if style == "minor" else 1
    return with_channel(forms.reduce(net, operator, grid, [axis], keep=False), 1)


def channels_last(net: Net, x: Value) -> Value:
    """A stretch with channels last, as TensorFlow's models are exported: a dense layer, a bias, a norm."""
    space = list(range(2, x.ndim))
    last = forms.transpose(net, x, [0, *space, 1])
    units = net.rng.choice([x.channels, 6, 8])
    y = net.node("Add", net.node("MatMul", last, net.weight(x.channels, units)), net.vector(units))
    y = activation(net, y)
    if net.chance(0.4):
        y = net.node("Mul", y, forms.reduce(net, "ReduceMax", net.node("Sigmoid", y), [x.ndim - 1], keep=True))
    return forms.transpose(net, with_channel(y, x.ndim - 1), [0, x.ndim - 1, *range(1, x.ndim - 1)])


def merged(net: Net, x: Value) -> Value:
    """Channels and rows on one axis for a while."""
    net.need(x.ndim == 4 and not x.is_open(2, 3))
    flat = forms.reshape(net, x, [Copy(0), x.channels * x.shape[2], x.shape[3]])
    if net.chance(0.5):
        flat = net.node("Mul", flat, net.weight(x.channels * x.shape[2], 1, kind="p"))
    elif net.chance(0.5):
        flat = net.node("MatMul", flat, net.weight(x.shape[3], x.shape[3]))
    return forms.reshape(net, net.node("Relu", flat), [Copy(0), x.channels, x.shape[2], x.shape[3]])


def pyramid(net: Net, x: Value) -> Value:
    """A way down and up again, and a meeting with what was above."""
    net.need(x.ndim == 4 and not any(size % 2 for shape in x.shapes for size in shape[2:]) and min(x.shape[2:]) >= 4)
    down = net.node("Relu", convolved(net, net.node("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2]), 8, plain=True))
    if net.chance(0.5) and net.opset >= 11:
        empty = None if net.opset >= 13 else net.constant([], FLOAT)
        up = net.node("Resize", down, empty, net.constant([1.0, 1.0, 2.0, 2.0], FLOAT), mode="nearest")
    else:
        up = net.node("ConvTranspose", down, net.weight(8, 6, 2, 2), strides=[2, 2])
    if net.chance(0.5):
        return net.node("Concat", up, x, axis=1)
    return net.node("Add", x, batch_norm(net, convolved(net, up, x.channels, plain=True)))


BLOCKS = {
    twins: 3, inception: 3, spatial_gate: 2, gram: 1, non_local: 1, dynamic: 1, channel_conv: 1, repeated: 2,
    regrouped: 3, channels_last: 2, merged: 1, pyramid: 3,
}  # fmt: skip
