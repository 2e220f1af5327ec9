"""The PART of a model that some of its tensors take: what else it computes is left out."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import onnx

from paoding_onnx.model.load import Model
from paoding_onnx.model.subgraphs import captures


def part_of(model: Model, names: Collection[str]) -> Model:
    """`model` with these tensors as its outputs, without the nodes that none of them needs; its inputs stay.

    Its inputs may be among them; those that it does not know are no outputs.
    """
    nodes, needed, kept = model.proto.graph.node, set(names), list[onnx.NodeProto]()
    for node in reversed(nodes):  # they stand in running order
        if not needed.isdisjoint(node.output):
            kept.append(node)
            needed.update(node.input, captures(node))
    known = {info.name: info for info in model.proto.graph.output}
    there = {name for node in kept for name in node.output} | {info.name for info in model.proto.graph.input}
    proto = onnx.ModelProto()
    proto.CopyFrom(model.proto)
    del proto.graph.node[:], proto.graph.output[:]
    proto.graph.node.extend(reversed(kept))
    outputs = sorted(there.intersection(names))
    proto.graph.output.extend(known.get(name, onnx.ValueInfoProto(name=name)) for name in outputs)
    return replace(model, proto=proto)
