"""Operators that cut pieces off an axis or add some: Slice, Pad, Gather."""

from __future__ import annotations

from dataclasses import dataclass

from paoding_onnx.model.nodes import Node
from paoding_onnx.rules.equation import ONE, Axis, Equation, axes, axis, exchanged, joined
from paoding_onnx.rules.facts import ANY_SCALE, Gathers, LooksUp, Other, Selects, Takes
from paoding_onnx.rules.rule import Fit, Rule, axis_index, fixed, register
from paoding_onnx.rules.why import PICKS, Hold, Why


@dataclass(frozen=True, slots=True)
class _Cut:
    """One sliced axis: `entry` is its index in the lists of starts and ends."""

    entry: int
    axis: int
    start: int | None
    end: int | None
    step: int | None


@register("Slice", read=13)
def slice_(node: Node) -> Rule:
    """ONNX Slice-13: a piece X+Y+Z -> Y of every sliced axis, or one of each k: (P k) -> P; other steps pin it."""
    source, target = node.shape(0), node.output_shape()
    left, right = list(axes("A", len(source))), list(axes("A", len(source)))
    sizes: dict[str, int] = {}
    starts: dict[int, Axis] = {}
    ends: dict[int, Axis] = {}
    taken: list[tuple[str, str, tuple[int, ...]]] = []
    cuts = _cuts(node)
    if cuts is None:
        return fixed(node, Why("slices along axes chosen while running", Hold.SIZES))
    for cut in cuts:
        k = cut.axis
        if _is_one_of_each(node, cut):
            left[k], right[k] = axis(f"P{k}", f"k{k}"), axis(f"P{k}", f"j{k}")
            sizes |= {f"k{k}": cut.step or 1, f"j{k}": 1}
            taken.append((f"j{k}", f"k{k}", (cut.start or 0,)))
            continue
        if cut.start is None or cut.end is None or cut.step != 1:
            left[k], right[k] = axis(f"s{k}"), axis(f"t{k}")
            taken += [(f"t{k}", f"s{k}", places)] if (places := _places(cut, source[k])) is not None else []
            continue
        segments = _segments(cut, source[k], target[k])
        if _moves(node, cut, segments):
            left[k], right[k] = axis(f"s{k}"), axis(f"t{k}")
            continue
        sizes |= segments
        left[k], right[k] = joined(map(axis, segments)), axis(f"Y{k}")
        if f"X{k}" in segments:
            starts[cut.entry] = axis(f"X{k}")
        if f"Z{k}" in segments or _is_computed(node, 2):
            ends[cut.entry] = joined(axis(name) for name in segments if name != f"Z{k}")
    holders: tuple[str | int, str | int] = ("starts", "ends") if node.version < 10 else (1, 2)
    fits = tuple(Fit(holder, held) for holder, held in zip(holders, (starts, ends), strict=True) if held)
    pieces = Equation.of([left, *[None] * (len(node.inputs) - 1)], [right])
    why = "is taken in steps or pieces along this axis"
    shape = Takes(tuple(taken)) if taken else None
    return Rule(pieces, sizes=sizes, fits=fits, acts=ANY_SCALE, shape=shape, why=why)


@register("Pad", read=25)
def pad(node: Node) -> Rule:
    """ONNX Pad-25: padding with a constant lays segments before and after the axis; other modes pin it."""
    ndim = len(node.shape(0))
    pads = node.integers("pads") if node.version < 11 else node.entries(1)
    given = node.entries(3) or tuple(range(ndim))
    if pads is None or None in given:
        return fixed(node, Why("pads by amounts computed while running", Hold.SIZES))
    constant = node.text("mode", "constant") == "constant"
    left, right = list(axes("A", ndim)), list(axes("A", ndim))
    sizes: dict[str, int] = {}
    held: dict[int, Axis] = {}
    for entry, k in enumerate(axis_index(k, ndim) for k in given if k is not None):
        before, after = pads[entry], pads[entry + len(given)]
        if before is None or after is None or not constant or min(before, after) < 0:
            left[k], right[k] = (left[k], left[k]) if before == after == 0 else (axis(f"s{k}"), axis(f"t{k}"))
            continue
        begin, end = [axis(f"B{k}")] * bool(before), [axis(f"E{k}")] * bool(after)
        sizes |= {f"B{k}": before} if before else {}
        sizes |= {f"E{k}": after} if after else {}
        right[k] = joined([*begin, left[k], *end])
        held |= {entry: begin[0]} if begin else {}
        held |= {entry + len(given): end[0]} if end else {}
    holder: str | int = "pads" if node.version < 11 else 1
    return Rule(
        Equation.of([left, *[None] * (len(node.inputs) - 1)], [right]),
        sizes=sizes,
        fits=(Fit(holder, held),) if held else (),
        acts=ANY_SCALE if _pads_zeros(node) else Other(),
        why=Why("pads along this axis otherwise than by constants, or by amounts computed while running", Hold.SIZES),
    )


