"""LOCAL FUNCTIONS of a model: their bodies take the place of their calls, so that nothing is hidden from the trace."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from graphlib import CycleError, TopologicalSorter

import onnx
import onnx.inliner

from paoding_onnx.errors import ModelError

MOST_NODES = 1_000_000
"""More nodes than any model has: functions that call each other twice have that soon."""


def inlined(proto: onnx.ModelProto) -> onnx.ModelProto:
    """The model with the bodies of its local functions in place of their calls.

    Raises:
        ModelError: if that is impossible, as for functions that call themselves.
    """
    if not proto.functions:
        return proto
    _require_one_each(proto)
    _require_few_nodes(proto, _in_order(proto))
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


_Key = tuple[str, str, str]
"""Domain, name and overload of a function."""


def _in_order(proto: onnx.ModelProto) -> list[onnx.FunctionProto]:
    """The functions, each after those that it calls.

    Refuses functions that call themselves: onnx before 1.22 inlines them until the stack is full.
    """
    functions = {_key(function.domain, function.name, function.overload): function for function in proto.functions}
    calls = {key: {_called(node) for node in _all_nodes(function.node)} for key, function in functions.items()}
    try:
        order = list(TopologicalSorter(calls).static_order())
    except CycleError as error:
        domain, name, _ = error.args[1][0]
        raise ModelError(f"the model's local function {name!r} of {domain!r} calls itself, which has no end") from error
    return [functions[key] for key in order if key in functions]


def _require_few_nodes(proto: onnx.ModelProto, functions: list[onnx.FunctionProto]) -> None:
    """Refuse functions that call others so often that their bodies would not fit into memory."""
    n_nodes: dict[_Key, int] = {}
    for function in functions:
        held = sum(n_nodes.get(_called(node), 1) for node in _all_nodes(function.node))
        n_nodes[_key(function.domain, function.name, function.overload)] = held
    whole = sum(n_nodes.get(_called(node), 1) for node in _all_nodes(proto.graph.node))
    if whole > MOST_NODES:
        raise ModelError(f"the model's local functions stand for {whole:,} nodes, more than {MOST_NODES:,}")


def _called(node: onnx.NodeProto) -> _Key:
    return _key(node.domain, node.op_type, node.overload)


def _key(domain: str, name: str, overload: str) -> _Key:
    return "" if domain == "ai.onnx" else domain, name, overload


def _all_nodes(nodes: Iterable[onnx.NodeProto]) -> Iterator[onnx.NodeProto]:
    """Nodes, and those in their subgraphs."""
    for node in nodes:
        yield node
        for attribute in node.attribute:
            for graph in (*attribute.graphs, *([attribute.g] if attribute.HasField("g") else [])):
                yield from _all_nodes(graph.node)
