"""Exact gradients of a model's loss by its input: the reverse pass is itself a model, run by onnxruntime.

`onnx-ad` writes the reverse pass, operator by operator; what it needs of the model is prepared in `freezing`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import onnx
import onnx_ad

from paoding_onnx.errors import ModelError
from paoding_onnx.evaluation.metrics import Floats, Labels
from paoding_onnx.gradients.freeze import Observed, freeze, standalone
from paoding_onnx.gradients.gather_form import as_lookup
from paoding_onnx.model.graph import Array
from paoding_onnx.model.load import lift
from paoding_onnx.model.session import Session
from paoding_onnx.robustness.losses import LossPoint

REFUSALS = (onnx_ad.UnsupportedOperator, onnx_ad.UnrollTooLarge, ValueError, TypeError, KeyError, IndexError)
"""What the writer of reverse passes raises for what it does not take."""


HINT = "--black-box estimates it"
MOST_NAMED = 3
MOST_LETTERS = 120
"""A message names this many nodes, with the first letters of the reason."""
_RISES = (1e-3, 4e-3, 1.6e-2)
"""How far scores shall move, as shares of the largest, when slopes are compared."""
_ROUNDING = 1e-5
"""What rounding does to scores, as a share of the largest."""
_TINY = 1e-300
MOST_DRIFT = 0.02
"""How far scores may drift, as a share of the largest, where a model is prepared for a reverse pass."""
_REALS = (onnx.TensorProto.FLOAT, onnx.TensorProto.DOUBLE, onnx.TensorProto.FLOAT16, onnx.TensorProto.BFLOAT16)


@dataclass(frozen=True, slots=True)
class NoGradient:
    """A node without a gradient, and why."""

    node: str
    operator: str
    reason: str


class Gradient:
    """The gradient of each sample's loss by the input `x`, for as many samples at a time as were observed.

    Raises:
        ModelError: if nodes on the way have no gradient; the message names them.
    """

    def __init__(self, subject: Observed, x: str, point: LossPoint) -> None:
        forward, backward, self._seed = reverse_pass(subject, x, point.tensor)
        self._forward, self._backward = Session(lift(forward)), Session(lift(backward), optimise=True)
        self._x, self._point = x, point
        wanted = np.asarray(subject.values[point.tensor], np.float64)
        drift = np.abs(np.asarray(self._scores(subject.feeds[x]), np.float64) - wanted).max()
        if not drift <= MOST_DRIFT * np.abs(wanted).max():
            raise ModelError(f"no exact gradient: prepared for it, the model drifts by {drift:.3g}; {HINT}")

    def direction(self, x: Array, labels: Labels) -> tuple[Floats, Floats]:
        """Each sample's gradient, shaped like `x`, in two factors: one with its sign, the other what to multiply it by.

        The first is the gradient of the scores, weighted so that the largest weight is one; see `Loss.derivative`.
        """
        seed, size = self._seed_of(x, labels)
        return self._run_back(x, seed), size

    def __call__(self, x: Array, labels: Labels) -> Floats:
        """The gradient of each sample's loss, shaped like `x`."""
        found, size = self.direction(x, labels)
        return np.asarray(found * _column(size, x.ndim))

    def disagreement(self, x: Array, labels: Labels, reach: float) -> float:
        """How far the slope along the gradient is from what finite differences say, as a share; 0.01 is normal.

        It is the median over samples, at the best of three distances of at most `reach`: too short ones drown in
        rounding, which is allowed for, too long ones leave the piece on which the model is smooth. NaN if the gradient
        is zero for every sample.
        """
        scores = self._scores(x)
        seed, _ = self._point.loss.derivative(scores, labels)
        found = self._run_back(x, seed)
        norms = np.sqrt((found**2).reshape(len(x), -1).sum(axis=1))
        moved = norms > 0
        if not moved.any():
            return math.nan
        slopes = np.where(moved, norms, 1.0)
        unit = found / _column(slopes, x.ndim)
        size = np.abs(np.asarray(scores, np.float64)).reshape(len(x), -1).max(axis=1)
        errors = []
        for rise in _RISES:
            distance = np.minimum(rise * size / slopes, reach)
            ends = [np.asarray(x, np.float64) + sign * unit * _column(distance, x.ndim) for sign in (1, -1)]
            high, low = (self._weighted(end.astype(x.dtype), seed) for end in ends)
            wrong = np.maximum(np.abs(high - low - 2 * distance * slopes) - _ROUNDING * size, 0)
            errors.append(float(np.median((wrong / np.maximum(2 * distance * slopes, _TINY))[moved])))
        return min(errors)

    def _seed_of(self, x: Array, labels: Labels) -> tuple[Floats, Floats]:
        return self._point.loss.derivative(self._scores(x), labels)

    def _weighted(self, x: Array, seed: Floats) -> Floats:
        """Each sample's scores, weighted by `seed` and added up."""
        return np.asarray((np.asarray(self._scores(x), np.float64) * seed).reshape(len(x), -1).sum(axis=1))

    def _scores(self, x: Array) -> Array:
        return self._forward.run({self._x: _single(x)})[self._point.tensor]

    def _run_back(self, x: Array, seed: Floats) -> Floats:
        feeds = {self._x: _single(x), self._seed: _single(seed)[..., None]}
        try:
            found = self._backward.run(feeds)[self._backward.output_names[-1]]
        except ModelError as error:
            raise ModelError(f"no exact gradient: in the reverse pass, {error}; {HINT}") from error
        return np.asarray(found, np.float64).reshape(x.shape)


