"""Steps that turn images, ``(samples, channels, height, width)``, into other ones by way of computed sizes."""

from __future__ import annotations

from hypothesis import strategies as st

from tests.open_axes.rows import ACTIVATIONS, CHANNELS, width_or_one
from tests.open_axes.sketch import LAST, Sketch, Value, number


def conv(net: Sketch, x: Value, channels: int | None = None) -> Value:
    """A layer with weights, a bias and an activation."""
    channels = channels or net.pick(CHANNELS)
    kernel = net.pick((1, 3))
    weights = net.weight(channels, x.channels, kernel, kernel)
    pads = f"pads=[{','.join([str(kernel // 2)] * 4)}]"
    return net.keep(net.op(net.pick(ACTIVATIONS), net.op(f"Conv <{pads}>", x.name, weights)), x, channels)


def depthwise(net: Sketch, x: Value) -> Value:
    """A layer that works channel by channel."""
    weights = f"{net.weight(x.channels, 1, 3, 3)}, {net.weight(x.channels)}"
    return net.keep(net.op(f"Conv <group={x.channels}, pads=[1,1,1,1]>", x.name, weights), x)


def resized(net: Sketch, x: Value) -> Value:
    """Another height and width, as sizes or as factors."""
    mode = net.pick(("nearest", "linear"))
    if net.chance(3):
        factors = net.constant(1, 1, *(net.pick((1, 2)) for _ in range(2)))
        shape = net.op("Mul", net.shape(x), factors)
        return net.keep(net.op(f'Resize <mode="{mode}">', x.name, "", "", _capped(net, shape)), x)
    new = [net.between(number(net), 1, 40) for _ in range(2)]
    if net.chance(4):
        old = [net.op("Cast <to=1>", net.size(x, axis)) for axis in (2, 3)]
        ratios = [net.op("Div", net.op("Cast <to=1>", a), b) for a, b in zip(new, old, strict=True)]
        ones = net.op("Cast <to=1>", net.constant(1, 1))
        scaled = [net.op("Max", ratio, net.scalar(1.0)) for ratio in ratios]
        return net.keep(net.op(f'Resize <mode="{mode}">', x.name, "", net.concat(ones, *scaled)), x)
    sizes = net.concat(net.size(x, 0), net.pick((net.constant(x.channels), net.size(x, 1))), *new)
    return net.keep(net.op(f'Resize <mode="{mode}">', x.name, "", "", sizes), x)


def _capped(net: Sketch, shape: str) -> str:
    """A shape with at most 90 pixels along height and width."""
    return net.op("Min", shape, net.constant(LAST, LAST, 90, 90))


def cropped(net: Sketch, x: Value) -> Value:
    """As many rows or columns as a number says, from where another one says."""
    axis = net.pick((2, 3))
    last = net.op("Sub", net.size(x, axis), net.constant(1))
    start = net.pick((net.constant(0), net.between(number(net), 0, last)))
    stop = net.op("Add", start, net.op("Max", number(net), net.constant(1)))
    return net.keep(net.op("Slice", x.name, start, stop, net.constant(axis)), x)


def padded(net: Sketch, x: Value) -> Value:
    """Some more rows and columns."""
    more = [net.between(number(net), 0, 5) for _ in range(2)]
    pads = net.concat(net.constant(0, 0, 0, 0, 0, 0), *more)
    return net.keep(net.op("Pad", x.name, pads), x)


