"""The size of the images that are drawn."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Frame:
    """The size of an image."""

    height: int
    width: int
    n_channels: int

    @property
    def side(self) -> int:
        """The longer side."""
        return max(self.height, self.width)


Floats = NDArray[np.float32]
