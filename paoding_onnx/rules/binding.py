"""Equations fitted to shapes, every node with its rule bound, and tensors as nodes see them. Unites nothing yet."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType

from paoding_onnx.model.graph import Graph
from paoding_onnx.model.nodes import Node, Tensor
from paoding_onnx.rules.equation import AxesError, Axis, Equation, Factor, Operand, Pattern, Star
from paoding_onnx.rules.rule import Rule, fixed, rule_for
from paoding_onnx.rules.why import Why

Shape = tuple[int, ...]
MOST_KEPT = 4096
"""Equations that stay fitted for the next node of the same shapes, of which deep networks have many."""
_FEW = 4
"""A product with at most one number for so many of its larger operand is no layer."""


@dataclass(frozen=True, slots=True)
class Binding:
    """An equation fitted to shapes: stars expanded, the size of every factor known.

    A factor that is mixed anywhere in the equation is marked so in every operand. `read` and `made` are the names of
    all factors that inputs and outputs have, `summed` those of factors that a number of an output has all of in it:
    they are mixed, or no output has them.
    """

    inputs: tuple[Operand | None, ...]
    outputs: tuple[Operand | None, ...]
    sizes: Mapping[str, int]
    mixed: frozenset[str]
    read: frozenset[str] = field(init=False, compare=False)
    made: frozenset[str] = field(init=False, compare=False)
    summed: frozenset[str] = field(init=False, compare=False)

    def __post_init__(self) -> None:
        """Tell the names once: many nodes share a binding."""
        read, made = (_names(side) for side in (self.inputs, self.outputs))
        whole = (axis for operand in self.inputs for axis in operand or () if len(axis.segments) == 1)
        summed = self.mixed | {name for axis in whole for name in axis.names if name not in made}
        for name, value in (("read", read), ("made", made), ("summed", summed)):
            object.__setattr__(self, name, value)


def _names(operands: Iterable[Operand | None]) -> frozenset[str]:
    return frozenset(name for operand in operands for axis in operand or () for name in axis.names)


@dataclass(frozen=True, slots=True, order=True)
class TensorUse:
    """A tensor as nodes see it. A constant vector counts once for every use (`node`, `operand`): exporters share equal
    biases between layers that have nothing else in common, and surgery can give each use its own copy.
    """

    tensor: str
    node: int = -1
    operand: int = -1


@dataclass(frozen=True, slots=True)
class BoundNode:
    """A node with its rule bound to its shapes; an operand without axes of its own has no tensor use."""

    node: Node
    rule: Rule
    binding: Binding
    inputs: tuple[TensorUse | None, ...]
    outputs: tuple[TensorUse | None, ...]
    has_rule: bool


def bind_nodes(graph: Graph) -> tuple[BoundNode, ...]:
    """Every node with its rule bound; a node without a usable rule gets one under which nothing shrinks."""
    return tuple(bind_node(node, index) for index, node in enumerate(graph.nodes))


def bind_node(node: Node, index: int) -> BoundNode:
    """Node number `index` of a graph with its rule bound."""
    answer = rule_for(node)
    if isinstance(answer, Rule):
        try:
            binding, rule = _bind(node, answer), answer
        except AxesError as error:
            answer = Why(f"its rule does not fit here: {error}")
    if isinstance(answer, Why):
        rule = fixed(node, answer)
        binding = _bind(node, rule)
    uses = [_tensor_use(t, o, index, k) for k, (t, o) in enumerate(zip(node.inputs, binding.inputs, strict=True))]
    outputs = [_tensor_use(t, o, index, k) for k, (t, o) in enumerate(zip(node.outputs, binding.outputs, strict=True))]
    return BoundNode(node, rule, binding, tuple(uses), tuple(outputs), isinstance(answer, Rule))


def bind(
    equation: Equation,
    inputs: Sequence[Shape | None],
    outputs: Sequence[Shape | None],
    sizes: Mapping[str, int] | None = None,
) -> Binding:
    """The equation with stars expanded and all factor sizes solved; an absent operand has shape `None`.

    >>> from paoding_onnx.rules.notation import parse
    >>> bind(parse("n (g I) -> n g I"), [(2, 12)], [(2, 3, 4)]).sizes["I"]
    4

    Raises:
        AxesError: if ranks or sizes contradict the equation or leave a factor unknown.
    """
    return _bound(equation, tuple(inputs), tuple(outputs), tuple((sizes or {}).items()))


@lru_cache(maxsize=MOST_KEPT)
def _bound(
    equation: Equation,
    inputs: tuple[Shape | None, ...],
    outputs: tuple[Shape | None, ...],
    sizes: tuple[tuple[str, int], ...],
) -> Binding:
    pairs = [*_pair(equation, equation.inputs, inputs), *_pair(equation, equation.outputs, outputs)]
    stars = _star_lengths(equation, pairs)
    mixed = frozenset(_mixed(equation, stars))
    expanded = [_expand(operand, stars, mixed) if shape is not None else None for operand, shape in pairs]
    axes = [
        (axis, size)
        for operand, (_, shape) in zip(expanded, pairs, strict=True)
        if operand is not None and shape is not None
        for axis, size in zip(operand, shape, strict=True)
    ]
    solved = MappingProxyType(_solve(equation, axes, dict(sizes)))
    return Binding(tuple(expanded[: len(inputs)]), tuple(expanded[len(inputs) :]), solved, mixed)


def rebound(bound: BoundNode, shapes: Mapping[str, Shape]) -> Binding | None:
    """The node's equation fitted to other shapes, by tensor name; `None` if it does not hold there."""
    left, right = (
        [t if t is None else shapes.get(t.name, t.shape) for t in side]
        for side in (bound.node.inputs, bound.node.outputs)
    )
    try:
        return bind(bound.rule.equation, left, right, bound.rule.sizes)
    except AxesError:
        return None


