"""Loss and gradients of a network by its weights, computed by onnxruntime: the one engine there is today.

onnx-ad writes the reverse pass, which ends at the outputs of the layers; what a layer's weight gets is the product of
its inputs with that, as its equation says. So grouped and depthwise convolutions are layers like all others.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import onnx

from paoding_onnx.context import ANYHOW, Deployment
from paoding_onnx.gradients.freeze import freeze
from paoding_onnx.gradients.reverse import reverse_by
from paoding_onnx.gradients.writer import Writer, version_of
from paoding_onnx.model.load import lift
from paoding_onnx.model.nodes import Array
from paoding_onnx.model.session import Session
from paoding_onnx.recovery.batch_statistics import spell_out
from paoding_onnx.recovery.descent import Singles, Slope, Weights
from paoding_onnx.recovery.objective import LOSS, write_loss
from paoding_onnx.recovery.products import gradients_of, output_of, write_products
from paoding_onnx.recovery.student import Network
from paoding_onnx.recovery.trained import TrainedLayer

_RAW, _TAP = "_before_tap", "_tap"


class Engine:
    """Computes the loss of a network on a batch, and its gradients.

    Raises:
        ModelError: if a node on the way has no gradient.
    """

    def __init__(self, network: Network, on: Deployment = ANYHOW) -> None:
        self._network = network
        self._shapes = _fed_shapes(network)
        proto = _with_loss(network, self._shapes)
        self._answered = tuple(dict.fromkeys(term.tensor for term in network.terms))
        self._forward = Session(lift(_copied(proto)), watch=self._answered, optimise=True, on=on)
        layers = network.trained.layers
        tapped = _tapped(proto, network)
        xs = [*(output_of(layer) + _TAP for layer in layers), *network.trained.vectors]
        _, backward = reverse_by(tapped, xs, LOSS)
        known = {info.name for info in tapped.graph.input}
        self._seed = next(info.name for info in backward.graph.input if info.name not in known)
        self._found = [info.name for info in backward.graph.output][-len(xs) :]
        _remove_taps(backward, layers)
        self._products = write_products(backward, layers, self._found[: len(layers)])
        self._backward = Session(lift(backward), optimise=True, on=on)

    def loss(self, weights: Weights, batch: Mapping[str, Array]) -> float:
        """The loss on a batch."""
        return float(self._forward.run({**batch, **self._fed(weights)})[LOSS].item())

    def answers(self, weights: Weights, batch: Mapping[str, Array]) -> dict[str, Array]:
        """What the network has, on a batch, where it is compared with the original."""
        found = self._forward.run({**batch, **self._fed(weights)})
        return {name: found[name] for name in self._answered}

    def loss_and_gradients(self, weights: Weights, batch: Mapping[str, Array]) -> Slope:
        """The loss on a batch, and its gradient by every weight."""
        seed = {self._seed: np.ones((1, 1), np.float32)}
        made = self._backward.run({**batch, **self._fed(weights), **seed})
        layers = self._network.trained.layers
        gradients: dict[str, Singles] = {}
        for layer, product in zip(layers, self._products, strict=True):
            gradients |= gradients_of(layer, product, {**batch, **made})
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
    layers = {output_of(layer): layer for layer in network.trained.layers}
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
    outputs = {output_of(layer) for layer in layers}
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
