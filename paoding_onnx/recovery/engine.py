"""Loss and gradients of a network by its weights, computed by onnxruntime: the one engine there is today.

onnx-ad writes the reverse pass, which ends at the outputs of the layers; what a layer's weight gets is the product of
its inputs with that, as its equation says. So grouped and depthwise convolutions are layers like all others.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import onnx

from paoding_onnx.gradients.freeze import change_attributes, freeze
from paoding_onnx.gradients.reverse import reverse_by
from paoding_onnx.gradients.writer import Writer, version_of
from paoding_onnx.layerwise.contraction import (
    count,
    n_windows,
    plain_features,
    targets,
    unmatrix,
    window_weight,
)
from paoding_onnx.model.load import lift
from paoding_onnx.model.nodes import Array
from paoding_onnx.model.session import Session
from paoding_onnx.recovery.batch_statistics import spell_out
from paoding_onnx.recovery.descent import Singles, Slope, Weights
from paoding_onnx.recovery.objective import LOSS, write_loss
from paoding_onnx.recovery.student import Network
from paoding_onnx.recovery.trained import TrainedLayer

_RAW, _TAP, _WINDOWS = "_before_tap", "_tap", "_windows"
_SINGLE = np.dtype(np.float32)


class Engine:
    """Computes the loss of a network on a batch, and its gradients.

    Raises:
        ModelError: if a node on the way has no gradient.
    """

    def __init__(self, network: Network, threads: int = 0) -> None:
        self._network = network
        self._shapes = _fed_shapes(network)
        proto = _with_loss(network, self._shapes)
        self._forward = Session(lift(_copied(proto)), optimise=True, threads=threads)
        layers = network.trained.layers
        tapped = _tapped(proto, network)
        xs = [*(_output(layer) + _TAP for layer in layers), *network.trained.vectors]
        _, backward = reverse_by(tapped, xs, LOSS)
        known = {info.name for info in tapped.graph.input}
        self._seed = next(info.name for info in backward.graph.input if info.name not in known)
        self._found = [info.name for info in backward.graph.output][-len(xs) :]
        _remove_taps(backward, layers)
        self._products = _write_products(backward, network, self._found)
        self._backward = Session(lift(backward), optimise=True, threads=threads)

    def loss(self, weights: Weights, batch: Mapping[str, Array]) -> float:
        """The loss on a batch."""
        return float(self._forward.run({**batch, **self._fed(weights)})[LOSS].item())

    def loss_and_gradients(self, weights: Weights, batch: Mapping[str, Array]) -> Slope:
        """The loss on a batch, and its gradient by every weight."""
        seed = {self._seed: np.ones((1, 1), np.float32)}
        made = self._backward.run({**batch, **self._fed(weights), **seed})
        layers = self._network.trained.layers
        gradients: dict[str, Singles] = {}
        for layer, name in zip(layers, self._found, strict=False):
            gradients |= _of_layer(layer, {**batch, **made}, name, self._products.get(layer.weight))
        for vector, name in zip(self._network.trained.vectors, self._found[len(layers) :], strict=True):
            gradients[vector] = made[name].reshape(weights[vector].shape).astype(np.float32, copy=False)
        return Slope(float(made[LOSS].item()), gradients)

    def _fed(self, weights: Weights) -> dict[str, Singles]:
        return {name: value.reshape(self._shapes[name]) for name, value in weights.items()}


def _fed_shapes(network: Network) -> dict[str, tuple[int, ...]]:
    """The shapes in which weights are fed: gains and shifts so that they can be multiplied with what they act on."""
    shapes = {name: value.shape for name, value in network.weights.items()}
    if network.uses_batch:
        for one in network.trained.normalizations:
            ndim = len(one.bound.node.shape(0))
            size = math.prod(shapes[one.gain])
            shape = tuple(size if axis == one.stored.axis else 1 for axis in range(ndim))
            shapes |= {one.gain: shape, one.shift: shape}
    return shapes


def _with_loss(network: Network, shapes: Mapping[str, tuple[int, ...]]) -> onnx.ModelProto:
    """The network as a model of its inputs, its weights and what is wanted of it, whose output is the loss."""
    outputs = list(dict.fromkeys(term.tensor for term in network.terms))
    proto = freeze(network.recording, *outputs)
    if network.uses_batch:
        spell_out(proto, network.trained.normalizations)
    graph = proto.graph
    for tensor in [tensor for tensor in graph.initializer if tensor.name in shapes]:
        graph.initializer.remove(tensor)
    graph.input.extend(_single(name, shape) for name, shape in shapes.items())
    writer = Writer("recovery", version_of(proto))
    sizes = {name: network.recording.values[name].shape for name in outputs}
    graph.input.extend(write_loss(writer, network.terms, sizes))
    graph.node.extend(writer.nodes)
    graph.initializer.extend(writer.constants)
    graph.value_info.extend(_single(name, shape) for name, shape in sizes.items())
    del graph.output[:]
    graph.output.append(_single(LOSS, (1,)))
    inferred: onnx.ModelProto = onnx.shape_inference.infer_shapes(proto)
    return inferred


def _tapped(proto: onnx.ModelProto, network: Network) -> onnx.ModelProto:
    """The model with an input of zeros added to the output of every layer: its gradient is that of the output."""
    copy = _copied(proto)
    nodes: list[onnx.NodeProto] = []
    layers = {_output(layer): layer for layer in network.trained.layers}
    for node in copy.graph.node:
        nodes.append(node)
        name = node.output[0]
        if name in layers:
            shape = network.recording.values[name].shape
            node.output[0] = name + _RAW
            nodes.append(onnx.helper.make_node("Add", [name + _RAW, name + _TAP], [name]))
            copy.graph.value_info.append(_single(name + _RAW, shape))
            copy.graph.input.append(_single(name + _TAP, shape))
    _replace_nodes(copy, nodes)
    return copy


def _remove_taps(proto: onnx.ModelProto, layers: Sequence[TrainedLayer]) -> None:
    outputs = {_output(layer) for layer in layers}
    kept = []
    for node in proto.graph.node:
        if any(name.endswith(_TAP) and name.removesuffix(_TAP) in outputs for name in node.input):
            continue
        if node.output[0].endswith(_RAW):
            node.output[0] = node.output[0].removesuffix(_RAW)
        kept.append(node)
    _replace_nodes(proto, kept)
    for info in [info for info in proto.graph.input if info.name.removesuffix(_TAP) in outputs]:
        proto.graph.input.remove(info)


def _write_products(proto: onnx.ModelProto, network: Network, found: Sequence[str]) -> dict[str, str]:
    """Let the model compute the gradients of weights with a kernel; returns their names by weight.

    They are shaped `(n_shared, n_features, n_made)`. The other layers' inputs become outputs, to be multiplied outside.
    """
    graph, products = proto.graph, {}
    fed = {info.name for info in graph.input}
    nodes = {node.output[0]: node for node in graph.node}
    writer = Writer("recovery_product", version_of(proto))
    outputs = {info.name for info in graph.output}
    for layer, gradient in zip(network.trained.layers, found, strict=False):
        if layer.of.kernel:
            products[layer.weight] = _product(writer, nodes[_output(layer)], layer, gradient)
            graph.output.append(onnx.ValueInfoProto(name=products[layer.weight]))
        elif (source := _source(layer)) not in fed | outputs:
            outputs.add(source)
            graph.output.append(onnx.ValueInfoProto(name=source))
    graph.node.extend(writer.nodes)
    graph.initializer.extend(writer.constants)
    return products


def _product(writer: Writer, node: onnx.NodeProto, layer: TrainedLayer, gradient: str) -> str:
    bound, of = layer.bound, layer.of
    windows = onnx.NodeProto()
    windows.CopyFrom(node)
    del windows.input[max(of.source, of.weight) + 1 :]
    windows.input[of.weight] = writer.constant(window_weight(bound, of, _SINGLE))
    windows.output[0] = _output(layer) + _WINDOWS
    windows.name = windows.output[0]
    change_attributes(windows, {of.grouping: n_windows(bound, of)})
    writer.nodes.append(windows)
    n_rows, n_shared = bound.node.output_shape()[0], count(bound, of.shared)
    places = math.prod(bound.node.output_shape()[2:])
    n_features, n_made = of.n_features(bound), count(bound, of.made)
    seen = writer.permuted(writer.shaped(windows.output[0], (n_rows, n_shared, n_features, places)), (1, 2, 0, 3))
    slopes = writer.permuted(writer.shaped(gradient, (n_rows, n_shared, n_made, places)), (1, 0, 3, 2))
    seen = writer.shaped(seen, (n_shared, n_features, n_rows * places))
    return writer.add("MatMul", seen, writer.shaped(slopes, (n_shared, n_rows * places, n_made)))


def _of_layer(
    layer: TrainedLayer, values: Mapping[str, Array], gradient: str, product: str | None
) -> Iterator[tuple[str, Singles]]:
    """The gradients of a layer's weight and bias, given that of its output."""
    bound, of, contracts = layer.bound, layer.of, layer.bound.rule.contracts
    slopes = values[gradient][..., 0]
    rows = targets(bound, of, slopes).astype(np.float32, copy=False)
    if product is not None:
        found = np.asarray(values[product], np.float32)
    else:
        features = plain_features(bound, of, values[_source(layer)]).astype(np.float32, copy=False)
        found = np.matmul(features.transpose(1, 2, 0), rows.transpose(1, 0, 2))
    yield layer.weight, unmatrix(bound, of, found * np.float32(of.alpha**2), _SINGLE).astype(np.float32, copy=False)
    bias = None if contracts is None or contracts.bias is None else bound.node.operand(contracts.bias)
    if layer.bias is not None and bias is not None and contracts is not None:
        yield layer.bias, (contracts.beta * rows.sum(0)).reshape(bias.shape).astype(np.float32)


def _output(layer: TrainedLayer) -> str:
    return layer.bound.node.first_output.name


def _source(layer: TrainedLayer) -> str:
    tensor = layer.bound.node.operand(layer.of.source)
    return "" if tensor is None else tensor.name


def _single(name: str, shape: Sequence[int]) -> onnx.ValueInfoProto:
    return onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape)


def _copied(proto: onnx.ModelProto) -> onnx.ModelProto:
    copy = onnx.ModelProto()
    copy.CopyFrom(proto)
    return copy


def _replace_nodes(proto: onnx.ModelProto, nodes: Sequence[onnx.NodeProto]) -> None:
    copies = [onnx.NodeProto.FromString(node.SerializeToString()) for node in nodes]
    del proto.graph.node[:]
    proto.graph.node.extend(copies)
