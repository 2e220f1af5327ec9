"""What inputs are, and what a user can say about them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from paoding_onnx.errors import UsageError
from paoding_onnx.model.graph import Array
from paoding_onnx.names import KINDS


@dataclass(frozen=True, slots=True)
class Samples:
    """Inputs to run a model on: each of `batches` is a complete feed, `description` says what they are, for reports.

    The first input of a feed has the samples along its first axis. `is_synthetic` is false for calibration data.
    """

    batches: tuple[Mapping[str, Array], ...]
    description: str
    is_synthetic: bool = True

    @property
    def n_samples(self) -> int:
        """How many samples the batches hold together."""
        return sum(len(next(iter(feed.values()))) for feed in self.batches)


@dataclass(frozen=True, slots=True)
class InputOptions:
    """What is known about a model's inputs.

    Args:
        kind: one of `KINDS`.
        mean: what is subtracted from pictures in [0, 1], one number or one per channel.
        std: what they are divided by after that.
        range: lowest and highest value of pictures or rows, in place of `mean` and `std`.

    Raises:
        UsageError: if these make no sense together.
    """

    kind: str = "auto"
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()
    range: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise UsageError(f"inputs cannot be {self.kind!r}; they can be {', '.join(KINDS)}")
        if any(value <= 0 for value in self.std):
            raise UsageError(f"a standard deviation must be above 0, but std is {self.std}")
        if self.range is not None and (self.mean or self.std):
            raise UsageError("give either a range or mean and std of the inputs, not both")
        if self.range is not None and not self.range[0] < self.range[1]:
            raise UsageError(f"a range goes from low to high, not {self.range}")
