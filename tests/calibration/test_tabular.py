"""Families of synthetic rows: which there are for a table, and how they are distributed."""

from __future__ import annotations

import numpy as np
import pytest

from paoding_onnx.calibration import tabular


@pytest.mark.parametrize("name", tabular.families(64, np.ones((64, 9), np.float32)))
def test_rows_have_their_length(name):
    rows = tabular.families(64, np.ones((64, 9), np.float32))[name](np.random.default_rng(0), 7)
    assert (rows.shape, rows.dtype) == ((7, 64), np.float32)


def test_spanned_rows_lie_where_the_weights_do():
    weights = np.zeros((6, 2), np.float32)
    weights[:2, 0], weights[2:4, 1] = 1, (1, -1)
    rows = tabular.spanned(np.random.default_rng(0), 2000, weights)
    correlation = np.corrcoef(rows[:, :4].T)
    assert correlation[0, 1] > 0.8
    assert correlation[2, 3] < -0.8
    assert abs(correlation[0, 2]) < 0.1


def drawn(name, n_features=9, count=4000, weights=None):
    """Rows of one family."""
    return tabular.families(n_features, weights)[name](np.random.default_rng(0), count)


@pytest.mark.parametrize(
    ("name", "mean", "deviation", "low", "high"),
    [
        ("normal", 0, 1, -np.inf, np.inf),
        ("uniform", 0.5, 12**-0.5, 0, 1),
        ("heavy tails", 0, 0.93, -8, 8),
        ("sparse", 0.175, None, 0, 1),
    ],
)
def test_rows_have_the_moments_of_their_family(name, mean, deviation, low, high):
    rows = drawn(name)
    assert rows.mean() == pytest.approx(mean, abs=0.02)
    assert deviation is None or rows.std() == pytest.approx(deviation, abs=0.05)
    assert low <= rows.min() <= rows.max() <= high


def test_heavy_tails_reach_further_than_normal_rows():
    assert np.mean(np.abs(drawn("heavy tails")) > 4) > 10 * np.mean(np.abs(drawn("normal")) > 4)


def test_sparse_rows_are_filled_to_different_shares():
    filled = np.mean(drawn("sparse", 400, 200) > 0, axis=1)
    assert filled.min() < 0.15
    assert filled.max() > 0.5


@pytest.mark.parametrize("weights", [None, np.ones((8, 2), np.float32)])
def test_only_a_matrix_that_fits_spans_rows(weights):
    assert "spanned by the first weights" not in tabular.families(9, weights)
    assert "spanned by the first weights" in tabular.families(8, np.ones((8, 2), np.float32))


@pytest.mark.parametrize(("n_features", "is_square"), [(25, True), (784, True), (16, False), (24, False)])
def test_rows_as_long_as_a_square_image_may_be_images(n_features, is_square):
    names = [name for name in tabular.families(n_features, None) if name.startswith("flat ")]
    assert bool(names) is is_square
    assert all(drawn(name, n_features, 3).shape == (3, n_features) for name in names[:1])


def test_spanned_rows_have_mean_zero_and_about_deviation_one():
    rows = drawn("spanned by the first weights", weights=np.random.default_rng(1).standard_normal((9, 5)))
    assert np.abs(rows.mean(0)).max() < 0.1
    assert rows.std(0) == pytest.approx(np.sqrt(1 + 0.3**2), abs=0.1)  # the noise is independent
