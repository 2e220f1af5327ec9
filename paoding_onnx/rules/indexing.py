"""Operators that read or write at computed places, or put things in order: GatherElements, ScatterND, TopK."""

from __future__ import annotations

from paoding_onnx.model.graph import Node
from paoding_onnx.rules.rule import Fit, Rule, axis_index, fixed, names, register, spell

_FIXED = {
    "NonZero": "lists the places of what is not zero",
    "Unique": "sorts what it finds",
    "EyeLike": "has ones on its diagonal",
    "NonMaxSuppression": "picks boxes by their scores",
    "AffineGrid": "computes places in an image",
    "STFT": "transforms along this axis",
    "HannWindow": "makes a window of this size",
    "HammingWindow": "makes a window of this size",
    "BlackmanWindow": "makes a window of this size",
    "Det": "computes with whole matrices",
    "MaxUnpool": "reads indices that count over all channels",
}


@register("GatherElements", read=13)
def gather_elements(node: Node) -> Rule:
    """ONNX GatherElements-13: picks along one axis; the other axes go position by position."""
    data, indices = _element_axes(node)
    return Rule(spell([data, indices], [indices]), why="picks entries by index along this axis")


@register("ScatterElements", read=18)
@register("Scatter", read=11)
def scatter_elements(node: Node) -> Rule:
    """ONNX ScatterElements-18: writes along one axis; the other axes go position by position."""
    data, indices = _element_axes(node)
    indices = [word.lower() if word[0] == "I" else word for word in indices]
    return Rule(spell([data, indices, indices], [data]), why="writes entries by index along this axis")


@register("GatherND", read=13)
def gather_nd(node: Node) -> Rule:
    """ONNX GatherND-13: picks slices by places in the axes after the batch; whole axes behind go as they are."""
    batch, depth = node.integer("batch_dims", 0), node.shape(1)[-1]
    data = _indexed(node, batch, batch + depth)
    places = [*names("B", batch), *names("I", len(node.shape(1)) - batch - 1)]
    equation = spell([data, [*places, "k"]], [[*places, *data[batch + depth :]]])
    return Rule(equation, why="picks slices by index along this axis")


@register("ScatterND", read=18)
def scatter_nd(node: Node) -> Rule:
    """ONNX ScatterND-18: writes slices at places in the first axes; whole axes behind go as they are."""
    depth = node.shape(1)[-1]
    data = _indexed(node, 0, depth)
    places = names("i", len(node.shape(1)) - 1)
    equation = spell([data, [*places, "k"], [*places, *data[depth:]]], [data])
    return Rule(equation, why="writes slices by index along this axis")


@register("TensorScatter", read=24)
def tensor_scatter(node: Node) -> Rule:
    """ONNX TensorScatter-24: writes new steps into a cache, in one axis."""
    axes = names("A", len(node.shape(0)))
    axis = axis_index(node.integer("axis", -2), len(axes))
    cache, update = _with(axes, axis, "s"), _with(axes, axis, "t")
    return Rule(spell([cache, update, ["A0"]], [cache]), why="writes entries by index along this axis")


@register("TopK", read=24)
def top_k(node: Node) -> Rule:
    """ONNX TopK-24: the largest along one axis, and where they were."""
    axes = names("A", len(node.shape(0)))
    axis = axis_index(node.integer("axis", -1), len(axes))
    target = _with(axes, axis, "t")
    left = [_with(axes, axis, "s"), *[None] * (len(node.inputs) - 1)]
    return Rule(spell(left, [target, target]), why="sorts along this axis")


@register("CumSum", read=14)
@register("CumProd", read=26)
def cumulate(node: Node) -> Rule:
    """ONNX CumSum-14, CumProd-26: each entry has all before it in it."""
    axes = names("A", len(node.shape(0)))
    (axis,) = node.entries(1) or (None,)
    words = [axis_index(axis, len(axes))] if axis is not None else range(len(axes))
    axes = [name.lower() if k in words else name for k, name in enumerate(axes)]
    return Rule(spell([axes, None], [axes]), why="adds up along this axis, step by step")


@register("ReverseSequence", read=28)
def reverse_sequence(node: Node) -> Rule:
    """ONNX ReverseSequence-28: turns the first steps of each sample around."""
    batch, time = node.integer("batch_axis", 1), node.integer("time_axis", 0)
    axes = _with(_with(names("A", len(node.shape(0))), time, "t"), batch, "b")
    return Rule(spell([axes, ["b"]], [axes]), why="turns entries around along this axis")


@register("OneHot", read=28)
def one_hot(node: Node) -> Rule:
    """ONNX OneHot-28: a new axis with one entry set."""
    axes = names("A", len(node.shape(0)))
    axis = axis_index(node.integer("axis", -1), len(axes) + 1)
    return Rule(spell([axes, None, None], [[*axes[:axis], "d", *axes[axis:]]]), why="has one entry for each number")


