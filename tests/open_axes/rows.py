"""Steps that turn tokens, ``(samples, steps, channels)``, into other ones by way of computed sizes."""

from __future__ import annotations

from hypothesis import strategies as st

from tests.open_axes.sketch import LAST, Sketch, Value, number

CHANNELS = (4, 6, 8)
ACTIVATIONS = ("Relu", "Sigmoid", "Tanh", "LeakyRelu")


def dense(net: Sketch, x: Value, channels: int | None = None) -> Value:
    """A layer with weights, a bias and an activation."""
    channels = channels or net.pick(CHANNELS)
    product = net.op("MatMul", x.name, net.weight(x.channels, channels))
    total = net.op("Add", product, net.weight(channels)) if net.chance(2) else product
    return net.keep(net.op(net.pick(ACTIVATIONS), total), x, channels)


def width(net: Sketch, x: Value) -> str:
    """The number of channels as it stands in a target."""
    return net.pick((net.constant, lambda _: net.constant(-1), lambda _: net.size(x, x.channel)))(x.channels)


def flat_dense(net: Sketch, x: Value) -> Value:
    """A Gemm over all steps of all samples at once."""
    channels = net.pick(CHANNELS)
    if net.chance(2):
        target = net.constant(-1, x.channels)
    else:
        n_steps = net.op("Mul", net.size(x, 0), net.size(x, 1))
        target = net.concat(n_steps, width(net, x))
    flat = net.op("Reshape", x.name, target)
    made = net.op("Gemm", flat, net.weight(x.channels, channels), net.weight(channels))
    back = net.concat(net.size(x, 0), net.size(x, 1), net.constant(net.pick((-1, channels))))
    return net.keep(net.op("Reshape", made, back), x, channels)


def first_steps(net: Sketch, x: Value) -> Value:
    """As many steps as a number says."""
    stop = net.op("Max", number(net), net.constant(1))
    return net.keep(net.op("Slice", x.name, net.constant(0), stop, net.constant(1)), x)


def last_steps(net: Sketch, x: Value) -> Value:
    """The steps behind one that a number says, or as many as it says."""
    last = net.op("Sub", net.size(x, 1), net.constant(1))
    start = net.between(number(net), 0, last)
    if net.chance(2):
        start = net.op("Neg", net.op("Max", start, net.constant(1)))
    return net.keep(net.op("Slice", x.name, start, net.constant(LAST), net.constant(1)), x)


def padded(net: Sketch, x: Value) -> Value:
    """Some more steps."""
    more = net.between(number(net), 0, 9)
    before = net.pick((net.constant(0), more))
    pads = net.concat(net.constant(0), before, net.constant(0, 0), more, net.constant(0))
    return net.keep(net.op("Pad", x.name, pads), x)


def tiled(net: Sketch, x: Value) -> Value:
    """The steps over and over again."""
    if net.n_tiled:
        return x
    net.n_tiled += 1
    times = net.concat(net.constant(1), net.between(number(net), 1, 3), net.constant(1))
    return net.keep(net.op("Tile", x.name, times), x)


def resized(net: Sketch, x: Value) -> Value:
    """As many steps as a number says, out of those there are."""
    sizes = net.concat(net.size(x, 0), net.between(number(net), 1, 90), net.size(x, 2))
    return net.keep(net.op('Resize <mode="nearest">', x.name, "", "", sizes), x)


def windows(net: Sketch, x: Value) -> Value:
    """A layer inside windows of steps; what is missing to the last one is filled up and cut away."""
    step = net.draw(st.integers(2, 7))
    k, length = net.constant(step), net.size(x, 1)
    rest = net.op("Sub", k, net.op("Mod", length, k))
    more = net.op("Mod", rest, k)
    full = net.op("Pad", x.name, net.concat(net.constant(0, 0, 0, 0), more, net.constant(0)))
    total = net.op("Add", length, more)
    count = net.op("Div", total, k)
    if net.chance(2):
        parts = net.concat(net.size(x, 0), net.pick((count, net.constant(-1))), k, net.constant(x.channels))
        apart = Value(net.op("Reshape", full, parts), 4, 3, x.channels)
        pooled = net.op("ReduceMean <axes=[2], keepdims=1>", apart.name)
        apart = Value(net.op("Sub", apart.name, pooled), 4, 3, x.channels)
    else:
        parts = net.concat(net.op("Mul", net.size(x, 0), count), k, width(net, x))
        apart = Value(net.op("Reshape", full, parts), 3, 2, x.channels)
    channels = net.pick(CHANNELS)
    made = net.op("MatMul", apart.name, net.weight(x.channels, channels))
    back = net.concat(net.size(x, 0), net.pick((total, net.constant(-1))), net.constant(channels))
    together = net.op("Reshape", made, back)
    return net.keep(net.op("Slice", together, net.constant(0), length, net.constant(1)), x, channels)


