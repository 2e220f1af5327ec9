"""READ: a `Model` becomes a `Graph` of plain values, with what was measured of the tensors that nodes compute."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping
from types import MappingProxyType

import onnx

from paoding_onnx.model.graph import Graph
from paoding_onnx.model.input_sizes import InputSizes
from paoding_onnx.model.load import Model, default_names
from paoding_onnx.model.naming import free_name
from paoding_onnx.model.node_index import makers
from paoding_onnx.model.nodes import Array, Attribute, Node, Origin, Tensor
from paoding_onnx.model.stored import is_constant
from paoding_onnx.model.subgraphs import captures, schema_version


def computed_names(model: Model) -> tuple[str, ...]:
    """Names of all tensors that nodes compute, constants excluded, in file order."""
    return tuple(name for node in model.proto.graph.node if not is_constant(node) for name in node.output if name)


def constants(model: Model) -> Mapping[str, Array]:
    """Content of every initializer and Constant node by tensor name; strings and sparse tensors are left out."""
    return model.stored


def read_graph(model: Model, measured: Mapping[str, Tensor], sizes: InputSizes | None = None) -> Graph:
    """The model as values; `measured` supplies the tensors that nodes compute, observed at `sizes`.

    See `paoding_onnx.shapes.observe`.
    """
    tensors = {spec.name: Tensor(spec.name, Origin.INPUT) for spec in model.inputs}
    stored = {name: _constant(name, value) for name, value in constants(model).items()}
    tensors |= stored
    tensors |= {name: _default(tensors[name]) for name in default_names(model) if name in tensors}
    fed = {name for name, tensor in tensors.items() if tensor.origin is Origin.INPUT}
    tensors |= {name: tensor for name, tensor in measured.items() if name not in stored or name in fed}
    nodes = read_nodes(model, model.proto.graph, tensors)
    outputs = tuple(info.name for info in model.proto.graph.output)
    return Graph(nodes, MappingProxyType(tensors), tuple(s.name for s in model.inputs), outputs, sizes)


def read_nodes(model: Model, graph: onnx.GraphProto, tensors: Mapping[str, Tensor]) -> tuple[Node, ...]:
    """The nodes of the main graph of a model or of a body in it, in running order."""
    versions = {opset.domain or "ai.onnx": opset.version for opset in model.proto.opset_import}
    protos = [node for node in graph.node if not is_constant(node)]
    taken = {proto.name for proto in graph.node}
    return tuple(_node(proto, index, tensors, versions, taken) for index, proto in enumerate(_sorted(protos)))


def _default(tensor: Tensor) -> Tensor:
    """An input with a default value: its content is not known, as callers may override it."""
    return Tensor(tensor.name, Origin.INPUT, tensor.shape, tensor.dtype)


def _constant(name: str, value: Array) -> Tensor:
    return Tensor(name, Origin.CONSTANT, value.shape, value.dtype, value)


def _sorted(protos: list[onnx.NodeProto]) -> Iterator[onnx.NodeProto]:
    """Nodes in running order; among those ready, file order decides (some exporters write consumers first)."""
    maker = makers(protos)
    needs = [{maker[n] for n in (*node.input, *captures(node)) if n in maker} for node in protos]
    users: list[list[int]] = [[] for _ in protos]
    for index, wanted in enumerate(needs):
        for other in wanted:
            users[other].append(index)
    ready = [index for index, wanted in enumerate(needs) if not wanted]
    while ready:
        done = heapq.heappop(ready)
        yield protos[done]
        for user in users[done]:
            needs[user].discard(done)
            if not needs[user]:
                heapq.heappush(ready, user)


def _node(
    proto: onnx.NodeProto, index: int, tensors: Mapping[str, Tensor], versions: Mapping[str, int], taken: set[str]
) -> Node:
    domain = "" if proto.domain == "ai.onnx" else proto.domain
    return Node(
        name=proto.name or free_name(f"{proto.op_type}_{index}", taken),
        operator=proto.op_type,
        domain=domain,
        version=schema_version(proto.op_type, domain, versions.get(domain or "ai.onnx", 1)),
        inputs=tuple(_tensor(name, tensors) for name in proto.input),
        outputs=tuple(_tensor(name, tensors) for name in proto.output),
        attributes=MappingProxyType({a.name: _attribute(a) for a in proto.attribute}),
        captures=tuple(sorted(captures(proto))),
    )


def bare_node(proto: onnx.NodeProto) -> Node:
    """A node of the file of whose tensors only the names are known."""
    return _node(proto, 0, {}, {}, set())


def _tensor(name: str, tensors: Mapping[str, Tensor]) -> Tensor | None:
    return tensors.get(name, Tensor(name, Origin.COMPUTED)) if name else None


def _attribute(proto: onnx.AttributeProto) -> Attribute:
    kinds = onnx.AttributeProto
    if proto.type == kinds.STRING:
        return proto.s.decode("utf-8", "replace")
    if proto.type in (kinds.INT, kinds.FLOAT):
        return proto.i if proto.type == kinds.INT else proto.f
    if proto.type in (kinds.INTS, kinds.FLOATS):
        return tuple(proto.ints) if proto.type == kinds.INTS else tuple(proto.floats)
    return None
