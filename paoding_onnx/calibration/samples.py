"""What inputs are, and what a user can say about them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from paoding_onnx.calibration.preprocess import AS_IT_IS, Preprocess
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
    """What is known about a model's inputs: what the main one holds, one of `KINDS`, and how raw values become it.

    Raises:
        UsageError: if there is no such kind.
    """

    kind: str = "auto"
    preprocess: Preprocess = AS_IT_IS

    def __post_init__(self) -> None:
        """Check the word once, here."""
        if self.kind not in KINDS:
            raise UsageError(f"inputs cannot be {self.kind!r}; they can be {', '.join(KINDS)}")