def reverse_pass(subject: Observed, x: str, target: str) -> tuple[onnx.ModelProto, onnx.ModelProto, str]:
    """Models that compute `target`, and its gradient by `x` (the last output), and the input that takes the seed.

    The seed, like the gradient, has one more axis at the end, of size one.

    Raises:
        ModelError: if nodes on the way have no gradient.
    """
    forward = freeze(subject, target)
    if x not in {name for node in forward.graph.node for name in node.input}:
        raise ModelError(f"{target!r} does not depend on the input {x!r}: there is no gradient")
    try:
        backward = _reverse(forward, x, target)
    except REFUSALS:
        forward = _with_lookups(forward)
        backward = _explained(forward, x, target)
    known = {info.name for info in forward.graph.input}
    return forward, backward, next(info.name for info in backward.graph.input if info.name not in known)


def nodes_without_gradient(proto: onnx.ModelProto) -> Iterator[NoGradient]:
    """The nodes of a frozen model that cannot be differentiated, each tried alone."""
    for node in proto.graph.node:
        reason = _refusal(proto, node)
        if reason is not None:
            yield NoGradient(node.name or node.output[0], node.op_type, reason)


def _reverse(proto: onnx.ModelProto, x: str, target: str) -> onnx.ModelProto:
    made: onnx.ModelProto = onnx_ad.reverse(proto, inputs=[x], outputs=[target], layout="onnx")
    own = {name for node in proto.graph.node for name in node.output}
    sizes = {tensor.name: tuple(tensor.dims) for tensor in made.graph.initializer}
    for node in made.graph.node:
        if own.isdisjoint(node.output):
            _honour_pads(node, sizes)
    return made


def _honour_pads(node: onnx.NodeProto, sizes: Mapping[str, tuple[int, ...]]) -> None:
    """Make a transposed convolution that the reverse pass added crop what the convolution padded.

    It comes with `output_shape` beside `pads`. There ONNX ConvTranspose-11 ignores the pads and crops both ends alike,
    which is wrong wherever a convolution pads its ends differently, as TensorFlow does. `output_padding` says the same
    without that.
    """
    found = {attribute.name: onnx.helper.get_attribute_value(attribute) for attribute in node.attribute}
    if not {"output_shape", "pads", "strides", "dilations"} <= set(found) or node.input[1] not in sizes:
        return
    kernel = sizes[node.input[1]][2:]
    begins, ends = found["pads"][: len(kernel)], found["pads"][len(kernel) :]
    rest = [
        (side + begin + end - (width - 1) * dilation - 1) % stride
        for side, begin, end, width, dilation, stride in zip(
            found["output_shape"], begins, ends, kernel, found["dilations"], found["strides"], strict=True
        )
    ]
    kept = [attribute for attribute in node.attribute if attribute.name != "output_shape"]
    del node.attribute[:]
    node.attribute.extend([*kept, onnx.helper.make_attribute("output_padding", rest)])


def _explained(proto: onnx.ModelProto, x: str, target: str) -> onnx.ModelProto:
    """The reverse pass, or a refusal that names every node that has none."""
    try:
        return _reverse(proto, x, target)
    except REFUSALS as error:
        found = [f"{one.operator} {one.node!r} ({one.reason})" for one in nodes_without_gradient(proto)]
        words = "; ".join(found[:MOST_NAMED]) or str(error)
        more = f"; and {len(found) - MOST_NAMED} more" if len(found) > MOST_NAMED else ""
        raise ModelError(f"no exact gradient: {words}{more}; {HINT}") from error


def _with_lookups(proto: onnx.ModelProto) -> onnx.ModelProto:
    """The frozen model with nodes that have no gradient replaced by lookups of positions, where they are no more."""
    copy = onnx.ModelProto()
    copy.CopyFrom(proto)
    nodes: list[onnx.NodeProto] = []
    for node in proto.graph.node:
        is_stuck = _refusal(proto, node) is not None
        nodes.extend((is_stuck and as_lookup(copy, node)) or (node,))
    del copy.graph.node[:]
    copy.graph.node.extend(nodes)
    return copy


def _refusal(proto: onnx.ModelProto, node: onnx.NodeProto) -> str | None:
    """Why a node has no gradient; `None` if it has one, or needs none as what it makes are no real numbers."""
    alone = standalone(proto, node)
    reals = [info for info in (alone.graph.input, alone.graph.output) if any(_is_real(one) for one in info)]
    if len(reals) < 2:
        return None
    try:
        onnx_ad.reverse(alone, layout="onnx")
    except REFUSALS as error:
        return " ".join(str(error).split())[:MOST_LETTERS]
    return None


def _is_real(info: onnx.ValueInfoProto) -> bool:
    return info.type.tensor_type.elem_type in _REALS


def _single(array: Array) -> Array:
    """Numbers as a frozen model takes them: it computes in float32."""
    return array.astype(np.float32, copy=False)


def _column(values: Floats, ndim: int) -> Floats:
    """Numbers (n,) as an array of `ndim` axes that broadcasts to the samples."""
    return values.reshape(-1, *[1] * (ndim - 1))
