"""Structural pruning of trained ONNX models without data, training or a framework.

import paoding_onnx

result = paoding_onnx.prune("model.onnx", "small.onnx", paoding_onnx.Options(target=0.5))
print(result.before.parameters, result.after.parameters)
"""

from __future__ import annotations

from paoding_onnx.errors import PaodingError
from paoding_onnx.loader import Model
from paoding_onnx.loader import load
from paoding_onnx.options import Options
from paoding_onnx.pipeline import Checked
from paoding_onnx.pipeline import Pruned
from paoding_onnx.pipeline import check
from paoding_onnx.pipeline import examine
from paoding_onnx.pipeline import prune
from paoding_onnx.trace import Trace
from paoding_onnx.writer import save

__all__ = [
    "Checked",
    "Model",
    "Options",
    "PaodingError",
    "Pruned",
    "Trace",
    "check",
    "examine",
    "load",
    "prune",
    "save",
]
