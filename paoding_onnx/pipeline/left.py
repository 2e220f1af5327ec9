"""What of a target is left to do for a model that lost some of what the target counts already."""

from __future__ import annotations

from paoding_onnx.dependency.trace import Trace
from paoding_onnx.pipeline.values import Job
from paoding_onnx.selection.meter import whole_of

LEAST = 1e-3
"""A share below this is nothing to prune: residual branches, or the vocabulary, were all that was to go."""


def share_left(job: Job, trace: Trace) -> float:
    """What of the target is left to do for a model that lost branches: a share of what that model has."""
    if job.deeper is None:
        return job.options.target
    whole, left = (whole_of(one, job.options.budget) for one in (job.deeper.trace, trace))
    return max((job.options.target * whole - (whole - left)) / left, 0.0)
