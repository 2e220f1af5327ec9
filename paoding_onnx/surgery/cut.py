"""SURGERY: a `Plan` makes a smaller `Model`.

One pass over the graphsurgeon graph slices constants and rewrites attributes and shapes. The changes are then carried
back by name into a copy of the original protobuf, because graphsurgeon's own export loses metadata and breaks old
models. What is not touched stays as it was.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

import numpy as np
import onnx
import onnx_graphsurgeon as gs
from onnx import numpy_helper
from onnx_graphsurgeon.logger import G_LOGGER

from paoding_onnx.dependency.trace import Trace
from paoding_onnx.errors import ModelError
from paoding_onnx.model.external import mark_external
from paoding_onnx.model.load import LIFT_BYTES, PLACEHOLDER, Model
from paoding_onnx.model.naming import free_name, names_in
from paoding_onnx.model.node_index import makers, nodes_behind
from paoding_onnx.model.nodes import Array
from paoding_onnx.model.stored import is_constant
from paoding_onnx.model.subgraphs import captures
from paoding_onnx.model.tensors import store
from paoding_onnx.surgery.edits import ConstantUse, Edits, OperandIndex, Overrides, Patch, edits_of
from paoding_onnx.surgery.plan import Plan


def cut(
    model: Model,
    trace: Trace,
    plan: Plan,
    overrides: Overrides = MappingProxyType({}),
    operands: Mapping[OperandIndex, Array] = MappingProxyType({}),
) -> Model:
    """`model` without the units that `plan` removes; `overrides` replaces constants before they are sliced.

    `operands` are constants that single nodes read in place of what they read before.
    """
    edits = edits_of(trace, plan, overrides)
    edits.operands |= {place: ConstantUse(value, value.tobytes()) for place, value in operands.items()}
    surgeon_graph = _operate(model, trace, edits)
    return _carry_back(model, trace, plan, surgeon_graph, edits)


def reweigh(model: Model, overrides: Overrides) -> Model:
    """`model` with other content in the initializers and Constant nodes named; shapes and types stay."""
    proto = onnx.ModelProto()
    proto.CopyFrom(model.proto)
    weights = dict(model.weights)
    _store(proto, overrides, weights)
    return Model(proto, MappingProxyType(weights), model.external)


def _operate(model: Model, trace: Trace, edits: Edits) -> gs.Graph:
    """The graphsurgeon graph of the model with all edits made."""
    G_LOGGER.severity = G_LOGGER.CRITICAL  # it prints its warnings to stdout
    try:
        graph = gs.import_onnx(model.proto)
    except (KeyError, ValueError, TypeError, AttributeError, IndexError) as error:  # what it is known to trip over
        raise ModelError(f"graphsurgeon does not read the model: {type(error).__name__} {error}") from error
    tensors = graph.tensors()
    for name, value in edits.constants.items():
        if isinstance(tensors.get(name), gs.Constant):
            tensors[name].values = value
    index_of = dict(_made_in(graph))
    behind = [index_of[node.first_output.name] for node in trace.graph.nodes]
    for (index, attribute), number in edits.attributes.items():
        behind[index].attrs[attribute] = number
    copies: dict[tuple[str, bytes], gs.Constant] = {}
    taken = names_in(model.proto)
    for (index, operand), use in edits.operands.items():
        inputs = behind[index].inputs
        key = inputs[operand].name, use.pattern
        if key not in copies:
            copies[key] = gs.Constant(free_name(f"{key[0]}_{index}_{operand}", taken), use.value)
        inputs[operand] = copies[key]
    for (index, operand), patch in edits.patches.items():
        inputs = behind[index].inputs
        name = free_name(f"{inputs[operand].name}_{index}_{operand}", taken)
        inputs[operand] = _patched(graph, inputs[operand], gs.Variable(name), patch, taken)
    return graph


def _made_in(graph: gs.Graph) -> Iterator[tuple[str, gs.Node]]:
    """The node that makes each tensor, those in bodies included; what a body is handed, its node hands it."""
    for node in graph.nodes:
        for body in (value for value in node.attrs.values() if isinstance(value, gs.Graph)):
            yield from ((tensor.name, node) for tensor in body.inputs)
            yield from _made_in(body)
        yield from ((tensor.name, node) for tensor in node.outputs if tensor.name)


def _patched(graph: gs.Graph, computed: gs.Variable, result: gs.Variable, patch: Patch, taken: set[str]) -> gs.Variable:
    """`result`, made by two new nodes at the end of the graph: computed * kept + numbers."""
    factor = gs.Constant(free_name(f"{result.name}_kept", taken), patch.kept)
    term = gs.Constant(free_name(f"{result.name}_new", taken), patch.numbers)
    product = gs.Variable(free_name(f"{result.name}_mul", taken))
    graph.nodes.append(gs.Node("Mul", product.name, inputs=[computed, factor], outputs=[product]))
    graph.nodes.append(gs.Node("Add", result.name, inputs=[product, term], outputs=[result]))
    return result


def _carry_back(model: Model, trace: Trace, plan: Plan, graph: gs.Graph, edits: Edits) -> Model:
    """The edits, by name, in a copy of the original protobuf."""
    proto = onnx.ModelProto()
    proto.CopyFrom(model.proto)
    weights = dict(model.weights)
    _store(proto, edits.constants, weights)
    behind, index_of = nodes_behind(proto, trace.graph.nodes), dict(_made_in(graph))
    changed = [index_of[node.first_output.name] for node in trace.graph.nodes]
    new_nodes = graph.nodes[len(proto.graph.node) :]
    read = [changed[index].inputs[operand] for index, operand in edits.operands]
    read += [tensor for node in new_nodes for tensor in node.inputs[1:]]
    add_constants(proto, {constant.name: constant.values for constant in read})
    for index, operand in (*edits.operands, *edits.patches):
        behind[index].input[operand] = changed[index].inputs[operand].name
    for index, attribute in edits.attributes:
        old = next(a for a in behind[index].attribute if a.name == attribute)
        old.CopyFrom(onnx.helper.make_attribute(attribute, changed[index].attrs[attribute]))
    insert_nodes(proto, [onnx.helper.make_node(n.op, _names(n.inputs), _names(n.outputs), n.name) for n in new_nodes])
    _drop_unread(proto, model, trace, weights)
    _resize_infos(proto, trace, plan)
    return Model(proto, MappingProxyType(weights), model.external)


def _names(tensors: Sequence[gs.Tensor]) -> list[str]:
    return [tensor.name for tensor in tensors]


def add_constants(proto: onnx.ModelProto, values: Mapping[str, Array]) -> None:
    """Give a model more initializers."""
    for name, value in values.items():
        store(proto, numpy_helper.from_array(value, name))


def _store(proto: onnx.ModelProto, values: Mapping[str, Array], weights: dict[str, Array]) -> None:
    """Put new content into initializers and Constant nodes, by name, keeping their documentation and metadata."""
    initializers = {tensor.name: tensor for tensor in proto.graph.initializer}
    made_at = makers(proto.graph.node) if values.keys() - initializers.keys() else {}
    for name, value in values.items():
        if name in initializers:
            _refill(initializers[name], name, value, weights)
            continue
        attribute = proto.graph.node[made_at[name]].attribute[0]
        if attribute.name == "value":
            _refill(attribute.t, name, value, weights)
        else:
            attribute.CopyFrom(onnx.helper.make_attribute(attribute.name, value.tolist()))


def _refill(tensor: onnx.TensorProto, name: str, value: Array, weights: dict[str, Array]) -> None:
    """Put new content into the tensor that is constant `name`."""
    if name in weights and value.nbytes >= LIFT_BYTES:
        weights[name] = np.asarray(value, order="C")
        del tensor.dims[:]
        tensor.dims.extend(value.shape)
        mark_external(tensor, PLACEHOLDER)
        return
    weights.pop(name, None)
    fresh = numpy_helper.from_array(np.asarray(value, order="C"), tensor.name)
    said = tensor.doc_string  # bytes where it is no text, which protobuf does not take back
    fresh.doc_string = said if isinstance(said, str) else ""
    fresh.metadata_props.extend(tensor.metadata_props)
    tensor.CopyFrom(fresh)


def _drop_unread(proto: onnx.ModelProto, model: Model, trace: Trace, weights: dict[str, Array]) -> None:
    """Remove initializers and constant nodes that nodes read before the surgery and no longer do."""
    before, after = (
        {name for node in one.graph.node for name in (*node.input, *captures(node))} for one in (model.proto, proto)
    )
    after |= set(trace.graph.outputs)
    unread = before - after
    for container in (proto.graph.initializer, proto.graph.input):
        for place in reversed(range(len(container))):
            name = container[place].name
            if name in unread and name not in trace.graph.inputs:
                del container[place]
                weights.pop(name, None)
    for place in reversed(range(len(proto.graph.node))):
        if is_constant(proto.graph.node[place]) and unread.issuperset(proto.graph.node[place].output):
            del proto.graph.node[place]


def _resize_infos(proto: onnx.ModelProto, trace: Trace, plan: Plan) -> None:
    """New sizes in what the file says about shapes: of inner tensors, inputs that repeat initializers, outputs."""
    stored = {node.output[0]: node.attribute[0].t for node in proto.graph.node if _holds_tensor(node)}
    stored |= {tensor.name: tensor for tensor in proto.graph.initializer}
    lost: dict[str, dict[int, int]] = {}
    for use, axis in trace.units:
        kept = trace.kept(use, axis, plan.removed)
        if not kept.all():
            lost.setdefault(use.tensor, {})[axis] = int(np.count_nonzero(kept))
    for info in (*proto.graph.value_info, *proto.graph.input, *proto.graph.output, *_infos_in_bodies(proto.graph)):
        dims = info.type.tensor_type.shape.dim
        sizes = dict(enumerate(stored[info.name].dims)) if info.name in stored else lost.get(info.name, {})
        for axis, size in sizes.items():
            if axis < len(dims) and dims[axis].HasField("dim_value"):
                dims[axis].dim_value = size


def _infos_in_bodies(graph: onnx.GraphProto) -> Iterator[onnx.ValueInfoProto]:
    """What a graph says about tensors in its bodies."""
    for attribute in (attribute for node in graph.node for attribute in node.attribute if attribute.HasField("g")):
        body = attribute.g
        yield from (*body.value_info, *body.input, *body.output, *_infos_in_bodies(body))


def _holds_tensor(node: onnx.NodeProto) -> bool:
    return is_constant(node) and node.attribute[0].HasField("t")


def insert_nodes(proto: onnx.ModelProto, nodes: Sequence[onnx.NodeProto]) -> None:
    """Put each of `nodes` (every one after those it reads) right before the only node that reads it, in its graph."""
    _insert(proto.graph, {node.output[0]: node for node in nodes})


def _insert(graph: onnx.GraphProto, waiting: dict[str, onnx.NodeProto]) -> None:
    """Put those of the nodes that wait, by what they make, before their readers in a graph and its bodies."""
    ordered: list[onnx.NodeProto] = []

    def place(node: onnx.NodeProto) -> None:
        """Place what `node` waits for, then `node`."""
        for name in node.input:
            if name in waiting:
                place(waiting.pop(name))
        ordered.append(node)

    for node in graph.node:
        for attribute in (attribute for attribute in node.attribute if attribute.HasField("g")):
            _insert(attribute.g, waiting)
        place(node)
    for result in graph.output:
        if result.name in waiting:
            place(waiting.pop(result.name))
    copies = [onnx.NodeProto.FromString(node.SerializeToString()) for node in ordered]
    del graph.node[:]
    graph.node.extend(copies)
