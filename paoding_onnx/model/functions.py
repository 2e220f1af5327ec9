"""LOCAL FUNCTIONS of a model: their bodies take the place of their calls, so that nothing is hidden from the trace."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from graphlib import CycleError, TopologicalSorter

import onnx
import onnx.inliner

from paoding_onnx.errors import ModelError


def inlined(proto: onnx.ModelProto) -> onnx.ModelProto:
    """The model with the bodies of its local functions in place of their calls.

    Raises:
        ModelError: if that is impossible, as for functions that call themselves.
    """
    if not proto.functions:
        return proto
    _require_one_each(proto)
    _require_an_end(proto)
    try:
        whole = onnx.inliner.inline_local_functions(proto)
    except (RuntimeError, ValueError, onnx.checker.ValidationError) as error:
        raise ModelError(f"the model's local functions cannot be inlined: {error}") from error
    known = {opset.domain for opset in whole.opset_import}
    for opset in (opset for function in proto.functions for opset in function.opset_import):
        if opset.domain not in known:
            known.add(opset.domain)
            whole.opset_import.append(opset)
    return whole


def _require_one_each(proto: onnx.ModelProto) -> None:
    """Refuse functions of the same name: onnx before 1.22 takes one of them."""
    seen: set[tuple[str, str, str]] = set()
    for function in proto.functions:
        key = function.domain, function.name, function.overload
        if key in seen:
            raise ModelError(f"the model has two local functions {function.name!r} of {function.domain!r}")
        seen.add(key)


def _require_an_end(proto: onnx.ModelProto) -> None:
    """Refuse functions that call themselves: onnx before 1.22 inlines them until the stack is full."""
    calls = {
        (function.domain, function.name, function.overload): {
            (node.domain, node.op_type, node.overload) for node in _all_nodes(function.node)
        }
        for function in proto.functions
    }
    try:
        TopologicalSorter(calls).prepare()
    except CycleError as error:
        domain, name, _ = error.args[1][0]
        raise ModelError(f"the model's local function {name!r} of {domain!r} calls itself, which has no end") from error


def _all_nodes(nodes: Iterable[onnx.NodeProto]) -> Iterator[onnx.NodeProto]:
    """Nodes, and those in their subgraphs."""
    for node in nodes:
        yield node
        for attribute in node.attribute:
            for graph in (*attribute.graphs, *([attribute.g] if attribute.HasField("g") else [])):
                yield from _all_nodes(graph.node)
