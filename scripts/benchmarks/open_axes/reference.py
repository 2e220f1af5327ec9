"""What a pruned model must compute: the original, all that the plan removed at zero. By no code of the package.

Values for one use (a node and the place among its inputs) become copies of their own; values that the original computes
(a transposed weight, say) are multiplied by zeros and ones where they are used.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import GraphProto, ModelProto, NodeProto, TensorProto, helper, numpy_helper

Cut = Mapping[str, Any]
"""An entry of a plan: `initializer`, `axis`, `size`, `kept`, and for one use alone `node` and `operand`."""


class PlanError(Exception):
    """A plan names what the original does not have."""


@dataclass(slots=True)
class _Parts:
    """The original, taken apart: nodes of all graphs, stored tensors by name, and how many axes others have.

    `products` are to come before the nodes whose first outputs they are listed by.
    """

    model: ModelProto
    nodes: list[NodeProto]
    stored: dict[str, TensorProto]
    ranks: dict[str, int] = field(default_factory=dict)
    products: dict[str, list[NodeProto]] = field(default_factory=dict)


def zeroed(original: ModelProto, plan: Mapping[str, Any]) -> ModelProto:
    """A copy of the original in which removed slices of floating-point tensors are zero.

    Raises:
        PlanError: if the plan names a tensor or a use that the original does not have.
    """
    model = ModelProto.FromString(original.SerializeToString())
    parts = _Parts(model, list(_all_nodes(model.graph)), {t.name: t for t in _all_tensors(model.graph)})
    spared = {node.input[4] for node in parts.nodes if node.op_type == "BatchNormalization"}  # variances divide
    general, special = _by_use([cut for cut in plan["axes"] if cut["initializer"] not in spared])
    for name, cuts in general.items():
        _zero_everywhere(parts, name, cuts)
    for (name, node, operand), cuts in special.items():
        _zero_one_use(parts, name, _user(parts, name, node, operand), cuts)
    _insert(model.graph, parts.products)
    del model.graph.value_info[:]
    return model


def _by_use(cuts: Sequence[Cut]) -> tuple[dict[str, list[Cut]], dict[tuple[str, str, int], list[Cut]]]:
    """Cuts of whole tensors by name, and cuts for one use by tensor, node and operand."""
    general: dict[str, list[Cut]] = {}
    special: dict[tuple[str, str, int], list[Cut]] = {}
    for cut in cuts:
        if cut.get("node") is None:
            general.setdefault(cut["initializer"], []).append(cut)
        else:
            special.setdefault((cut["initializer"], cut["node"], cut["operand"]), []).append(cut)
    return general, special


def _zero_everywhere(parts: _Parts, name: str, cuts: Sequence[Cut]) -> None:
    if name in parts.stored:
        _store(parts.stored[name], _with_zeros(parts.stored[name], cuts))
        return
    for node in list(parts.nodes):
        for operand, used in enumerate(node.input):
            if used == name:
                _multiply(parts, name, (node, operand), cuts)


def _zero_one_use(parts: _Parts, name: str, use: tuple[NodeProto, int], cuts: Sequence[Cut]) -> None:
    if name not in parts.stored:
        _multiply(parts, name, use, cuts)
        return
    node, operand = use
    copy = TensorProto.FromString(parts.stored[name].SerializeToString())
    copy.name = f"{name}__for__{node.name}__{operand}"
    _store(copy, _with_zeros(copy, cuts))
    parts.model.graph.initializer.append(copy)
    node.input[operand] = copy.name


def _user(parts: _Parts, name: str, node_name: str, operand: int) -> tuple[NodeProto, int]:
    for node in parts.nodes:
        if node.name == node_name and operand < len(node.input) and node.input[operand] == name:
            return node, operand
    raise PlanError(f"the plan cuts {name!r} at input {operand} of node {node_name!r}, which does not take it")


def _with_zeros(tensor: TensorProto, cuts: Sequence[Cut]) -> NDArray[Any]:
    """The values of a tensor, removed slices at zero; integers stay, they count or point."""
    values = numpy_helper.to_array(tensor).copy()
    if values.dtype.kind != "f":
        return values
    for cut in cuts:
        if values.shape[cut["axis"]] != cut["size"]:
            raise PlanError(f"axis {cut['axis']} of {tensor.name!r} is not {cut['size']} long, as the plan says")
        gone = np.ones(cut["size"], bool)
        gone[cut["kept"]] = False
        np.moveaxis(values, cut["axis"], 0)[gone] = 0
    return values


def _store(tensor: TensorProto, values: NDArray[Any]) -> None:
    tensor.CopyFrom(numpy_helper.from_array(values, tensor.name))


def _multiply(parts: _Parts, name: str, use: tuple[NodeProto, int], cuts: Sequence[Cut]) -> None:
    """Put a product with zeros and ones before one use of a tensor that is computed."""
    node, operand = use
    if not parts.ranks:
        inferred = onnx.shape_inference.infer_shapes(parts.model).graph.value_info
        parts.ranks |= {value.name: len(value.type.tensor_type.shape.dim) for value in inferred}
    if name not in parts.ranks:
        raise PlanError(f"the plan cuts {name!r}, which is neither stored nor of a known number of axes")
    mask = np.ones((1,) * parts.ranks[name], np.float32)
    for cut in cuts:
        line = np.zeros(cut["size"], np.float32)
        line[cut["kept"]] = 1
        mask = mask * line.reshape([-1 if axis == cut["axis"] else 1 for axis in range(mask.ndim)])
    masked = f"{name}__for__{node.name}__{operand}"
    parts.model.graph.initializer.append(numpy_helper.from_array(mask, f"{masked}__mask"))
    product = helper.make_node("Mul", [name, f"{masked}__mask"], [masked])
    parts.products.setdefault(node.output[0], []).append(product)
    node.input[operand] = masked


def _insert(graph: GraphProto, products: Mapping[str, Sequence[NodeProto]]) -> None:
    """Put products before the nodes that use them, which are named by their first outputs."""
    nodes = []
    for node in graph.node:
        for inner in _inner_graphs(node):
            _insert(inner, products)
        copy = NodeProto.FromString(node.SerializeToString())
        nodes += [*products.get(copy.output[0], ()), copy]
    del graph.node[:]
    graph.node.extend(nodes)


def _all_nodes(graph: GraphProto) -> Iterator[NodeProto]:
    for node in graph.node:
        yield node
        for inner in _inner_graphs(node):
            yield from _all_nodes(inner)


def _all_tensors(graph: GraphProto) -> Iterator[TensorProto]:
    """Initializers, and the values of constants under the names of their outputs."""
    yield from graph.initializer
    for node in graph.node:
        for attribute in node.attribute:
            if node.op_type == "Constant" and attribute.name == "value":
                attribute.t.name = node.output[0]
                yield attribute.t
        for inner in _inner_graphs(node):
            yield from _all_tensors(inner)


def _inner_graphs(node: NodeProto) -> Iterator[GraphProto]:
    for attribute in node.attribute:
        if attribute.type == onnx.AttributeProto.GRAPH:
            yield attribute.g
