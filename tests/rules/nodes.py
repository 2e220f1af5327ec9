"""Nodes from one line of text, without a file: ``Conv 2x3x8x8 8x3x3x3 8 -> 2x8x8x8``.

An operand is a shape, ``()`` for a scalar, ``_`` where it is omitted, ``i2x5`` for integers, ``{8x1x1}`` for a
floating-point constant, ``[0,-1]`` for integers that are known, with ``?`` for one that varies with a dynamic axis.
The operator's domain stands before it: ``com.microsoft.Gelu 2x8 -> 2x8``.
"""

from __future__ import annotations

import re
from types import MappingProxyType

import numpy as np
import onnx

from paoding_onnx.model.nodes import Attribute, Node, Origin, Tensor


def node(line: str, *, opset: int = 20, **attributes: Attribute) -> Node:
    """The node that `line` describes, in the form its operator has at `opset`."""
    name, left, right = re.fullmatch(r"([\w.]+) ?(.*?) ?-> ?(.*)", line).groups()
    domain, _, operator = name.rpartition(".")
    inputs = tuple(_tensor(f"i{k}", word) for k, word in enumerate(left.split()))
    outputs = tuple(_tensor(f"o{k}", word) for k, word in enumerate(right.split()))
    return Node(
        "node", operator, domain, _version(operator, opset, domain), inputs, outputs, MappingProxyType(attributes)
    )


def shapes(tensors: tuple[Tensor | None, ...]) -> list[tuple[int, ...] | None]:
    """Shapes of operands, `None` where one is omitted."""
    return [None if tensor is None else tensor.shape for tensor in tensors]


def _version(operator: str, opset: int, domain: str) -> int:
    """As the loader finds it: onnxruntime's own operators are all of version 1, and in the main domain of none."""
    if domain == "com.microsoft":
        return 1
    return onnx.defs.get_schema(operator, opset).since_version if onnx.defs.has(operator) else 0


def _tensor(name: str, word: str) -> Tensor | None:
    if word == "_":
        return None
    if word[0] == "[":
        entries = word[1:-1].split(",") if word != "[]" else []
        value = np.array([0 if entry == "?" else int(entry) for entry in entries], np.int64)
        varies = np.array([entry == "?" for entry in entries], bool)
        origin = Origin.COMPUTED if varies.any() else Origin.CONSTANT
        return Tensor(name, origin, value.shape, value.dtype, value, varies)
    shape = tuple(int(size) for size in re.findall(r"\d+", word))
    if word[0] == "{":
        value = np.random.default_rng(len(word)).uniform(0.5, 1.5, shape).astype(np.float32)
        return Tensor(name, Origin.CONSTANT, shape, value.dtype, value)
    return Tensor(name, Origin.COMPUTED, shape, np.dtype(np.int64 if word[0] == "i" else np.float32))
