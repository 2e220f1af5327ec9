"""Blocks in which ways part and meet: residual additions, Concat, Split, gates, shuffles, slices; of any layout."""

from __future__ import annotations

from scripts.fuzz import forms
from scripts.fuzz.forms import Copy
from scripts.fuzz.images import convolved
from scripts.fuzz.net import HALF, INT64, Net, Value, with_channel


def projected(net: Net, x: Value, units: int) -> Value:
    """A layer from the channels of `x` to `units` channels, whatever the layout."""
    if x.channel == x.ndim - 1:
        y = net.node("MatMul", x, net.weight(x.channels, units))
        return net.node("Add", y, net.vector(units)) if net.chance(0.5) else y
    return convolved(net, x, units, plain=True)


def residual(net: Net, x: Value) -> Value:
    """A sum with an earlier tensor of the same shape, or with one that a projection brings to it."""
    alike = [other for other in net.earlier if other.shapes == x.shapes and other.channel == x.channel and other != x]
    near = [o for o in net.earlier if _fits(o, x) and o.name != x.name]
    net.need(bool(alike or near))
    if alike and (not near or net.chance(0.6)):
        other = net.rng.choice(alike)
    else:
        other = projected(net, net.rng.choice(near), x.channels)
    operator = net.rng.choice(["Add", "Add", "Add", "Add", "Sub", "Max", "Mean", "Sum", "Min"])
    return net.node(operator, *net.rng.sample([x, other], 2))


def branch(net: Net, x: Value) -> Value:
    """A residual block: two layers around an activation, added to what went in."""
    inner = net.node("Relu", projected(net, x, net.rng.choice([4, 8, 12])))
    return net.node("Add", *net.rng.sample([x, projected(net, inner, x.channels)], 2))


def gate(net: Net, x: Value) -> Value:
    """A product with a gate that an earlier tensor, or this one, computes."""
    near = [o for o in net.earlier if _fits(o, x)]
    source = net.rng.choice(near) if near and net.chance(0.5) else x
    gates = net.node(net.rng.choice(["Sigmoid", "Tanh", "Softsign"]), projected(net, source, x.channels))
    return net.node("Mul", *net.rng.sample([x, gates], 2))


def concat(net: Net, x: Value) -> Value:
    """The tensor and others end to end, along the channels or along another axis."""
    near = [other for other in net.earlier if _fits(other, x)]
    net.need(bool(near) and x.channels <= 32)
    others = net.rng.sample(near, min(len(near), net.rng.choice([1, 1, 2])))
    net.need(sum(other.channels for other in others) <= 48)
    axis = x.channel - x.ndim if net.opset >= 11 and net.chance(0.3) else x.channel
    return net.node("Concat", *net.rng.sample([x, *others], len(others) + 1), axis=axis)


def lengthened(net: Net, x: Value) -> Value:
    """The tensor and an activation of it, end to end along an axis that is not the channels, and cut apart again."""
    axis = net.rng.choice([k for k in range(1, x.ndim) if k != x.channel] or [0])
    net.need(axis > 0 and not x.is_open(axis) and x.shape[axis] > 1)
    long = net.node("Concat", x, net.node("Tanh", x), axis=axis)
    return forms.cut(net, long, axis, 1, x.shape[axis] + 1)


def _fits(other: Value, x: Value) -> bool:
    """Whether two tensors differ in the number of channels at most."""
    is_alike = other.ndim == x.ndim and other.channel == x.channel
    return is_alike and other.with_sizes({x.channel: 1}) == x.with_sizes({x.channel: 1})


