"""Steps as exporters write whole layers: shifts, frames, memory, position tables that are stretched."""

from __future__ import annotations

from tests.open_axes.rows import CHANNELS, counting
from tests.open_axes.sketch import LAST, Sketch, Value, number


def rolled(net: Sketch, x: Value) -> Value:
    """What comes first put behind the rest, along an open axis."""
    axis = net.pick(x.length_axes)
    last = net.op("Sub", net.size(x, axis), net.constant(1))
    place, along = net.between(number(net), 0, last), net.constant(axis)
    first = net.op("Slice", x.name, net.constant(0), place, along)
    rest = net.op("Slice", x.name, place, net.constant(LAST), along)
    return net.keep(net.op(f"Concat <axis={axis}>", rest, first), x)


def halves(net: Sketch, x: Value) -> Value:
    """Two pieces of computed sizes; one is kept."""
    axis = net.pick(x.length_axes)
    size = net.size(x, axis)
    first = net.between(number(net), 1, size)
    names = [net.name("t") for _ in range(2)]
    sizes = net.concat(first, net.op("Sub", size, first))
    net.lines.append(f"[{names[0]}] {', '.join(names)} = Split <axis={axis}> ({x.name}, {sizes})")
    return net.keep(names[0], x)


def stretched(net: Sketch, x: Value) -> Value:
    """A table of places, resized to as many as there are, added."""
    if x.channel == 1:
        table = net.weight(1, x.channels, net.pick((1, 4)), 4)
        sizes = net.concat(net.constant(1, x.channels), net.size(x, 2), net.size(x, 3))
        wide = net.op('Resize <mode="linear">', table, "", "", sizes)
        return net.keep(net.op("Add", x.name, wide), x)
    table = net.weight(1, x.channels, 7)
    sizes = net.concat(net.constant(1, x.channels), net.size(x, 1))
    wide = net.op('Resize <mode="nearest">', table, "", "", sizes)
    return net.keep(net.op("Add", x.name, net.op("Transpose <perm=[0,2,1]>", wide)), x)


def summed_up(net: Sketch, x: Value) -> Value:
    """A vector for each sample, from a fixed number of places, that scales all of them."""
    if x.channel == 1:
        shape = net.concat(net.size(x, 0), net.size(x, 1), net.constant(2, 2))
        small = net.op('Resize <mode="nearest">', x.name, "", "", shape)
        target = net.pick((net.constant(-1, 4 * x.channels), net.concat(net.size(x, 0), net.constant(-1))))
        flat = net.op("Reshape", small, target)
        made = net.op("Gemm", flat, net.weight(4 * x.channels, x.channels), net.weight(x.channels))
        return net.keep(net.op("Mul", x.name, net.op("Unsqueeze", made, net.constant(2, 3))), x)
    first = net.op("Gather <axis=1>", x.name, net.scalar(0, "int64"))
    made = net.op("Sigmoid", net.op("MatMul", first, net.weight(x.channels, x.channels)))
    target = net.concat(net.size(x, 0), net.constant(1), net.pick((net.constant(-1), net.size(x, 2))))
    return net.keep(net.op("Mul", x.name, net.op("Reshape", made, target)), x)


def frames(net: Sketch, x: Value) -> Value:
    """Overlapping frames of three steps, gathered by computed places, and a layer over each."""
    count = net.op("Max", net.op("Div", net.size(x, 1), net.constant(net.pick((1, 2)))), net.constant(1))
    last = net.op("Sub", net.size(x, 1), net.constant(1))
    starts = net.op("Unsqueeze", counting(net, count), net.constant(1))
    places = net.op("Min", net.op("Add", starts, net.constant(0, 1, 2)), last)
    apart = net.op("Gather <axis=1>", x.name, places)
    width = net.pick((net.constant(3 * x.channels), net.op("Mul", net.constant(3), net.size(x, 2))))
    flat = net.op("Reshape", apart, net.concat(net.size(x, 0), net.pick((count, net.constant(-1))), width))
    channels = net.pick(CHANNELS)
    return net.keep(net.op("MatMul", flat, net.weight(3 * x.channels, channels)), x, channels)


def recurrent(net: Sketch, x: Value) -> Value:
    """A memory of steps, from a computed state of zeros."""
    channels = net.pick(CHANNELS)
    first = net.op("Transpose <perm=[1,0,2]>", x.name)
    state = net.op("ConstantOfShape", net.concat(net.constant(1), net.size(x, 0), net.constant(channels)))
    weights = net.weight(1, 3 * channels, x.channels), net.weight(1, 3 * channels, channels)
    made = net.op(f"GRU <hidden_size={channels}>", first, *weights, "", "", state)
    target = net.concat(net.size(x, 1), net.size(x, 0), net.constant(net.pick((-1, channels))))
    return net.keep(net.op("Transpose <perm=[1,0,2]>", net.op("Reshape", made, target)), x, channels)


