"""The reverse pass of a model, itself a model: written by onnx-ad, operator by operator."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import onnx
import onnx_ad

from paoding_onnx.errors import ModelError
from paoding_onnx.gradients.freeze import Recording, change_attributes, freeze
from paoding_onnx.gradients.gather_form import as_lookup
from paoding_onnx.gradients.standalone import standalone
from paoding_onnx.rules.windows import cropped

REFUSALS = (onnx_ad.UnsupportedOperator, onnx_ad.UnrollTooLarge, ValueError, TypeError, KeyError, IndexError)
"""What the writer of reverse passes raises for what it does not take."""


HINT = "--black-box estimates it"


MOST_NAMED = 3


MOST_LETTERS = 120
"""A message names this many nodes, with the first letters of the reason."""


MOST_DRIFT = 0.02
"""How far scores may drift, as a share of the largest, where a model is prepared for a reverse pass."""


_REALS = (onnx.TensorProto.FLOAT, onnx.TensorProto.DOUBLE, onnx.TensorProto.FLOAT16, onnx.TensorProto.BFLOAT16)


@dataclass(frozen=True, slots=True)
class NoGradient:
    """A node without a gradient, and why."""

    node: str
    operator: str
    reason: str


def reverse_pass(subject: Recording, x: str, target: str) -> tuple[onnx.ModelProto, onnx.ModelProto, str]:
    """Models that compute `target`, and its gradient by `x` (the last output), and the input that takes the seed.

    The seed, like the gradient, has one more axis at the end, of size one.

    Raises:
        ModelError: if nodes on the way have no gradient.
    """
    forward = freeze(subject, target)
    if x not in {name for node in forward.graph.node for name in node.input}:
        raise ModelError(f"{target!r} does not depend on the input {x!r}: there is no gradient")
    try:
        forward, backward = reverse_by(forward, [x], target)
    except ModelError as error:
        raise ModelError(f"{error}; {HINT}") from error
    known = {info.name for info in forward.graph.input}
    return forward, backward, next(info.name for info in backward.graph.input if info.name not in known)


def reverse_by(forward: onnx.ModelProto, xs: Sequence[str], target: str) -> tuple[onnx.ModelProto, onnx.ModelProto]:
    """A frozen model as it can be differentiated, and that with gradients of `target` by the inputs `xs` behind it.

    The last input takes the seed of `target`; the last outputs are the gradients, in the order of `xs`. All of these
    have one more axis at the end, of size one.

    Raises:
        ModelError: if nodes on the way have no gradient.
    """
    try:
        return forward, _reverse(forward, xs, target)
    except REFUSALS:
        forward = _with_lookups(forward)
        return forward, _explained(forward, xs, target)


def nodes_without_gradient(proto: onnx.ModelProto) -> Iterator[NoGradient]:
    """The nodes of a frozen model that cannot be differentiated, each tried alone."""
    for node in proto.graph.node:
        reason = _refusal(proto, node)
        if reason is not None:
            yield NoGradient(node.name or node.output[0], node.op_type, reason)


def _reverse(proto: onnx.ModelProto, xs: Sequence[str], target: str) -> onnx.ModelProto:
    made: onnx.ModelProto = onnx_ad.reverse(proto, inputs=list(xs), outputs=[target], layout="onnx")
    own = {name for node in proto.graph.node for name in node.output}
    sizes = {tensor.name: tuple(tensor.dims) for tensor in made.graph.initializer}
    for node in made.graph.node:
        if own.isdisjoint(node.output):
            _honour_pads(node, sizes)
    return made


def _honour_pads(node: onnx.NodeProto, sizes: Mapping[str, tuple[int, ...]]) -> None:
    """Make a transposed convolution that the reverse pass added crop what the convolution padded.

    It comes with an output shape beside pads, as TensorFlow's convolutions need that pad their ends differently.
    """
    if len(node.input) > 1 and node.input[1] in sizes:
        found = {attribute.name: onnx.helper.get_attribute_value(attribute) for attribute in node.attribute}
        change_attributes(node, cropped(found, sizes[node.input[1]][2:]))


def _explained(proto: onnx.ModelProto, xs: Sequence[str], target: str) -> onnx.ModelProto:
    """The reverse pass, or a refusal that names every node that has none."""
    try:
        return _reverse(proto, xs, target)
    except REFUSALS as error:
        found = [f"{one.operator} {one.node!r} ({one.reason})" for one in nodes_without_gradient(proto)]
        message = "; ".join(found[:MOST_NAMED]) or str(error)
        more = f"; and {len(found) - MOST_NAMED} more" if len(found) > MOST_NAMED else ""
        raise ModelError(f"no exact gradient: {message}{more}") from error


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
