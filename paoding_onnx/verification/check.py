"""check(): the proofs on two files, whoever pruned the second."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from paoding_onnx.dependency.cost import Cost, cost
from paoding_onnx.dependency.groups import trace
from paoding_onnx.dependency.trace import Trace
from paoding_onnx.errors import ModelError, UsageError
from paoding_onnx.model.compare import output_difference
from paoding_onnx.model.input_sizes import Shapes
from paoding_onnx.model.load import Model, load
from paoding_onnx.model.read import constants
from paoding_onnx.model.session import Session
from paoding_onnx.shapes.constant_folding import study
from paoding_onnx.shapes.dummy_inputs import random_feeds
from paoding_onnx.shapes.observe import sizes_of
from paoding_onnx.surgery.plan import Plan, plan_from_document, scope_of_document
from paoding_onnx.verification.equivalence import check_surgery
from paoding_onnx.verification.proofs import added_biases, check_file, check_plan
from paoding_onnx.verification.verdict import INTERFACE, RUNS, Verdict


@dataclass(frozen=True, slots=True)
class Checked:
    """What `check` found; `output_error` see `paoding_onnx.model.compare.output_difference`, NaN if that cannot be."""

    proofs: tuple[Verdict, ...]
    output_error: float


def check(
    original: Path | str,
    pruned: Path | str,
    *,
    plan: Mapping[str, object] | Path | str | None = None,
    input_shapes: Shapes | None = None,
) -> Checked:
    """The proofs on two files; with the `plan` that `prune` wrote, or its content, also those on the surgery itself.

    >>> check("models/fraud_mlp.onnx", "models/fraud_mlp.onnx").output_error
    0.0

    Raises:
        ModelError: if a file cannot be read, or the original cannot be run.
        UsageError: if the plan is not one, or does not fit the original.
    """
    document = _read_json(Path(plan)) if isinstance(plan, Path | str) else plan
    source, result = load(original), load(pruned)
    folded, graph = study(source, input_shapes)
    traced = trace(graph, scope_of_document(document))
    sizes = sizes_of(traced.graph)
    if document is None:
        proofs = check_file(source, Path(pruned), None, sizes)
    else:
        made = plan_from_document(traced, document)
        surgery = (check_surgery(folded, traced, made, original=source), check_plan(folded, traced, made, result))
        proofs = (*surgery, *check_file(source, Path(pruned), _predicted(folded, traced, made, result), sizes))
    if not all(proof.passed for proof in proofs if proof.name in (INTERFACE, RUNS)):
        return Checked(proofs, math.nan)
    feeds = random_feeds(source.inputs, sizes.measured, np.random.default_rng(0))
    return Checked(proofs, output_difference(Session(source).run(feeds), Session(result).run(feeds)))


def _read_json(path: Path) -> object:
    try:
        return json.loads(path.read_text())
    except OSError as error:
        raise ModelError(f"cannot read {path}: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path} is not JSON: {error}") from error


def _predicted(source: Model, traced: Trace, plan: Plan, result: Model) -> Cost:
    """What `result` should cost: what the plan leaves, and the biases that layers got."""
    left = cost(traced, plan.removed)
    added = added_biases(constants(source), constants(result)).values()
    return replace(left, parameters=left.parameters + sum(value.size for value in added))
