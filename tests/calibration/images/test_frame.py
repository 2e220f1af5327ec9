"""The size of the images that are drawn."""

from __future__ import annotations

import pytest

from paoding_onnx.calibration.images.frame import Frame


@pytest.mark.parametrize(("height", "width"), [(5, 8), (8, 5), (8, 8)])
def test_side_of_a_frame_is_the_longer_one(height, width):
    assert Frame(height, width, 3).side == max(height, width)
