"""The size of the images that are drawn, and what they are cut out of."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

COLOURS = (1, 3, 4)
"""Axes of so many numbers may be the channels of an image."""
LINE_OF_TEXT = (48, 320)
"""Height and width of the images that PaddleOCR's recognisers read."""
HIGHEST_LINE, _LEAST_WIDTH = 80, 2
"""Images that are no higher, and at least so many times as wide, may be of single lines of text."""


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

    @property
    def may_be_line(self) -> bool:
        """Whether it is low and wide, as a line of text is.

        >>> Frame(48, 320, 3).may_be_line, Frame(48, 64, 3).may_be_line
        (True, False)
        """
        return self.height <= HIGHEST_LINE and self.width >= _LEAST_WIDTH * self.height


Floats = NDArray[np.float32]
