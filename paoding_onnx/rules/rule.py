"""What a rule is, and the registry of rules. Holds no operator itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from paoding_onnx.model.graph import Array, Node, Tensor


class Passes(StrEnum):
    """The scalings c of a unit under which an operator f keeps f(c x) = c f(x)."""

    ANY = "any"
    """f(c x) = c f(x) for every c: Identity, AveragePool, Reshape."""
    POSITIVE = "positive"
    """f(c x) = c f(x) for c >= 0: Relu, MaxPool."""
    ONE = "one"
    """Only c = 1 is safe: Sigmoid, Tanh."""


@dataclass(frozen=True, slots=True)
class Fit:
    """Integers of a node that hold sizes: an attribute (by name) or an input (by index).

    `axes` says which entry holds the size of which axis; other entries stay. `literals` are written in place of entries
    that vary with dynamic axes, should the vector have to be rewritten.
    """

    place: str | int
    axes: Mapping[int, str]
    literals: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Taken:
    """Index k of factor `target` is index `places[k]` of factor `source`; input `operand` holds these places."""

    source: str
    target: str
    places: tuple[int, ...]
    operand: int


@dataclass(frozen=True, slots=True)
class Affine:
    """y = gain x + shift, unit by unit; both `(n_units,)`, or `(1,)` for all alike, in the order of input `operand`.

    To add s to x, add `offset_sign` times s to the constant at input `offset`, if there is one.
    """

    operand: int
    gain: Array
    shift: Array
    offset: int | None = None
    offset_sign: float = 1.0


@dataclass(frozen=True, slots=True)
class Statistics:
    """Inputs that hold the mean and variance which every unit of input 0 had on the data of the training."""

    mean: int
    variance: int


@dataclass(frozen=True, slots=True)
class Quantized:
    """An input that holds integers for (integer - zero point) x scale.

    Both are numbers of inputs; without a zero point 0 stands for zero, without a scale it is applied elsewhere.
    """

    zero_point: int
    scale: int | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """An operator's facts at one node; everything else is derived from them.

    `macs` names the factors whose product is the number of multiply-adds; a node that has them *contracts*. `more_macs`
    is a second such product. A node may scale its product by `gain` and its bias, input number `bias`, by `bias_gain`.
    `aligned` is the number whose multiples onnxruntime's kernels like as channel counts. `measures` lists the axes of
    input 0 whose sizes are the content of the output; input number `picks` says which entries of input 0 are the
    output's. `taken` couples two factors index by index, for indices that the file holds. A node that `sums` adds up
    its inputs; one that `clamps` puts the nearer of two bounds in place of numbers beyond them. `statistics` says where
    those of the training data are stored. `quantized` says which inputs hold integers in place of floats. Inputs in
    `ranged` are looked over as a whole for their range, which always includes zero. The content of inputs may decide
    about sizes of outputs if a node `resizes`. `why` says what a lower-case factor is for.
    """

    equation: str
    sizes: Mapping[str, int] = field(default_factory=dict)
    fits: tuple[Fit, ...] = ()
    macs: tuple[str, ...] = ()
    more_macs: tuple[str, ...] = ()
    gain: float = 1.0
    bias_gain: float = 1.0
    passes: Passes = Passes.ONE
    affine: Affine | None = None
    bias: int | None = None
    sums: bool = False
    clamps: tuple[float, float] | None = None
    statistics: Statistics | None = None
    aligned: int = 1
    measures: tuple[int, ...] = ()
    picks: int | None = None
    taken: Taken | None = None
    quantized: Mapping[int, Quantized] = field(default_factory=dict)
    ranged: tuple[int, ...] = ()
    resizes: bool = False
    why: str = "works along this axis"


@dataclass(frozen=True, slots=True)
class Registered:
    """A registered operator: its rule was written against its schemas up to version `read`."""

    domain: str
    operator: str
    read: int
    make: Callable[[Node], Rule]


_REGISTRY: dict[tuple[str, str], Registered] = {}


def register(
    *operators: str, read: int, domain: str = ""
) -> Callable[[Callable[[Node], Rule]], Callable[[Node], Rule]]:
    """Decorator: make a function the rule of one or more operators, whose schemas up to version `read` were read.

    Raises:
        ValueError: if an operator has a rule already.
    """

    def add(make: Callable[[Node], Rule]) -> Callable[[Node], Rule]:
        """Register `make`, and return it as it is."""
        for operator in operators:
            if (domain, operator) in _REGISTRY:
                raise ValueError(f"operator {domain}::{operator} has a rule already")
            _REGISTRY[domain, operator] = Registered(domain, operator, read, make)
        return make

    return add


def operators() -> tuple[Registered, ...]:
    """All operators with a rule, sorted by domain and name."""
    return tuple(_REGISTRY[key] for key in sorted(_REGISTRY))


def rule_for(node: Node) -> Rule | str:
    """The rule at `node`, or in words why there is none."""
    entry = _REGISTRY.get((node.domain, node.operator))
    if entry is None:
        return "no rule for this operator"
    if node.version > entry.read:
        return f"its form of opset {node.version} is newer than the one its rule was written for ({entry.read})"
    unknown = [t.name for t in (*node.inputs, *node.outputs) if t is not None and t.shape is None]
    if unknown:
        return f"{unknown[0]!r} is no dense tensor of numbers, or its shape is unknown"
    return entry.make(node)


def fixed(node: Node, why: str) -> Rule:
    """A rule under which nothing shrinks: every axis a lower-case factor of its own."""
    left = [_lower(tensor, f"i{k}") for k, tensor in enumerate(node.inputs)]
    right = [_lower(tensor, f"o{k}") for k, tensor in enumerate(node.outputs)]
    return Rule(f"{', '.join(left)} -> {', '.join(right)}", resizes=True, why=why)


def names(prefix: str, count: int) -> list[str]:
    """`count` factor names that start with `prefix`.

    >>> names("A", 3)
    ['A0', 'A1', 'A2']
    """
    return [f"{prefix}{index}" for index in range(count)]


def spell(inputs: Sequence[Sequence[str] | None], outputs: Sequence[Sequence[str] | None]) -> str:
    """The text of an equation from the words of its operands; `None` becomes ``_``.

    >>> spell([["n", "C"], None], [["n", "C"]])
    'n C, _ -> n C'
    """
    left, right = (", ".join("_" if o is None else " ".join(o) for o in side) for side in (inputs, outputs))
    return f"{left} -> {right}"


def right_aligned(words: Sequence[str], shape: Sequence[int]) -> list[str]:
    """The words of an operand of this shape that broadcasts to axes `words`: the last ones, 1 where its size is one.

    >>> right_aligned(["A0", "A1", "A2"], (8, 1))
    ['A1', '1']
    """
    aligned = words[len(words) - len(shape) :]
    return [word if size > 1 else "1" for word, size in zip(aligned, shape, strict=True)]


@dataclass(frozen=True, slots=True)
class Window:
    """Words for the axes that a window slides over, in the input and in the output, and sizes of some of their factors.

    A window that moves in steps of one keeps positions in order: it mixes along the axis (not even that if its size is
    one), and what it has no output for stands at both ends. Any other window pins its axis.
    """

    source: tuple[str, ...]
    target: tuple[str, ...]
    sizes: Mapping[str, int]


def window(node: Node, kernel: Sequence[int]) -> Window:
    """The window of size `kernel` that a node with the attribute `strides` slides over the last axes of input 0."""
    strides = node.integers("strides") or (1,) * len(kernel)
    source: list[str] = []
    target: list[str] = []
    sizes: dict[str, int] = {}
    pairs = zip(node.shape(0)[2:], node.output_shape()[2:], kernel, strides, strict=True)
    for k, (before, after, width, stride) in enumerate(pairs):
        end = (before - after) // 2
        if stride != 1 or end < 0 or (before - after) % 2:
            source.append(f"s{k}")
            target.append(f"t{k}")
            continue
        mark = "" if width == 1 else "~"
        source.append(f"b{k}+{mark}S{k}+e{k}" if end else f"{mark}S{k}")
        target.append(f"{mark}S{k}")
        sizes |= {f"b{k}": end, f"e{k}": end} if end else {}
    return Window(tuple(source), tuple(target), sizes)


def axis_index(axis: int, ndim: int) -> int:
    """A possibly negative axis as an index from 0.

    >>> axis_index(-1, 4)
    3
    """
    return axis + ndim if axis < 0 else axis


def _lower(tensor: Tensor | None, prefix: str) -> str:
    if tensor is None or tensor.shape is None:
        return "_"
    return " ".join(f"{prefix}x{axis}" for axis in range(len(tensor.shape)))
