"""A second opinion that shares nothing with the masked original: weight slices set to zero by hand."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

from paoding_onnx.dependency.trace import Trace
from paoding_onnx.model.load import Model, lift
from paoding_onnx.model.read import constants
from paoding_onnx.model.session import Session
from paoding_onnx.shapes.dummy_inputs import random_feeds
from paoding_onnx.shapes.observe import sizes_of
from paoding_onnx.surgery.plan import Plan, plan_document
from paoding_onnx.verification.masked import mask

Arrays = Mapping[str, NDArray[np.generic]]
LAYERS = {
    "Conv": (1,),
    "ConvTranspose": (1,),
    "Gemm": (1,),
    "MatMul": (1,),
    "LSTM": (1, 2),
    "GRU": (1, 2),
    "RNN": (1, 2),
}
"""Operators that add units up, with the operands that must be stored weights for slices of them to be zeroed."""
SMALLEST_TABLE = 6
"""Rows of the smallest table that networks look up their tokens in."""
OTHERS = (
    "Reduce", "Einsum", "GlobalLp", "Arg", "If", "Loop", "Scan", "QLinear", "Attention", "MatMulInt", "ConvInt",
    "MeanVariance", "DeformConv", "GatherND", "Scatter", "TopK", "Unique", "NonZero", "STFT",
)  # fmt: skip
"""Beginnings of the names of operators that may add units up without weights, or make no numbers of zeros."""


def second_opinion(model: Model, found: Trace, plan: Plan, pruned: Model) -> str:
    """How the pruned model differs from the original with the removed slices of its weights set to zero; mostly "".

    That is for networks in which every sum over units is one with stored weights; others with integer inputs are asked
    about all words that they know, where the package's own proof asks about two.
    """
    if not all(group.is_exact or not plan.removed[group.start : group.stop].any() for group in found.groups):
        return ""
    weights = _weights(model.proto)
    if weights is not None:
        return _compared(
            model, found, pruned, _zeroed(model, weights, plan_document(found, plan)), "weights set to zero"
        )
    if any(spec.dtype is not None and spec.dtype.kind == "i" for spec in model.inputs):
        return _compared(model, found, pruned, mask(model, found, plan), "the masked original, asked about all words")
    return ""


def _compared(model: Model, found: Trace, pruned: Model, other: Model, what: str) -> str:
    """How the outputs of the pruned model and of another differ; "" if they do not."""
    feeds = _feeds(model, found)
    wanted, got = Session(other).run(feeds), Session(pruned).run(feeds)
    worst = {name: _difference(wanted[name], got[name]) for name in wanted}
    name = max(worst, key=lambda key: worst[key])
    return f"{name!r} differs by {worst[name]:.1e} from {what}" if worst[name] > 1 else ""


def _feeds(model: Model, found: Trace) -> dict[str, NDArray[np.generic]]:
    """Random inputs; integers reach up to the smallest table, where the package's own are 0 or 1."""
    rng = np.random.default_rng(3)
    feeds = random_feeds(model.inputs, sizes_of(found.graph).measured, rng)
    whole = {name: value for name, value in feeds.items() if value.dtype.kind == "i"}
    return feeds | {name: rng.integers(0, SMALLEST_TABLE, v.shape).astype(v.dtype) for name, v in whole.items()}


def _weights(proto: onnx.ModelProto) -> set[str] | None:
    """Names of the weights of all layers; `None` if some layer has none, or something else adds up."""
    stored = {tensor.name for tensor in proto.graph.initializer}
    found = set()
    for node in proto.graph.node:
        if node.domain or node.op_type.startswith(OTHERS):
            return None
        for operand in LAYERS.get(node.op_type, ()):
            if node.input[operand] not in stored:
                return None
            found.add(node.input[operand])
    return found


def _zeroed(model: Model, weights: set[str], document: Mapping[str, object]) -> Model:
    """The model with what goes set to zero in these weights."""
    values = {name: array.copy() for name, array in constants(model).items() if name in weights}
    axes = document["axes"]
    for entry in axes if isinstance(axes, list) else ():
        name, axis = entry["initializer"], entry["axis"]
        if name in values:
            gone = np.setdiff1d(np.arange(entry["size"]), entry["kept"])
            values[name][(*[slice(None)] * axis, gone)] = 0
    proto = onnx.ModelProto()
    proto.CopyFrom(model.proto)
    for tensor in proto.graph.initializer:
        if tensor.name in values:
            tensor.CopyFrom(numpy_helper.from_array(values[tensor.name], tensor.name))
        elif tensor.name in model.weights:
            tensor.CopyFrom(numpy_helper.from_array(np.array(model.weights[tensor.name]), tensor.name))
    return lift(proto)


def _difference(wanted: NDArray[np.generic], got: NDArray[np.generic]) -> float:
    """Largest difference, in units of what rounding may make it."""
    if wanted.shape != got.shape:
        return float("inf")
    a, b = np.asarray(wanted, np.float64), np.asarray(got, np.float64)
    allowed = 0.03 if wanted.dtype == np.float16 else 1e-4
    return float(np.abs(a - b).max(initial=0.0) / (allowed * max(1.0, np.abs(a).max(initial=0.0))))