def is_inside(bound: BoundNode, name: str) -> bool:
    """Whether a factor is met in constants of the node alone: units that it makes and consumes itself.

    Of such constants those consume the units in which something of the output is, too.
    """
    pairs = zip(bound.node.inputs, bound.binding.inputs, strict=True)
    others = (one for tensor, one in pairs if tensor is not None and not tensor.is_constant)
    met = {met for one in others for axis in one or () for met in axis.names} | bound.binding.made
    return name not in met


def makes_output(bound: BoundNode, operand: int) -> bool:
    """Whether something of an output is in an operand."""
    names = {name for axis in bound.binding.inputs[operand] or () for name in axis.names}
    return not names.isdisjoint(bound.binding.made)


def is_layer(bound: BoundNode) -> bool:
    """Whether a node multiplies and adds up, and makes about as many numbers as it reads.

    On constants, such as embeddings of positions, that is a layer like any other: what a unit added is missing without
    it. A product that makes few numbers of many is a norm, in which every weight that is kept has a part.
    """
    tensors = [tensor for tensor in bound.node.inputs if tensor is not None]
    read = max((math.prod(tensor.shape or ()) for tensor in tensors), default=0)
    made = math.prod(bound.node.first_output.shape or ())
    return bound.rule.contracts is not None and _FEW * made > read


@dataclass(frozen=True, slots=True)
class StoredStatistics:
    """Mean and variance that a node holds of every unit of input 0, and the axis on which these units lie."""

    mean: Tensor
    variance: Tensor
    axis: int


def stored_statistics(bound: BoundNode) -> StoredStatistics | None:
    """The statistics of the training data that a node stores, BatchNormalization for instance; `None` without them."""
    where = bound.rule.stored
    if where is None:
        return None
    mean, variance = bound.node.operand(where.mean), bound.node.operand(where.variance)
    own, units = bound.binding.inputs[0], bound.binding.inputs[where.mean]
    if mean is None or variance is None or own is None or units is None:
        return None
    return StoredStatistics(mean, variance, own.index(units[0]))


def _bind(node: Node, rule: Rule) -> Binding:
    left, right = ([t.shape if t is not None else None for t in side] for side in (node.inputs, node.outputs))
    return bind(rule.equation, left, right, rule.sizes)


def _tensor_use(tensor: Tensor | None, operand: Operand | None, node: int, index: int) -> TensorUse | None:
    if tensor is None or operand is None:
        return None
    if tensor.is_constant and len(operand) <= 1:
        return TensorUse(tensor.name, node, index)
    return TensorUse(tensor.name)