def split_and_join(net: Net, x: Value) -> Value:
    """Pieces that part ways and meet again in another order."""
    c, count = x.channels, net.rng.choice([2, 2, 3])
    net.need(c >= 2 * count)
    if c % count == 0 and net.chance(0.6):
        sizes = [c // count] * count
    else:
        first = net.rng.randrange(1, c - count + 1)
        sizes = [first, *[1] * (count - 2), c - first - (count - 2)]
    parts = forms.split(net, x, sizes, x.channel, spelt=net.chance(0.5))
    k = net.rng.randrange(count)
    parts[k] = net.node(net.rng.choice(["Relu", "Tanh", "Neg"]), parts[k])
    kept = net.rng.sample(parts, net.rng.choice([count, count, count - 1]))
    return net.node("Concat", *kept, axis=x.channel) if len(kept) > 1 else kept[0]


def gated_halves(net: Net, x: Value) -> Value:
    """A gated linear unit: one half gates the other."""
    c = x.channels
    net.need(c % 2 == 0 and c >= 4)
    if net.chance(0.6):
        one, two = forms.split(net, x, [c // 2, c // 2], x.channel, spelt=net.chance(0.5))
    else:
        one, two = forms.cut(net, x, x.channel, 0, c // 2), forms.cut(net, x, x.channel, c // 2, c)
    return net.node("Mul", one, net.node(net.rng.choice(["Sigmoid", "Tanh"]), two))


def shuffle(net: Net, x: Value) -> Value:
    """A channel shuffle."""
    groups = net.rng.choice([2, 3, 4])
    net.need(x.channel == 1 and x.channels % groups == 0 and x.ndim == 4)
    apart = forms.reshape(net, x, [Copy(0), groups, x.channels // groups, Copy(2), Copy(3)])
    crossed = net.node("Transpose", apart, perm=[0, 2, 1, 3, 4])
    if net.chance(0.7):
        return forms.reshape(net, crossed, [Copy(0), x.channels, Copy(3), Copy(4)])
    net.need(not x.is_open())
    return with_channel(net.node("Reshape", crossed, net.constant(x.shape)), 1)


def depth_and_space(net: Net, x: Value) -> Value:
    """Channels become space, or space becomes channels."""
    net.need(x.ndim == 4 and x.channel == 1)
    if x.channels % 4 == 0 and max(x.shape[2:]) <= 8 and net.chance(0.5):
        mode = net.rng.choice(["DCR", "CRD"]) if net.opset >= 11 else None
        return net.node("DepthToSpace", x, blocksize=2, mode=mode)
    net.need(x.channels <= 8 and not any(size % 2 for shape in x.shapes for size in shape[2:]))
    if net.chance(0.4) and net.opset >= 10:
        parts = [_every_second(net, x, row, column) for row in (0, 1) for column in (0, 1)]
        return net.node("Concat", *parts, axis=1)
    return net.node("SpaceToDepth", x, blocksize=2)


def _every_second(net: Net, x: Value, row: int, column: int) -> Value:
    """Every second row and column."""
    rows = net.node("Slice", x, *[net.constant([entry]) for entry in (row, 2**31, 2, 2)])
    return net.node("Slice", rows, *[net.constant([entry]) for entry in (column, 2**31, 3, 2)])


def sliced(net: Net, x: Value) -> Value:
    """A piece of the channels or of another axis, counted from either end, or taken in steps."""
    axis = x.channel if net.chance(0.6) else net.rng.randrange(1, x.ndim)
    size = x.shape[axis]
    net.need(size >= 4 and not x.is_open(axis))
    kind = net.rng.choice(["plain", "negative", "open", "step", "back"])
    if kind == "plain" or net.opset < 10:
        start = net.rng.randrange(0, size - 2)
        return forms.cut(net, x, axis, start, net.rng.randrange(start + 2, size + 1))
    if kind == "negative":
        return forms.cut(net, x, axis, -net.rng.randrange(2, size), net.rng.choice([2**31 - 1, size]))
    if kind == "open":
        return forms.cut(net, x, axis, 0, -1)
    if kind == "back":
        return forms.cut(net, x, axis, -1, -(2**31), -1)
    return forms.cut(net, x, axis, net.rng.choice([0, 1]), size, 2)


def turned_in_pairs(net: Net, x: Value) -> Value:
    """Channels two by two, each pair turned by an angle, as rotary positions turn neighbours."""
    axis, c = x.channel, x.channels
    net.need(c % 2 == 0 and c >= 4 and net.opset >= 10)
    even, odd = (forms.cut(net, x, axis, k, c, 2) for k in (0, 1))
    pair = [forms.unsqueeze(net, part, [axis + 1]) for part in (net.node("Neg", odd), even)]
    rest = [Copy(k) for k in range(axis + 2, x.ndim + 1)]
    crossed = net.node("Concat", *pair, axis=axis + 1)
    crossed = forms.reshape(net, crossed, [*map(Copy, range(axis)), c, *rest], channel=axis)
    return net.node("Add", x, net.node("Mul", crossed, net.number(0.5)))


def padded(net: Net, x: Value) -> Value:
    """Padding of the channels or of another axis."""
    axis = x.channel if net.chance(0.5) else net.rng.randrange(1, x.ndim)
    mode = "constant" if net.chance(0.7) else net.rng.choice(["reflect", "edge"])
    before, after = [0] * x.ndim, [0] * x.ndim
    before[axis], after[axis] = net.rng.choice([(0, 2), (1, 0), (1, 2), (2, 2)])
    if x.shape[axis] > 4 and mode == "constant" and net.chance(0.1):
        after[axis] = -1
    net.need(x.shape[axis] > 2)
    return forms.pad(net, x, before, after, mode)


def picked(net: Net, x: Value) -> Value:
    """Entries picked by index along an axis."""
    axis = x.channel if net.chance(0.6) else net.rng.randrange(1, x.ndim)
    size = x.shape[axis]
    net.need(size >= 4 and not x.is_open(axis))
    low = -size if net.opset >= 11 and net.chance(0.3) else 0
    indices = net.constant([net.rng.randrange(low, size) for _ in range(net.rng.choice([2, 4, size]))], INT64)
    return net.node("Gather", x, indices, axis=axis)


def tiled(net: Net, x: Value) -> Value:
    """Copies of the tensor end to end along one axis."""
    axis = x.channel if net.chance(0.5) else net.rng.randrange(1, x.ndim)
    net.need(x.shape[axis] <= 8)
    return net.node("Tile", x, net.constant([2 if k == axis else 1 for k in range(x.ndim)]))


def pooled_back(net: Net, x: Value) -> Value:
    """A statistic over an axis, joined with the tensor again."""
    axis = x.channel if net.chance(0.4) else net.rng.randrange(1, x.ndim)
    operator = (
        f"Reduce{net.rng.choice(['Mean', 'Max', 'Min', 'Sum', 'L1', 'L2', 'SumSquare', 'Prod', 'LogSum', 'LogSumExp'])}"
    )
    source = net.node("Sigmoid", x) if operator in ("ReduceLogSum", "ReduceProd") else net.node("Tanh", x)
    found = forms.reduce(net, operator, source, [axis], keep=True)
    if net.chance(0.3):
        return net.node("Sub", x, found)
    return net.node("Mul", x, net.node("Sigmoid", found))


def best_of(net: Net, x: Value) -> Value:
    """The position of the largest or smallest entry, as a number."""
    net.need(x.dtype != HALF)
    axis = x.channel if net.chance(0.4) else net.rng.randrange(1, x.ndim)
    found = net.node(net.rng.choice(["ArgMax", "ArgMin"]), x, axis=axis, keepdims=1)
    return net.node("Add", x, net.node("Mul", net.node("Cast", found, to=x.dtype), net.number(0.1)))


def soft(net: Net, x: Value) -> Value:
    """A softmax, its logarithm or the hard form, along any axis."""
    operator = net.rng.choice(["Softmax", "Softmax", "LogSoftmax", *([] if x.dtype == HALF else ["Hardmax"])])
    axis = net.rng.randrange(1, x.ndim)
    axis = axis - x.ndim if net.opset >= 11 and net.chance(0.4) else axis
    return net.node(operator, x, axis=axis)


def mixed_channels(net: Net, x: Value) -> Value:
    """An operator without a rule, which keeps what it touches."""
    operator = net.rng.choice(["CumSum", "TopK", "Trilu"])
    if operator == "CumSum":
        return net.node("CumSum", x, net.constant(net.rng.randrange(1, x.ndim)))
    if operator == "Trilu":
        return net.node("Trilu", x)
    net.need(x.channels > 4 and net.opset >= 11 and x.dtype != HALF)
    return net.many("TopK", 2, x, net.constant([4]), axis=x.channel)[0]


BLOCKS = {
    residual: 9, branch: 5, gate: 3, concat: 6, lengthened: 1, split_and_join: 4, gated_halves: 3, shuffle: 3,
    depth_and_space: 3, sliced: 3, padded: 2, picked: 2, tiled: 1, pooled_back: 3, best_of: 1, soft: 1,
    mixed_channels: 1, turned_in_pairs: 2,
}  # fmt: skip
