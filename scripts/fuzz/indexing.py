"""Blocks that read or write at given or computed places, transform, sort or cut; of any layout."""

from __future__ import annotations

import numpy as np

from scripts.fuzz import forms
from scripts.fuzz.joins import projected
from scripts.fuzz.net import BOOL, FLOAT, INT32, INT64, Net, Value, with_channel
from scripts.fuzz.quantized import made


def _axis(net: Net, x: Value, smallest: int = 2) -> int:
    """An axis that is not the batch, not open, and long enough; mostly not the channels."""
    found = [k for k in range(1, x.ndim) if not x.is_open(k) and x.shape[k] >= smallest]
    net.need(bool(found))
    others = [k for k in found if k != x.channel]
    return net.rng.choice(others if others and net.chance(0.75) else found)


def element_places(net: Net, x: Value) -> Value:
    """GatherElements, ScatterElements or Scatter along one axis."""
    net.need(not x.is_open() and np.prod(x.shape) <= 400)
    names = ["GatherElements", "ScatterElements"] if net.opset >= 11 else ["Scatter"]
    axis, operator = _axis(net, x), net.rng.choice(names)
    count = net.rng.choice([1, 2])
    shape = tuple(count if k == axis else size for k, size in enumerate(x.shape))
    places = np.moveaxis(np.broadcast_to(np.arange(count), (*np.delete(x.shape, axis), count)), -1, axis)
    chosen = net.constant((places + net.rng.randrange(x.shape[axis])) % x.shape[axis])
    if operator == "GatherElements":
        picked = net.node(operator, x, chosen, axis=axis)
        return net.node("Concat", x, picked, axis=axis) if net.chance(0.5) else picked
    updates = net.weight(*shape) if net.chance(0.5) else net.node("Tanh", forms.cut(net, x, axis, 0, count))
    return net.node(operator, x, chosen, updates, axis=axis)


def nd_places(net: Net, x: Value) -> Value:
    """GatherND or ScatterND in the leading axes, where the features come last; or TensorScatter."""
    net.need(not x.is_open() and x.channel == x.ndim - 1 and x.ndim == 3)
    n, t, c = x.shape
    if net.has("TensorScatter") and net.chance(0.4):
        return net.node("TensorScatter", x, net.node("Tanh", x), net.constant([0] * n), axis=1)
    places = [[k % n, (2 * k) % t] for k in range(min(2, t))]
    if net.chance(0.5):
        return net.node("ScatterND", x, net.constant(places), net.weight(len(places), c))
    net.need(net.opset >= 12)
    places = net.constant([[[k % t]] for k in range(n)])
    one = net.node("GatherND", x, places, batch_dims=1, dtype=x.dtype, shapes=[(n, 1, c)] * 2)
    return net.node("Add", x, one)


def in_order(net: Net, x: Value) -> Value:
    """TopK, CumSum, CumProd or a sequence turned around."""
    known = [op for op in ("TopK", "CumSum", "CumProd", "CumProd", "ReverseSequence", "Trilu") if net.has(op)]
    operator = net.rng.choice([*known, "com.microsoft"])
    axis = _axis(net, x)
    if operator == "TopK":
        net.need(net.opset >= 10 and x.dtype == FLOAT)
        values, places = net.many("TopK", 2, x, net.constant([2]), axis=axis)
        return values if net.chance(0.6) else net.node("Mul", net.node("Cast", places, to=x.dtype), net.number(0.1))
    if operator in ("CumSum", "CumProd"):
        source = net.node("Tanh", x)
        return net.node(operator, source, net.constant(axis - x.ndim if net.chance(0.3) else axis))
    if operator == "ReverseSequence":
        net.need(not x.is_open() and axis == 1)
        lengths = [net.rng.randint(1, x.shape[1]) for _ in range(x.shape[0])]
        return net.node(operator, x, net.constant(lengths), batch_axis=0, time_axis=1)
    if operator == "com.microsoft":
        return made(net, "Trilu", x, like=x, upper=0)
    return net.node("Trilu", x, upper=net.rng.choice([0, 1]))