def _pair(
    equation: Equation, operands: Sequence[Pattern | None], shapes: Sequence[Shape | None]
) -> list[tuple[Pattern | None, Shape | None]]:
    """Operands beside their shapes; an operand that is ``_`` loses its shape, one too few is an error."""
    if any(shape is not None for shape in shapes[len(operands) :]):
        raise AxesError(f"'{equation}' has {len(operands)} operands on a side, the node {len(shapes)}")
    padded = [*operands, *[None] * (len(shapes) - len(operands))]
    return [(o, s if o is not None else None) for o, s in zip(padded, shapes, strict=False)]


def _star_lengths(equation: Equation, pairs: Iterable[tuple[Pattern | None, Shape | None]]) -> dict[str, int]:
    """How many axes each star stands for, by the name of its factor."""
    lengths: dict[str, int] = {}
    for operand, shape in pairs:
        if operand is None or shape is None:
            continue
        stars = [part.factor.name for part in operand if isinstance(part, Star)]
        unknown = [star for star in stars if star not in lengths]
        rest = len(shape) - len(operand) + len(stars) - sum(lengths[s] for s in stars if s in lengths)
        if len(unknown) > 1 or rest < 0 or (not unknown and rest):
            raise AxesError(f"'{equation}' does not fit an operand of rank {len(shape)}")
        lengths.update(dict.fromkeys(unknown, rest))
    return lengths


def _mixed(equation: Equation, stars: Mapping[str, int]) -> Iterable[str]:
    """The names of the factors that are marked as mixed in any operand."""
    for part in (part for operand in (*equation.inputs, *equation.outputs) for part in operand or ()):
        expanded = part.axes(stars.get(part.factor.name, 0)) if isinstance(part, Star) else (part,)
        yield from (factor.name for axis in expanded for factor in axis.factors if factor.mixed)


def _expand(operand: Pattern | None, stars: Mapping[str, int], mixed: frozenset[str]) -> Operand | None:
    if operand is None:
        return None
    parts: list[Axis] = []
    for part in operand:
        parts.extend(part.axes(stars.get(part.factor.name, 0)) if isinstance(part, Star) else (part,))
    return tuple(_marked(axis, mixed) for axis in parts)


def _marked(axis: Axis, mixed: frozenset[str]) -> Axis:
    if mixed.isdisjoint(axis.names):
        return axis
    return Axis(tuple(tuple(Factor(f.name, f.name in mixed) for f in segment) for segment in axis.segments))


def _solve(equation: Equation, axes: Sequence[tuple[Axis, int]], given: Mapping[str, int]) -> dict[str, int]:
    """Sizes of all factors: each axis with one unknown factor gives it away, until nothing is unknown."""
    sizes = dict(given)
    open_axes = list(axes)
    while open_axes:
        waiting = [(axis, size) for axis, size in open_axes if not _settle(equation, axis, size, sizes)]
        if len(waiting) == len(open_axes):
            raise AxesError(f"'{equation}' leaves the sizes of '{waiting[0][0]}' open")
        open_axes = waiting
    return sizes


def _settle(equation: Equation, axis: Axis, size: int, sizes: dict[str, int]) -> bool:
    """Whether the axis is fully known now; fills in its last unknown factor, raises if the sizes contradict."""
    unknown = [name for name in axis.names if name not in sizes]
    if len(unknown) > 1:
        return False
    if unknown:
        mine, others = _parts(axis, unknown[0])
        per_index = math.prod(sizes[factor.name] for factor in mine)
        sizes[unknown[0]] = (size - others.size(sizes)) // per_index if per_index else 0
    if axis.size(sizes) != size or any(sizes[name] < 0 for name in axis.names):
        raise AxesError(f"'{equation}' gives an axis of {axis.size(sizes)}, the tensor has {size}")
    return True


def _parts(axis: Axis, name: str) -> tuple[tuple[Factor, ...], Axis]:
    """What a factor is multiplied with in its segment, and the other segments."""
    mine = next(segment for segment in axis.segments if name in (factor.name for factor in segment))
    rest = Axis(tuple(segment for segment in axis.segments if segment is not mine))
    return tuple(factor for factor in mine if factor.name != name), rest
