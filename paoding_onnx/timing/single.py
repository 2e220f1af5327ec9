"""A layer alone at several widths: a model in which it stands once for each, side by side. Runs nothing."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import onnx

from paoding_onnx.layerwise.subgraph import add_constant, frame
from paoding_onnx.model.load import Model
from paoding_onnx.model.nodes import Array, Tensor
from paoding_onnx.timing.widths import TimedLayer

Sizes = Mapping[str, int]
"""The size of every factor of a layer."""


@dataclass(frozen=True, slots=True)
class Bench:
    """A model to be run on `feeds`; it makes the tensors `names`, each by the layer at other widths."""

    model: Model
    feeds: Mapping[str, Array]
    names: tuple[str, ...]


def bench_of(model: Model, node: onnx.NodeProto, layer: TimedLayer, points: Sequence[Sizes]) -> Bench:
    """The layer, which is `node` in `model`, at each of the points.

    Its constants hold the first of those that the file has, other inputs are random.
    """
    proto, weights = frame(model), dict[str, Array]()
    feeds: dict[str, Array] = {}
    rng = np.random.default_rng(0)
    names = tuple(f"at{number}" for number in range(len(points)))
    for name, sizes in zip(names, points, strict=True):
        copy = _resized(node, layer, sizes, name)
        for operand, tensor in enumerate(layer.bound.node.inputs):
            if tensor is None:
                continue
            own, value = copy.input[operand], _value(layer, operand, tensor, sizes, rng)
            if tensor.is_constant:
                add_constant(proto, weights, own, value)
            else:
                feeds[own] = value
                proto.graph.input.append(_info(own, value.dtype, value.shape))
        proto.graph.node.append(copy)
        proto.graph.output.append(_info(name, layer.bound.node.first_output.dtype, None))
    return Bench(Model(proto, MappingProxyType(weights)), feeds, names)


def n_bytes(layer: TimedLayer, sizes: Sizes) -> int:
    """Bytes that the layer reads at one point."""
    tensors = [(operand, t) for operand, t in enumerate(layer.bound.node.inputs) if t is not None]
    return sum(math.prod(_shape(layer, k, sizes) or ()) * (t.dtype.itemsize if t.dtype else 4) for k, t in tensors)


def _resized(node: onnx.NodeProto, layer: TimedLayer, sizes: Sizes, name: str) -> onnx.NodeProto:
    """A copy of the node whose attributes say these sizes, and that makes `name`."""
    copy = onnx.NodeProto()
    copy.CopyFrom(node)
    copy.name = name
    copy.input[:] = [f"{name}_in{operand}" if old else "" for operand, old in enumerate(node.input)]
    first = next(place for place, old in enumerate(node.output) if old)
    copy.output[:] = [name if place == first else old and f"{name}_{place}" for place, old in enumerate(node.output)]
    for fit in layer.bound.rule.fits:
        if not isinstance(fit.holder, str):
            continue
        new = {entry: axis.size(sizes) for entry, axis in fit.axes.items()}
        values = layer.bound.node.integers(fit.holder)
        number = [new.get(entry, old) for entry, old in enumerate(values)] if values else new[0]
        for attribute in copy.attribute:
            if attribute.name == fit.holder:
                attribute.CopyFrom(onnx.helper.make_attribute(fit.holder, number))
    return copy


def _shape(layer: TimedLayer, operand: int, sizes: Sizes) -> tuple[int, ...] | None:
    """The shape of an input at these sizes; that of the file where it has no axes of its own."""
    axes = layer.bound.binding.inputs[operand]
    tensor = layer.bound.node.inputs[operand]
    if axes is None:
        return None if tensor is None else tensor.shape
    return tuple(axis.size(sizes) for axis in axes)


def _value(layer: TimedLayer, operand: int, tensor: Tensor, sizes: Sizes, rng: np.random.Generator) -> Array:
    """What an input holds."""
    shape, value = _shape(layer, operand, sizes) or (), tensor.value
    fits = [fit for fit in layer.bound.rule.fits if fit.holder == operand]
    if value is not None and value.ndim == len(shape) and all(a >= b for a, b in zip(value.shape, shape, strict=True)):
        value = np.array(value[tuple(map(slice, shape))])
        for entry, axis in ((entry, axis) for fit in fits for entry, axis in fit.axes.items()):
            value.reshape(-1)[entry] = axis.size(sizes)
        return value
    dtype = tensor.dtype or np.dtype(np.float32)
    if dtype.kind in "iu":
        return rng.integers(0, 100 if dtype.itemsize == 1 else 1, shape, endpoint=True).astype(dtype)
    return rng.standard_normal(shape).astype(dtype)


def _info(name: str, dtype: np.dtype[np.generic] | None, shape: Sequence[int] | None) -> onnx.ValueInfoProto:
    kind = onnx.helper.np_dtype_to_tensor_dtype(dtype or np.dtype(np.float32))
    return onnx.helper.make_tensor_value_info(name, kind, shape)
