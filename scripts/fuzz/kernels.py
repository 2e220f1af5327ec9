"""What onnxruntime's CPU kernels take: asked once for each operator, opset and type."""

from __future__ import annotations

from functools import lru_cache

import onnx
import onnxruntime as ort
from onnx import helper
from onnxruntime.capi import onnxruntime_pybind11_state as ort_errors

NEWEST = 26
"""The newest opset that onnxruntime loads."""


@lru_cache(maxsize=4096)
def exists(operator: str, opset: int) -> bool:
    """Whether an opset has an operator, and has not given it up."""
    try:
        return not onnx.defs.get_schema(operator, opset, "").deprecated
    except onnx.defs.SchemaError:
        return False


@lru_cache(maxsize=4096)
def has_kernel(operator: str, opset: int, dtype: int, n_inputs: int = 1) -> bool:
    """Whether onnxruntime runs an operator without attributes on matrices of a type."""
    if not exists(operator, opset):
        return False
    names = [f"x{k}" for k in range(n_inputs)]
    inputs = [helper.make_tensor_value_info(name, dtype, [2, 4]) for name in names]
    output = onnx.ValueInfoProto(name="y")
    graph = helper.make_graph([helper.make_node(operator, names, ["y"])], "g", inputs, [output])
    model = helper.make_model(graph, ir_version=8, opset_imports=[helper.make_opsetid("", opset)])
    options = ort.SessionOptions()
    options.log_severity_level = 4
    try:
        ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    except (ort_errors.Fail, ort_errors.InvalidGraph, ort_errors.NotImplemented):
        return False
    return True
