"""How much a model may have lost on labelled samples: a verdict on the interval, not on the point in its middle."""

from __future__ import annotations

from paoding_onnx.errors import GateError, UsageError
from paoding_onnx.evaluation.compare import drop_of
from paoding_onnx.evaluation.evaluate import Evaluation


def require_kept(found: Evaluation, most: float) -> None:
    """Refuse a model whose main measure may have dropped by more than `most`, a share.

    Raises:
        UsageError: if it was compared with no other model.
        GateError: if it may.
    """
    if found.comparison is None:
        raise UsageError("a drop is measured against the original: give --against ORIGINAL")
    main = found.comparison.differences[0]
    seen, possible = drop_of(main, found.comparison.measures[main.measure])
    if not possible <= most:
        raise GateError(
            f"{main.measure.replace('_', ' ')} dropped by {seen:.2%} on {found.n_samples:,} samples, and by up to "
            f"{possible:.2%} with 95 % confidence, which is more than {most:.2%}; {_advice(seen, most)}"
        )


def _advice(seen: float, most: float) -> str:
    return "prune less" if seen > most else "prune less, or give more samples to make the interval smaller"
