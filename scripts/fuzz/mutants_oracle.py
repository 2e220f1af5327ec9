"""An oracle that knows only numpy, onnx and onnxruntime: slices of the original set to zero, sizes at run time counted.

It shares nothing with the package: not its rules, not its trace, not its masks.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import onnx
import onnxruntime as ort
from numpy.typing import NDArray
from onnx import helper, numpy_helper

Array = NDArray[np.generic]
LAYERS = {
    "Conv": (1,), "ConvTranspose": (1,), "Gemm": (1,), "MatMul": (1,), "LSTM": (1, 2), "GRU": (1, 2), "RNN": (1, 2),
    "FusedConv": (1,), "FusedGemm": (1,), "FusedMatMul": (1,), "TransposeMatMul": (1,), "DeformConv": (1,),
    "Einsum": (1,),
}  # fmt: skip
"""Operators that add units up, with the operands that hold their weights."""
OPEN = ((1, 64, 64), (3, 40, 56))
"""Sizes of open axes to run at: the first axis of an input, the second, all others."""
LEVELS = ((-0.7, 1), (0.0, 1), (0.7, 1), (0.0, 3))
"""What is added to normal numbers, and what they are multiplied by."""
ALLOWED = {np.dtype(np.float16): 0.03}


def differs(reference: onnx.ModelProto, other: onnx.ModelProto) -> str:
    """How a model differs from a reference on inputs of several sizes, levels and scales; "" if it does not."""
    seen = 0
    for number, sizes in enumerate(OPEN):
        for seed, (level, scale) in enumerate(LEVELS):
            feeds = _feeds(reference, sizes, np.random.default_rng([number, seed]), level)
            feeds = {name: np.asarray(value * value.dtype.type(scale)) for name, value in feeds.items()}
            wanted, got = _run(reference, feeds), _run(other, feeds)
            seen += wanted is not None
            if wanted is not None and (told := _told(wanted, got)):
                return f"{told} at {sizes}"
    return "" if seen else "the reference was not run"


def distance(reference: onnx.ModelProto, other: onnx.ModelProto) -> float:
    """How far the outputs of a model are from a reference's: root mean square, as a share of the reference's own."""
    found = []
    for seed in range(4):
        feeds = _feeds(reference, (16, 64, 64), np.random.default_rng(seed), 0.0)
        wanted, got = _run(reference, feeds), _run(other, feeds)
        if wanted is None or got is None:
            return math.inf
        for name, value in wanted.items():
            off = np.square(value - got[name], dtype=np.float64).mean()
            found.append(float(np.sqrt(off / np.square(value, dtype=np.float64).mean())))
    return float(np.mean(found))


def _told(wanted: Mapping[str, Array], got: Mapping[str, Array] | None) -> str:
    if got is None:
        return "it does not run"
    worst = max(((_difference(value, got[name]), name) for name, value in wanted.items()), default=(0.0, ""))
    return f"{worst[1]!r} differs by {worst[0]:.1e}" if worst[0] > 1 else ""


def counted(proto: onnx.ModelProto, shapes: Mapping[str, Sequence[int]]) -> tuple[int, int | None]:
    """Parameters and multiply-adds of a file, the latter `None` where some operator is not known here."""
    parameters = sum(value.size for value in _stored(proto) if value.dtype.kind == "f" or value.dtype.itemsize == 1)
    watched = onnx.ModelProto()
    watched.CopyFrom(proto)
    known = {info.name for info in proto.graph.output}
    made = dict.fromkeys(name for node in proto.graph.node for name in node.output if name and name not in known)
    watched.graph.output.extend(onnx.ValueInfoProto(name=name) for name in made)
    feeds = _feeds(proto, (), np.random.default_rng(0), 0.0, shapes)
    found = _run(watched, feeds)
    if found is None:
        return parameters, None
    sizes = {t.name: tuple(t.dims) for t in proto.graph.initializer}
    sizes |= {name: np.shape(value) for name, value in {**feeds, **found}.items()}
    macs = [_macs(node, sizes) for node in proto.graph.node]
    return parameters, None if None in macs else sum(number or 0 for number in macs)


def _macs(node: onnx.NodeProto, sizes: Mapping[str, tuple[int, ...]]) -> int | None:
    """Multiply-adds of a node, told by shapes; 0 for one that adds nothing up, `None` if it is not known here."""
    shapes = [sizes.get(name, ()) for name in node.input]
    given = {a.name: helper.get_attribute_value(a) for a in node.attribute}
    match node.op_type:
        case "Conv" | "FusedConv" | "QLinearConv" | "ConvInteger" | "DeformConv":
            weight = shapes[3 if node.op_type == "QLinearConv" else 1]
            return math.prod(sizes[node.output[0]]) * math.prod(weight[1:])
        case "ConvTranspose":
            return math.prod(shapes[0]) * math.prod(shapes[1][1:])
        case "MatMul" | "MatMulInteger":
            return math.prod(sizes[node.output[0]]) * shapes[0][-1]
        case "Gemm" | "FusedGemm":
            return math.prod(sizes[node.output[0]]) * shapes[0][0 if given.get("transA") else 1]
        case "Einsum":
            letters = given["equation"].decode().replace(" ", "").split("->")[0].split(",")
            pairs = {letter: size for word, shape in zip(letters, shapes, strict=True)
                     for letter, size in zip(word, shape, strict=True)}  # fmt: skip
            return math.prod(pairs.values())
        case "LSTM" | "GRU" | "RNN":
            return math.prod(shapes[0][:2]) * (math.prod(shapes[1]) + math.prod(shapes[2]))
    is_known = not any(word in node.op_type for word in ("MatMul", "Gemm", "Conv", "Attention", "LSTM"))
    return 0 if is_known else None


def _stored(proto: onnx.ModelProto) -> Iterator[Array]:
    """The content of all initializers and Constant nodes."""
    yield from map(numpy_helper.to_array, proto.graph.initializer)
    for node in proto.graph.node:
        yield from (
            numpy_helper.to_array(a.t) for a in node.attribute if node.op_type == "Constant" and a.HasField("t")
        )


def zeroed(original: onnx.ModelProto, document: Mapping[str, object]) -> onnx.ModelProto:
    """The original with what goes set to zero in the weights of its layers."""
    proto = onnx.ModelProto()
    proto.CopyFrom(original)
    layers = {
        node.input[operand]
        for node in proto.graph.node
        for operand in LAYERS.get(node.op_type, ())
        if operand < len(node.input)
    }
    axes = document["axes"]
    for tensor in proto.graph.initializer:
        name = tensor.name
        entries = [entry for entry in axes if entry["initializer"] == name] if isinstance(axes, list) else []
        if name in layers and entries:
            value = numpy_helper.to_array(tensor).copy()
            for entry in entries:
                gone = np.setdiff1d(np.arange(entry["size"]), entry["kept"])
                value[(*[slice(None)] * entry["axis"], gone)] = 0
            tensor.CopyFrom(numpy_helper.from_array(value, tensor.name))
    return proto


def _feeds(
    proto: onnx.ModelProto,
    sizes: tuple[int, ...],
    rng: np.random.Generator,
    level: float,
    shapes: Mapping[str, Sequence[int]] | None = None,
) -> dict[str, Array]:
    """Random inputs; whole numbers are 0 or 1."""
    held = {tensor.name for tensor in proto.graph.initializer}
    feeds = {}
    for info in (info for info in proto.graph.input if info.name not in held):
        tensor = info.type.tensor_type
        dims = enumerate(tensor.shape.dim)
        shape = (shapes or {}).get(info.name)
        if shape is None:
            shape = [d.dim_value if d.HasField("dim_value") else sizes[min(k, len(sizes) - 1)] for k, d in dims]
        dtype = helper.tensor_dtype_to_np_dtype(tensor.elem_type)
        if dtype.kind == "f":
            feeds[info.name] = (rng.standard_normal(shape) + level).astype(dtype)
        else:
            feeds[info.name] = rng.integers(0, 2, shape).astype(dtype)
    return feeds


def _run(proto: onnx.ModelProto, feeds: Mapping[str, Array]) -> dict[str, Array] | None:
    """Outputs by name; `None` if the model does not run."""
    options = ort.SessionOptions()
    options.log_severity_level = 4
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    try:
        session = ort.InferenceSession(proto.SerializeToString(), options, providers=["CPUExecutionProvider"])
        values = session.run(None, dict(feeds))
    except Exception:  # noqa: BLE001 - onnxruntime has an exception class for every fault
        return None
    return {info.name: np.asarray(value) for info, value in zip(session.get_outputs(), values, strict=True)}


def _difference(wanted: Array, got: Array) -> float:
    """The largest difference in units of what rounding may make it, each channel on its own scale."""
    if wanted.shape != got.shape or wanted.dtype != got.dtype:
        return math.inf
    a, b = np.asarray(wanted, np.float64), np.asarray(got, np.float64)
    same = (a == b) | (np.isnan(a) & np.isnan(b))
    if same.all():
        return 0.0
    axes = tuple(k for k in range(a.ndim) if k != 1)
    with np.errstate(invalid="ignore"):
        off, size = np.where(same, 0, np.abs(a - b)), np.where(np.isfinite(a), np.abs(a), 0)
    if not np.isfinite(off).all():
        return math.inf
    scale = np.maximum(size.max(axis=axes, initial=0.0, keepdims=True), 0.01 * size.max(initial=0.0) + 1e-9)
    return float((off / scale).max(initial=0.0) / ALLOWED.get(wanted.dtype, 1e-4))
