"""The size of the images that are drawn, and what they are cut out of."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Frame:
    """The size of an image.

    Where they are to be `is_plain`, one canvas of their size is painted to cut them out of, which costs least.
    """

    height: int
    width: int
    n_channels: int
    is_plain: bool = False

    @property
    def side(self) -> int:
        """The longer side."""
        return max(self.height, self.width)


Floats = NDArray[np.float32]
