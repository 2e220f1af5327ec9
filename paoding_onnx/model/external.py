"""EXTERNAL DATA: tensors whose content lies in other files, anywhere in a model. Reads the model's folder alone."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from pathlib import Path

import onnx
from onnx import external_data_helper

from paoding_onnx.errors import ModelError
from paoding_onnx.model.input_files import why_unreadable
from paoding_onnx.model.tensors import dtype_of

_KEYS = ("location", "offset", "length")
"""What says where content lies; anything else in the list is for other tools."""


def inner_tensors(proto: onnx.ModelProto) -> Iterator[onnx.TensorProto]:
    """Every tensor but the initializers of the graph: sparse ones, values in nodes, subgraphs and functions."""
    yield from _of_sparse(proto.graph.sparse_initializer)
    for holder in (proto.graph, *proto.functions):
        yield from _of_nodes(holder.node)
    for info in proto.training_info:
        yield from (*_of_graph(info.initialization), *_of_graph(info.algorithm))


def _of_graph(graph: onnx.GraphProto) -> Iterator[onnx.TensorProto]:
    yield from graph.initializer
    yield from _of_sparse(graph.sparse_initializer)
    yield from _of_nodes(graph.node)


def _of_sparse(tensors: Iterable[onnx.SparseTensorProto]) -> Iterator[onnx.TensorProto]:
    for tensor in tensors:
        yield from (tensor.values, tensor.indices)


def _of_nodes(nodes: Iterable[onnx.NodeProto]) -> Iterator[onnx.TensorProto]:
    for attribute in (attribute for node in nodes for attribute in node.attribute):
        yield from (*attribute.tensors, *([attribute.t] if attribute.HasField("t") else []))
        yield from _of_sparse(attribute.sparse_tensors)
        yield from _of_sparse([attribute.sparse_tensor] if attribute.HasField("sparse_tensor") else [])
        for graph in (*attribute.graphs, *([attribute.g] if attribute.HasField("g") else [])):
            yield from _of_graph(graph)


def is_external(tensor: onnx.TensorProto) -> bool:
    """Whether the content of a tensor lies in another file."""
    return bool(external_data_helper.uses_external_data(tensor))


def place_of(tensor: onnx.TensorProto) -> str:
    """The file, as the tensor names it, in which its content lies."""
    return {entry.key: str(entry.value) for entry in tensor.external_data}.get("location", "")


def mark_external(tensor: onnx.TensorProto, place: str) -> None:
    """Make `tensor` refer to external data at `place`."""
    tensor.data_location = onnx.TensorProto.EXTERNAL
    del tensor.external_data[:]
    tensor.external_data.add(key="location", value=place)


def whole(tensor: onnx.TensorProto, path: Path) -> onnx.TensorProto:
    """The tensor with its content, which lies beside the model at `path`; a message of its own, to be freed alone.

    Raises:
        ModelError: if the file cannot be read, is too short, or is not in the folder of the model.
    """
    if (path.parent / place_of(tensor)).exists() and (reason := why_unreadable(path.parent / place_of(tensor))):
        raise ModelError(f"{path} keeps {tensor.name!r} in {place_of(tensor)!r}, which cannot be read: {reason}")
    if (held := _length(tensor, path)) > (wanted := _most_bytes(tensor)):
        said = f"it has {held:,} bytes for {wanted:,}"
        raise ModelError(f"{path} keeps {tensor.name!r} in {place_of(tensor)!r}, which cannot be read: {said}")
    found = onnx.TensorProto()
    found.CopyFrom(tensor)
    del found.external_data[:]
    found.external_data.extend(entry for entry in tensor.external_data if entry.key in _KEYS)
    try:
        external_data_helper.load_external_data_for_tensor(found, str(path.parent))
    except (OSError, ValueError, onnx.checker.ValidationError) as error:
        message = f"{path} keeps {tensor.name!r} in {place_of(tensor)!r}, which cannot be read: {error}"
        raise ModelError(message) from error
    found.data_location = onnx.TensorProto.DEFAULT  # releases of onnx before 1.22 leave both as they were
    del found.external_data[:]
    return found


def _length(tensor: onnx.TensorProto, path: Path) -> int:
    """Bytes that would be read for a tensor; 0 where that cannot be told, and reading will fail."""
    entries = {entry.key: entry.value for entry in tensor.external_data}
    try:
        if "length" in entries:
            return int(entries["length"])
        return (path.parent / place_of(tensor)).stat().st_size - int(entries.get("offset", 0))
    except (OSError, ValueError):
        return 0


def _most_bytes(tensor: onnx.TensorProto) -> int:
    """Bytes that a tensor can have: those of its elements, or of whole bytes where several elements share one."""
    n_elements: int = math.prod(max(dim, 0) for dim in tensor.dims)
    return n_elements * dtype_of(tensor.data_type).itemsize
