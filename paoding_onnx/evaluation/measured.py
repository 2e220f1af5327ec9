"""What was measured of a pruned model beside its original, as a value."""

from __future__ import annotations

from dataclasses import dataclass

from paoding_onnx.evaluation.answers import OutputChange


@dataclass(frozen=True, slots=True)
class OperatorTime:
    """Milliseconds that all nodes of an operator take in a run, before and after, as onnxruntime runs them."""

    operator: str
    before: float
    after: float


@dataclass(frozen=True, slots=True)
class Latency:
    """Median milliseconds of a run before and after; their ratio lies within `spread`, a share, with 95 % confidence.

    `processors` is how many the runs were bound to, 0 for any. With one, milliseconds are those that it spent on them.
    `operators` are those that took most; empty where that was not looked at.
    """

    before: float
    after: float
    ratio: float
    spread: float
    processors: int
    operators: tuple[OperatorTime, ...] = ()


@dataclass(frozen=True, slots=True)
class Kept:
    """What a candidate kept: `measure` in words, its `value`, how bad it may be (`bound`), whether that is enough."""

    measure: str
    value: float
    bound: float
    holds: bool


@dataclass(frozen=True, slots=True)
class Measured:
    """A pruned model beside its original.

    Attributes:
        latency: of both on onnxruntime; `None` where it could not be measured.
        output_error: relative output error on `inputs`, see `paoding_onnx.model.compare.output_difference`.
        agreement: share of the inputs for which a classifier has the same top-1; `None` for other models.
        inputs: what the inputs were, in words.
        n_inputs: how many there were.
        is_synthetic: false if they are samples of the user's that nothing was fitted on.
        changes: how every output changed.
        astray: how they changed where noise of other sizes stands beside the inputs, size by size; empty where it is
            known what inputs hold.
        apart: names of outputs of which the pruned model has, for some inputs, more or less than the original.
        accuracy_before: of the original on labelled samples; `None` if there are none.
        accuracy_after: of the pruned model on the same samples.
        drop: how much the main measure dropped on these samples, and at most with 95 % confidence.
    """

    latency: Latency | None
    output_error: float
    agreement: float | None
    inputs: str
    n_inputs: int = 0
    is_synthetic: bool = True
    changes: tuple[OutputChange, ...] = ()
    astray: tuple[OutputChange, ...] = ()
    apart: tuple[str, ...] = ()
    accuracy_before: float | None = None
    accuracy_after: float | None = None
    drop: Kept | None = None