@register("Gather", read=13)
def gather(node: Node) -> Rule:
    """ONNX Gather-13: picks entries along one axis by index; a row of constant indices couples them one by one."""
    data = axes("A", len(node.shape(0)))
    along = axis_index(node.integer("axis", 0), len(data))
    entries = node.entries(1)
    if entries is not None and None not in entries and sum(size > 1 for size in node.shape(1)) == 1:
        size = node.shape(0)[along]
        row = [axis("I") if length > 1 else ONE for length in node.shape(1)]
        picked = Equation.of([exchanged(data, along, axis("V")), None], [exchanged(data, along, *row)])
        positions = tuple(axis_index(entry or 0, size) for entry in entries)
        return Rule(picked, acts=ANY_SCALE, shape=Gathers(1, "V", "I", positions))
    indices = axes("I", len(node.shape(1)))
    picked = Equation.of([exchanged(data, along, axis("v")), indices], [exchanged(data, along, *indices)])
    return Rule(
        picked,
        acts=ANY_SCALE,
        shape=Selects(1),
        looks_up=(LooksUp(1, 0, "v"),),
        why=PICKS,
    )


def _is_one_of_each(node: Node, cut: _Cut) -> bool:
    """Whether an axis falls into blocks of one length, of each of which the entry at one place is taken.

    So rotary positions take the even and the odd entries. No number of the file needs to follow: the end is the axis's.
    """
    tensor = node.inputs[0]
    if cut.start is None or cut.end is None or cut.step is None or any(_is_computed(node, k) for k in range(1, 5)):
        return False
    size, is_open = node.shape(0)[cut.axis], tensor is not None and bool(tensor.open) and tensor.open[cut.axis]
    return not is_open and 0 <= cut.start < cut.step < size <= cut.end and size % cut.step == 0 and cut.step > 1


def _pads_zeros(node: Node) -> bool:
    """Whether what is added is zero, so that it scales with everything else."""
    value = node.operand(2) if node.version >= 11 else None
    if node.version < 11:
        return node.real("value", 0.0) == 0
    return value is None or (value.value is not None and not value.value.any())


def _is_computed(node: Node, index: int) -> bool:
    """Whether an input is computed while running, and might change by itself when axes shrink."""
    tensor = node.operand(index) if node.version >= 10 else None
    return tensor is not None and not tensor.is_constant


def _moves(node: Node, cut: _Cut, segments: dict[str, int]) -> bool:
    """Whether computed bounds mean other places on an open axis of another size, so that none can be written for them.

    They count from the end, or lie beyond it.
    """
    tensor = node.inputs[0]
    if tensor is None or not tensor.open or not tensor.open[cut.axis]:
        return False
    start = segments.get(f"X{cut.axis}", 0)
    stop = start + segments[f"Y{cut.axis}"]
    return (_is_computed(node, 1) and cut.start != start) or (_is_computed(node, 2) and cut.end != stop)


def _cuts(node: Node) -> list[_Cut] | None:
    """The sliced axes; `None` where it is not known which they are."""
    is_old = node.version < 10
    starts = node.integers("starts") if is_old else node.entries(1)
    ends = node.integers("ends") if is_old else node.entries(2)
    axes = node.integers("axes") if is_old else node.entries(3)
    steps = None if is_old else node.entries(4)
    count = len(axes or starts or ends or ())
    ndim = len(node.shape(0))
    given = axes or tuple(range(count))
    if None in given or not count:
        return None
    blank = (None,) * count
    columns = zip(given, starts or blank, ends or blank, steps or (1,) * count, strict=True)
    return [_Cut(k, axis_index(a or 0, ndim), start, end, step) for k, (a, start, end, step) in enumerate(columns)]


def _places(cut: _Cut, source: int) -> tuple[int, ...] | None:
    """Where a piece that is taken in steps comes from; `None` if that is computed while running."""
    if cut.start is None or cut.end is None or cut.step is None:
        return None
    return tuple(range(source)[slice(cut.start, None if cut.end < -source else cut.end, cut.step)])


def _segments(cut: _Cut, source: int, target: int) -> dict[str, int]:
    """Sizes of what lies before, in and after the piece; empty segments are left out."""
    start = cut.start or 0
    before = min(max(start + source if start < 0 else start, 0), source)
    sizes = {f"X{cut.axis}": before, f"Y{cut.axis}": target, f"Z{cut.axis}": source - before - target}
    return {name: size for name, size in sizes.items() if size or name[0] == "Y"}
