"""Operators that cut pieces off an axis or add some: Slice, Pad, Gather."""

from __future__ import annotations

from dataclasses import dataclass

from paoding_onnx.model.graph import Node
from paoding_onnx.rules.rule import Fit, Passes, Rule, Taken, axis_index, fixed, names, register, spell


@dataclass(frozen=True, slots=True)
class _Cut:
    """One sliced axis: `entry` is its place in the lists of starts and ends."""

    entry: int
    axis: int
    start: int | None
    end: int | None
    step: int | None


@register("Slice", read=13)
def slice_(node: Node) -> Rule:
    """ONNX Slice-13: a piece X+Y+Z -> Y of every sliced axis; an axis taken in steps may not shrink."""
    source, target = node.shape(0), node.output_shape()
    left, right = names("A", len(source)), names("A", len(source))
    sizes: dict[str, int] = {}
    starts: dict[int, str] = {}
    ends: dict[int, str] = {}
    cuts = _cuts(node)
    if cuts is None:
        return fixed(node, "slices along axes chosen while running")
    for cut in cuts:
        if cut.start is None or cut.end is None or cut.step != 1:
            left[cut.axis], right[cut.axis] = f"s{cut.axis}", f"t{cut.axis}"
            continue
        segments = _segments(cut, source[cut.axis], target[cut.axis])
        sizes |= segments
        left[cut.axis], right[cut.axis] = "+".join(segments), f"Y{cut.axis}"
        if f"X{cut.axis}" in segments:
            starts[cut.entry] = f"X{cut.axis}"
        if f"Z{cut.axis}" in segments or _is_computed(node, 2):
            ends[cut.entry] = "+".join(name for name in segments if name[0] != "Z")
    places: tuple[str | int, str | int] = ("starts", "ends") if node.version < 10 else (1, 2)
    fits = tuple(Fit(place, axes) for place, axes in zip(places, (starts, ends), strict=True) if axes)
    equation = spell([left, *[None] * (len(node.inputs) - 1)], [right])
    return Rule(equation, sizes=sizes, fits=fits, passes=Passes.ANY, why="is taken in steps or pieces along this axis")


@register("Pad", read=25)
def pad(node: Node) -> Rule:
    """ONNX Pad-25: padding with a constant lays segments before and after the axis; other modes pin it."""
    source = node.shape(0)
    ndim = len(source)
    pads = node.integers("pads") if node.version < 11 else node.entries(1)
    axes = node.entries(3) or tuple(range(ndim))
    if pads is None or None in axes:
        return fixed(node, "pads by amounts computed while running")
    constant = node.text("mode", "constant") == "constant"
    left, right = names("A", ndim), names("A", ndim)
    sizes: dict[str, int] = {}
    fits: dict[int, str] = {}
    for entry, axis in enumerate(axis_index(axis, ndim) for axis in axes if axis is not None):
        before, after = pads[entry], pads[entry + len(axes)]
        if before is None or after is None or not constant or min(before, after) < 0:
            left[axis], right[axis] = (left[axis], left[axis]) if before == after == 0 else (f"s{axis}", f"t{axis}")
            continue
        added = {f"B{axis}": before, f"E{axis}": after}
        sizes |= {name: size for name, size in added.items() if size}
        right[axis] = "+".join([*[f"B{axis}"] * bool(before), left[axis], *[f"E{axis}"] * bool(after)])
        fits |= {e: n for e, n in ((entry, f"B{axis}"), (entry + len(axes), f"E{axis}")) if added[n]}
    place: str | int = "pads" if node.version < 11 else 1
    equation = spell([left, *[None] * (len(node.inputs) - 1)], [right])
    passes = Passes.ANY if _pads_zeros(node) else Passes.ONE
    why = "pads along this axis otherwise than by constants, or by amounts computed while running"
    return Rule(equation, sizes=sizes, fits=(Fit(place, fits),) if fits else (), passes=passes, why=why)


@register("Gather", read=13)
def measure_profile(node: Node) -> Rule:
    """ONNX Gather-13: picks entries along one axis by index; a row of constant indices couples them one by one."""
    ndim = len(node.shape(0))
    axis = axis_index(node.integer("axis", 0), ndim)
    data = names("A", ndim)
    places = node.entries(1)
    if places is not None and None not in places and sum(size > 1 for size in node.shape(1)) == 1:
        size = node.shape(0)[axis]
        taken = Taken("V", "I", tuple(axis_index(place or 0, size) for place in places), 1)
        row = ["I" if size > 1 else "1" for size in node.shape(1)]
        equation = spell([[*data[:axis], "V", *data[axis + 1 :]], None], [[*data[:axis], *row, *data[axis + 1 :]]])
        return Rule(equation, passes=Passes.ANY, picks=1, taken=taken)
    indices = names("I", len(node.shape(1)))
    left = [*data[:axis], "v", *data[axis + 1 :]]
    equation = spell([left, indices], [[*data[:axis], *indices, *data[axis + 1 :]]])
    return Rule(equation, passes=Passes.ANY, picks=1, why="picks entries by index along this axis")


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


def _segments(cut: _Cut, source: int, target: int) -> dict[str, int]:
    """Sizes of what lies before, in and after the piece; empty segments are left out."""
    start = cut.start or 0
    before = min(max(start + source if start < 0 else start, 0), source)
    sizes = {f"X{cut.axis}": before, f"Y{cut.axis}": target, f"Z{cut.axis}": source - before - target}
    return {name: size for name, size in sizes.items() if size or name[0] == "Y"}
