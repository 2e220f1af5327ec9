"""ONNX text in the making: nodes, weights, and numbers that are computed from the sizes of open axes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from hypothesis import strategies as st

Item = TypeVar("Item")
LAST = 2**31 - 1
"""The end of a Slice that goes to the end."""


@dataclass(frozen=True)
class Value:
    """A tensor of data: its name, how many axes it has, which one counts channels, and how many there are."""

    name: str
    ndim: int
    channel: int
    channels: int

    @property
    def length_axes(self) -> tuple[int, ...]:
        """Axes besides those of samples and channels; all are open."""
        return tuple(axis for axis in range(1, self.ndim) if axis != self.channel)


@dataclass
class Sketch:
    """A text that grows by one call at a time; every choice is drawn."""

    draw: st.DrawFn
    lines: list[str] = field(default_factory=list)
    weights: list[str] = field(default_factory=list)
    seen: list[Value] = field(default_factory=list)
    n_names: int = 0
    n_tiled: int = 0

    def pick(self, items: Sequence[Item]) -> Item:
        """One of some things."""
        return self.draw(st.sampled_from(list(items)))

    def chance(self, of: int) -> bool:
        """Whether something happens that does once in so many times."""
        return self.draw(st.integers(1, of)) == of

    def name(self, letter: str) -> str:
        """A name that nothing has yet."""
        self.n_names += 1
        return f"{letter}{self.n_names}"

    def op(self, operator: str, *inputs: str) -> str:
        """The name of what an operator, with its attributes, makes of these inputs; an empty one is left out."""
        made = self.name("t")
        self.lines.append(f"[{made}] {made} = {operator} ({', '.join(inputs)})")
        return made

    def weight(self, *shape: int) -> str:
        """The name of a new weight."""
        name = self.name("w")
        self.weights.append(f"float[{','.join(map(str, shape))}] {name}")
        return name

    def constant(self, *entries: int) -> str:
        """The name of a new vector of integers."""
        name = self.name("k")
        self.weights.append(f"int64[{len(entries)}] {name} = {{{','.join(map(str, entries))}}}")
        return name

    def scalar(self, number: float, kind: str = "float") -> str:
        """The name of a new number without axes."""
        name = self.name("k")
        self.weights.append(f"{kind} {name} = {{{number}}}")
        return name

    def keep(self, name: str, like: Value, channels: int | None = None) -> Value:
        """The tensor of this name, which is like another one, but for the number of channels if that is given."""
        value = Value(name, like.ndim, like.channel, channels or like.channels)
        self.seen.append(value)
        return value

    def shape(self, value: Value) -> str:
        """The shape of a tensor of data."""
        return self.op("Shape", value.name)

    def size(self, value: Value, axis: int) -> str:
        """The size of an axis as a vector of one entry, in one of the ways in which exporters write it."""
        way = self.pick(("gather", "slice", "squeezed", "range", "split"))
        if way == "range":
            return self.op(f"Shape <start={axis}, end={axis + 1}>", value.name)
        shape = self.shape(value)
        if way == "gather":
            return self.op("Gather", shape, self.constant(axis))
        if way == "slice":
            return self.op("Slice", shape, self.constant(axis), self.constant(axis + 1))
        if way == "split":
            names = [self.name("t") for _ in range(value.ndim)]
            self.lines.append(f"[{names[0]}] {', '.join(names)} = Split ({shape}, {self.constant(*[1] * value.ndim)})")
            return names[axis]
        number = self.op("Gather", shape, self.scalar(axis, "int64"))
        return self.op("Unsqueeze", number, self.constant(0))

    def concat(self, *vectors: str) -> str:
        """Vectors end to end."""
        return self.op("Concat <axis=0>", *vectors)

    def between(self, number: str, least: int | str, most: int | str) -> str:
        """A number that is brought into a range."""
        low, high = (self.constant(bound) if isinstance(bound, int) else bound for bound in (least, most))
        return self.op("Min", self.op("Max", number, low), high)


def number(net: Sketch, depth: int = 3) -> str:
    """A vector of one entry that is computed from sizes; it may be anything, below zero too."""
    if depth == 0 or net.chance(3):
        return _leaf(net)
    return net.pick(_OPERATIONS)(net, number(net, depth - 1), depth - 1)


def _leaf(net: Sketch) -> str:
    value = net.pick(net.seen[-4:])
    if net.chance(8):
        return net.constant(net.draw(st.integers(1, 40)))
    if net.chance(20):
        return net.size(value, net.pick(range(value.ndim)))
    return net.size(value, net.pick((0, *value.length_axes, *value.length_axes)))


def _small(net: Sketch, least: int = 1) -> str:
    return net.constant(net.draw(st.integers(least, 9)))


def _plain(net: Sketch, one: str, depth: int) -> str:
    operator = net.pick(("Add", "Sub", "Mul", "Max", "Min"))
    other = net.constant(net.draw(st.integers(1, 50))) if net.chance(2) else number(net, depth)
    pair = (one, other) if net.chance(2) else (other, one)
    return net.op(operator, ", ".join(pair))


def _shared_out(net: Sketch, one: str, depth: int) -> str:
    operator = net.pick(("Div", "Mod"))
    return net.op(operator, one, _small(net, 2))


def _shared_out_by_size(net: Sketch, one: str, depth: int) -> str:
    divisor = net.op("Max", number(net, depth), net.constant(1))
    return net.op(net.pick(("Div", "Mod")), one, divisor)


def _few(net: Sketch, one: str, depth: int) -> str:
    """A number that is small at the sizes at which networks are measured, such as that of long chunks."""
    return net.op("Div", one, net.constant(net.pick((50, 90, 100, 200))))


def _missing(net: Sketch, one: str, depth: int) -> str:
    """How much is missing to the next multiple."""
    step = _small(net, 2)
    rest = net.op("Mod", one, step)
    return net.op("Mod", net.op("Sub", step, rest), step)


def _rounded(net: Sketch, one: str, depth: int) -> str:
    """A number that is scaled as a float and rounded."""
    factor = net.scalar(net.pick((0.5, 0.25, 1.5, 2.0, 0.3)))
    scaled = net.op("Mul", net.op("Cast <to=1>", one), factor)
    return net.op("Cast <to=7>", net.op(net.pick(("Floor", "Ceil")), scaled))


def _chosen(net: Sketch, one: str, depth: int) -> str:
    """One of two numbers, whichever a comparison says."""
    other = number(net, depth)
    compared = net.constant(net.draw(st.integers(1, 60))) if net.chance(2) else other
    test = net.op(net.pick(("Greater", "Less", "Equal")), one, compared)
    return net.op("Where", test, one, other)


def _reduced(net: Sketch, one: str, depth: int) -> str:
    """The product, sum or extreme of two numbers."""
    both = net.concat(one, number(net, depth))
    operator = net.pick(("ReduceProd", "ReduceMax", "ReduceMin"))
    return net.op(f"{operator} <axes=[0], keepdims=1>", both)


def _product_of_shape(net: Sketch, one: str, depth: int) -> str:
    """How many positions there are before or behind an axis."""
    value = net.pick(net.seen[-4:])
    start, stop = (0, value.ndim - 1) if value.channel == value.ndim - 1 else (2, value.ndim)
    part = net.op("Slice", net.shape(value), net.constant(start), net.constant(stop))
    return net.op("ReduceProd <axes=[0], keepdims=1>", part)


def _squeezed(net: Sketch, one: str, depth: int) -> str:
    axes = net.constant(0)
    bare = net.op("Squeeze", one, axes)
    return net.op("Unsqueeze", net.op(net.pick(("Neg", "Abs", "Identity")), bare), axes)


def _counted(net: Sketch, one: str, depth: int) -> str:
    """The length of a Range."""
    top = net.op("Squeeze", net.between(one, 1, 300), net.constant(0))
    steps = net.scalar(net.pick((1, 2, 3)), "int64")
    return net.op("Shape", net.op("Range", net.scalar(0, "int64"), top, steps))


def _picked(net: Sketch, one: str, depth: int) -> str:
    """One of three numbers by its place."""
    all_three = net.concat(net.constant(net.draw(st.integers(1, 9))), one, number(net, depth))
    return net.op("Gather", all_three, net.constant(net.pick((0, 1, 2, -1))))


_OPERATIONS = (
    *(_plain, _plain, _plain, _shared_out, _shared_out, _shared_out_by_size, _few, _few, _missing, _rounded, _chosen),
    *(_reduced, _product_of_shape, _squeezed, _counted, _picked),
)
