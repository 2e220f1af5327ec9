"""Operators that only rearrange axes, or make tensors of a given shape."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise

from paoding_onnx.model.graph import Node
from paoding_onnx.rules.rule import Fit, Passes, Rule, fixed, names, register, spell

_COMPUTED = "the size of this axis is computed while running"


@register("Flatten", "Squeeze", "Unsqueeze", read=25)
def regroup(node: Node) -> Rule:
    """ONNX Flatten-25, Squeeze-25, Unsqueeze-25: the same elements in the same order under other axes."""
    left, right = common_factors(node.shape(0), node.output_shape())
    return Rule(spell([left, *[None] * (len(node.inputs) - 1)], [right]), passes=Passes.ANY)


@register("Reshape", read=25)
def reshape(node: Node) -> Rule:
    """ONNX Reshape-25: as `regroup`; the target shape is refitted, an entry of 0 copies the input's size."""
    left, right = common_factors(node.shape(0), node.output_shape())
    target = node.entries(1)
    if target is None:
        return fixed(node, _COMPUTED)
    varying = [k for k, entry in enumerate(target) if entry is None]
    copies = not node.integer("allowzero", 0)
    literals = {k: 0 for k in varying if copies and left[k : k + 1] == right[k : k + 1]}
    unsettled = sorted((k for k in varying if k not in literals), key=lambda k: "(" not in right[k])
    if unsettled and -1 not in target:
        literals[unsettled.pop(0)] = -1
    for k in unsettled:
        left, right = ([_lower(word, right[k]) for word in words] for words in (left, right))
    sizes = {k: right[k] for k, e in enumerate(target) if e is not None and e > 0 and right[k] != "1"}
    fits = (Fit(1, sizes, literals),) if sizes else ()  # -1, 0 and computed entries follow the input by themselves
    return Rule(spell([left, None], [right]), fits=fits, passes=Passes.ANY, why=_COMPUTED)


@register("Transpose", read=25)
def transpose(node: Node) -> Rule:
    """ONNX Transpose-25; without `perm` the axes are reversed."""
    axes = names("A", len(node.shape(0)))
    order = node.integers("perm") or tuple(reversed(range(len(axes))))
    return Rule(spell([axes], [[axes[index] for index in order]]), passes=Passes.ANY)


@register("DepthToSpace", read=28)
def depth_to_space(node: Node) -> Rule:
    """ONNX DepthToSpace-28: blocks of b x b channels become space; DCR has the block major, CRD the channel."""
    return Rule(
        f"n {_depth(node)} h w -> n C (h b1) (w b2)", sizes=_block(node), passes=Passes.ANY, why="becomes space"
    )


@register("SpaceToDepth", read=28)
def space_to_depth(node: Node) -> Rule:
    """ONNX SpaceToDepth-28: blocks of b x b pixels become channels; DCR, the only form before, has the block major."""
    return Rule(
        f"n C (h b1) (w b2) -> n {_depth(node)} h w", sizes=_block(node), passes=Passes.ANY, why="becomes depth"
    )


@register("Expand", read=13)
def expand(node: Node) -> Rule:
    """ONNX Expand-13: size-one axes are repeated to the target's size, an entry of 1 leaves an axis alone."""
    source, target = node.shape(0), node.output_shape()
    entries = node.entries(1)
    if entries is None:
        return fixed(node, _COMPUTED)
    missing = len(target) - len(source)
    shift = len(target) - len(entries)
    repeated = [axis < missing or source[axis - missing] == 1 for axis in range(len(target))]
    unknown = {k + shift for k, entry in enumerate(entries) if entry is None}
    right = [name.lower() if k in unknown and repeated[k] else name for k, name in enumerate(names("A", len(target)))]
    left = [word if size > 1 else "1" for word, size in zip(right[missing:], source, strict=True)]
    sizes = {k: right[k + shift] for k, entry in enumerate(entries) if entry is not None and entry > 1}
    literals = {axis - shift: 1 for axis in unknown if not repeated[axis]}
    return Rule(spell([left, None], [right]), fits=(Fit(1, sizes, literals),), passes=Passes.ANY, why=_COMPUTED)


@register("Tile", read=13)
def tile(node: Node) -> Rule:
    """ONNX Tile-13: an axis is laid end to end with copies of itself."""
    left = names("A", len(node.shape(0)))
    ratios = [t // s if s else 1 for s, t in zip(node.shape(0), node.output_shape(), strict=True)]
    right = [f"(r{k} {word})" for k, word in enumerate(left)]
    sizes = {f"r{k}": ratio for k, ratio in enumerate(ratios)}
    return Rule(spell([left, None], [right]), sizes=sizes, passes=Passes.ANY)


@register("Shape", "Size", read=25)
def shape_of(node: Node) -> Rule:
    """ONNX Shape-25, Size-25: the answer follows the tensor's size by itself; Shape may look at a part of the axes."""
    ndim = len(node.shape(0))
    axes = range(ndim)[node.integer("start", 0) : node.integer("end", ndim)]
    return Rule("*A -> _", measures=tuple(axes))


@register("ConstantOfShape", read=25)
def constant_of_shape(node: Node) -> Rule:
    """ONNX ConstantOfShape-25: a tensor of one repeated value."""
    entries = node.entries(0)
    if entries is None:
        return fixed(node, _COMPUTED)
    right = [n if entry is not None else n.lower() for n, entry in zip(names("A", len(entries)), entries, strict=True)]
    sizes = {k: word for k, word in enumerate(right) if word[0].isupper()}
    return Rule(spell([None], [right]), fits=(Fit(0, sizes),), why=_COMPUTED)


@register("Range", read=27)
def range_(node: Node) -> Rule:
    """ONNX Range-27: as many numbers as its bounds say."""
    return fixed(node, "counts along this axis")


def common_factors(source: Sequence[int], target: Sequence[int]) -> tuple[list[str], list[str]]:
    """Axis words of two shapes over the factors both are made of; axes without a common factorisation never shrink.

    >>> common_factors((2, 3, 4), (2, 12))
    (['F0', 'F1', 'F2'], ['F0', '(F1 F2)'])
    >>> common_factors((6, 4), (4, 6))
    (['s0', 's1'], ['t0', 't1'])
    """
    left, right = ["1"] * len(source), ["1"] * len(target)
    count = 0
    for sources, targets in _blocks(source, target):
        bounds = _bounds([source[k] for k in sources]) | _bounds([target[k] for k in targets])
        steps = sorted(bounds)
        if any(high % low for low, high in pairwise(steps)):
            left = [f"s{k}" if k in sources else word for k, word in enumerate(left)]
            right = [f"t{k}" if k in targets else word for k, word in enumerate(right)]
            continue
        factor = {high: f"F{count + k}" for k, high in enumerate(steps[1:])}
        count += len(factor)
        for words, shape, axes in ((left, source, sources), (right, target, targets)):
            low = 1
            for axis in axes:
                high = low * shape[axis]
                words[axis] = _word([name for bound, name in factor.items() if low < bound <= high])
                low = high
    return left, right


def _lower(word: str, pinned: str) -> str:
    """`word` with those of its factors in lower case that `pinned` has."""
    parts = set(pinned.strip("()").split())
    factors = [name.lower() if name in parts else name for name in word.strip("()").split()]
    return _word(factors)


def _depth(node: Node) -> str:
    return "(b1 b2 C)" if node.text("mode", "DCR") == "DCR" else "(C b1 b2)"


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


def _word(factors: list[str]) -> str:
    return factors[0] if len(factors) == 1 else f"({' '.join(factors)})"
