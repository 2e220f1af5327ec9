"""Attention in the forms that exporters write, on tensors of batch, sequence and features."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

from scripts.fuzz import forms
from scripts.fuzz.forms import Copy
from scripts.fuzz.net import BOOL, FLOAT, Net, Value, with_channel


@dataclass(frozen=True, slots=True)
class Heads:
    """How many heads queries and keys have, and the width of one."""

    queries: int
    keys: int
    width: int


def attention(net: Net, x: Value) -> Value:
    """A layer of attention and what is added to it."""
    net.need(x.ndim == 3 and x.channel == 2)
    count = net.rng.choice([1, 2, 2, 4])
    heads = Heads(count, net.rng.choice([k for k in (1, 2, 4) if count % k == 0]), net.rng.choice([2, 4, 6]))
    if net.chance(0.55):
        heads = Heads(count, count, heads.width)
    q, k, v = _queries_keys_values(net, x, heads)
    if net.chance(0.25) and heads.width % 2 == 0 and not x.is_open(1):
        q, k = _rotated(net, q), _rotated(net, k)
    if heads.keys < heads.queries:
        k, v = _repeated(net, k, heads), _repeated(net, v, heads)
    mixed = _linear_mix(net, q, k, v) if net.chance(0.15) else _mix(net, q, k, v, heads)
    merged = forms.transpose(net, with_channel(mixed, 1), [0, 2, 1, 3])
    flat = forms.reshape(net, merged, [Copy(0), Copy(1), heads.queries * heads.width], channel=2)
    y = linear(net, flat, x.channels)
    return net.node("Add", *net.rng.sample([x, y], 2)) if net.chance(0.8) else y


def linear(net: Net, x: Value, units: int) -> Value:
    """A layer for each place of a sequence."""
    if net.chance(0.12) and x.ndim == 3 and not x.is_open(1):
        rows = net.node("Reshape", x, net.constant([-1, x.channels]))
        y = net.node("Gemm", with_channel(rows, 1), net.weight(units, x.channels), net.vector(units), transB=1)
        target = net.constant([-1, x.shape[1], units])
        return with_channel(net.node("Reshape", y, target, shapes=x.with_sizes({2: units})), 2)
    if net.chance(0.1) and net.opset >= 12 and x.dtype == FLOAT and x.ndim == 3:
        return net.node("Einsum", x, net.weight(x.channels, units), equation="btc,cd->btd")
    is_turned = net.chance(0.15)
    weight = net.weight(units, x.channels) if is_turned else net.weight(x.channels, units)
    y = net.node("MatMul", x, net.node("Transpose", weight, perm=[1, 0]) if is_turned else weight)
    return net.node("Add", *net.rng.sample([y, net.vector(units)], 2)) if net.chance(0.6) else y


def _queries_keys_values(net: Net, x: Value, heads: Heads) -> tuple[Value, Value, Value]:
    """Each of shape batch, heads, sequence, width."""
    h, g, d = heads.queries, heads.keys, heads.width
    if net.chance(0.5) or (g < h and net.chance(0.5)):
        q, k, v = (linear(net, x, units * d) for units in (h, g, g))
        return _apart(net, q, h, d), _apart(net, k, g, d), _apart(net, v, g, d)
    fused = linear(net, x, (h + 2 * g) * d)
    style = net.rng.choice(["split", "slice", "five"])
    if style == "five" and g == h:
        return _from_five(net, fused, h, d)
    if style == "slice":
        bounds = [0, h * d, (h + g) * d, (h + 2 * g) * d]
        q, k, v = (forms.cut(net, fused, 2, a, b) for a, b in pairwise(bounds))
    else:
        q, k, v = forms.split(net, fused, [h * d, g * d, g * d], 2, spelt=net.chance(0.5))
    return _apart(net, q, h, d), _apart(net, k, g, d), _apart(net, v, g, d)


def _apart(net: Net, x: Value, heads: int, width: int) -> Value:
    """The heads of queries, keys or values apart, and before the sequence."""
    grid = forms.reshape(net, x, [Copy(0), Copy(1), heads, width], channel=2)
    return forms.transpose(net, grid, [0, 2, 1, 3])


def _from_five(net: Net, fused: Value, heads: int, width: int) -> tuple[Value, Value, Value]:
    """Queries, keys and values from one tensor of five axes, as vision transformers are exported."""
    grid = forms.reshape(net, fused, [Copy(0), Copy(1), 3, heads, width], channel=3)
    turned = forms.transpose(net, grid, [2, 0, 3, 1, 4])
    if net.chance(0.5):
        parts = [net.node("Gather", turned, net.constant(k), axis=0) for k in range(3)]
    else:
        parts = [forms.squeeze(net, part, [0]) for part in forms.split(net, turned, [1, 1, 1], 0, spelt=False)]
    q, k, v = (with_channel(part, 1) for part in parts)
    return q, k, v


def _rotated(net: Net, x: Value) -> Value:
    """Rotary positions: halves swapped and turned by sines and cosines that are constants."""
    t, d = x.shape[2], x.shape[3]
    one, two = forms.cut(net, x, 3, 0, d // 2), forms.cut(net, x, 3, d // 2, d)
    turned = net.node("Concat", net.node("Neg", two), one, axis=net.rng.choice([3, -1]) if net.opset >= 11 else 3)
    table = net.weight(t, d)
    cosine, sine = (net.node(op, table) if net.chance(0.5) else net.weight(1, 1, t, d) for op in ("Cos", "Sin"))
    return net.node("Add", net.node("Mul", x, cosine), net.node("Mul", turned, sine))


def _repeated(net: Net, x: Value, heads: Heads) -> Value:
    """Keys or values handed to several heads each."""
    times = heads.queries // heads.keys
    if net.chance(0.2):
        return net.node("Concat", *[x] * times, axis=1)
    five = forms.unsqueeze(net, x, [2])
    target = [Copy(0), heads.keys, times, Copy(3), heads.width]
    if x.is_open() or net.chance(0.3):
        sizes = forms.vector_of(net, five, target)
        wide = net.node("Expand", five, sizes, shapes=five.with_sizes({2: times}))
    else:
        wide = net.node("Expand" if net.chance(0.5) else "Tile", five, net.constant([1, 1, times, 1, 1]))
    return forms.reshape(net, wide, [Copy(0), heads.queries, Copy(3), heads.width])


def _mix(net: Net, q: Value, k: Value, v: Value, heads: Heads) -> Value:
    """Softmax of the scaled scores, times the values."""
    if net.chance(0.15) and net.opset >= 12 and q.dtype == FLOAT:
        scores = net.node("Einsum", q, k, equation="bhqd,bhkd->bhqk")
    else:
        scores = net.node("MatMul", q, net.node("Transpose", k, perm=[0, 1, 3, 2]))
    scores = _scaled(net, scores, q, heads.width)
    if net.mask is not None and net.chance(0.7):
        scores = _masked_by_input(net, scores, net.mask)
    elif net.chance(0.4):
        scores = _masked(net, scores)
    last = 3 if net.opset < 11 or net.chance(0.5) else -1
    return net.node("MatMul", net.node("Softmax", scores, axis=last), v)


def _scaled(net: Net, scores: Value, q: Value, width: int) -> Value:
    """Scores over the root of the width, which the network may compute itself."""
    if net.chance(0.25):
        size = net.node("Cast", forms.size_of(net, q, 3), to=q.dtype)
        return net.node("Div", scores, net.node("Sqrt", size))
    if net.chance(0.5):
        return net.node("Mul", scores, net.number(round(width**-0.5, 4)))
    return net.node("Div", scores, net.number(round(math.sqrt(width), 4)))


def _masked(net: Net, scores: Value) -> Value:
    """Scores of later places, lowered by a constant."""
    t = scores.shape[2]
    net.need(not scores.is_open(2, 3))
    rows = [[float(column <= row) for column in range(t)] for row in range(t)]
    if net.chance(0.5) and net.opset >= 9:
        seen = net.constant(rows, BOOL) if net.chance(0.5) else net.constant([[rows]], BOOL)
        return net.node("Where", seen, scores, net.constant(-10.0, scores.dtype))
    return net.node("Add", scores, net.constant([[10 * entry - 10 for entry in row] for row in rows], scores.dtype))


def _masked_by_input(net: Net, scores: Value, mask: Value) -> Value:
    """Scores of places that do not count, lowered."""
    net.need(mask.shapes[0] == (scores.shape[0], scores.shape[3]))
    truth = forms.unsqueeze(net, net.node("Cast", mask, to=BOOL), [1, 2])
    if net.opset >= 9 and net.chance(0.5):
        return net.node("Where", truth, scores, net.constant(-10.0, scores.dtype))
    absent = net.node("Sub", net.number(1.0), net.node("Cast", truth, to=scores.dtype))
    return net.node("Add", scores, net.node("Mul", absent, net.number(-10.0)))


def _linear_mix(net: Net, q: Value, k: Value, v: Value) -> Value:
    """Attention without a softmax: keys and values meet first."""
    summary = net.node("MatMul", net.node("Transpose", net.node("Sigmoid", k), perm=[0, 1, 3, 2]), v)
    mixed = net.node("MatMul", net.node("Sigmoid", q), summary)
    return net.node("Mul", mixed, net.number(0.2))
