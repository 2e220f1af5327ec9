"""ONNX models that the scripts build themselves: multilayer perceptrons from arrays, and VGG-16 with random weights."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

OPSET, IR = 17, 8
Floats = NDArray[np.float32]


def write_mlp(weights: Sequence[Floats], biases: Sequence[Floats], path: Path) -> None:
    """A relu MLP; `weights[k]` is (inputs, units)."""
    nodes, constants, last = [], [], "x"
    for k, (weight, bias) in enumerate(zip(weights, biases, strict=True)):
        constants += [numpy_helper.from_array(weight, f"w{k}"), numpy_helper.from_array(bias, f"b{k}")]
        is_last = k == len(weights) - 1
        out = "y" if is_last else f"z{k}"
        nodes.append(helper.make_node("Gemm", [last, f"w{k}", f"b{k}"], [out], f"fc{k}"))
        if not is_last:
            nodes.append(helper.make_node("Relu", [out], [f"h{k}"], f"relu{k}"))
            last = f"h{k}"
    _write(nodes, constants, ["n", weights[0].shape[0]], ["n", weights[-1].shape[1]], path)


def random_mlp(sizes: Sequence[int], path: Path, seed: int = 0) -> None:
    """A relu MLP with He-initialised weights."""
    rng = np.random.default_rng(seed)
    pairs = list(pairwise(sizes))
    weights = [_normal(rng, (a, b), a) for a, b in pairs]
    write_mlp(weights, [_normal(rng, (b,), b) for _, b in pairs], path)


def random_vgg16(path: Path, seed: int = 0) -> None:
    """VGG-16 (configuration D, 1,000 classes, 224 x 224) with He-initialised weights: 138,357,544 parameters."""
    rng = np.random.default_rng(seed)
    nodes, constants, last, channels = [], [], "x", 3
    plan = [64, 64, 0, 128, 128, 0, 256, 256, 256, 0, 512, 512, 512, 0, 512, 512, 512, 0]
    for k, width in enumerate(plan):
        if not width:
            nodes.append(helper.make_node("MaxPool", [last], [f"p{k}"], kernel_shape=[2, 2], strides=[2, 2]))
            last = f"p{k}"
            continue
        weight = _normal(rng, (width, channels, 3, 3), channels * 9)
        constants += [
            numpy_helper.from_array(weight, f"w{k}"),
            numpy_helper.from_array(_normal(rng, (width,), width), f"b{k}"),
        ]
        nodes.append(helper.make_node("Conv", [last, f"w{k}", f"b{k}"], [f"z{k}"], f"conv{k}", pads=[1, 1, 1, 1]))
        nodes.append(helper.make_node("Relu", [f"z{k}"], [f"h{k}"]))
        last, channels = f"h{k}", width
    nodes.append(helper.make_node("Flatten", [last], ["f"]))
    last = "f"
    for k, (inputs, units) in enumerate([(25088, 4096), (4096, 4096), (4096, 1000)]):
        constants += [
            numpy_helper.from_array(_normal(rng, (units, inputs), inputs), f"fw{k}"),
            numpy_helper.from_array(_normal(rng, (units,), units), f"fb{k}"),
        ]
        out = "y" if k == 2 else f"fz{k}"
        nodes.append(helper.make_node("Gemm", [last, f"fw{k}", f"fb{k}"], [out], f"fc{k}", transB=1))
        if k < 2:
            nodes.append(helper.make_node("Relu", [out], [f"fh{k}"]))
            last = f"fh{k}"
    _write(nodes, constants, [1, 3, 224, 224], [1, 1000], path)


def random_resnet50(path: Path, seed: int = 0) -> None:
    """ResNet-50 (1,000 classes, 224 x 224), BatchNormalization kept, with He-initialised weights: 25.6 million."""
    net = _Residual(np.random.default_rng(seed))
    last = net.conv("x", 3, 64, kernel=7, stride=2)
    net.nodes.append(helper.make_node("MaxPool", [last], ["pool"], kernel_shape=[3, 3], strides=[2, 2], pads=[1] * 4))
    last, channels = "pool", 64
    for stage, (width, depth) in enumerate(((64, 3), (128, 4), (256, 6), (512, 3))):
        for block in range(depth):
            stride = 2 if stage and not block else 1
            inner = net.conv(last, channels, width, kernel=1)
            inner = net.conv(inner, width, width, kernel=3, stride=stride)
            out = net.conv(inner, width, 4 * width, kernel=1, is_last=True)
            skip = last if block else net.conv(last, channels, 4 * width, kernel=1, stride=stride, is_last=True)
            last, channels = net.add(out, skip), 4 * width
    net.nodes.append(helper.make_node("GlobalAveragePool", [last], ["mean"]))
    net.nodes.append(helper.make_node("Flatten", ["mean"], ["flat"]))
    net.keep("fc", _normal(net.rng, (1000, 2048), 2048))
    net.keep("fc_bias", np.zeros(1000, np.float32))
    net.nodes.append(helper.make_node("Gemm", ["flat", "fc", "fc_bias"], ["y"], "fc", transB=1))
    _write(net.nodes, net.constants, ["n", 3, 224, 224], ["n", 1000], path)


class _Residual:
    """Nodes and constants of a residual network, as they are put together."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def keep(self, name: str, value: Floats) -> str:
        """Store a constant."""
        self.constants.append(numpy_helper.from_array(value, name))
        return name

    def conv(self, source: str, inputs: int, units: int, *, kernel: int, stride: int = 1, is_last: bool = False) -> str:
        """A convolution with BatchNormalization, and a Relu unless it `is_last` before an addition."""
        name = f"c{len(self.nodes)}"
        weight = self.keep(f"{name}_w", _normal(self.rng, (units, inputs, kernel, kernel), inputs * kernel**2))
        pads = [kernel // 2] * 4
        self.nodes.append(helper.make_node("Conv", [source, weight], [name], name, strides=[stride] * 2, pads=pads))
        values = (np.ones(units), self.rng.normal(0, 0.1, units), self.rng.normal(0, 0.1, units), np.ones(units))
        parts = [self.keep(f"{name}_{k}", value.astype(np.float32)) for k, value in enumerate(values)]
        self.nodes.append(helper.make_node("BatchNormalization", [name, *parts], [f"{name}_n"], f"{name}_bn"))
        return f"{name}_n" if is_last else self.relu(f"{name}_n")

    def add(self, left: str, right: str) -> str:
        """The sum of two branches, with a Relu."""
        name = f"a{len(self.nodes)}"
        self.nodes.append(helper.make_node("Add", [left, right], [name], name))
        return self.relu(name)

    def relu(self, source: str) -> str:
        """A Relu."""
        self.nodes.append(helper.make_node("Relu", [source], [f"{source}_r"]))
        return f"{source}_r"


def _normal(rng: np.random.Generator, shape: tuple[int, ...], fan_in: int) -> Floats:
    return rng.standard_normal(shape, np.float32) * np.float32((2 / fan_in) ** 0.5)


def _write(
    nodes: list[onnx.NodeProto],
    constants: list[onnx.TensorProto],
    inputs: Sequence[int | str],
    outputs: Sequence[int | str],
    path: Path,
) -> None:
    x = helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, inputs)
    y = helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, outputs)
    graph = helper.make_graph(nodes, "network", [x], [y], constants)
    onnx.save(helper.make_model(graph, ir_version=IR, opset_imports=[helper.make_opsetid("", OPSET)]), path)
