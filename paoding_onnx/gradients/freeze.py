"""A model at one shape of its inputs: what does not depend on their content becomes a constant, all shapes are written.

A reverse pass needs to know shapes, and need not look at shape arithmetic that only pretends to be computed. Both are
measured: the model runs once on real samples. Nothing here knows what any operator does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import onnx
from onnx import numpy_helper, version_converter

from paoding_onnx.errors import ModelError
from paoding_onnx.model.graph import Graph, needed
from paoding_onnx.model.load import Model
from paoding_onnx.model.node_index import proto_nodes
from paoding_onnx.model.nodes import Array, Node, Tensor
from paoding_onnx.model.read import computed_names, constants
from paoding_onnx.model.session import Session, one_line
from paoding_onnx.rules.forms import TYPE_ATTRIBUTES
from paoding_onnx.rules.windows import spelled_out
from paoding_onnx.shapes.data_dependence import data_dependent_tensors
from paoding_onnx.shapes.observe import observe_on

LEAST_OPSET = 17
"""Older models are converted to this opset: reverse passes are written in newer operators."""
LEAST_IR = 8
_OTHER_REALS = (onnx.TensorProto.FLOAT16, onnx.TensorProto.BFLOAT16, onnx.TensorProto.DOUBLE)


@dataclass(frozen=True, slots=True)
class Recording:
    """A model, its graph at the shapes of `feeds`, and the content of every tensor when these are fed."""

    model: Model
    graph: Graph
    feeds: Mapping[str, Array]
    values: Mapping[str, Array]
    data_dependent: frozenset[str]

    def ancestors(self, name: str) -> Iterator[str]:
        """Fed tensors of which `name` is computed, itself first, nearest first."""
        wanted = {name}
        for node in reversed(self.graph.nodes):
            made = [tensor.name for tensor in node.outputs if tensor is not None and tensor.name in wanted]
            yield from (one for one in made if one in self.data_dependent)
            if made:
                wanted.update(tensor.name for tensor in node.inputs if tensor is not None)
                wanted.update(node.captures)


def record(model: Model, feeds: Mapping[str, Array]) -> Recording:
    """The model as it runs on `feeds`, every tensor looked at.

    Raises:
        ModelError: if it does not run on them.
    """
    graph = observe_on(model, feeds).outer
    values = Session(model, watch=computed_names(model)).run(feeds)
    return Recording(model, graph, feeds, {**constants(model), **values}, data_dependent_tensors(graph))


def freeze(subject: Recording, *targets: str) -> onnx.ModelProto:
    """The part of the model that computes `targets`, in float32, at the shapes observed, its weights inside.

    Raises:
        ModelError: if it cannot be converted to an opset in which reverse passes can be written.
    """
    pairs = zip(subject.graph.nodes, proto_nodes(subject.model.proto, subject.graph), strict=True)
    data_dependent = [
        (node, proto)
        for node, proto in pairs
        if proto is not None and not subject.data_dependent.isdisjoint(_names(node.outputs))
    ]
    places = needed([node for node, _ in data_dependent], targets)
    kept = [data_dependent[place][0] for place in places]
    nodes = [_explicit(proto, node) for node, proto in (data_dependent[place] for place in places)]
    read = {name for node in kept for name in (*_names(node.inputs), *node.captures)}
    made = [tensor for node in kept for tensor in node.outputs if tensor is not None and tensor.name not in targets]
    graph = onnx.helper.make_graph(
        nodes,
        "frozen",
        [_info(name, array) for name, array in subject.feeds.items()],
        [_info(target, subject.values[target]) for target in targets],
        [numpy_helper.from_array(subject.values[name], name) for name in sorted(read - subject.data_dependent)],
        value_info=[_info(tensor.name, subject.values[tensor.name]) for tensor in made if _is_known(subject, tensor)],
    )
    opsets, ir = subject.model.proto.opset_import, max(subject.model.proto.ir_version, LEAST_IR)
    return _widened(_modern(onnx.helper.make_model(graph, opset_imports=opsets, ir_version=ir)))


def change_attributes(node: onnx.NodeProto, changed: Mapping[str, list[int] | int | None]) -> None:
    """Give a node other attributes of these names; `None` for one to drop."""
    kept = [attribute for attribute in node.attribute if attribute.name not in changed]
    made = [onnx.helper.make_attribute(name, value) for name, value in changed.items() if value is not None]
    del node.attribute[:]
    node.attribute.extend([*kept, *made])


def _explicit(proto: onnx.NodeProto, node: Node) -> onnx.NodeProto:
    """A copy of the node whose window, if it slides one, is spelled out in numbers."""
    copy = onnx.NodeProto()
    copy.CopyFrom(proto)
    change_attributes(copy, spelled_out(node))
    return copy


def _modern(proto: onnx.ModelProto) -> onnx.ModelProto:
    version = next((o.version for o in proto.opset_import if o.domain in ("", "ai.onnx")), LEAST_OPSET)
    if version >= LEAST_OPSET:
        return proto
    try:
        return version_converter.convert_version(proto, LEAST_OPSET)
    except (RuntimeError, ValueError, TypeError) as error:
        raise ModelError(f"the model's opset {version} is too old for gradients: {one_line(error)}") from error


def _widened(proto: onnx.ModelProto) -> onnx.ModelProto:
    """The model with all real numbers in float32: onnxruntime adds up nothing narrower in a reverse pass."""
    graph = proto.graph
    for info in (*graph.input, *graph.output, *graph.value_info):
        if info.type.tensor_type.elem_type in _OTHER_REALS:
            info.type.tensor_type.elem_type = onnx.TensorProto.FLOAT
    tensors = [attribute.t for node in graph.node for attribute in node.attribute if attribute.HasField("t")]
    for tensor in (*graph.initializer, *tensors):
        if tensor.data_type in _OTHER_REALS:
            tensor.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(tensor).astype(np.float32), tensor.name))
    for attribute in (attribute for node in graph.node for attribute in node.attribute):
        if attribute.name in TYPE_ATTRIBUTES and attribute.i in _OTHER_REALS:
            attribute.i = onnx.TensorProto.FLOAT
    return proto


def _is_known(subject: Recording, tensor: Tensor) -> bool:
    return tensor.name in subject.values and subject.values[tensor.name].dtype.kind in "iufb"


def _info(name: str, array: Array) -> onnx.ValueInfoProto:
    return onnx.helper.make_tensor_value_info(name, onnx.helper.np_dtype_to_tensor_dtype(array.dtype), array.shape)


def _names(tensors: Sequence[Tensor | None]) -> list[str]:
    return [tensor.name for tensor in tensors if tensor is not None]
