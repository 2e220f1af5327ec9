"""One node of a model as a model of its own."""

from __future__ import annotations

import onnx


def standalone(proto: onnx.ModelProto, node: onnx.NodeProto, dtype: int | None = None) -> onnx.ModelProto:
    """A model of one node of `proto` alone; what it reads of fed tensors becomes its inputs (of another `dtype`)."""
    infos = {info.name: info for info in (*proto.graph.input, *proto.graph.output, *proto.graph.value_info)}
    stored = [tensor for tensor in proto.graph.initializer if tensor.name in node.input]
    inputs = [infos[name] for name in dict.fromkeys(node.input) if name in infos]
    outputs = [infos[name] for name in node.output if name in infos]
    if dtype is not None:
        inputs, outputs = [_typed(info, dtype) for info in inputs], [_typed(info, dtype) for info in outputs]
    graph = onnx.helper.make_graph([node], "alone", inputs, outputs, stored)
    return onnx.helper.make_model(graph, opset_imports=proto.opset_import, ir_version=proto.ir_version)


def _typed(info: onnx.ValueInfoProto, dtype: int) -> onnx.ValueInfoProto:
    shape = [dim.dim_value for dim in info.type.tensor_type.shape.dim]
    return onnx.helper.make_tensor_value_info(info.name, dtype, shape)