@register("Trilu", read=14)
@register("Trilu", read=1, domain="com.microsoft")
def triangle(node: Node) -> Rule:
    """ONNX Trilu-14, com.microsoft too: half of the matrices in the last two axes."""
    axes = [*names("A", len(node.shape(0)) - 2), "r", "c"]
    return Rule(spell([axes, None], [axes]), why="keeps one side of the diagonal along this axis")


@register("Compress", read=28)
def compress(node: Node) -> Rule:
    """ONNX Compress-28: keeps what a condition says along one axis."""
    axes = names("A", len(node.shape(0)))
    if "axis" not in node.attributes:
        return fixed(node, "picks entries of the flattened tensor")
    axis = axis_index(node.integer("axis", 0), len(axes))
    return Rule(
        spell([_with(axes, axis, "s"), ["c"]], [_with(axes, axis, "t")]), why="picks entries by a condition here"
    )


@register("RoiAlign", "MaxRoiPool", read=22)
def roi_pool(node: Node) -> Rule:
    """ONNX RoiAlign-22, MaxRoiPool-22: every channel is pooled in the same boxes."""
    return Rule("n C h w, r f, r -> r C p q", why="pools in boxes of this axis")


@register("GridSample", read=22)
@register("GridSample", read=1, domain="com.microsoft")
def grid_sample(node: Node) -> Rule:
    """ONNX GridSample-22, com.microsoft too: every channel is read at the same places."""
    return Rule("n C *s, n *t d -> n C *t", why="is read at computed places of this axis")


@register("CenterCropPad", read=18)
def center_crop(node: Node) -> Rule:
    """ONNX CenterCropPad-18: the middle of the axes in `axes`, of all without it."""
    ndim = len(node.shape(0))
    cut = {axis_index(axis, ndim) for axis in node.integers("axes") or range(ndim)}
    left, right = ([f"{p}{k}" if k in cut else f"A{k}" for k in range(ndim)] for p in "st")
    return Rule(spell([left, None], [right]), why="is cut to a given size along this axis")


@register("Col2Im", read=18)
def columns_to_image(node: Node) -> Rule:
    """ONNX Col2Im-18: columns hold a block of each channel, the channel major."""
    return Rule("n (C b) l, _, _ -> n C *t", sizes={"C": node.output_shape()[1]}, why="becomes blocks of an image here")


@register("DFT", read=20)
def fourier(node: Node) -> Rule:
    """ONNX DFT-20: along one axis; the last axis holds real and imaginary parts."""
    axes = names("A", len(node.shape(0)) - 1)
    axis = node.integer("axis", 1) if node.version < 20 else (node.entries(2) or (-2,))[0]
    if axis is None:
        return fixed(node, "transforms along an axis chosen while running")
    place = axis_index(axis, len(axes) + 1)
    left = [[*_with(axes, place, "s"), "p"], *[None] * (len(node.inputs) - 1)]
    return Rule(spell(left, [[*_with(axes, place, "t"), "q"]]), why="transforms along this axis")


@register("DeformConv", read=22)
def deform_conv(node: Node) -> Rule:
    """ONNX DeformConv-22: Conv at computed places, which groups of input channels may share."""
    groups, offsets = node.integer("group", 1), node.integer("offset_group", 1)
    if groups > 1 < offsets:
        return fixed(node, "has groups of channels and groups of places")
    spatial = len(node.shape(0)) - 2
    x, w, f = ("(G I)", "I", "f") if offsets == 1 else ("(F I)", "(F I)", "(F f)")
    o = "(G O)" if offsets == 1 else "O"
    m = f.replace("f", "m")
    return Rule(
        f"n {x} *s, {o} {w} *k, n {f} *t, {o}, n {m} *t -> n {o} *t",
        sizes={"G": groups} if offsets == 1 else {"F": offsets},
        fits=(Fit("group", {0: "G"}) if offsets == 1 else Fit("offset_group", {0: "F"}),),
        macs=("n", *x.strip("()").split(), "O", *names("k", spatial), *names("t", spatial)),
        why="slides over this axis, or tells where",
    )


@register(*_FIXED, read=28)
def unshrinkable(node: Node) -> Rule:
    """Operators of which no axis may shrink, each for its reason."""
    return fixed(node, _FIXED[node.operator])


def _element_axes(node: Node) -> tuple[list[str], list[str]]:
    """Axes of the data and of the indices of GatherElements: one that is not used whole stays."""
    data, indices = node.shape(0), node.shape(1)
    axis = axis_index(node.integer("axis", 0), len(data))
    left, right = [], []
    for k, (whole, used) in enumerate(zip(data, indices, strict=True)):
        left.append("v" if k == axis else f"A{k}" if whole == used else f"s{k}")
        right.append("I" if k == axis else f"A{k}" if whole == used else f"t{k}")
    return left, right


def _indexed(node: Node, first: int, last: int) -> list[str]:
    """Axes of the data of GatherND: the batch, those in which places lie, and those behind."""
    behind = names("R", len(node.shape(0)) - last)
    return [*names("B", first), *names("v", last - first), *behind]


def _with(axes: list[str], axis: int, word: str) -> list[str]:
    return [word if k == axis else name for k, name in enumerate(axes)]