def one_hot(net: Net, x: Value) -> Value:
    """Decisions along one axis as one-hot numbers."""
    net.need(x.dtype == FLOAT and net.opset >= 9)
    axis = _axis(net, x)
    best = net.node("ArgMax", x, axis=axis, keepdims=0)
    values = net.constant([0.0, 1.0], FLOAT)
    hot = net.node("OneHot", best, net.constant(x.shape[axis]), values, axis=axis, dtype=FLOAT, shapes=x.shapes)
    return net.node("Add", x, net.node("Mul", hot, net.number(0.5)))


def compressed(net: Net, x: Value) -> Value:
    """Entries that a constant condition keeps, along one axis; or a mean of some of all."""
    net.need(net.opset >= 9)
    axis = _axis(net, x, 3)
    flags = [True, *[net.chance(0.6) for _ in range(x.shape[axis] - 1)]]
    flags[1] = True
    if net.chance(0.2):
        flat = net.node("Compress", x, net.constant(flags, BOOL), dtype=x.dtype, shapes=[(sum(flags),)] * 2)
        mean = forms.reduce(net, "ReduceMean", with_channel(flat, 0), [0], keep=True)
        return net.node("Sub", x, mean)
    more = {"axis": axis, "dtype": x.dtype, "shapes": x.with_sizes({axis: sum(flags)})}
    return with_channel(net.node("Compress", x, net.constant(flags, BOOL), **more), x.channel)


def sampled(net: Net, x: Value) -> Value:
    """An image read at given places, at those of a computed map, or in boxes."""
    net.need(x.ndim == 4 and x.channel == 1 and x.dtype == FLOAT and not x.is_open() and min(x.shape[2:]) >= 4)
    n, c = x.shape[:2]
    boxes = ["RoiAlign", "MaxRoiPool"] if net.opset < 22 else []  # no kernels since
    style = net.rng.choice(["GridSample", "own", "AffineGrid", *boxes])
    if style == "RoiAlign":
        corners = net.constant([[0.0, 0.0, 3.0, 3.0], [1.0, 1.0, 3.0, 2.0]], FLOAT)
        whole = net.node(style, x, corners, net.constant([0, n - 1]), output_height=2, output_width=2)
        mean = forms.reduce(net, "ReduceMean", whole, [0], keep=True)
        return net.node("Mul", x, net.node("Sigmoid", forms.reduce(net, "ReduceMax", mean, [2, 3], keep=True)))
    if style == "MaxRoiPool":
        pooled = net.node(style, x, net.constant([[0.0, 0.0, 0.0, 3.0, 3.0]], FLOAT), pooled_shape=[1, 1])
        return net.node("Mul", x, net.node("Sigmoid", pooled))
    if style == "AffineGrid":
        theta = net.node("Reshape", net.weight(n, 6), net.constant([n, 2, 3]))
        grid = net.node("AffineGrid", theta, net.constant([n, c, 4, 5]), dtype=FLOAT, shapes=[(n, 4, 5, 2)] * 2)
    else:
        grid = net.weight(n, 4, 5, 2)
    if style == "own" or net.opset < 16 or net.chance(0.3):
        return made(net, "GridSample", x, grid, like=x, shapes=[(n, c, 4, 5)] * 2)
    return net.node("GridSample", x, grid)