def heads(net: Sketch, x: Value) -> Value:
    """Attention of two heads, with or without a mask of counted steps."""
    channels = net.pick((4, 8))
    each = net.constant(channels // 2)
    split = []
    for perm in ("[0,2,1,3]", "[0,2,3,1]", "[0,2,1,3]"):
        made = net.op("MatMul", x.name, net.weight(x.channels, channels))
        n_steps = net.pick((net.size(x, 1), net.constant(-1)))
        target = net.concat(net.size(x, 0), n_steps, net.constant(2), each)
        split.append(net.op(f"Transpose <perm={perm}>", net.op("Reshape", made, target)))
    scores = net.op("MatMul", split[0], split[1])
    if net.chance(2):
        steps = counting(net, net.size(x, 1))
        far = net.op("Less", steps, net.op("Unsqueeze", steps, net.constant(1)))
        hidden = net.op("Expand", net.scalar(-9.0), net.op("Shape", scores))
        scores = net.op("Where", far, scores, hidden)
    mixed = net.op("MatMul", net.op("Softmax <axis=-1>", scores), split[2])
    back = net.op("Transpose <perm=[0,2,1,3]>", mixed)
    target = net.concat(net.size(x, 0), net.size(x, 1), net.constant(net.pick((-1, channels))))
    return net.keep(net.op("Reshape", back, target), x, channels)


def counting(net: Sketch, length: str) -> str:
    """The numbers from 0 up to a length."""
    top = net.op("Squeeze", length, net.constant(0))
    return net.op("Range", net.scalar(0, "int64"), top, net.scalar(1, "int64"))


def placed(net: Sketch, x: Value) -> Value:
    """Each step with a row of a table added, as far as the table goes; it may hold fewer rows than there are steps."""
    n_rows = net.pick((5, 20, 64, 100, 512))
    table = net.weight(n_rows, x.channels)
    stop = net.op("Min", net.size(x, 1), net.constant(n_rows))
    axes = net.constant(0)
    rows = net.op("Slice", table, axes, stop, axes)
    if net.chance(2):
        rows = net.op("Gather", table, counting(net, stop))
    short = net.op("Slice", x.name, net.constant(0), stop, net.constant(1))
    return net.keep(net.op("Add", short, rows), x)


def counted(net: Sketch, x: Value) -> Value:
    """Each step with its own number added."""
    places = net.op("Cast <to=1>", counting(net, net.size(x, 1)))
    column = net.op("Unsqueeze", net.op("Mul", places, net.scalar(0.01)), net.constant(1))
    return net.keep(net.op("Add", x.name, column), x)


def filled(net: Sketch, x: Value) -> Value:
    """A constant of a computed shape added."""
    sizes = [net.pick((net.constant(1), net.size(x, axis))) for axis in range(2)]
    made = net.op("ConstantOfShape <value=float[1] {0.5}>", net.concat(*sizes, width_or_one(net, x)))
    return net.keep(net.op(net.pick(("Add", "Mul")), x.name, made), x)


def width_or_one(net: Sketch, x: Value) -> str:
    """The size along channels of something that is broadcast to them."""
    return net.pick((net.constant(1), net.constant(x.channels), net.size(x, x.channel)))


def spread(net: Sketch, x: Value) -> Value:
    """The mean of all steps, repeated to some number of them, and joined with them."""
    mean = net.op("ReduceMean <axes=[1], keepdims=1>", x.name)
    if net.chance(2):
        return net.keep(net.op("Add", x.name, net.op("Expand", mean, net.shape(x))), x)
    target = net.concat(net.size(x, 0), net.between(number(net), 1, 9), net.pick((net.constant(1), net.size(x, 2))))
    wide = net.op("Expand", mean, target)
    return net.keep(net.op("Concat <axis=1>", x.name, wide), x)


def token(net: Sketch, x: Value) -> Value:
    """One more step in front, the same in every sample."""
    target = net.concat(net.size(x, 0), net.constant(-1, -1) if net.chance(2) else net.constant(1, 1))
    first = net.weight(1, 1, x.channels)
    ones = net.op("ConstantOfShape <value=int64[1] {1}>", net.constant(3))
    minus = net.op("Equal", target, net.constant(-1))
    wide = net.op("Expand", first, net.op("Where", minus, ones, target))
    return net.keep(net.op("Concat <axis=1>", wide, x.name), x)


def scaled(net: Sketch, x: Value) -> Value:
    """All divided by a number."""
    divisor = net.op("Cast <to=1>", net.between(number(net), 1, 20))
    return net.keep(net.op("Div", x.name, divisor), x)


STEPS = (
    *(dense, dense, flat_dense, first_steps, first_steps, last_steps, padded, tiled, resized, windows, windows),
    *(heads, placed, counted, filled, spread, token, scaled),
)
