"""Which layers are timed, and at which widths."""

from __future__ import annotations

import pytest

from paoding_onnx.timing.widths import COARSEST, MOST_FACTORS, grid_of, timed_layers
from tests.models import traced
from tests.pruning import CNN


def test_layers_are_what_multiplies_and_adds_up_with_what_may_shrink():
    layers = timed_layers(traced(CNN))
    assert [layer.bound.node.operator for layer in layers] == ["Conv", "Conv", "Conv", "Gemm", "Gemm"]
    assert [len(layer.factors) for layer in layers] == [1, 1, 2, 2, 1]
    assert [sorted(layer.sizes[name] for name in layer.factors) for layer in layers] == [
        [8],
        [8],
        [8, 16],
        [10, 16],
        [10],
    ]


def test_grid_ends_at_the_whole_layer_and_its_points_cover_it():
    layer = timed_layers(traced(CNN))[2]
    grid, points = layer.grid(), list(layer.points())
    assert [marks[-1] for marks in grid] == [layer.sizes[name] for name in layer.factors]
    assert len(points) == len(grid[0]) * len(grid[1])
    assert points[-1] == dict(layer.sizes)


@pytest.mark.parametrize("size", [1, 2, 7, 8, 64, 100, 1000])
@pytest.mark.parametrize("n_factors", range(1, MOST_FACTORS + 1))
def test_widths_rise_to_the_whole_one_in_steps_that_kernels_like(size, n_factors):
    found = grid_of(size, n_factors)
    assert list(found) == sorted(set(found))
    assert found[-1] == size
    assert found[0] >= 1
    step = min(COARSEST, 1 << max(size // 8, 1).bit_length() - 1)
    assert all(mark % step == 0 for mark in found[:-1])


def test_alike_layers_have_one_key_whatever_their_weights_are_called():
    trace = traced("""g (float[1,8] x) => (float[1,8] y) <float[8,8] a, float[8,8] b, float[8,8] c, float[8,8] d> {
      p = MatMul (x, a) q = MatMul (p, b) r = MatMul (q, c) y = MatMul (r, d)
    }""")
    first, second, third, last = timed_layers(trace)
    assert second.key == third.key
    assert len({first.key, second.key, last.key}) == 3, "what may shrink is another"
    assert "8x8 constant" in second.key
