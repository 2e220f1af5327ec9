"""Slopes by finite differences in double precision, by onnx's reference evaluator: the oracle of gradients."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import onnx
from onnx import numpy_helper
from onnx.reference import ReferenceEvaluator
from onnx.reference.op_run import OpRun

from paoding_onnx.gradients.freeze import Recording, freeze, record
from paoding_onnx.model.load import lift
from paoding_onnx.model.session import Session
from tests.models import model

SINGLE, DOUBLE = onnx.TensorProto.FLOAT, onnx.TensorProto.DOUBLE
Function = Callable[[np.ndarray], np.ndarray]


class Erf(OpRun):
    """The reference evaluator's own one rounds to float32."""

    def _run(self, x):
        return (np.vectorize(math.erf, otypes=[np.float64])(x),)


class LRN(OpRun):
    """ONNX LRN-13; the reference evaluator's own one walks along the batch in place of the channels."""

    def _run(self, x, alpha=None, beta=None, bias=None, size=None):
        before, after = (size - 1) // 2, size // 2
        squares = np.pad(x**2, ((0, 0), (before, after), *((0, 0),) * (x.ndim - 2)))
        total = sum(squares[:, k : k + x.shape[1]] for k in range(size))
        return (x / (bias + alpha / size * total) ** beta,)


def studied(text: str, x: np.ndarray, *, opset: int = 17, ir: int = 8) -> Recording:
    """The model that ONNX text describes, as it runs on `x`."""
    return record(model(text, opset=opset, ir=ir), {"x": x})


def doubled(proto: onnx.ModelProto) -> onnx.ModelProto:
    """The model in double precision."""
    copy = onnx.ModelProto()
    copy.CopyFrom(proto)
    graph = copy.graph
    for info in (*graph.input, *graph.output, *graph.value_info):
        if info.type.tensor_type.elem_type == SINGLE:
            info.type.tensor_type.elem_type = DOUBLE
    attributes = [attribute for node in graph.node for attribute in node.attribute]
    for tensor in (*graph.initializer, *(attribute.t for attribute in attributes)):
        if tensor.data_type == SINGLE:
            tensor.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(tensor).astype(np.float64), tensor.name))
    for attribute in attributes:
        if attribute.name in ("to", "dtype", "stash_type") and attribute.i == SINGLE:
            attribute.i = DOUBLE
    return copy


def in_double(subject: Recording, x: str, target: str) -> Function:
    """`target` as a function of `x`, in double precision."""
    evaluator = ReferenceEvaluator(doubled(freeze(subject, target)), new_ops=[Erf, LRN])
    return lambda content: evaluator.run(None, {x: content.astype(np.float64)})[0]


def in_single(subject: Recording, x: str, target: str) -> Function:
    """`target` as a function of `x`, in float32 on onnxruntime."""
    session = Session(lift(freeze(subject, target)))
    return lambda content: session.run({x: content.astype(np.float32)})[target].astype(np.float64)


def slope(function: Function, x: np.ndarray, way: np.ndarray, seed: np.ndarray, step: float) -> float:
    """How fast the sum of the function's values, weighted by `seed`, rises as x moves along `way`."""
    high, low = ((function(x.astype(np.float64) + sign * step * way) * seed).sum() for sign in (1, -1))
    return float((high - low) / (2 * step))
