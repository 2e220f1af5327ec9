"""Operators that only rearrange axes, or make tensors of a given shape."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise

from paoding_onnx.model.nodes import Node
from paoding_onnx.rules.equation import ONE, Axis, Equation, axes, axis, right_aligned
from paoding_onnx.rules.facts import ANY_SCALE, ReadsShape
from paoding_onnx.rules.notation import parse
from paoding_onnx.rules.rule import Fit, Rule, fixed, register
from paoding_onnx.rules.why import Hold, Why

_FOR_NONE = 1_000_003
"""A prime that stands for the size of an axis without entries, such as that of what was found where nothing was."""
_COMPUTED = Why("the size of this axis is computed while running", Hold.SIZES)


@register("Flatten", "Squeeze", "Unsqueeze", read=25)
def regroup(node: Node) -> Rule:
    """ONNX Flatten-25, Squeeze-25, Unsqueeze-25: the same elements in the same order under other axes."""
    left, right = common_factors(node.shape(0), node.output_shape())
    return Rule(Equation.of([left, *[None] * (len(node.inputs) - 1)], [right]), acts=ANY_SCALE)


@register("Reshape", read=25)
def reshape(node: Node) -> Rule:
    """ONNX Reshape-25: as `regroup`; the target shape is refitted, an entry of 0 copies the input's size."""
    left, right = common_factors(node.shape(0), node.output_shape())
    target = node.entries(1)
    if target is None:
        return fixed(node, _COMPUTED)
    varying = [k for k, entry in enumerate(target) if entry is None]
    copies = not node.integer("allowzero", 0)
    absorbing = _may_absorb(node)
    copied = [k for k in varying if copies and left[k : k + 1] == right[k : k + 1] and k not in absorbing]
    literals = {k: (right[k], 0) for k in copied}
    unsettled = sorted((k for k in varying if k not in literals), key=lambda k: len(right[k].names) == 1)
    if unsettled and -1 not in target:
        rest = unsettled.pop(0)
        literals[rest] = (right[rest], -1)
    for k in unsettled:
        names = right[k].names
        left, right = ([one.pinned(names) for one in operand] for operand in (left, right))
    # an axis that is computed and happened to have size one may have another: it gets a factor of its own
    free = {k for k in varying if right[k] == ONE} | {k for k, e in enumerate(target) if varying and e == -1}
    right = [axis(f"o{k}") if k in free and one == ONE else one for k, one in enumerate(right)]
    sizes = {k: right[k] for k, e in enumerate(target) if e is not None and e > 0 and right[k] != ONE}
    fits = (Fit(1, sizes, literals),) if sizes or literals else ()  # -1 and 0 follow the input by themselves
    return Rule(Equation.of([left, None], [right]), fits=fits, acts=ANY_SCALE, why=_COMPUTED)


@register("Transpose", read=25)
def transpose(node: Node) -> Rule:
    """ONNX Transpose-25; without `perm` the axes are reversed."""
    whole = axes("A", len(node.shape(0)))
    order = node.integers("perm") or tuple(reversed(range(len(whole))))
    return Rule(Equation.of([whole], [[whole[index] for index in order]]), acts=ANY_SCALE)


@register("DepthToSpace", read=28)
def depth_to_space(node: Node) -> Rule:
    """ONNX DepthToSpace-28: blocks of b x b channels become space; DCR has the block major, CRD the channel."""
    moved = parse("n {depth} h w -> n C (h b1) (w b2)", depth=_depth(node))
    return Rule(moved, sizes=_block(node), acts=ANY_SCALE, why="becomes space")


@register("SpaceToDepth", read=28)
def space_to_depth(node: Node) -> Rule:
    """ONNX SpaceToDepth-28: blocks of b x b pixels become channels; DCR, the only form before, has the block major."""
    moved = parse("n C (h b1) (w b2) -> n {depth} h w", depth=_depth(node))
    return Rule(moved, sizes=_block(node), acts=ANY_SCALE, why="becomes depth")


@register("Expand", read=13)
def expand(node: Node) -> Rule:
    """ONNX Expand-13: size-one axes are repeated to the target's size, an entry of 1 leaves an axis alone."""
    source, target = node.shape(0), node.output_shape()
    entries = node.entries(1)
    if entries is None:
        return fixed(node, _COMPUTED)
    missing = len(target) - len(source)
    shift = len(target) - len(entries)
    repeated = [k < missing or source[k - missing] == 1 for k in range(len(target))]
    unknown = {k + shift for k, entry in enumerate(entries) if entry is None}
    whole = axes("A", len(target))
    right = [one.pinned() if k in unknown and repeated[k] else one for k, one in enumerate(whole)]
    right = [
        ONE if size == 1 and k not in unknown else one for k, (one, size) in enumerate(zip(right, target, strict=True))
    ]
    sizes = {k: right[k + shift] for k, entry in enumerate(entries) if entry is not None and entry > 1}
    fit = Fit(1, sizes, {k - shift: (right[k], 1) for k in unknown if not repeated[k]})
    return Rule(Equation.of([right_aligned(right, source), None], [right]), fits=(fit,), acts=ANY_SCALE, why=_COMPUTED)


