"""A job whose model has lost residual branches, once their removal is proven."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from paoding_onnx.dependency.cost import cost, nothing
from paoding_onnx.errors import CheckError
from paoding_onnx.pipeline.values import Deeper, Job
from paoding_onnx.result import Depth
from paoding_onnx.selection.depth import Removal
from paoding_onnx.surgery.shallower import Deep
from paoding_onnx.verification.depth import check_depth


def shallower(found: Deep, chosen: Sequence[Removal], job: Job) -> Job:
    """The job with the smaller model, once that is proven.

    Raises:
        CheckError: if it is not the original with zeros in place of the branches.
    """
    residuals = [one.residual for one in chosen]
    model = found.without(residuals)
    proof = check_depth(job.original, found.trace, residuals, model)
    if not proof.passed:
        raise CheckError(f"the model without residual branches failed its proof, nothing was written. {proof.detail}")
    whole = cost(found.trace, nothing(found.trace))
    depth = Depth(tuple(one.residual.total for one in chosen), tuple(one.cost for one in chosen), whole, proof)
    return replace(job, original=model, deeper=Deeper(job.original, found.study.folded, found.trace, depth))
