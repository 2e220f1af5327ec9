"""How much a model may have lost on labelled samples: a verdict on the interval, not on the point in its middle."""

from __future__ import annotations

from paoding_onnx.errors import GateError, UsageError
from paoding_onnx.evaluation.compare import Difference
from paoding_onnx.evaluation.evaluate import Comparison, Evaluation

_LEAST = 1e-300
_LOSSES = ("mean_squared_error",)
"""Measures that get worse as they grow; what they lose is told as a share of the original's."""


def drop_of(comparison: Comparison, difference: Difference) -> tuple[float, float]:
    """How much of a measure was lost on these samples, and at most with 95 % confidence in the paired interval."""
    change = difference.interval
    if difference.measure in _LOSSES:
        whole = max(comparison.measures[difference.measure], _LEAST)
        return change.value / whole, change.high / whole
    return -change.value, -change.low


def require_kept(found: Evaluation, most: float) -> None:
    """Refuse a model whose main measure may have dropped by more than `most`, a share.

    Raises:
        UsageError: if it was compared with no other model.
        GateError: if it may.
    """
    if found.comparison is None:
        raise UsageError("a drop is measured against the original: give --against ORIGINAL")
    main = found.comparison.differences[0]
    seen, possible = drop_of(found.comparison, main)
    if not possible <= most:
        raise GateError(
            f"{main.measure.replace('_', ' ')} dropped by {seen:.2%} on {found.n_samples:,} samples, and by up to "
            f"{possible:.2%} with 95 % confidence, which is more than {most:.2%}; {_advice(seen, most)}"
        )


def _advice(seen: float, most: float) -> str:
    return "prune less" if seen > most else "prune less, or give more samples to make the interval smaller"
