"""Results of runs that went otherwise."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

from paoding_onnx.dependency.trace import Refusal
from paoding_onnx.evaluation.measured import Measured
from paoding_onnx.layerwise.ridge import FittedLayer
from paoding_onnx.result import Recovery
from paoding_onnx.selection.curve import SHARES, Sensitivity

EVIL = "<script>alert('1')</script>&amp;\"x\""


def with_run(result, **given):
    """The result of a run that went otherwise."""
    return replace(result, run=replace(result.run, **given))


def looked_at(result):
    """The result as if its method had looked at inputs."""
    counts = tuple(round(16 * share) for share in SHARES)
    values = (0.0, 0.0005, 0.002, 0.02, 0.2, 2.0, 99.0)
    sensitivities = tuple(Sensitivity(group.name, counts, values, losses=(1.0,) * 15) for group in result.trace.groups)
    layers = (FittedLayer("MatMul_5", 0.25, 0.0625),)
    return with_run(result, recovery=Recovery("images, in [0, 1]", 64, sensitivities, layers))


def with_steps(result, **measured):
    """The result with something measured after each step."""
    steps = tuple(SimpleNamespace(share=s.share, cost=s.cost, removed=s.removed, **measured) for s in result.run.steps)
    return with_run(result, steps=steps)


def renamed(result, name):
    """The result with a name given to whatever has one that the model's author chose."""
    groups = tuple(replace(group, name=name) for group in result.trace.groups)
    refusals = tuple(Refusal(name, name, name, 1, name) for _ in range(7))
    return with_run(replace(result, trace=replace(result.trace, groups=groups, refusals=refusals)), notes=(name,))


def measuring(result, agreement, output_error):
    """The result with these figures."""
    return replace(result, measured=Measured(None, output_error, agreement, "rows"))
