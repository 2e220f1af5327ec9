"""NAMES in a file: text, and each initializer's its own. All that follows keys its values by them. Reads only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import onnx

from paoding_onnx.errors import ModelError

ADDED_BIAS = ".added_bias"
"""How the names of biases end that layers were given."""


def is_added(name: str) -> bool:
    """Whether a constant has the name of an added bias.

    >>> is_added("fc.weight.added_bias"), is_added("fc.bias")
    (True, False)
    """
    return name.rstrip("_").endswith(ADDED_BIAS)


def check_names(proto: onnx.ModelProto) -> None:
    """Refuse a model whose names are no text, or not unique where they have to be.

    Raises:
        ModelError: naming the one at fault.
    """
    for name in (*_names(proto.graph), *(name for function in proto.functions for name in _of_function(function))):
        if isinstance(name, bytes):  # what protobuf gives out where a string is not UTF-8
            raise ModelError(f"the name {name!r} in the model is not text in UTF-8; export it again")
    seen: set[str] = set()
    for tensor in proto.graph.initializer:
        if tensor.name in seen:
            raise ModelError(f"two initializers have the name {tensor.name!r}: the model says not which one counts")
        seen.add(tensor.name)


def names_in(proto: onnx.ModelProto) -> set[str]:
    """All names in a model and its subgraphs, of nodes and tensors alike."""
    return {str(name) for name in _names(proto.graph)}


def free_name(name: str, taken: set[str]) -> str:
    """A name that is not among those `taken`, and is from now on: `name` itself, or it with underscores behind.

    >>> taken = {"k", "k_"}
    >>> free_name("k", taken), free_name("k", taken)
    ('k__', 'k___')
    """
    while name in taken:
        name += "_"
    taken.add(name)
    return name


def _names(graph: onnx.GraphProto) -> Iterator[str | bytes]:
    """All names in a graph and its subgraphs."""
    yield from (tensor.name for tensor in graph.initializer)
    for info in (*graph.input, *graph.output, *graph.value_info):
        yield info.name
        yield from (dim.dim_param for dim in info.type.tensor_type.shape.dim)
    yield from _of_nodes(graph.node)


def _of_function(function: onnx.FunctionProto) -> Iterator[str | bytes]:
    yield from (function.domain, function.name, *function.input, *function.output)
    yield from _of_nodes(function.node)


def _of_nodes(nodes: Iterable[onnx.NodeProto]) -> Iterator[str | bytes]:
    for node in nodes:
        yield from (node.name, node.op_type, node.domain, *node.input, *node.output)
        for attribute in node.attribute:
            yield attribute.name
            for inner in (*attribute.graphs, *([attribute.g] if attribute.HasField("g") else [])):
                yield from _names(inner)
