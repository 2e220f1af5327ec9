"""Well-known architectures with random weights, as ONNX text: a multilayer perceptron, VGG-16, ResNet-50."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import onnx

from scripts.fuzz.text import from_text

OPSET, IR = 17, 8
VGG16 = (64, 64, 0, 128, 128, 0, 256, 256, 256, 0, 512, 512, 512, 0, 512, 512, 512, 0)
"""Widths of the convolutions of configuration D; 0 is a pool."""
RESNET50 = ((64, 3), (128, 4), (256, 6), (512, 3))
"""Width and number of blocks of each stage."""


class Text:
    """The text of a network in the making; the names of weights say what they are like, see `scripts.fuzz.text`."""

    def __init__(self) -> None:
        self._nodes: list[str] = []
        self._weights: list[str] = []

    def node(self, call: str, name: str = "") -> str:
        """Add a node; returns its output."""
        output = f"t{len(self._nodes)}"
        self._nodes.append(f"[{name or output}] {output} = {call}")
        return output

    def layer(self, operator: str, source: str, shape: tuple[int, ...], name: str = "") -> str:
        """A node with a weight of this shape and a bias."""
        return self.node(f"{operator} ({source}, {self.weight(*shape)}, {self.weight(shape[0])})", name)

    def weight(self, *shape: int, kind: str = "w") -> str:
        """A new weight: normal, or positive ("p")."""
        name = f"{kind}{len(self._weights)}"
        self._weights.append(f"float[{','.join(map(str, shape))}] {name}")
        return name

    def write(self, path: Path, inputs: str, outputs: str, last: str) -> None:
        """Write the model from `x` of shape `inputs` to the tensor `last`."""
        nodes = "\n".join(self._nodes).replace(f"] {last} = ", "] y = ")
        graph = f"g (float[{inputs}] x) => (float[{outputs}] y) <{', '.join(self._weights)}> {{\n{nodes}\n}}"
        onnx.save(from_text(f'<ir_version: {IR}, opset_import: ["" : {OPSET}]>\n{graph}', 0), path)


def write_mlp(path: Path, sizes: tuple[int, ...]) -> None:
    """A relu MLP with these numbers of inputs, units and outputs."""
    net = Text()
    net.write(path, f"N,{sizes[0]}", f"N,{sizes[-1]}", _dense(net, "x", sizes))


def _dense(net: Text, last: str, sizes: tuple[int, ...]) -> str:
    """Dense layers with relu between them."""
    for k, (n_in, n_out) in enumerate(pairwise(sizes)):
        source = net.node(f"Relu ({last})") if k else last
        last = net.layer("Gemm <transB = 1>", source, (n_out, n_in), f"fc{k}")
    return last


def write_vgg16(path: Path) -> None:
    """VGG-16 (configuration D, 1,000 classes, 224 x 224): 138,357,544 parameters."""
    net, last, channels = Text(), "x", 3
    for width in VGG16:
        if width:
            conv = net.layer("Conv <pads = [1, 1, 1, 1]>", last, (width, channels, 3, 3))
            last, channels = net.node(f"Relu ({conv})"), width
        else:
            last = net.node(f"MaxPool <kernel_shape = [2, 2], strides = [2, 2]> ({last})")
    last = _dense(net, net.node(f"Flatten ({last})"), (25088, 4096, 4096, 1000))
    net.write(path, "1,3,224,224", "1,1000", last)


def write_resnet50(path: Path) -> None:
    """ResNet-50 (1,000 classes, 224 x 224), BatchNormalization kept: 25.6 million parameters."""
    net, channels = Text(), 64
    first = net.node(f"Relu ({_normed(net, 'x', 3, 64, kernel=7, stride=2)})")
    last = net.node(f"MaxPool <kernel_shape = [3, 3], strides = [2, 2], pads = [1, 1, 1, 1]> ({first})")
    for stage, (width, depth) in enumerate(RESNET50):
        for block in range(depth):
            stride = 2 if stage and not block else 1
            inner = net.node(f"Relu ({_normed(net, last, channels, width)})")
            inner = net.node(f"Relu ({_normed(net, inner, width, width, kernel=3, stride=stride)})")
            skip = last if block else _normed(net, last, channels, 4 * width, stride=stride)
            total = net.node(f"Add ({_normed(net, inner, width, 4 * width)}, {skip})")
            last, channels = net.node(f"Relu ({total})"), 4 * width
    flat = net.node(f"Flatten ({net.node(f'GlobalAveragePool ({last})')})")
    net.write(path, "N,3,224,224", "N,1000", _dense(net, flat, (2048, 1000)))


def _normed(net: Text, source: str, n_in: int, n_out: int, *, kernel: int = 1, stride: int = 1) -> str:
    """A convolution and its BatchNormalization."""
    pads = ", ".join([str(kernel // 2)] * 4)
    operator = f"Conv <strides = [{stride}, {stride}], pads = [{pads}]>"
    conv = net.node(f"{operator} ({source}, {net.weight(n_out, n_in, kernel, kernel)})")
    norm = ", ".join(net.weight(n_out, kind=kind) for kind in "pwwp")
    return net.node(f"BatchNormalization ({conv}, {norm})")