@register("Tile", read=13)
def tile(node: Node) -> Rule:
    """ONNX Tile-13: an axis is laid end to end with copies of itself."""
    pairs = enumerate(zip(node.shape(0), node.output_shape(), strict=True))
    given = node.entries(1) or (None,) * len(node.output_shape())
    sizes = {f"r{k}": after // before if before else 1 for k, (before, after) in pairs if given[k] != 1}
    right = [axis(f"r{k}", f"A{k}") if f"r{k}" in sizes else one for k, one in enumerate(axes("A", len(given)))]
    return Rule(Equation.of([axes("A", len(given)), None], [right]), sizes=sizes, acts=ANY_SCALE)


@register("Shape", "Size", read=25)
def shape_of(node: Node) -> Rule:
    """ONNX Shape-25, Size-25: the answer follows the tensor's size by itself; Shape may look at a part of the axes."""
    ndim = len(node.shape(0))
    read = range(ndim)[node.integer("start", 0) : node.integer("end", ndim)]
    return Rule(parse("*A -> _"), shape=ReadsShape(tuple(read)))


@register("ConstantOfShape", read=25)
def constant_of_shape(node: Node) -> Rule:
    """ONNX ConstantOfShape-25: a tensor of one repeated value."""
    entries = node.entries(0)
    if entries is None:
        return fixed(node, _COMPUTED)
    whole = axes("A", len(entries))
    right = [one if entry is not None else one.pinned() for one, entry in zip(whole, entries, strict=True)]
    sizes = {k: one for k, one in enumerate(right) if one.free}
    return Rule(Equation.of([None], [right]), fits=(Fit(0, sizes),), why=_COMPUTED)


@register("Range", read=27)
def range_(node: Node) -> Rule:
    """ONNX Range-27: as many numbers as its bounds say."""
    return fixed(node, "counts along this axis")


def common_factors(source: Sequence[int], target: Sequence[int]) -> tuple[list[Axis], list[Axis]]:
    """Axes of two shapes over the factors both are made of; axes without a common factorisation never shrink.

    >>> [" ".join(map(str, side)) for side in common_factors((2, 3, 4), (2, 12))]
    ['F0 F1 F2', 'F0 (F1 F2)']
    >>> [" ".join(map(str, side)) for side in common_factors((6, 4), (4, 6))]
    ['s0 s1', 't0 t1']
    """
    left, right = [ONE] * len(source), [ONE] * len(target)
    source, target = ([size or _FOR_NONE for size in shape] for shape in (source, target))
    count = 0
    for sources, targets in _blocks(source, target):
        bounds = _bounds([source[k] for k in sources]) | _bounds([target[k] for k in targets])
        steps = sorted(bounds)
        if any(high % low for low, high in pairwise(steps)):
            left = [axis(f"s{k}") if k in sources else one for k, one in enumerate(left)]
            right = [axis(f"t{k}") if k in targets else one for k, one in enumerate(right)]
            continue
        factor = {high: f"F{count + k}" for k, high in enumerate(steps[1:])}
        count += len(factor)
        for operand, shape, own in ((left, source, sources), (right, target, targets)):
            low = 1
            for k in own:
                high = low * shape[k]
                operand[k] = axis(*(name for bound, name in factor.items() if low < bound <= high))
                low = high
    return left, right


def _may_absorb(node: Node) -> frozenset[int]:
    """Target axes that may hold an axis of the source, too, that is open and happened to have size one."""
    source, target = node.inputs[0], node.output_shape()
    if source is None or not source.open:
        return frozenset()
    sides = source.shape or ()
    places = {math.prod(sides[:k]) for k, side in enumerate(sides) if side == 1 and source.open[k]}
    ends = [math.prod(target[:k]) for k in range(len(target) + 1)]
    return frozenset(k for k in range(len(target)) if any(ends[k] <= place <= ends[k + 1] for place in places))


def _depth(node: Node) -> Axis:
    return axis("b1", "b2", "C") if node.text("mode", "DCR") == "DCR" else axis("C", "b1", "b2")


def _block(node: Node) -> dict[str, int]:
    size = node.integer("blocksize", 1)
    return {"b1": size, "b2": size}


def _blocks(source: Sequence[int], target: Sequence[int]) -> Iterator[tuple[list[int], list[int]]]:
    """Shortest runs of axes (size-one axes left out) with equal products on both sides."""
    sources = [axis for axis, size in enumerate(source) if size != 1]
    targets = [axis for axis, size in enumerate(target) if size != 1]
    while sources and targets:
        left, right = [sources.pop(0)], [targets.pop(0)]
        while (a := math.prod(source[k] for k in left)) != (b := math.prod(target[k] for k in right)):
            side, rest = (left, sources) if a < b else (right, targets)
            if not rest:
                break
            side.append(rest.pop(0))
        yield left, right


def _bounds(sizes: Sequence[int]) -> set[int]:
    return {math.prod(sizes[:k]) for k in range(len(sizes) + 1)}