def along_steps(net: Sketch, x: Value) -> Value:
    """A convolution along the steps, and a norm of each channel."""
    channels = net.pick(CHANNELS)
    turned = net.op("Transpose <perm=[0,2,1]>", x.name)
    stride = net.pick((1, 2))
    made = net.op(f"Conv <pads=[1,1], strides=[{stride}]>", turned, net.weight(channels, x.channels, 3))
    if net.chance(2):
        made = net.op("InstanceNormalization <epsilon=0.1>", made, net.weight(channels), net.weight(channels))
    return net.keep(net.op("Transpose <perm=[0,2,1]>", made), x, channels)


def earlier(net: Sketch, x: Value) -> Value:
    """Means of all earlier steps, by a triangle of a computed size."""
    size = net.size(x, 1)
    ones = net.op("ConstantOfShape <value=float[1] {1}>", net.concat(size, size))
    lower = net.op("Trilu <upper=0>", ones)
    mean = net.op("Div", lower, net.op("ReduceSum", lower, net.constant(1)))
    return net.keep(net.op("MatMul", mean, x.name), x)


def shuffled(net: Sketch, x: Value) -> Value:
    """Channels that become pixels, by way of computed shapes."""
    if x.channels < 8 or x.channels % 4 or net.n_tiled:
        return x
    net.n_tiled += 1
    n, h, w = (net.size(x, axis) for axis in (0, 2, 3))
    quarter = net.pick((net.constant(x.channels // 4), net.op("Div", net.size(x, 1), net.constant(4))))
    apart = net.op("Reshape", x.name, net.concat(n, quarter, net.constant(2, 2), h, w))
    turned = net.op("Transpose <perm=[0,1,4,2,5,3]>", apart)
    target = net.concat(n, quarter, *(net.op("Mul", size, net.constant(2)) for size in (h, w)))
    return net.keep(net.op("Reshape", turned, target), x, x.channels // 4)


def halved(net: Sketch, x: Value) -> Value:
    """Pixels in blocks of two by two that become channels, once both sides are even."""
    n, h, w = (net.size(x, axis) for axis in (0, 2, 3))
    odd = [net.op("Mod", size, net.constant(2)) for size in (h, w)]
    full = net.op("Pad", x.name, net.concat(net.constant(0, 0, 0, 0, 0, 0), *odd))
    sides = [net.op("Div", net.op("Add", s, o), net.constant(2)) for s, o in zip((h, w), odd, strict=True)]
    two = net.constant(2)
    apart = net.op("Reshape", full, net.concat(n, net.constant(x.channels), sides[0], two, sides[1], two))
    turned = net.op("Transpose <perm=[0,1,3,5,2,4]>", apart)
    width = net.pick((net.constant(4 * x.channels), net.op("Mul", net.size(x, 1), net.constant(4)), net.constant(-1)))
    return net.keep(net.op("Reshape", turned, net.concat(n, width, *sides)), x, 4 * x.channels)


def decoder(net: Sketch, x: Value, past: str, mask: str) -> Value:
    """Attention to steps of the past, too, under a mask that is as long as past and new steps together."""
    before = net.op("Gather", net.op("Shape", past), net.constant(2))
    total = net.op("Add", before, net.size(x, 1))
    bounds = [net.op("Squeeze", length, net.constant(0)) for length in (before, total)]
    own = net.op("Range", *bounds, net.scalar(1, "int64"))
    table = net.op("Gather", net.weight(64, x.channels), net.op("Min", own, net.constant(63)))
    x = net.keep(net.op("Add", x.name, table), x)
    query, key = (_heads(net, x) for _ in range(2))
    keys = net.op("Concat <axis=2>", past, key)
    scores = net.op("MatMul", query, net.op("Transpose <perm=[0,1,3,2]>", keys))
    shown = net.op("Unsqueeze", net.op("Cast <to=9>", mask), net.constant(1, 2))
    earlier_ones = net.op("LessOrEqual", counting(net, total), net.op("Unsqueeze", own, net.constant(1)))
    hidden = net.scalar(-9.0)
    scores = net.op("Where", net.op("And", shown, earlier_ones), scores, hidden)
    mixed = net.op("Transpose <perm=[0,2,1,3]>", net.op("MatMul", net.op("Softmax <axis=-1>", scores), keys))
    target = net.concat(net.size(x, 0), net.size(x, 1), net.constant(net.pick((-1, 8))))
    return net.keep(net.op("Reshape", mixed, target), x, 8)


def _heads(net: Sketch, x: Value) -> str:
    """Two heads of four channels for each step."""
    made = net.op("MatMul", x.name, net.weight(x.channels, 8))
    target = net.concat(net.size(x, 0), net.pick((net.size(x, 1), net.constant(-1))), net.constant(2, 4))
    return net.op("Transpose <perm=[0,2,1,3]>", net.op("Reshape", made, target))


OF_ROWS = (rolled, halves, stretched, summed_up, frames, recurrent, along_steps, earlier)
OF_IMAGES = (rolled, halves, stretched, summed_up, shuffled, halved)
