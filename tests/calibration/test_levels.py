"""Synthetic rows take over the mean, the deviation and the range of real ones."""

from __future__ import annotations

import tracemalloc

import numpy as np

from paoding_onnx.calibration.levels import ENOUGH, levelled
from tests.calibration.roles import role_and_graph

IMAGES = "g (float[n,3,16,16] x) => (float[n,3,16,16] y) { y = Relu (x) }"
TABLE = "g (float[n,6] x) => (float[n,6] y) { y = Relu (x) }"
RNG = np.random.default_rng(0)
PIXELS = RNG.random((20, 3, 16, 16)).astype(np.float32)


def test_every_channel_and_every_column_gets_a_level_of_its_own():
    for text, shape in ((IMAGES, (1, 3, 1, 1)), (TABLE, (1, 6))):
        role, _ = role_and_graph(text)
        scale = np.geomspace(1, 100, max(shape)).reshape(shape).astype(np.float32)
        like = scale * (3 + RNG.standard_normal((500, *role.shape[1:])).astype(np.float32))
        rows = RNG.standard_normal((500, *role.shape[1:])).astype(np.float32)
        others = tuple(axis for axis in range(len(shape)) if axis != 1)
        found = levelled(rows, like, role)
        np.testing.assert_allclose(found.mean(others), like.mean(others), rtol=0.05)
        np.testing.assert_allclose(found.std(others), like.std(others), rtol=0.1)
        assert found.dtype == np.float32


def test_nothing_leaves_the_range_of_the_real_ones():
    role, _ = role_and_graph(IMAGES)
    rows = 5 * RNG.standard_normal((50, 3, 16, 16)).astype(np.float32)
    found = levelled(rows, PIXELS, role)
    assert PIXELS.min() <= found.min()
    assert found.max() <= PIXELS.max()


def test_integers_stay():
    role, _ = role_and_graph(TABLE)
    numbers = np.arange(12).reshape(2, 6)
    assert levelled(numbers, numbers * 2, role) is numbers


def test_every_place_of_unknown_inputs_gets_a_level_of_its_own_where_there_are_enough():
    role, _ = role_and_graph("g (float[n,9,8,8] x) => (float[n,9,8,8] y) { y = Relu (x) }")
    scale = np.geomspace(1, 100, 9 * 64).reshape(9, 8, 8).astype(np.float32)
    like = scale * (3 + RNG.standard_normal((200, 9, 8, 8)).astype(np.float32))
    rows = RNG.standard_normal((200, 9, 8, 8)).astype(np.float32)
    np.testing.assert_allclose(levelled(rows, like, role).mean(0), like.mean(0), rtol=0.05)
    few = levelled(rows, like[: ENOUGH - 1], role).mean(0)
    assert few.std() < 0.2 * like.mean(0).std()


def test_large_rows_are_looked_at_a_few_at_a_time():
    """In double precision all of them at once would take many times their size."""
    role, _ = role_and_graph(IMAGES)
    rows = np.random.default_rng(0).random((8, 3, 512, 512), np.float32)
    tracemalloc.start()
    levelled(rows, rows, role)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 3 * rows.nbytes
