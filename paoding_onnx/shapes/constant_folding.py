"""Constants computed from weights by operators that pin them are computed once, for good: weight norms and the like.

A weight that reaches its layer through Reshape or Transpose is followed to where it is stored. Through an operator that
works along its axes, such as a norm, it could not be: there, what comes out becomes the stored constant.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from types import MappingProxyType

import numpy as np
import onnx
from onnx import numpy_helper

from paoding_onnx.model.external import mark_external
from paoding_onnx.model.graph import Graph
from paoding_onnx.model.load import LIFT_BYTES, PLACEHOLDER, Model
from paoding_onnx.model.node_index import makers_in
from paoding_onnx.model.nodes import Array, Tensor
from paoding_onnx.model.session import Session
from paoding_onnx.model.subgraphs import captures
from paoding_onnx.model.tensors import store
from paoding_onnx.rules.binding import BoundNode, bind_node, is_layer
from paoding_onnx.rules.equation import is_fixed
from paoding_onnx.rules.facts import ReadsShape, Selects
from paoding_onnx.shapes.bodies import read_deep
from paoding_onnx.shapes.dummy_inputs import random_feeds
from paoding_onnx.shapes.observe import sizes_of

_UNFOLDED = "_before_folding"


def folded(model: Model, graph: Graph) -> tuple[Model, Graph]:
    """The model, folded where that frees weights, and its graph; `graph` is what was observed of it before."""
    return stored(model, graph, tuple(_stuck(graph)))


def stored(model: Model, graph: Graph, names: tuple[str, ...]) -> tuple[Model, Graph]:
    """The model with the tensors `names`, which are computed from constants alone, as constants, and its graph."""
    if not names:
        return model, graph
    smaller = _fold(model, graph, names)
    made = makers_in(smaller.proto).keys() | set(graph.inputs)
    return smaller, read_deep(
        smaller, {name: graph.tensors[name] for name in graph.tensors if name in made}, graph.sizes
    )


def _stuck(graph: Graph) -> Iterator[str]:
    """Tensors computed from weights alone by a node that pins an axis of theirs, where storing them costs no space."""
    stored = {tensor.name: frozenset({tensor.name}) for tensor in graph.tensors.values() if tensor.is_constant}
    for index, node in enumerate(graph.nodes):
        read = [tensor.name for tensor in node.inputs if tensor is not None]
        if not read or node.captures or node.within or any(name not in stored for name in read):
            continue
        sources = frozenset[str]().union(*(stored[name] for name in read))
        stored |= {tensor.name: sources for tensor in node.outputs if tensor is not None}
        weights = [graph.tensors[name] for name in sources if _is_weight(graph.tensors[name])]
        made = node.outputs[0]
        if made is not None and weights and _bytes([made]) <= _bytes(weights) and _pins(bind_node(node, index)):
            yield made.name


def _is_weight(tensor: Tensor) -> bool:
    is_float = tensor.dtype is not None and tensor.dtype.kind == "f"
    return is_float and any(size > 1 for size in tensor.shape or ())


def _pins(bound: BoundNode) -> bool:
    """Whether the node keeps an axis from shrinking, or has all of one in each of its numbers, as a norm has."""
    summed = frozenset() if isinstance(bound.rule.shape, Selects) or is_layer(bound) else bound.binding.summed
    tied = (size > 1 and (is_fixed(name) or name in summed) for name, size in bound.binding.sizes.items())
    return bound.has_rule and not isinstance(bound.rule.shape, ReadsShape) and any(tied)


def _bytes(tensors: list[Tensor]) -> int:
    return sum(int(np.prod(t.shape or ())) * (t.dtype.itemsize if t.dtype is not None else 0) for t in tensors)


def _fold(model: Model, graph: Graph, names: tuple[str, ...]) -> Model:
    """`model` with these tensors as initializers, and without what only served to compute them."""
    feeds = random_feeds(model.inputs, sizes_of(graph).measured, np.random.default_rng(0))
    values = Session(model, watch=names).run(feeds)
    proto = onnx.ModelProto()
    proto.CopyFrom(model.proto)
    for node in proto.graph.node:
        node.output[:] = [f"{name}{_UNFOLDED}" if name in names else name for name in node.output]
    weights = dict(model.weights)
    for name in names:
        store_lifted(proto, weights, name, values[name])
    _drop_dead(proto, graph, weights)
    return replace(model, proto=proto, weights=MappingProxyType(weights))


def store_lifted(proto: onnx.ModelProto, weights: dict[str, Array], name: str, value: Array) -> None:
    """Store a constant in a model, its content among the `weights` if it is large."""
    tensor = numpy_helper.from_array(value, name)
    if tensor.HasField("raw_data") and value.nbytes >= LIFT_BYTES:
        weights[name] = value
        tensor.ClearField("raw_data")
        mark_external(tensor, PLACEHOLDER)
    store(proto, tensor)


def _drop_dead(proto: onnx.ModelProto, graph: Graph, weights: dict[str, Array]) -> None:
    """Remove nodes, then initializers, that something read before and nothing reads any more."""
    held = set(graph.outputs)
    before = {tensor.name for node in graph.nodes for tensor in node.inputs if tensor is not None}
    while True:
        read = held.union(*({*node.input, *captures(node)} for node in proto.graph.node)) - {""}
        unread = (node for node in proto.graph.node if read.isdisjoint(node.output))
        dead = [node for node in unread if not before.isdisjoint(name.removesuffix(_UNFOLDED) for name in node.output)]
        if not dead:
            break
        for node in dead:
            proto.graph.node.remove(node)
    for container in (proto.graph.initializer, proto.graph.input):
        for item in [item for item in container if item.name in before - read and item.name not in graph.inputs]:
            container.remove(item)
            weights.pop(item.name, None)
