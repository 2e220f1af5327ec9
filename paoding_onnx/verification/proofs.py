"""CHECK: proofs that a pruned model is what it promises to be. Judges; changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import onnx
from google.protobuf.message import DecodeError

from paoding_onnx.dependency.cost import Cost, cost_as_it_stands
from paoding_onnx.errors import ModelError
from paoding_onnx.model.graph import Graph
from paoding_onnx.model.input_sizes import InputSizes, Shape, Shapes
from paoding_onnx.model.load import Model, all_inputs, load
from paoding_onnx.model.naming import is_added
from paoding_onnx.model.nodes import TensorSpec
from paoding_onnx.rules.binding import BoundNode, bind_nodes, rebound
from paoding_onnx.rules.facts import DataDependentShape
from paoding_onnx.rules.multiply_adds import multiply_adds
from paoding_onnx.shapes.choices import Choice, reopened
from paoding_onnx.shapes.observe import as_sized_in, observe, observe_like, sizes_of
from paoding_onnx.surgery.edits import Overrides
from paoding_onnx.verification.verdict import COST, INTERFACE, RUNS, VALID, Verdict


@dataclass(frozen=True, slots=True)
class Asked:
    """What a written file is asked.

    Attributes:
        predicted: what it must cost; `None` if nothing was predicted.
        sizes: those at which it runs, as the original was seen to take them; `None`: some that it is found to take.
        left: gives the shapes that tensors were predicted to have, for those of which the content of inputs decides.
        choices: those that are open where costs are counted.
    """

    predicted: Cost | None = None
    sizes: InputSizes | None = None
    left: Callable[[], Shapes] | None = None
    choices: tuple[Choice, ...] = ()


def check_file(original: Model, path: Path, asked: Asked, read: Model | None = None) -> tuple[Verdict, ...]:
    """The proofs on a written file: valid ONNX, runs, costs what was predicted, same inputs and outputs.

    `read` is what `load` makes of the file, if it was read already.
    """
    try:
        pruned = load(path) if read is None else read
    except ModelError as error:
        return (Verdict(VALID, False, str(error)),)
    verdicts = [_check_valid(original, path), check_interface(original, pruned)]
    try:
        subject, fits = reopened(pruned, asked.choices), verdicts[-1].passed
        graph = observe_like(subject, asked.sizes) if asked.sizes is not None and fits else observe(subject)
    except ModelError as error:
        return (*verdicts, Verdict(RUNS, False, str(error)))
    at = dict.fromkeys(map(str, (sizes_of(graph).measured, sizes_of(graph).traced)))
    verdicts.append(Verdict(RUNS, True, f"loads it and runs it at {' and at '.join(at)}"))
    if asked.predicted is not None:
        verdict = _recount(graph, asked.predicted)
        if not verdict.passed and asked.left is not None:
            verdict = _recount(as_sized_in(graph, asked.left()), asked.predicted)
        verdicts.append(verdict)
    return tuple(verdicts)


def added_biases(before: Overrides, after: Overrides) -> Overrides:
    """Of the constants in `after` those that are biases of layers which had none."""
    return {name: value for name, value in after.items() if name not in before and is_added(name)}


def check_interface(original: Model, pruned: Model) -> Verdict:
    """Whether inputs, those with a default value too, and outputs have the same names, types and declared shapes."""
    before, after = ((*all_inputs(model), None, *model.outputs) for model in (original, pruned))
    pairs = zip(before, after, strict=False)
    same_count = before.index(None) == after.index(None) and len(before) == len(after)
    different = [f"{_spec_text(a)} became {_spec_text(b)}" for a, b in pairs if _spec_text(a) != _spec_text(b)]
    if different or not same_count:
        return Verdict(INTERFACE, False, "; ".join(different) or "the number of inputs or outputs changed")
    counts = f"inputs ({len(all_inputs(pruned))}) and outputs ({len(pruned.outputs)})"
    return Verdict(INTERFACE, True, f"{counts} keep their names, types and declared shapes")


def _check_valid(original: Model, path: Path) -> Verdict:
    """Onnx's checker with full shape inference; a fault that the original has too is none of ours."""
    fault = _fault(str(path))
    if fault is None:
        return Verdict(VALID, True, "valid, with full shape inference")
    if _fault(_without_weights(original)) is not None:
        return Verdict(VALID, True, f"fails like the original: {fault}")
    return Verdict(VALID, False, fault)


def _fault(subject: str | bytes) -> str | None:
    try:
        onnx.checker.check_model(subject, full_check=True)
    except (
        onnx.checker.ValidationError,
        onnx.shape_inference.InferenceError,
        DecodeError,
        UnicodeDecodeError,
        ValueError,
    ) as error:
        return " ".join(str(error).split())[:300]
    return None


def _without_weights(model: Model) -> bytes:
    """The model with its lifted initializers as inputs: as good for the checker, and small."""
    proto = onnx.ModelProto()
    proto.CopyFrom(model.proto)
    inputs = {info.name for info in proto.graph.input}
    for tensor in [t for t in proto.graph.initializer if t.name in model.weights]:
        if tensor.name not in inputs:
            proto.graph.input.append(onnx.helper.make_tensor_value_info(tensor.name, tensor.data_type, tensor.dims))
        proto.graph.initializer.remove(tensor)
    return bytes(proto.SerializeToString())


def _recount(graph: Graph, predicted: Cost) -> Verdict:
    bound_nodes = bind_nodes(graph)
    found = cost_as_it_stands(graph, bound_nodes)
    detail = f"{found.parameters:,} parameters and {found.macs:,} MACs"
    if found != predicted:
        return Verdict(COST, False, f"{detail}, predicted {predicted.parameters:,} and {predicted.macs:,}")
    by_shapes = sum(bound.node.times * _counted_by_shapes(bound, sizes_of(graph).shapes) for bound in bound_nodes)
    if by_shapes != found.macs:
        return Verdict(COST, False, f"{detail} by the equations of its nodes, but {by_shapes:,} MACs by their shapes")
    return Verdict(COST, True, f"{detail}, as predicted")


def _counted_by_shapes(bound: BoundNode, shapes: Mapping[str, Shape]) -> int:
    """Multiply-adds by shapes at run time, of a node that is understood; by its equation where shapes do not tell."""
    number = multiply_adds(bound.node, shapes)
    if number is None and bound.rule.contracts is None:
        return 0
    fitted = rebound(bound, shapes)
    is_plain = not isinstance(bound.rule.shape, DataDependentShape) and fitted is not None
    if bound.rule.contracts is None or (is_plain and number is not None):
        return (number or 0) if is_plain else 0
    return bound.rule.contracts.macs({**bound.binding.sizes, **(fitted or bound.binding).sizes})


def _spec_text(spec: TensorSpec | None) -> str:
    if spec is None:
        return ""
    sizes = ", ".join(str(dim) if isinstance(dim, int) else "open" for dim in spec.dims)
    return f"{spec.name!r} ({spec.dtype}, [{sizes}])"
