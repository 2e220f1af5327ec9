"""check(): the proofs on two files, whoever pruned the second."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from paoding_onnx.dependency.cost import Cost, cost
from paoding_onnx.dependency.groups import trace
from paoding_onnx.dependency.trace import Trace
from paoding_onnx.model.compare import output_difference
from paoding_onnx.model.load import Model, load
from paoding_onnx.model.read import constants
from paoding_onnx.model.session import Session
from paoding_onnx.shapes.constant_folding import study
from paoding_onnx.shapes.dummy_inputs import Shapes, random_feeds
from paoding_onnx.shapes.observe import runnable_shapes
from paoding_onnx.surgery.plan import Plan, plan_from_document, scope_of_document
from paoding_onnx.verification.proofs import added_biases, check_file, check_plan, check_surgery
from paoding_onnx.verification.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Checked:
    """What `check` found; `difference` see `paoding_onnx.model.compare.output_difference`."""

    verdicts: tuple[Verdict, ...]
    difference: float


def check(
    original: Path | str, pruned: Path | str, *, plan: object = None, input_shapes: Shapes | None = None
) -> Checked:
    """The proofs on two files; with a `plan` (what `plan_document` returned) also those on the surgery itself.

    >>> check("models/fraud_mlp.onnx", "models/fraud_mlp.onnx").difference
    0.0

    Raises:
        ModelError: if a file cannot be read, or the original cannot be run.
        UsageError: if the plan does not fit the original.
    """
    source, result = load(original), load(pruned)
    folded, graph = study(source, input_shapes)
    traced = trace(graph, scope_of_document(plan))
    shapes = runnable_shapes(source, traced.graph)
    if plan is None:
        verdicts = check_file(source, Path(pruned), None, shapes)
    else:
        made = plan_from_document(traced, plan)
        equivalence = check_surgery(folded, traced, made, original=source)
        surgery = (equivalence, check_plan(folded, traced, made, result))
        verdicts = (*surgery, *check_file(source, Path(pruned), _predicted(folded, traced, made, result), shapes))
    if not all(verdict.passed for verdict in verdicts if verdict.name in ("interface", "onnxruntime")):
        return Checked(verdicts, math.nan)
    feeds = random_feeds(source.inputs, shapes, np.random.default_rng(0))
    return Checked(verdicts, output_difference(Session(source).run(feeds), Session(result).run(feeds)))


def _predicted(source: Model, traced: Trace, plan: Plan, result: Model) -> Cost:
    """What `result` should cost: what the plan leaves, and the biases that layers got."""
    left = cost(traced, plan.removed)
    added = added_biases(constants(source), constants(result)).values()
    return replace(left, parameters=left.parameters + sum(value.size for value in added))
