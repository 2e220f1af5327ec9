"""Structural pruning of trained ONNX models without data, training or a framework.

    import paoding_onnx

    result = paoding_onnx.prune("model.onnx", "small.onnx", paoding_onnx.Options(target=0.5))
    print(result.sizes.before.parameters, result.sizes.after.parameters)

The verbs are those of the command line: `inspect`, `explain`, `prune`, `apply`, `sensitivity`, `profile`,
`evaluate`, `attack`, `synthesize`, `check`; `load` and `save` go with them. Names are imported when they are first
used, so that `paoding_onnx --help` need not wait for onnxruntime.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from paoding_onnx.api import apply, explain, inspect, profile, prune, sensitivity, synthesize
    from paoding_onnx.calibration.preprocess import IMAGENET, Preprocess
    from paoding_onnx.calibration.samples import Samples
    from paoding_onnx.dependency.explain import Explanation
    from paoding_onnx.dependency.trace import Trace
    from paoding_onnx.errors import (
        CheckError,
        GateError,
        ModelError,
        OutputError,
        PaodingError,
        TargetError,
        UsageError,
    )
    from paoding_onnx.evaluation.evaluate import EvaluateOptions, Evaluation, evaluate
    from paoding_onnx.model.load import Model, load
    from paoding_onnx.options import Options
    from paoding_onnx.report.save import save
    from paoding_onnx.result import Pruned
    from paoding_onnx.robustness.attacks import Attack
    from paoding_onnx.robustness.evaluate import Robustness, attack
    from paoding_onnx.selection.curve import Sensitivity
    from paoding_onnx.timing.table import LatencyTable
    from paoding_onnx.verification.check import Checked, check

__all__ = [
    "IMAGENET",
    "Attack",
    "CheckError",
    "Checked",
    "EvaluateOptions",
    "Evaluation",
    "Explanation",
    "GateError",
    "LatencyTable",
    "Model",
    "ModelError",
    "Options",
    "OutputError",
    "PaodingError",
    "Preprocess",
    "Pruned",
    "Robustness",
    "Samples",
    "Sensitivity",
    "TargetError",
    "Trace",
    "UsageError",
    "apply",
    "attack",
    "check",
    "evaluate",
    "explain",
    "inspect",
    "load",
    "profile",
    "prune",
    "save",
    "sensitivity",
    "synthesize",
]

_HOMES = {
    "Attack": "robustness.attacks",
    "CheckError": "errors",
    "Checked": "verification.check",
    "EvaluateOptions": "evaluation.evaluate",
    "Evaluation": "evaluation.evaluate",
    "Explanation": "dependency.explain",
    "GateError": "errors",
    "IMAGENET": "calibration.preprocess",
    "LatencyTable": "timing.table",
    "Model": "model.load",
    "ModelError": "errors",
    "Options": "options",
    "OutputError": "errors",
    "PaodingError": "errors",
    "Preprocess": "calibration.preprocess",
    "Pruned": "result",
    "Robustness": "robustness.evaluate",
    "Samples": "calibration.samples",
    "Sensitivity": "selection.curve",
    "TargetError": "errors",
    "Trace": "dependency.trace",
    "UsageError": "errors",
    "apply": "api",
    "attack": "robustness.evaluate",
    "check": "verification.check",
    "evaluate": "evaluation.evaluate",
    "explain": "api",
    "inspect": "api",
    "load": "model.load",
    "profile": "api",
    "prune": "api",
    "save": "report.save",
    "sensitivity": "api",
    "synthesize": "api",
}


def __getattr__(name: str) -> object:
    """The public name `name`, from the module it lives in."""
    if name not in _HOMES:
        raise AttributeError(f"module 'paoding_onnx' has no attribute {name!r}")
    return getattr(import_module(f"paoding_onnx.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    """The public names."""
    return sorted(__all__)