def windows(net: Sketch, x: Value) -> Value:
    """A layer inside windows of pixels; what is missing to the last ones is filled up and cut away."""
    step = net.draw(st.integers(2, 7))
    k = net.constant(step)
    sizes = [net.size(x, axis) for axis in (2, 3)]
    missing = [net.op("Mod", net.op("Sub", k, net.op("Mod", s, k)), k) for s in sizes]
    full = net.op("Pad", x.name, net.concat(net.constant(0, 0, 0, 0, 0, 0), *missing))
    totals = [net.op("Add", s, m) for s, m in zip(sizes, missing, strict=True)]
    rows, columns = (net.op("Div", total, k) for total in totals)
    parts = net.concat(net.size(x, 0), net.constant(x.channels), rows, k, columns, k)
    apart = net.op("Transpose <perm=[0,2,4,3,5,1]>", net.op("Reshape", full, parts))
    flat = net.op("Reshape", apart, net.constant(-1, step * step, x.channels))
    channels = net.pick(CHANNELS)
    made = net.op("MatMul", flat, net.weight(x.channels, channels))
    back = net.concat(net.size(x, 0), rows, columns, k, k, net.constant(net.pick((-1, channels))))
    turned = net.op("Transpose <perm=[0,5,1,3,2,4]>", net.op("Reshape", made, back))
    whole = net.op("Reshape", turned, net.concat(net.size(x, 0), net.constant(channels), *totals))
    bounds = f"{net.constant(0, 0)}, {net.concat(*sizes)}, {net.constant(2, 3)}"
    return net.keep(net.op("Slice", whole, bounds), x, channels)


def flat_and_back(net: Sketch, x: Value) -> Value:
    """A layer over pixels laid end to end."""
    target = net.pick((
        lambda: net.concat(net.size(x, 0), net.constant(x.channels, -1)),
        lambda: net.constant(0, x.channels, -1),
        lambda: net.concat(net.size(x, 0), net.size(x, 1), net.op("Mul", net.size(x, 2), net.size(x, 3))),
    ))()  # fmt: skip
    flat = net.op("Transpose <perm=[0,2,1]>", net.op("Reshape", x.name, target))
    channels = net.pick(CHANNELS)
    made = net.op("MatMul", flat, net.weight(x.channels, channels))
    back = net.concat(net.size(x, 0), net.constant(net.pick((-1, channels))), net.size(x, 2), net.size(x, 3))
    return net.keep(net.op("Reshape", net.op("Transpose <perm=[0,2,1]>", made), back), x, channels)


def joined(net: Sketch, x: Value) -> Value:
    """With an earlier image that is brought to the same height and width."""
    other = net.pick([value for value in net.seen if value.ndim == 4])
    tail = net.op("Slice", net.shape(x), net.constant(2), net.constant(4))
    head = net.op("Slice", net.shape(other), net.constant(0), net.constant(2))
    same = net.op('Resize <mode="nearest">', other.name, "", "", net.concat(head, tail))
    if other.channels == x.channels and net.chance(2):
        return net.keep(net.op("Add", x.name, same), x)
    return net.keep(net.op("Concat <axis=1>", x.name, same), x, x.channels + other.channels)


def pooled(net: Sketch, x: Value) -> Value:
    """The mean of all pixels, repeated to all of them."""
    mean = net.op("GlobalAveragePool", x.name)
    target = net.concat(net.constant(1), width_or_one(net, x), net.size(x, 2), net.size(x, 3))
    return net.keep(net.op("Add", x.name, net.op("Expand", mean, target)), x)


def tiled(net: Sketch, x: Value) -> Value:
    """The image beside itself."""
    if net.n_tiled:
        return x
    net.n_tiled += 1
    times = net.concat(net.constant(1, 1), net.between(number(net), 1, 2), net.between(number(net), 1, 2))
    return net.keep(net.op("Tile", x.name, times), x)


def filled(net: Sketch, x: Value) -> Value:
    """A constant of a computed shape added."""
    sizes = [net.pick((net.constant(1), net.size(x, axis))) for axis in (2, 3)]
    target = net.concat(net.constant(1), width_or_one(net, x), *sizes)
    made = net.op("ConstantOfShape <value=float[1] {0.5}>", target)
    return net.keep(net.op("Add", x.name, made), x)


STEPS = (
    *(conv, conv, depthwise, resized, resized, cropped, cropped, padded, windows, flat_and_back, joined, pooled),
    *(tiled, filled),
)
