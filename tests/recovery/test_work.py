"""Work is counted from shapes: what is larger, runs more often or has more weights is more of it."""

from __future__ import annotations

import numpy as np
import pytest

from paoding_onnx.recovery.work import BACK, NUMBER, THIN, WEIGHT, work_of, work_of_traced
from paoding_onnx.shapes.observe import observe_on
from tests.models import model
from tests.pruning import CNN, MLP, traced_model

DEPTHWISE = """g (float[N,8,6,6] x) => (float[N,8,6,6] y) <float[8,1,3,3] a> {
  y = Conv <group=8, pads=[1,1,1,1]> (x, a)
}"""


def counted(text, shape):
    return work_of(observe_on(model(text), {"x": np.zeros(shape, np.float32)}), shape[0])


def test_run_counts_multiply_adds_and_numbers_of_one_sample():
    found = counted(MLP, (2, 8))
    macs, numbers = THIN * (16 + 4) + 16 * 12, 3 * 16 + 2 * 12 + 2 * 4
    assert found.run_of_one == pytest.approx(macs + NUMBER * numbers)
    assert counted(MLP, (4, 8)).run_of_one == found.run_of_one


def test_short_sums_count_as_longer_ones():
    assert counted(DEPTHWISE, (2, 8, 6, 6)).macs.tolist() == [THIN * 8 * 36]


def test_windows_of_a_kernel_are_copied_for_every_place():
    assert counted(DEPTHWISE, (2, 8, 6, 6)).windows.tolist() == [9 * 8 * 36]
    assert not counted(MLP, (2, 8)).windows.any()


def test_step_grows_with_samples_runs_and_weights():
    found = counted(MLP, (2, 8))
    places = range(len(found.macs))
    assert found.step(places, 128, 1) > found.step(places, 64, 1)
    assert found.step(places, 64, 8) > found.step(places, 64, 1)
    assert found.step([3], 64, 1) < found.step([3, 4], 64, 1)
    assert found.step([0], 0, 0) == WEIGHT * 8 * 16
    assert found.step([0], 64, 0) > 64 * BACK * 8 * 16


def test_work_of_a_traced_network_is_that_of_one_sample():
    for text, shape in ((MLP, (2, 8)), (CNN, (2, 3, 8, 8))):
        assert work_of_traced(traced_model(model(text)).graph).run_of_one == counted(text, shape).run_of_one
