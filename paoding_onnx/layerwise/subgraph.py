"""A stretch of a model: some of its nodes as a model of their own, to run a network piece by piece."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np
import onnx
from onnx import numpy_helper

from paoding_onnx.layerwise.contraction import Contraction, n_windows, window_weight
from paoding_onnx.model.external import mark_external
from paoding_onnx.model.graph import Graph
from paoding_onnx.model.load import LIFT_BYTES, PLACEHOLDER, Model
from paoding_onnx.model.nodes import Array
from paoding_onnx.model.subgraphs import captures
from paoding_onnx.model.tensors import STORED_APART
from paoding_onnx.rules.binding import BoundNode


def subgraph(
    model: Model,
    graph: Graph,
    nodes: Sequence[onnx.NodeProto],
    *,
    outputs: Sequence[str],
    overrides: Mapping[str, Array] = MappingProxyType({}),
    free: Sequence[str] = (),
) -> Model:
    """A model of `nodes` alone, which returns `outputs`; constants have the value in `overrides`, or the file's.

    The constants in `free` become inputs.
    """
    made = {name for node in nodes for name in node.output}
    read = dict.fromkeys(name for node in nodes for name in reads(node) if name and name not in made)
    direct = {name for node in nodes for name in node.input}
    proto = frame(model)
    weights: dict[str, Array] = {}
    for name in read:
        tensor = graph.tensors.get(name)
        if tensor is not None and (not tensor.is_constant or name in free):
            proto.graph.input.append(_info(graph, name))
        elif tensor is not None and tensor.value is not None:
            value = overrides.get(name, tensor.value)
            add_constant(proto, weights, name, value, is_shared=name in direct)
    proto.graph.node.extend(nodes)
    proto.graph.output.extend(_info(graph, name) for name in outputs)
    return Model(proto, MappingProxyType(weights))


def window_model(model: Model, graph: Graph, node: onnx.NodeProto, bound: BoundNode, of: Contraction) -> Model:
    """The node of a contraction with a kernel, made to copy its windows; see `paoding_onnx.layerwise.contraction`."""
    copy = onnx.NodeProto()
    copy.CopyFrom(node)
    del copy.input[max(of.source, of.weight) + 1 :]
    copy.input[of.weight] = "windows"
    old = [attribute for attribute in copy.attribute if attribute.name == of.grouping]
    for attribute in old:
        copy.attribute.remove(attribute)
    copy.attribute.append(onnx.helper.make_attribute(of.grouping, n_windows(bound, of)))
    proto = frame(model)
    tensor = bound.node.inputs[of.source]
    dtype = tensor.dtype if tensor is not None and tensor.dtype is not None else np.dtype(np.float32)
    proto.graph.input.append(_info(graph, copy.input[of.source]))
    proto.graph.initializer.append(numpy_helper.from_array(window_weight(bound, of, dtype), "windows"))
    proto.graph.node.append(copy)
    proto.graph.output.append(_info(graph, copy.output[0]))
    return Model(proto, MappingProxyType({}))


def frame(model: Model) -> onnx.ModelProto:
    """An empty model for the same versions of operators."""
    proto = onnx.ModelProto(ir_version=max(model.proto.ir_version, STORED_APART))
    proto.opset_import.extend(model.proto.opset_import)
    proto.graph.name = "stretch"
    return proto


def reads(node: onnx.NodeProto) -> list[str]:
    """Names that a node reads, those included that its subgraphs read from outside."""
    return [*node.input, *sorted(captures(node))]


def _info(graph: Graph, name: str) -> onnx.ValueInfoProto:
    tensor = graph.tensors[name]
    if tensor.dtype is None:
        return onnx.ValueInfoProto(name=name)
    kind = onnx.helper.np_dtype_to_tensor_dtype(tensor.dtype)
    return onnx.helper.make_tensor_value_info(name, kind, None)


def add_constant(
    proto: onnx.ModelProto, weights: dict[str, Array], name: str, value: Array, *, is_shared: bool = True
) -> None:
    """Add an initializer, which a session takes from our array if it `is_shared`: not what only subgraphs read."""
    tensor = numpy_helper.from_array(value, name) if value.nbytes < LIFT_BYTES or not is_shared else None
    if tensor is None:
        kind = onnx.helper.np_dtype_to_tensor_dtype(value.dtype)
        tensor = onnx.TensorProto(name=name, data_type=kind, dims=value.shape)
        mark_external(tensor, PLACEHOLDER)
        weights[name] = np.asarray(value, order="C")
    proto.graph.initializer.append(tensor)
