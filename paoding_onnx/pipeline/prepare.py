"""A model made ready: simplified, its constants folded where they have to be, traced."""

from __future__ import annotations

from dataclasses import replace

from paoding_onnx.calibration.known_inputs import given_of
from paoding_onnx.calibration.sample_sizes import sizes_of_samples
from paoding_onnx.dependency.groups import trace
from paoding_onnx.dependency.scope import Scope
from paoding_onnx.dependency.trace import Trace
from paoding_onnx.errors import ModelError, PaodingError, TargetError
from paoding_onnx.model.input_sizes import Given
from paoding_onnx.model.load import Model
from paoding_onnx.options import Options
from paoding_onnx.pipeline.values import Prepared
from paoding_onnx.quantized.twin import twin
from paoding_onnx.samplers import METHODS
from paoding_onnx.selection.renumber import covers
from paoding_onnx.shapes.study import study


def prepare(original: Model, options: Options, scope: Scope | None = None) -> Prepared:
    """The model ready to be cut, in the scope of the options unless another one is given.

    Raises:
        ModelError: if it has no inputs, or cannot be run.
        UsageError: if a pattern, input shape or value in `options` does not fit it.
    """
    if not original.inputs:
        raise ModelError("the model has no inputs: its outputs never change, and nothing tells what its units do")
    found = study(original, given_by(original, options), verbose=options.verbose)
    return Prepared(found.simplified, found.folded, trace(found.graph, scope or options.scope), found.choices)


def given_by(model: Model, options: Options) -> Given:
    """What options say of the inputs of a model: what the user knows, and the sizes of the samples that they give.

    Raises:
        UsageError: if an input's shape or value does not fit it.
    """
    likely = sizes_of_samples(model.inputs, options.calibration, options.inputs.preprocess.size)
    return given_of(model, options.known_inputs, likely)


def with_twin(prepared: Prepared, options: Options) -> Prepared:
    """With the twin of a quantized model, where units are chosen by what they do; as it is if it has no such twin."""
    if not METHODS[options.method].needs_inputs or prepared.choices:
        return prepared
    try:
        made = twin(prepared.folded, prepared.trace.graph)
        found = None if made is None else prepare(made, options)
    except PaodingError:
        return prepared
    is_alike = found is not None and covers(found.trace, prepared.trace)
    return replace(prepared, twin=found) if is_alike else prepared


def require_units(traced: Trace) -> None:
    """Refuse a model that has nothing to prune.

    Raises:
        TargetError: if it has not.
    """
    if not traced.groups:
        reasons = "; ".join(f"{r.operator} {r.node}: {r.reason}" for r in traced.refusals[:3])
        raise TargetError(f"the model has no prunable unit ({reasons or 'it has no weights between its layers'})")
