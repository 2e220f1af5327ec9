"""Nodes that only select and rearrange, written as one lookup of positions: that has a gradient, whatever they were."""

from __future__ import annotations

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

from paoding_onnx.errors import ModelError
from paoding_onnx.gradients.standalone import standalone
from paoding_onnx.model.load import lift
from paoding_onnx.model.session import Session

_FLAT, _TAKEN, _PLACES, _SHAPE = "_flat", "_taken", "_places", "_shape"
_ALL = "_all_in_one_axis"


def as_lookup(proto: onnx.ModelProto, node: onnx.NodeProto) -> tuple[onnx.NodeProto, ...]:
    """Nodes that do what `node` of `proto` does, which only selects; none if it does more than that.

    The constants they read are added to `proto`.
    """
    places = _places(proto, node)
    if places is None:
        return ()
    source, made = node.input[0], node.output[0]
    for name, values in (
        (_ALL, np.array([-1])),
        (made + _PLACES, places.reshape(-1)),
        (made + _SHAPE, np.array(places.shape)),
    ):
        if name not in {tensor.name for tensor in proto.graph.initializer}:
            proto.graph.initializer.append(numpy_helper.from_array(values.astype(np.int64), name))
    make = onnx.helper.make_node
    infos = (*proto.graph.value_info, *proto.graph.output)
    dtype = next(info.type.tensor_type.elem_type for info in infos if info.name == made)
    add = proto.graph.value_info.append
    add(onnx.helper.make_tensor_value_info(made + _FLAT, dtype, [_size(proto, source)]))
    add(onnx.helper.make_tensor_value_info(made + _TAKEN, dtype, [places.size]))
    return (
        make("Reshape", [source, _ALL], [made + _FLAT]),
        make("Gather", [made + _FLAT, made + _PLACES], [made + _TAKEN], axis=0),
        make("Reshape", [made + _TAKEN, made + _SHAPE], [made]),
    )


def _places(proto: onnx.ModelProto, node: onnx.NodeProto) -> NDArray[np.int64] | None:
    """For each entry of the output the position in the input that it is a copy of; `None` if it is no copy."""
    alone = standalone(proto, node, onnx.TensorProto.DOUBLE)
    if len(alone.graph.input) != 1 or alone.graph.input[0].name != node.input[0] or len(alone.graph.output) != 1:
        return None
    name = node.input[0]
    shape = [dim.dim_value for dim in alone.graph.input[0].type.tensor_type.shape.dim]
    positions = np.arange(np.prod(shape), dtype=np.float64).reshape(shape)
    others = np.random.default_rng(0).standard_normal(shape)
    try:
        session = Session(lift(alone))
        found, moved = (session.run({name: content})[node.output[0]] for content in (positions, others))
    except ModelError:  # no kernel for this type: so it computes
        return None
    places = found.astype(np.int64)
    is_inside = bool(np.all(found == places)) and bool(np.all((places >= 0) & (places < positions.size)))
    return places if is_inside and np.array_equal(others.reshape(-1)[places], moved) else None


def _size(proto: onnx.ModelProto, name: str) -> int:
    infos = {info.name: info for info in (*proto.graph.input, *proto.graph.value_info)}
    return int(np.prod([dim.dim_value for dim in infos[name].type.tensor_type.shape.dim]))
