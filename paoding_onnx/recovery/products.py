"""The gradient of a layer's weight, given that of its output: a product of its inputs with that, as its equation says.

With a kernel the reverse pass computes it itself: every place of the kernel is one product. Without one it is computed
outside of it, of the layer's inputs.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import onnx

from paoding_onnx.gradients.freeze import change_attributes
from paoding_onnx.gradients.writer import Writer, version_of
from paoding_onnx.layerwise.contraction import (
    count,
    n_windows,
    plain_features,
    targets,
    unmatrix,
    window_weight,
)
from paoding_onnx.model.nodes import Array
from paoding_onnx.recovery.descent import Singles
from paoding_onnx.recovery.trained import TrainedLayer
from paoding_onnx.rules.windows import Taps, taps

_WINDOWS = "_windows"
_SINGLE = np.dtype(np.float32)


@dataclass(frozen=True, slots=True)
class Product:
    """Which outputs of the reverse pass say what a layer's weight and bias get.

    `slopes` is the gradient of the layer's output. For a layer with a kernel it is not asked for, but `weight`,
    `(n_shared, n_features, n_made)`, and `bias`, `(n_units)`; these are "" for others.
    """

    slopes: str
    weight: str = ""
    bias: str = ""


def write_products(proto: onnx.ModelProto, layers: Sequence[TrainedLayer], slopes: Sequence[str]) -> list[Product]:
    """Let a reverse pass return what weights get, given the names of the gradients of all layers' outputs."""
    graph, found = proto.graph, []
    nodes = {node.output[0]: node for node in graph.node}
    writer = Writer("recovery_product", version_of(proto))
    wanted = {info.name: None for info in graph.output}
    for layer, name in zip(layers, slopes, strict=True):
        if layer.of.kernel:
            found.append(_written(writer, nodes[output_of(layer)], layer, name))
            del wanted[name]
            wanted |= dict.fromkeys(part for part in (found[-1].weight, found[-1].bias) if part)
        else:
            found.append(Product(name))
            wanted[source_of(layer)] = None
    graph.node.extend(writer.nodes)
    graph.initializer.extend(writer.constants)
    known = {info.name: info for info in graph.output}
    fed = {info.name for info in graph.input}
    outputs = [known.get(name, onnx.ValueInfoProto(name=name)) for name in wanted if name not in fed]
    outputs = [onnx.ValueInfoProto.FromString(info.SerializeToString()) for info in outputs]
    del graph.output[:]
    graph.output.extend(outputs)
    return found


def _written(writer: Writer, node: onnx.NodeProto, layer: TrainedLayer, slopes: str) -> Product:
    bound, of = layer.bound, layer.of
    n_rows, _, *places = bound.node.output_shape()
    n_shared, n_made = count(bound, of.shared), count(bound, of.made)
    rows = writer.permuted(writer.shaped(slopes, (n_rows, n_shared * n_made, math.prod(places))), (1, 0, 2))
    rows = writer.shaped(rows, (n_shared, n_made, n_rows * math.prod(places)))
    bias = writer.sum(rows, (2,), keeps_axes=False) if layer.bias is not None else ""
    found = taps(bound.node)
    each = writer.permuted(rows, (0, 2, 1))
    if found is None:
        return Product(slopes, writer.add("MatMul", _windows(writer, node, layer), each), bias)
    parts = [writer.add("MatMul", piece, each) for piece in _pieces(writer, layer, found)]
    if len(parts) == 1:
        return Product(slopes, parts[0], bias)
    shape = (len(parts), n_shared, count(bound, of.summed), n_made)
    whole = writer.permuted(writer.shaped(writer.joined(parts), shape), (1, 2, 0, 3))
    return Product(slopes, writer.shaped(whole, (n_shared, of.n_features(bound), n_made)), bias)


def _pieces(writer: Writer, layer: TrainedLayer, found: Taps) -> Iterator[str]:
    """For each place of the kernel what the layer reads there, `(n_shared, n_summed, rows and places)`."""
    bound, of = layer.bound, layer.of
    n_rows, _, *places = bound.node.output_shape()
    shape = (count(bound, of.shared), count(bound, of.summed), n_rows * math.prod(places))
    ndim = len(places)
    whole = writer.permuted(source_of(layer), (1, 0, *range(2, ndim + 2)))
    if any(found.pads):
        whole = writer.padded(whole, (0, 0, *found.pads[:ndim], 0, 0, *found.pads[ndim:]))
    sides = bound.node.shape(0)[2:]
    is_all = len(found.starts) == 1 and tuple(places) == tuple(sides) and not any(found.pads)
    for start, end in zip(found.starts, found.ends, strict=True):
        piece = whole if is_all else writer.piece(whole, start, end, found.steps)
        yield writer.shaped(piece, shape)


def _windows(writer: Writer, node: onnx.NodeProto, layer: TrainedLayer) -> str:
    """What a layer reads, laid out in windows by its operator itself, `(n_shared, n_features, rows and places)`."""
    bound, of = layer.bound, layer.of
    windows = onnx.NodeProto()
    windows.CopyFrom(node)
    del windows.input[max(of.source, of.weight) + 1 :]
    windows.input[of.weight] = writer.constant(window_weight(bound, of, _SINGLE))
    windows.output[0] = output_of(layer) + _WINDOWS
    windows.name = windows.output[0]
    change_attributes(windows, {of.grouping: n_windows(bound, of)})
    writer.nodes.append(windows)
    n_rows, _, *places = bound.node.output_shape()
    n_shared, n_features = count(bound, of.shared), of.n_features(bound)
    seen = writer.shaped(windows.output[0], (n_rows, n_shared * n_features, math.prod(places)))
    seen = writer.permuted(seen, (1, 0, 2))
    return writer.shaped(seen, (n_shared, n_features, n_rows * math.prod(places)))


def gradients_of(layer: TrainedLayer, product: Product, values: Mapping[str, Array]) -> Iterator[tuple[str, Singles]]:
    """The gradients of a layer's weight and bias, by name, given what the reverse pass returned and was fed."""
    bound, of, contracts = layer.bound, layer.of, layer.bound.rule.contracts
    if product.weight:
        found = np.asarray(values[product.weight], np.float32)
        total = np.asarray(values[product.bias] if product.bias else 0, np.float32)
    else:
        rows = targets(bound, of, values[product.slopes][..., 0]).astype(np.float32, copy=False)
        features = plain_features(bound, of, values[source_of(layer)]).astype(np.float32, copy=False)
        found = np.matmul(features.transpose(1, 2, 0), rows.transpose(1, 0, 2))
        total = rows.sum(0)
    yield layer.weight, unmatrix(bound, of, found * np.float32(of.alpha**2), _SINGLE).astype(np.float32, copy=False)
    bias = None if contracts is None or contracts.bias is None else bound.node.operand(contracts.bias)
    if layer.bias is not None and bias is not None and contracts is not None:
        yield layer.bias, (contracts.beta * total).reshape(bias.shape).astype(np.float32)


def output_of(layer: TrainedLayer) -> str:
    """The name of what a layer makes."""
    return layer.bound.node.first_output.name


def source_of(layer: TrainedLayer) -> str:
    """The name of what a layer reads."""
    tensor = layer.bound.node.operand(layer.of.source)
    return "" if tensor is None else tensor.name
