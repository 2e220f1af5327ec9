"""Operators that read or write at computed positions, or put things in order: GatherElements, ScatterND, TopK."""

from __future__ import annotations

from paoding_onnx.model.nodes import Node
from paoding_onnx.rules.equation import Equation, Operand, axes, axis, exchanged, names_of
from paoding_onnx.rules.facts import Contracts, DataDependentShape
from paoding_onnx.rules.notation import parse
from paoding_onnx.rules.rule import Fit, Rule, axis_index, fixed, register
from paoding_onnx.rules.why import PICKS, Hold, Why

_FIXED = {
    "NonZero": "lists the positions of what is not zero",
    "Unique": "sorts what it finds",
    "EyeLike": "has ones on its diagonal",
    "NonMaxSuppression": "picks boxes by their scores",
    "AffineGrid": "computes positions in an image",
    "STFT": "transforms along this axis",
    "HannWindow": "makes a window of this size",
    "HammingWindow": "makes a window of this size",
    "BlackmanWindow": "makes a window of this size",
    "Det": "computes with whole matrices",
    "MaxUnpool": "reads indices that count over all channels",
}


_WRITES = Why("writes entries by index along this axis", Hold.INDEX)


@register("GatherElements", read=13)
def gather_elements(node: Node) -> Rule:
    """ONNX GatherElements-13: picks along one axis; the other axes go position by position."""
    data, indices = _element_axes(node, "I")
    return Rule(Equation.of([data, indices], [indices]), why=Why(PICKS.words, Hold.PICKED))


@register("ScatterElements", read=18)
@register("Scatter", read=11)
def scatter_elements(node: Node) -> Rule:
    """ONNX ScatterElements-18: writes along one axis; the other axes go position by position."""
    data, indices = _element_axes(node, "i")
    return Rule(Equation.of([data, indices, indices], [data]), why=_WRITES)


@register("GatherND", read=13)
def gather_nd(node: Node) -> Rule:
    """ONNX GatherND-13: picks slices by positions in the axes after the batch; whole axes behind go as they are."""
    batch, depth = node.integer("batch_dims", 0), node.shape(1)[-1]
    data = _indexed(node, batch, batch + depth)
    positions = (*axes("B", batch), *axes("I", len(node.shape(1)) - batch - 1))
    picked = Equation.of([data, [*positions, axis("k")]], [[*positions, *data[batch + depth :]]])
    return Rule(picked, why=Why("picks slices by index along this axis", Hold.INDEX))


@register("ScatterND", read=18)
def scatter_nd(node: Node) -> Rule:
    """ONNX ScatterND-18: writes slices at positions in the first axes; whole axes behind go as they are."""
    depth = node.shape(1)[-1]
    data = _indexed(node, 0, depth)
    positions = axes("i", len(node.shape(1)) - 1)
    written = Equation.of([data, [*positions, axis("k")], [*positions, *data[depth:]]], [data])
    return Rule(written, why=Why("writes slices by index along this axis", Hold.INDEX))


@register("TensorScatter", read=24)
def tensor_scatter(node: Node) -> Rule:
    """ONNX TensorScatter-24: writes new steps into a cache, in one axis."""
    whole = axes("A", len(node.shape(0)))
    along = axis_index(node.integer("axis", -2), len(whole))
    cache, update = (exchanged(whole, along, axis(name)) for name in "st")
    return Rule(Equation.of([cache, update, whole[:1]], [cache]), why=_WRITES)


@register("TopK", read=24)
def top_k(node: Node) -> Rule:
    """ONNX TopK-24: the largest along one axis, and where they were."""
    whole = axes("A", len(node.shape(0)))
    along = axis_index(node.integer("axis", -1), len(whole))
    source, target = (exchanged(whole, along, axis(name)) for name in "st")
    inputs = [source, *[None] * (len(node.inputs) - 1)]
    return Rule(Equation.of(inputs, [target, target]), why=Why("sorts along this axis", Hold.ORDER))


@register("CumSum", read=14)
@register("CumProd", read=26)
def cumulate(node: Node) -> Rule:
    """ONNX CumSum-14, CumProd-26: each entry has all before it in it."""
    ndim = len(node.shape(0))
    (given,) = node.entries(1) or (None,)
    summed = range(ndim) if given is None else [axis_index(given, ndim)]
    whole = [one.pinned() if k in summed else one for k, one in enumerate(axes("A", ndim))]
    return Rule(Equation.of([whole, None], [whole]), why="adds up along this axis, step by step")


@register("ReverseSequence", read=28)
def reverse_sequence(node: Node) -> Rule:
    """ONNX ReverseSequence-28: turns the first steps of each sample around."""
    batch, time = node.integer("batch_axis", 1), node.integer("time_axis", 0)
    whole = exchanged(exchanged(axes("A", len(node.shape(0))), time, axis("t")), batch, axis("b"))
    return Rule(Equation.of([whole, [axis("b")]], [whole]), why="turns entries around along this axis")


@register("OneHot", read=28)
def one_hot(node: Node) -> Rule:
    """ONNX OneHot-28: a new axis with one entry set."""
    whole = axes("A", len(node.shape(0)))
    along = axis_index(node.integer("axis", -1), len(whole) + 1)
    deeper = (*whole[:along], axis("d"), *whole[along:])
    return Rule(Equation.of([whole, None, None], [deeper]), why="has one entry for each number")


@register("Trilu", read=14)
@register("Trilu", read=1, domain="com.microsoft")
def triangle(node: Node) -> Rule:
    """ONNX Trilu-14, com.microsoft too: half of the matrices in the last two axes."""
    return Rule(parse("*A r c, _ -> *A r c"), why="keeps one side of the diagonal along this axis")


