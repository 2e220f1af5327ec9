"""Operators whose form changed between opsets, each in the form of the network's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from scripts.fuzz.net import INT32, INT64, Net, Shape, Value, with_channel


@dataclass(frozen=True, slots=True)
class Copy:
    """A target size that is the size of this axis of the input."""

    axis: int


def axes_input(net: Net, axes: Sequence[int], ndim: int, *, since: int = 11) -> list[int]:
    """Axes in ascending order, some of them counted from the end where the opset allows it."""
    return [axis - ndim if net.opset >= since and net.chance(0.3) else axis for axis in axes]


def reduce(net: Net, operator: str, x: Value, axes: Sequence[int], *, keep: bool) -> Value:
    """A reduction; axes are an attribute at first, later an input."""
    since = 13 if operator == "ReduceSum" else 18
    if net.opset < since:
        y = net.node(operator, x, axes=axes_input(net, axes, x.ndim), keepdims=int(keep))
    else:
        y = net.node(operator, x, net.constant(axes_input(net, axes, x.ndim)), keepdims=int(keep))
    channel = x.channel if keep else x.channel - sum(axis < x.channel for axis in axes)
    return with_channel(y, min(channel, y.ndim - 1)) if y.ndim else y


def squeeze(net: Net, x: Value, axes: Sequence[int]) -> Value:
    """Size-one axes taken away."""
    given = axes_input(net, axes, x.ndim)
    y = net.node("Squeeze", x, net.constant(given)) if net.opset >= 13 else net.node("Squeeze", x, axes=given)
    return with_channel(y, x.channel - sum(axis < x.channel for axis in axes)) if y.ndim else y


def unsqueeze(net: Net, x: Value, axes: Sequence[int]) -> Value:
    """Size-one axes put in; `axes` count in the result."""
    given = axes_input(net, axes, x.ndim + len(axes))
    y = net.node("Unsqueeze", x, net.constant(given)) if net.opset >= 13 else net.node("Unsqueeze", x, axes=given)
    channel = x.channel
    for axis in axes:
        channel += axis <= channel
    return with_channel(y, min(channel, y.ndim - 1))


def split(net: Net, x: Value, sizes: Sequence[int], axis: int, *, spelt: bool = True) -> list[Value]:
    """Pieces of these sizes; equal ones need not be spelt."""
    spelt = spelt or len(set(sizes)) > 1
    if net.opset < 13:
        return net.many("Split", len(sizes), x, axis=axis, split=list(sizes) if spelt else None)
    count = len(sizes) if net.opset >= 18 and not spelt else None
    return net.many("Split", len(sizes), x, net.constant(sizes) if spelt else None, axis=axis, num_outputs=count)


def cut(net: Net, x: Value, axis: int, start: int, end: int, step: int = 1) -> Value:
    """A slice along one axis."""
    axis = axis - x.ndim if net.opset >= 10 and net.chance(0.3) else axis
    if net.opset < 10:
        net.need(step == 1 and start >= 0)
        return net.node("Slice", x, axes=[axis], starts=[start], ends=[end])
    kind = INT32 if net.chance(0.2) else INT64
    entries = [net.constant([entry], kind) for entry in (start, end, axis)]
    return net.node("Slice", x, *entries, *([net.constant([step], kind)] if step != 1 or net.chance(0.3) else []))


def pad(net: Net, x: Value, before: Sequence[int], after: Sequence[int], mode: str = "constant") -> Value:
    """Padding before and after every axis, in newer opsets now and then only for the axes that get some."""
    said = None if mode == "constant" and net.chance(0.5) else mode
    if net.opset < 11:
        return net.node("Pad", x, pads=[*before, *after], mode=said)
    value = net.constant(0.5, net.dtype) if mode == "constant" and net.chance(0.3) else None
    if net.opset >= 18 and net.chance(0.4):
        axes = [axis for axis in range(x.ndim) if before[axis] or after[axis]]
        pads = [before[axis] for axis in axes] + [after[axis] for axis in axes]
        return net.node("Pad", x, net.constant(pads), value, net.constant(axes), mode=said)
    return net.node("Pad", x, net.constant([*before, *after]), *([] if value is None else [value]), mode=said)


def clip(net: Net, x: Value, low: float | None, high: float | None) -> Value:
    """Clip between two bounds, either of which may be missing."""
    if net.opset < 11:
        return net.node("Clip", x, min=low, max=high)
    bounds = [None if bound is None else net.constant(bound, x.dtype) for bound in (low, high)]
    while bounds and bounds[-1] is None:
        bounds.pop()
    return net.node("Clip", x, *bounds)


def transpose(net: Net, x: Value, order: Sequence[int]) -> Value:
    """The axes in another order; the channel axis is followed."""
    order = list(order)
    given = None if order == list(range(x.ndim))[::-1] and net.chance(0.5) else order
    return with_channel(net.node("Transpose", x, perm=given), order.index(x.channel))


def reshape(net: Net, x: Value, dims: Sequence[int | Copy], *, channel: int = 1) -> Value:
    """A reshape to sizes that are numbers or copies of sizes of `x`, spelt in one of the ways exporters use."""
    shapes = [tuple(x.shapes[k][d.axis] if isinstance(d, Copy) else d for d in dims) for k in (0, 1)]
    open_ = [k for k, d in enumerate(dims) if isinstance(d, Copy) and x.is_open(d.axis)]
    zeros = [k for k, d in enumerate(dims) if isinstance(d, Copy) and d.axis == k]
    style = net.rng.choice(["plain", "plain", "zero", "minus", "computed"])
    copied = set(zeros) if style == "zero" else {k for k in open_ if k in zeros}
    rest = [k for k in open_ if k not in copied]
    if style == "computed" or len(rest) > 1:
        return with_channel(_reshape_computed(net, x, dims, (shapes[0], shapes[1])), channel)
    minus = rest[0] if rest else net.rng.randrange(len(dims)) if style == "minus" else None
    entries = [-1 if k == minus else 0 if k in copied else size for k, size in enumerate(shapes[0])]
    return with_channel(net.node("Reshape", x, net.constant(entries)), channel)


def size_of(net: Net, x: Value, axis: int) -> Value:
    """The size of an axis as a scalar, computed by the network."""
    if net.opset >= 15 and net.chance(0.3):
        whole = net.node("Shape", x, start=axis, end=axis + 1)
        return net.node("Squeeze", whole, net.constant([0]))
    whole = net.node("Shape", x)
    return net.node("Gather", whole, net.constant(axis, stored=net.chance(0.5)), axis=0)


def vector_of(net: Net, x: Value, dims: Sequence[int | Copy]) -> Value:
    """A vector of sizes, some of them computed from those of `x`."""
    parts = []
    for dim in dims:
        if isinstance(dim, Copy):
            parts.append(unsqueeze(net, size_of(net, x, dim.axis), [0]))
        else:
            parts.append(net.constant([dim]))
    return net.node("Concat", *parts, axis=0) if len(parts) > 1 else parts[0]


def _reshape_computed(net: Net, x: Value, dims: Sequence[int | Copy], shapes: tuple[Shape, Shape]) -> Value:
    """A reshape to a target that the network puts together."""
    numbers = [k for k, dim in enumerate(dims) if not isinstance(dim, Copy)]
    entries = list(dims)
    if numbers and net.chance(0.5):
        entries[net.rng.choice(numbers)] = -1
    else:
        spread = [k for k, dim in enumerate(dims) if isinstance(dim, Copy) and not x.is_open(dim.axis)]
        for k in spread:
            entries[k] = shapes[0][k] if net.chance(0.6) else entries[k]
    target = vector_of(net, x, entries)
    return net.node("Reshape", x, target, shapes=shapes)
