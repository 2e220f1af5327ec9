"""Counts of channels that kernels like."""

from __future__ import annotations

import pytest

from paoding_onnx.rules.kernels import DENSE_MULTIPLE, DEPTHWISE_MULTIPLE, step_of_channels


@pytest.mark.parametrize(("most", "step"), [(1, 4), (4, 4), (8, 8), (64, 16)])
def test_step_is_at_most_what_kernels_like_and_never_slow(most, step):
    assert step_of_channels([DENSE_MULTIPLE], most) == step


def test_channels_of_depthwise_convolutions_alone_go_in_fours():
    assert step_of_channels([DEPTHWISE_MULTIPLE], 64) == 4
