"""Structural pruning of trained ONNX models without data, training or a framework.

    import paoding_onnx

    result = paoding_onnx.prune("model.onnx", "small.onnx", paoding_onnx.Options(target=0.5))
    print(result.before.parameters, result.after.parameters)

Names are imported when they are first used, so that `paoding_onnx --help` need not wait for onnxruntime.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from paoding_onnx.api import examine, explain, prune
    from paoding_onnx.dependency.trace import Trace
    from paoding_onnx.errors import PaodingError
    from paoding_onnx.evaluation.evaluate import evaluate
    from paoding_onnx.model.load import Model, load
    from paoding_onnx.model.save import save
    from paoding_onnx.options import Options
    from paoding_onnx.result import Pruned
    from paoding_onnx.verification.check import Checked, check

__all__ = [
    "Checked",
    "Model",
    "Options",
    "PaodingError",
    "Pruned",
    "Trace",
    "check",
    "evaluate",
    "examine",
    "explain",
    "load",
    "prune",
    "save",
]

_HOMES = {
    "Checked": "verification.check",
    "Model": "model.load",
    "Options": "options",
    "PaodingError": "errors",
    "Pruned": "result",
    "Trace": "dependency.groups",
    "check": "verification.check",
    "examine": "api",
    "explain": "api",
    "evaluate": "evaluation.evaluate",
    "load": "model.load",
    "prune": "api",
    "save": "model.save",
}


def __getattr__(name: str) -> object:
    """The public name `name`, from the module it lives in."""
    if name not in _HOMES:
        raise AttributeError(f"module 'paoding_onnx' has no attribute {name!r}")
    return getattr(import_module(f"paoding_onnx.{_HOMES[name]}"), name)
