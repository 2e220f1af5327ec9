"""Nodes that draw random numbers, made to draw the same in two models whatever their widths: one number everywhere."""

from __future__ import annotations

import numpy as np
from onnx import GraphProto, ModelProto, NodeProto, helper, numpy_helper

DRAWN = 0.7
"""What is drawn, from both distributions: above one half, so that it keeps what chance would drop."""
_LIKE = ("RandomNormalLike", "RandomUniformLike")
_SHAPED = ("RandomNormal", "RandomUniform")
_SEEDED = ("Bernoulli", "Multinomial", "Dropout")


def steadied(model: ModelProto) -> int:
    """Replace, in place, what is drawn by one number, and seed what chooses; the number of nodes that were changed."""
    return _steadied_graph(model.graph)


def _steadied_graph(graph: GraphProto) -> int:
    nodes, n_changed = [], 0
    for node in graph.node:
        n_changed += sum(_steadied_graph(attribute.g) for attribute in node.attribute if attribute.HasField("g"))
        instead = _instead(node)
        n_changed += instead is not None
        nodes += instead or [node]
    copies = [NodeProto.FromString(node.SerializeToString()) for node in nodes]
    del graph.node[:]
    graph.node.extend(copies)
    return n_changed


def _instead(node: NodeProto) -> list[NodeProto] | None:
    """The nodes to have in place of one that draws."""
    if node.op_type in _LIKE:
        shape = f"{node.output[0]}__shape"
        value = numpy_helper.from_array(np.array([DRAWN], np.float32))
        fill = helper.make_node("ConstantOfShape", [shape], node.output, value=value)
        return [helper.make_node("Shape", node.input, [shape]), fill]
    if node.op_type in _SHAPED:
        sizes = next(attribute.ints for attribute in node.attribute if attribute.name == "shape")
        value = numpy_helper.from_array(np.full(tuple(sizes), DRAWN, np.float32))
        return [helper.make_node("Constant", [], node.output, value=value)]
    if node.op_type in _SEEDED and not any(attribute.name == "seed" for attribute in node.attribute):
        seed = 1 if node.op_type == "Dropout" else 1.0
        node.attribute.append(helper.make_attribute("seed", seed))
        return [node]
    return None