def image_blocks(net: Net, x: Value) -> Value:
    """Col2Im, CenterCropPad, or MaxUnpool of what MaxPool found."""
    net.need(x.ndim == 4 and x.channel == 1 and not x.is_open())
    n, c, h, w = x.shape
    style = net.rng.choice(["Col2Im", "CenterCropPad", "MaxUnpool"])
    if style == "CenterCropPad":
        axes, size = net.rng.choice([([2, 3], [5, 5]), ([3], [4]), ([1], [max(c - 1, 1)])])
        shapes = x.with_sizes(dict(zip(axes, size, strict=True)))
        return net.node(style, x, net.constant(size), axes=axes, dtype=x.dtype, shapes=shapes)
    if style == "MaxUnpool":
        net.need(h % 2 == 0 and w % 2 == 0 and net.opset >= 11 and x.dtype == FLOAT)
        window = {"kernel_shape": [2, 2], "strides": [2, 2]}
        values, places = net.many("MaxPool", 2, x, **window)
        return net.node(style, values, places, **window)
    net.need(x.dtype == FLOAT)
    block = 2 if c % 4 == 0 and net.chance(0.6) else 1
    columns = forms.reshape(net, x, [n, c, h * w])
    given = (net.constant([h * block, w * block]), net.constant([block, block]))
    shapes = [(n, c // block**2, h * block, w * block)] * 2
    return net.node(style, columns, *given, strides=[block, block], dtype=x.dtype, shapes=shapes)


def transformed(net: Net, x: Value) -> Value:
    """The real part of a Fourier transform along one axis, or the strength of a short-time one."""
    net.need(net.opset >= 17 and x.dtype == FLOAT)
    if net.chance(0.25):
        net.need(not x.is_open())
        flat = net.node("Flatten", x)
        length = flat.shape[1]
        given, shapes = (net.constant(length), None, net.constant(length)), [(x.shape[0], 1, length // 2 + 1, 2)] * 2
        bins = net.node("STFT", flat, *given, dtype=FLOAT, shapes=shapes)
        net.forget(bins)  # onnx and onnxruntime disagree
        mean = forms.reduce(net, "ReduceMean", bins, [0, 1, 2, 3], keep=False)
        return net.node("Add", x, net.node("Tanh", mean))
    axis = _axis(net, x)
    net.need(axis < x.ndim)
    wide = forms.unsqueeze(net, x, [x.ndim])
    more = {"dtype": FLOAT, "shapes": [(*shape, 2) for shape in x.shapes]}
    if net.opset < 20:
        waves = net.node("DFT", wide, axis=axis, **more)
    else:
        waves = net.node("DFT", wide, None, net.constant(axis), **more)
    real = net.node("Gather", waves, net.constant(0), axis=x.ndim)
    return net.node("Mul", with_channel(real, x.channel), net.number(0.3))


def deformed(net: Net, x: Value) -> Value:
    """DeformConv: a convolution at places that a plain convolution computes, or that are given."""
    net.need(x.ndim == 4 and x.channel == 1 and x.dtype == FLOAT and net.has("DeformConv") and not x.is_open())
    n, c, h, w = x.shape
    shared = net.rng.choice([k for k in (1, 1, 2, 4) if c % k == 0])
    offsets = net.weight(n, 2 * shared, h, w) if net.chance(0.4) else projected(net, x, 2 * shared)
    units = net.rng.choice([4, 6])
    group = net.rng.choice([k for k in (1, 1, 2, 4) if c % k == 0 and units % k == 0])
    more = {"offset_group": shared, "group": group, "dtype": FLOAT, "shapes": [(n, units, h, w)] * 2}
    kernel, places = net.weight(units, c // group, 1, 1), net.node("Tanh", offsets)
    bias = net.vector(units) if net.chance(0.5) else None
    mask = net.node("Sigmoid", projected(net, x, shared)) if bias and net.chance(0.4) else None
    return with_channel(net.node("DeformConv", x, kernel, places, bias, mask, **more), 1)


def found(net: Net, x: Value) -> Value:
    """A number made of what a search found: the places of what is not zero, distinct values, boxes."""
    net.need(x.dtype == FLOAT and net.opset >= 11 and not x.is_open())
    style = net.rng.choice(["NonZero", "Unique", "NonMaxSuppression"])
    total = int(np.prod(x.shape[1:]))
    if style == "NonZero":  # of something: operators behind it differ over what a maximum of nothing is
        places = net.node(style, net.node("Greater", x, net.number(-99.0)), dtype=INT64, shapes=[(x.ndim, 1)] * 2)
        seen = net.node("Cast", places, to=FLOAT)
    elif style == "Unique":
        (seen,) = net.many(style, 1, net.node("Floor", x), dtype=FLOAT, shapes=[(1,)] * 2)
    else:
        net.need(total % 4 == 0)
        boxes = net.node("Abs", net.node("Reshape", x, net.constant([x.shape[0], total // 4, 4])))
        best = net.node("Transpose", forms.reduce(net, "ReduceMax", boxes, [2], keep=True), perm=[0, 2, 1])
        kept = net.node(style, boxes, best, net.constant([2]), dtype=INT64, shapes=[(1, 3)] * 2)
        seen = net.node("Cast", kept, to=FLOAT)
    net.infos[:] = [info for info in net.infos if info.name not in _since(net, style)]
    mean = net.node("Tanh", forms.reduce(net, "ReduceMax", with_channel(seen, 0), list(range(seen.ndim)), keep=False))
    return net.node("Add", x, net.node("Mul", mean, net.number(0.2)))


def _since(net: Net, operator: str) -> set[str]:
    """Outputs of the last node with an operator, and of what follows: their sizes depend on the data."""
    index = max(k for k, node in enumerate(net.nodes) if node.op_type == operator)
    return {name for node in net.nodes[index:] for name in node.output}


def matrices(net: Net, x: Value) -> Value:
    """A determinant, a diagonal or a window function, put to use."""
    style = net.rng.choice(["Det", "EyeLike", "window"])
    if style == "window":
        net.need(net.opset >= 17 and x.dtype == FLOAT)
        axis = _axis(net, x)
        operator = net.rng.choice(["HannWindow", "HammingWindow", "BlackmanWindow"])
        size = x.shape[axis]
        window = net.node(operator, net.constant(size, INT64), dtype=FLOAT, shapes=[(size,)] * 2)
        shape = [size, *[1] * (x.ndim - 1 - axis)]
        return net.node("Mul", x, net.node("Reshape", window, net.constant(shape)) if len(shape) > 1 else window)
    net.need(x.ndim >= 3 and x.dtype == FLOAT)
    if style == "EyeLike":
        net.need(net.opset >= 9)
        rows = forms.reduce(net, "ReduceMax", x, list(range(2, x.ndim)), keep=False)
        eye = net.node("EyeLike", rows)
        mean = forms.reduce(net, "ReduceSum", eye, [0, 1], keep=False)
        return net.node("Mul", x, net.node("Tanh", mean))
    net.need(x.shape[-1] == x.shape[-2] and not x.is_open() and net.opset >= 11)
    size = x.shape[:-2]
    minor = net.node("Det", net.node("Tanh", x), dtype=FLOAT, shapes=[size] * 2)
    return net.node("Add", x, net.node("Tanh", forms.unsqueeze(net, with_channel(minor, 0), [x.ndim - 2, x.ndim - 1])))


def bits(net: Net, x: Value) -> Value:
    """Operators on the bits of integers."""
    net.need(net.opset >= 18 and x.dtype == FLOAT)
    whole = net.node("Cast", net.node("Mul", net.node("Tanh", x), net.number(60.0)), to=INT32)
    if net.chance(0.3):
        mixed = net.node("BitwiseNot", whole)
    else:
        mixed = net.node(net.rng.choice(["BitwiseAnd", "BitwiseOr", "BitwiseXor"]), whole, net.constant(21, INT32))
    return net.node("Mul", net.node("Cast", mixed, to=FLOAT), net.number(0.02))


BLOCKS = {
    element_places: 5, nd_places: 7, in_order: 5, one_hot: 2, compressed: 2, sampled: 9, image_blocks: 6,
    transformed: 2, deformed: 3, found: 3, matrices: 4, bits: 3,
}  # fmt: skip
