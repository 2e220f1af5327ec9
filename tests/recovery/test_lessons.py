"""What is kept of a network: in 16 bits, on a scale of its own, one entry for every input."""

from __future__ import annotations

import numpy as np
import pytest

from paoding_onnx.context import Deployment
from paoding_onnx.errors import ModelError
from paoding_onnx.recovery.lessons import Kept, Watched, first_of, keep
from tests.models import model
from tests.pruning import MLP

RNG = np.random.default_rng(0)
X = RNG.standard_normal((32, 8)).astype(np.float32)


@pytest.mark.parametrize("size", [1e-9, 1.0, 1e9])
def test_floats_of_any_size_are_kept_to_three_digits(size):
    values = np.float32(size) * X
    kept = Kept(32, values[:16])
    kept.put(0, values[:16])
    kept.put(16, values[16:])
    np.testing.assert_allclose(kept.rows(np.array([3, 20])), values[[3, 20]], rtol=2e-3, atol=1e-3 * size)
    assert kept.mean_square == pytest.approx(float(np.square(values, dtype=np.float64).mean()), rel=1e-2)
    assert kept.shape == (8,)


def test_integers_are_kept_as_they_are():
    numbers = np.arange(70000, 70004)
    kept = Kept(4, numbers)
    kept.put(0, numbers)
    assert kept.rows(slice(None)).tolist() == numbers.tolist()


def test_outliers_are_cut_off_and_stay_finite():
    kept = Kept(2, np.ones((1, 2), np.float32))
    kept.put(0, np.array([[1e30, -1e30]], np.float32))
    assert np.isfinite(kept.rows(slice(0, 1))).all()


def test_all_inputs_are_run_in_order():
    told = []
    found = keep(Watched(model(MLP), ("y", "r")), {"x": X}, 8, told.append, Deployment(1))
    whole = first_of(model(MLP), {"x": X}, 32, ("y", "r"))
    for name in ("y", "r"):
        np.testing.assert_allclose(found[name].rows(slice(None)), whole[name], rtol=1e-2, atol=1e-2)
    assert told == [0.0, 0.25, 0.5, 0.75]


def test_tensor_that_all_inputs_share_is_refused():
    shared = "g (float[N,8] x) => (float[1,8] y) { y = ReduceMean <axes=[0]> (x) }"
    with pytest.raises(ModelError, match="'y' does not hold one entry for each sample"):
        keep(Watched(model(shared), ("y",)), {"x": X}, 8, lambda _: None, Deployment(1))
