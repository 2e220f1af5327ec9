"""The network that is trained, at one shape of its inputs: what of it is trained, and what is asked of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from paoding_onnx.gradients.freeze import Recording
from paoding_onnx.recovery.descent import Singles
from paoding_onnx.recovery.objective import Term
from paoding_onnx.recovery.trained import Trained


@dataclass(frozen=True, slots=True)
class Network:
    """A network at one shape of its inputs, what of it is trained, and what is asked of it.

    With `uses_batch`, its normalizations go by the mean and variance of the batch.
    """

    recording: Recording
    trained: Trained
    terms: tuple[Term, ...]
    uses_batch: bool

    @property
    def weights(self) -> dict[str, Singles]:
        """What is trained, as it is in the file."""
        return {name: np.asarray(self.recording.values[name], np.float32) for name in self.trained.names}
