"""CHECK: proofs that a pruned model is what it promises to be. Judges; changes nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
from google.protobuf.message import DecodeError

from paoding_onnx.dependency.cost import Cost, cost, nothing
from paoding_onnx.dependency.groups import trace
from paoding_onnx.dependency.trace import Trace
from paoding_onnx.errors import ModelError
from paoding_onnx.model.graph import Array, Graph
from paoding_onnx.model.input_sizes import Feeding, InputSizes
from paoding_onnx.model.load import Model, TensorSpec, load
from paoding_onnx.model.read import constants
from paoding_onnx.model.session import Session
from paoding_onnx.shapes.dummy_inputs import random_feeds
from paoding_onnx.shapes.observe import observe, observe_like, other_sizes, sizes_of
from paoding_onnx.surgery.added_bias import ENDING as ADDED_BIAS
from paoding_onnx.surgery.cut import cut
from paoding_onnx.surgery.edits import Overrides
from paoding_onnx.surgery.plan import Plan, make_plan
from paoding_onnx.verification.masked import mask, seeded
from paoding_onnx.verification.verdict import COST, INTERFACE, PLAN, RUNS, SURGERY, VALID, Verdict

TOLERANCE = 1e-5
"""Largest difference the surgery may make, relative to the largest value of the tensor; float16 has its own resolution.

