"""Blocks that compute with shapes: sizes that become numbers, targets, bounds and constants."""

from __future__ import annotations

import math

import numpy as np
from onnx import helper, numpy_helper

from scripts.fuzz import forms
from scripts.fuzz.forms import Copy
from scripts.fuzz.net import BOOL, FLOAT, INT64, Net, Value


def by_size(net: Net, x: Value) -> Value:
    """A factor computed from the size of an axis, or of the whole tensor."""
    if net.chance(0.3) and x.dtype == FLOAT:
        size = net.node("Size", x)
        number = net.node("Log", net.node("Cast", size, to=x.dtype))
    else:
        axis = x.channel if net.chance(0.6) else net.rng.randrange(x.ndim)
        number = net.node("Sqrt", net.node("Cast", forms.size_of(net, x, axis), to=x.dtype))
    return net.node("Div", x, net.node("Add", number, net.number(0.5)))


def filled(net: Net, x: Value) -> Value:
    """A constant of the tensor's own shape, or of a shape that broadcasts to it."""
    value = _tensor(net, 0.75 if net.chance(0.6) else 0.0, x.dtype)
    if net.chance(0.6):
        made = net.node("ConstantOfShape", net.node("Shape", x), value=value, shapes=x.shapes)
    else:
        made = net.node("ConstantOfShape", net.constant(x.per_channel()), value=value)
    return net.node(net.rng.choice(["Add", "Max", "Sub"]), x, made)


def _tensor(net: Net, number: float, dtype: int) -> object:
    """A value for ConstantOfShape."""
    array = np.array([number], helper.tensor_dtype_to_np_dtype(dtype))
    return numpy_helper.from_array(array, net.name("v"))


def counted(net: Net, x: Value) -> Value:
    """Positions counted along an axis by Range, and added."""
    net.need(net.has("Range"))
    axis = net.rng.randrange(1, x.ndim)
    length = forms.size_of(net, x, axis)
    shapes = [(s[axis],) for s in x.shapes]
    numbers = net.node("Range", net.constant(0), length, net.constant(1), shapes=shapes)
    part = net.node("Mul", net.node("Cast", numbers, to=x.dtype), net.number(0.02))
    if axis < x.ndim - 1:
        part = forms.unsqueeze(net, part, list(range(1, x.ndim - axis)))
    return net.node("Add", x, part)


def expanded(net: Net, x: Value) -> Value:
    """A statistic repeated to the size of the tensor again, and joined with it."""
    net.need(net.has("Expand") and x.ndim > 2)
    space = [axis for axis in range(1, x.ndim) if axis != x.channel]
    small = forms.reduce(net, net.rng.choice(["ReduceMean", "ReduceMax"]), x, space, keep=True)
    if x.is_open() or net.chance(0.5):
        target = net.node("Shape", x)
        if net.opset >= 11 and net.chance(0.3):
            target = _guarded(net, x)
        wide = net.node("Expand", small, target, shapes=x.shapes)
    else:
        entries = [size if net.chance(0.6) or axis in space else 1 for axis, size in enumerate(x.shape)]
        wide = net.node("Expand", small, net.constant(entries))
    axis = x.channel if x.channels <= 16 and net.chance(0.5) else None
    return net.node("Add", x, wide) if axis is None else net.node("Concat", x, wide, axis=axis)


def _guarded(net: Net, x: Value) -> Value:
    """An Expand target as torch writes it: entries of -1 are replaced by ones."""
    target = forms.vector_of(net, x, [Copy(k) if net.chance(0.5) or x.is_open(k) else s for k, s in enumerate(x.shape)])
    ones = net.node("ConstantOfShape", net.constant([x.ndim]), value=_tensor(net, 1, INT64))
    absent = net.node("Equal", target, net.node("Mul", ones, net.constant(-1)))
    return net.node("Where", absent, ones, target, shapes=target.shapes)


def halved(net: Net, x: Value) -> Value:
    """Two halves of the channels, cut at half of a computed size."""
    c = x.channels
    net.need(c % 2 == 0 and c >= 4 and net.opset >= 10)
    half = net.node("Div", forms.size_of(net, x, x.channel), net.constant(2))
    middle = forms.unsqueeze(net, half, [0]) if half.ndim == 0 else half
    shapes = x.with_sizes({x.channel: c // 2})
    axis = net.constant([x.channel])
    one = net.node("Slice", x, net.constant([0]), middle, axis, shapes=shapes)
    two = net.node("Slice", x, middle, net.constant([2**31 - 1]), axis, shapes=shapes)
    gated = net.node("Mul", one, net.node("Sigmoid", two))
    return gated if net.chance(0.6) else net.node("Concat", two, one, axis=x.channel)


def flat_and_back(net: Net, x: Value) -> Value:
    """A tensor laid flat for an activation, and brought to its own shape again."""
    net.need(x.ndim > 2)
    flat = _flat(net, x)
    active = net.node(net.rng.choice(["Tanh", "Relu", "Sigmoid"]), flat)
    return net.node("Reshape", active, net.node("Shape", x), shapes=x.shapes)


def _flat(net: Net, x: Value) -> Value:
    """The tensor with its last axes, or all of them, laid end to end."""
    target = net.rng.choice([[-1], [0, -1], [0, 0, -1]] if x.ndim > 3 else [[-1], [0, -1]])
    n_kept = len(target) - 1
    shapes = [(*shape[:n_kept], math.prod(shape[n_kept:])) for shape in x.shapes]
    return net.node("Reshape", x, net.constant(target), shapes=shapes)


def shaped_mask(net: Net, x: Value) -> Value:
    """A mask made of counted positions: everything beyond a place is damped."""
    net.need(net.has("Range") and net.opset >= 9)
    shapes = [(s[-1],) for s in x.shapes]
    last = forms.size_of(net, x, x.ndim - 1)
    numbers = net.node("Range", net.constant(0), last, net.constant(1), shapes=shapes)
    seen = net.node("Less", numbers, net.constant(2))
    if net.chance(0.5):
        return net.node("Where", seen, x, net.number(0.1))
    return net.node("Mul", x, net.node("Cast", net.node("Not", net.node("Not", seen)), to=x.dtype))


def truth(net: Net, x: Value) -> Value:
    """Channels switched on and off by a constant of booleans."""
    net.need(net.opset >= 9)
    flags = np.array([net.chance(0.5) for _ in range(x.channels)])
    return net.node("Where", net.constant(flags.reshape(x.per_channel()), BOOL), x, net.number(0.2))


BLOCKS = {by_size: 3, filled: 2, counted: 2, expanded: 4, halved: 3, flat_and_back: 2, shaped_mask: 1, truth: 1}