@register("Compress", read=28)
def compress(node: Node) -> Rule:
    """ONNX Compress-28: keeps what a condition says along one axis."""
    whole = axes("A", len(node.shape(0)))
    if "axis" not in node.attributes:
        return fixed(node, "picks entries of the flattened tensor")
    along = axis_index(node.integer("axis", 0), len(whole))
    source, target = (exchanged(whole, along, axis(name)) for name in "st")
    kept = Equation.of([source, [axis("c")]], [target])
    return Rule(kept, shape=DataDependentShape(), why="picks entries by a condition here")


@register("RoiAlign", "MaxRoiPool", read=22)
def roi_pool(node: Node) -> Rule:
    """ONNX RoiAlign-22, MaxRoiPool-22: every channel is pooled in the same boxes."""
    return Rule(parse("n C h w, r f, r -> r C p q"), why="pools in boxes of this axis")


@register("GridSample", read=22)
@register("GridSample", read=1, domain="com.microsoft")
def grid_sample(node: Node) -> Rule:
    """ONNX GridSample-22, com.microsoft too: every channel is read at the same positions."""
    return Rule(
        parse("n C *s, n *t d -> n C *t"), why=Why("is read at computed positions of this axis", Hold.POSITIONS)
    )


@register("CenterCropPad", read=18)
def center_crop(node: Node) -> Rule:
    """ONNX CenterCropPad-18: the middle of the axes in `axes`, of all without it."""
    ndim = len(node.shape(0))
    cut = {axis_index(given, ndim) for given in node.integers("axes") or range(ndim)}
    left, right = ([axis(f"{p}{k}" if k in cut else f"A{k}") for k in range(ndim)] for p in "st")
    return Rule(Equation.of([left, None], [right]), why="is cut to a given size along this axis")


@register("Col2Im", read=18)
def columns_to_image(node: Node) -> Rule:
    """ONNX Col2Im-18: columns hold a block of each channel, the channel major."""
    channels = {"C": node.output_shape()[1]}
    return Rule(parse("n (C b) l, _, _ -> n C *t"), sizes=channels, why="becomes blocks of an image here")


@register("DFT", read=20)
def fourier(node: Node) -> Rule:
    """ONNX DFT-20: along one axis; the last axis holds real and imaginary parts."""
    whole = axes("A", len(node.shape(0)) - 1)
    given = node.integer("axis", 1) if node.version < 20 else (node.entries(2) or (-2,))[0]
    if given is None:
        return fixed(node, Why("transforms along an axis chosen while running", Hold.SIZES))
    along = axis_index(given, len(whole) + 1)
    source, target = ((*exchanged(whole, along, axis(a)), axis(part)) for a, part in ("sp", "tq"))
    return Rule(Equation.of([source, *[None] * (len(node.inputs) - 1)], [target]), why="transforms along this axis")


@register("DeformConv", read=22)
def deform_conv(node: Node) -> Rule:
    """ONNX DeformConv-22: Conv at computed positions, which groups of input channels may share."""
    groups, places = node.integer("group", 1), node.integer("offset_group", 1)
    if groups % places and places % groups:
        return fixed(node, "has groups of channels that lie across groups of positions")
    by_group = "n (F G I) *s, (F G O) I *k, n (F f) *t, (F G O), n (F m) *t -> n (F G O) *t"
    by_place = "n (G F I) *s, (G O) (F I) *k, n (G F f) *t, (G O), n (G F m) *t -> n (G O) *t"
    is_finer = places % groups == 0
    outer, inner = (("group", "G"), ("offset_group", "F")) if is_finer else (("offset_group", "F"), ("group", "G"))
    counts = {"group": groups, "offset_group": places}
    spatial = len(node.shape(0)) - 2
    product = ("n", "F", "G", "I", "O", *names_of(axes("k", spatial)), *names_of(axes("t", spatial)))
    held = {outer[0]: axis(outer[1]), inner[0]: axis(outer[1], inner[1])}
    return Rule(
        parse(by_place if is_finer else by_group),
        sizes={outer[1]: counts[outer[0]], inner[1]: counts[inner[0]] // counts[outer[0]]},
        fits=tuple(Fit(attribute, {0: one}) for attribute, one in held.items() if counts[attribute] > 1),
        contracts=Contracts((product,)),
        why=Why("slides over this axis, or tells where", Hold.POSITIONS),
    )


@register(*_FIXED, read=28)
def unshrinkable(node: Node) -> Rule:
    """Operators of which no axis may shrink, each for its reason."""
    return fixed(node, _FIXED[node.operator])


def _element_axes(node: Node, along: str) -> tuple[Operand, Operand]:
    """Axes of the data and of the indices of GatherElements, `along` the one that they pick from.

    An axis that is not used whole stays.
    """
    data, indices = node.shape(0), node.shape(1)
    chosen = axis_index(node.integer("axis", 0), len(data))
    left, right = [], []
    for k, (whole, used) in enumerate(zip(data, indices, strict=True)):
        left.append(axis("v" if k == chosen else f"A{k}" if whole == used else f"s{k}"))
        right.append(axis(along if k == chosen else f"A{k}" if whole == used else f"t{k}"))
    return tuple(left), tuple(right)


def _indexed(node: Node, first: int, last: int) -> Operand:
    """Axes of the data of GatherND: the batch, those in which positions lie, and those behind."""
    return (*axes("B", first), *axes("v", last - first), *axes("R", len(node.shape(0)) - last))