An output behind a Sigmoid or Exp may be tiny as a whole, which would make rounding look large: outputs that no node
with weights computes are measured against at least 1. The tensors before them are held to their own size.
"""


def check_surgery(
    model: Model, trace: Trace, plan: Plan, pruned: Model | None = None, *, original: Model | None = None
) -> Verdict:
    """Whether cutting the planned units out equals multiplying them by zero in the original (the equivalence oracle).

    `pruned` is what `cut` made of this plan, before any absorbing; made here if not given. `original` is what `model`
    was before constants were folded, if any were.

    Compared are the outputs and every tensor that a contracting node computes. Units under an operator that mixes along
    their axis are left out of this proof: their removal is inexact by nature.
    """
    exact = _exact_part(trace, plan)
    if not exact.removed.any():
        return Verdict(SURGERY, True, "no exact unit was removed: nothing to compare")
    is_whole = np.array_equal(exact.removed, plan.removed)
    smaller = pruned if pruned is not None and is_whole else cut(model, trace, exact)
    names = _compared(trace)
    masked = Session(seeded(mask(original or model, trace, exact)), watch=names)
    try:
        candidate = Session(seeded(smaller), watch=names)
        feedings = _feedings(model, trace.graph)
        answers = [_compare_at(model, trace, exact, masked, candidate, feeding) for feeding in feedings]
    except ModelError as error:
        return Verdict(SURGERY, False, str(error))
    verdicts = [verdict for verdict in answers if verdict is not None]
    if not verdicts:
        return Verdict(SURGERY, False, "the masked original runs on none of the inputs drawn: nothing to compare with")
    failed = next((verdict for verdict in verdicts if not verdict.passed), None)
    return failed or replace(verdicts[0], detail=f"{verdicts[0].detail}; {_at_sizes(trace.graph, len(verdicts))}")


def _feedings(model: Model, graph: Graph) -> Iterator[Feeding]:
    """Sizes to compare at: those that equations were read at, those measured, and others if the model takes them."""
    sizes = sizes_of(graph)
    yield sizes.traced
    if sizes.measured != sizes.traced:
        yield sizes.measured
    yield from other_sizes(model, graph)


def _at_sizes(graph: Graph, count: int) -> str:
    """At how many sizes outputs were compared, and which open axes took one size alone."""
    sizes = sizes_of(graph)
    only = ", ".join(
        f"{name} axis {axis} (size {sizes.traced.shapes[name][axis]})" for name, axis in sorted(sizes.only)
    )
    compared = f"compared at {count} {'size' if count == 1 else 'sizes'} of the inputs"
    return f"{compared}; open, but no other size ran: {only}" if only else compared


def _compare_at(
    model: Model, trace: Trace, exact: Plan, masked: Session, candidate: Session, feeding: Feeding
) -> Verdict | None:
    """The comparison at one size, on up to three inputs, one of which must agree; `None` if the original takes none.

    Rounding looks large where sums nearly cancel, which is chance; a wrong index disagrees on all of them.
    """
    verdict = None
    for seed in range(1, 4):
        feeds = random_feeds(model.inputs, feeding, np.random.default_rng(seed))
        found = _compare(trace, exact, masked, candidate, feeds)
        verdict = found or verdict
        if verdict is not None and verdict.passed:
            return verdict
    return verdict if verdict is None else replace(verdict, detail=f"{verdict.detail}; at {feeding}")


def _compare(
    trace: Trace, exact: Plan, masked: Session, candidate: Session, feeds: Mapping[str, Array]
) -> Verdict | None:
    """The comparison on one input; `None` if the original does not take it, which may be up to chance.

    Both sessions run equally often: a node that draws at random goes on from what it drew before.
    """
    try:
        wanted = masked.run(feeds)
    except ModelError:
        with suppress(ModelError):
            candidate.run(feeds)
        return None
    got = candidate.run(feeds)
    names = _compared(trace)
    floors = {name: 0.0 if name in names else 1.0 for name in wanted}
    worst, where = max((_error(trace, exact, name, wanted[name], got[name], floors[name]), name) for name in wanted)
    seen = f"largest difference {worst * TOLERANCE:.1e} in {len(wanted)} tensors (at {where!r})"
    return Verdict(SURGERY, worst <= 1, f"{seen}, at most {TOLERANCE:.0e} allowed")


def check_file(original: Model, path: Path, predicted: Cost | None, sizes: InputSizes | None) -> tuple[Verdict, ...]:
    """The proofs on a written file: valid ONNX, runs, costs what was predicted, same inputs and outputs.

    It is run at the `sizes` that the original was seen to take; without them, at some that it is found to take itself.
    """
    try:
        pruned = load(path)
    except ModelError as error:
        return (Verdict(VALID, False, str(error)),)
    verdicts = [_check_valid(original, path), check_interface(original, pruned)]
    try:
        graph = observe_like(pruned, sizes) if sizes is not None and verdicts[-1].passed else observe(pruned)
    except ModelError as error:
        return (*verdicts, Verdict(RUNS, False, str(error)))
    at = dict.fromkeys(map(str, (sizes_of(graph).measured, sizes_of(graph).traced)))
    verdicts.append(Verdict(RUNS, True, f"loads it and runs it at {' and at '.join(at)}"))
    if predicted is not None:
        verdicts.append(_recount(trace(graph), predicted))
    return tuple(verdicts)


def check_plan(model: Model, trace: Trace, plan: Plan, pruned: Model) -> Verdict:
    """Whether every constant of a pruned file has the shape that the plan gives it, and how many have other weights.

    Layers may have got a bias that they had not.
    """
    wanted, got = constants(cut(model, trace, plan)), constants(pruned)
    added = added_biases(wanted, got)
    wrong = [name for name, value in wanted.items() if name not in got or got[name].shape != value.shape]
    if wrong or len(wanted) + len(added) != len(got):
        return Verdict(PLAN, False, f"{len(wrong)} constants differ in shape from the plan, such as {wrong[:1]}")
    changed = sum(not np.array_equal(got[name], value) for name, value in wanted.items())
    more = f", {len(added)} biases were added" if added else ""
    return Verdict(PLAN, True, f"{len(wanted)} constants have the planned shapes; {changed} have other weights{more}")


def added_biases(before: Overrides, after: Overrides) -> Overrides:
    """Of the constants in `after` those that are biases of layers which had none."""
    return {name: value for name, value in after.items() if name not in before and name.endswith(ADDED_BIAS)}


def check_interface(original: Model, pruned: Model) -> Verdict:
    """Whether inputs and outputs have the same names, types and ranks."""
    pairs = zip(
        (*original.inputs, None, *original.outputs),
        (*pruned.inputs, None, *pruned.outputs),
        strict=False,
    )
    same_count = len(original.inputs) == len(pruned.inputs)
    same_count &= len(original.outputs) == len(pruned.outputs)
    different = [f"{_spec_text(a)} became {_spec_text(b)}" for a, b in pairs if _spec_text(a) != _spec_text(b)]
    if different or not same_count:
        return Verdict(INTERFACE, False, "; ".join(different) or "the number of inputs or outputs changed")
    counts = f"inputs ({len(pruned.inputs)}) and outputs ({len(pruned.outputs)})"
    return Verdict(INTERFACE, True, f"{counts} keep their names, types and ranks")


def _exact_part(trace: Trace, plan: Plan) -> Plan:
    removed = plan.removed.copy()
    for group in trace.groups:
        if not group.is_exact:
            removed[group.start : group.stop] = False
    return make_plan(removed)


def _compared(trace: Trace) -> tuple[str, ...]:
    """Tensors of floats, or of integers that stand for them, that contracting nodes compute."""
    found = []
    for bound in trace.bound_nodes:
        for tensor in bound.node.outputs if bound.rule.contracts is not None else ():
            if tensor is not None and tensor.dtype is not None and tensor.dtype.kind in "fiu":
                found.append(tensor.name)
    return tuple(found)


def _error(trace: Trace, plan: Plan, name: str, wanted: Array, got: Array, floor: float) -> float:
    """Largest difference of one tensor in units of what is allowed; kept positions only."""
    kept = trace.kept_part(name, wanted, plan.removed)
    if kept is None:
        return 0.0  # compared at the sizes that were traced, and by what is computed from it
    wanted = kept
    if wanted.shape != got.shape:
        return float("inf")
    if wanted.dtype.kind != "f":
        return 0.0 if np.array_equal(wanted, got) else float("inf")
    a, b = wanted.astype(np.float64), got.astype(np.float64)
    same = (a == b) | (np.isnan(a) & np.isnan(b))
    if same.all():
        return 0.0
    allowed = max(TOLERANCE, 16 * float(np.finfo(str(wanted.dtype)).eps) if wanted.dtype.itemsize < 4 else 0.0)
    scale = max(float(np.abs(a).max()), floor, float(np.finfo(np.float32).tiny))
    difference = float(np.abs(a - b)[~same].max()) / scale
    return difference / allowed if np.isfinite(difference) else float("inf")


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


def _recount(pruned: Trace, predicted: Cost) -> Verdict:
    found = cost(pruned, nothing(pruned))
    detail = f"{found.parameters:,} parameters and {found.macs:,} MACs"
    if found == predicted:
        return Verdict(COST, True, f"{detail}, as predicted")
    return Verdict(COST, False, f"{detail}, predicted {predicted.parameters:,} and {predicted.macs:,}")


def _spec_text(spec: TensorSpec | None) -> str:
    return "" if spec is None else f"{spec.name!r} ({spec.dtype}, rank {len(spec.dims)})"
