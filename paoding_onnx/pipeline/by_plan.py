"""A model cut by a plan that was made for another copy of it: the same units go, no weight is fitted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

import numpy as np

from paoding_onnx.dependency.cost import cost, nothing
from paoding_onnx.dependency.trace import Trace
from paoding_onnx.errors import UsageError
from paoding_onnx.pipeline.prepare import prepare
from paoding_onnx.pipeline.values import Fitted, Job, Shrunk
from paoding_onnx.selection.budget import Step
from paoding_onnx.shapes.choices import settled
from paoding_onnx.surgery.cut import cut
from paoding_onnx.surgery.plan import Plan, entries_of, plan_document, plan_from_document, scope_of_document

NOTE = "no weight was fitted: the plan says what goes, and fits belong to the weights that they were made for"


def shrink_by(document: Mapping[str, object], job: Job) -> tuple[Job, Shrunk]:
    """The smaller model that a plan describes; the job's options then say what share of the units that is.

    Raises:
        ModelError: if the model cannot be run.
        UsageError: if the document is no plan, or does not fit the model.
    """
    job.run.tell("tracing", 0.05)
    try:
        prepared = prepare(job.original, job.options, scope_of_document(document))
    except UsageError as error:
        raise UsageError(f"the plan does not fit the model: {error}") from error
    traced = prepared.trace
    plan = plan_from_document(traced, document)
    _require_whole(traced, plan, document, has_less=job.vocabulary is not None or job.deeper is not None)
    job.run.tell("cutting", 0.3)
    plain = settled(cut(prepared.folded, traced, plan), prepared.choices)
    share = np.count_nonzero(plan.removed) / max(traced.n_units, 1)
    step = Step(float(share), cost(traced, plan.removed), _removed(traced, plan))
    n_gone = 0 if job.deeper is None else len(job.deeper.depth.sums)
    said = replace(job.options, depth=n_gone)  # with it a target may be 0
    options = replace(said, method="magnitude", by="units", target=float(share), recover=0, distill=0)
    before, fitted = cost(traced, nothing(traced)), Fitted(plain, None, (NOTE,))
    return replace(job, options=options), Shrunk(prepared, plan, before, (step,), plain, fitted)


def _removed(traced: Trace, plan: Plan) -> Mapping[str, tuple[int, ...]]:
    """The units that each group loses."""
    lost = {group.name: np.flatnonzero(plan.removed[group.start : group.stop]).tolist() for group in traced.groups}
    return MappingProxyType({name: tuple(units) for name, units in lost.items() if units})


def _require_whole(traced: Trace, plan: Plan, document: Mapping[str, object], *, has_less: bool) -> None:
    """Refuse a plan that removes nothing, or knows less of the removed units than the model has.

    With a smaller vocabulary, or fewer residual branches (`has_less`), that may be all there is.
    """
    if not plan.removed.any() and not has_less:
        raise UsageError("the plan removes nothing: there is nothing to cut")
    known = {(entry["initializer"], entry["axis"]) for entry in entries_of(document)}
    for name, axis in ((entry["initializer"], entry["axis"]) for entry in entries_of(plan_document(traced, plan))):
        if (name, axis) not in known:
            raise UsageError(
                f"the plan does not fit the model: what it removes has positions on axis {axis} of {name!r} too, which "
                "the plan does not know"
            )
