"""Parameters and multiply-adds, worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from paoding_onnx.dependency.cost import Cost, cost, cost_as_it_stands, group_cost, is_parameter, nothing
from tests.models import IMAGES, ROWS, traced
from tests.pruning import CNN, MLP, SHARED

CONV = """g (float[2,3,8,8] x) => (float[2,5,8,8] y) <float[16,3,3,3] a, float[16] ab, float[5,16,1,1] b> {
  p = Conv <pads=[1,1,1,1]> (x, a, ab) y = Conv (p, b)
}"""


def whole(text: str) -> Cost:
    found = traced(text)
    return cost(found, nothing(found))


def without(text: str, units: list[int]) -> Cost:
    found = traced(text)
    return cost(found, np.isin(np.arange(found.n_units), units))


@pytest.mark.parametrize("text", [CONV, CNN, MLP, SHARED])
def test_graph_that_loses_nothing_costs_the_same_without_its_groups(text):
    found = traced(text)
    assert cost_as_it_stands(found.graph, found.bound_nodes) == whole(text)


def test_convolution():
    # parameters 16·27 + 16 + 5·16 = 528; MACs 2·64·16·27 + 2·64·5·16 = 65536
    assert whole(CONV) == Cost(528, 65536)


def test_removed_channel_takes_its_share_of_both_layers():
    # a channel has 27 + 1 + 5 = 33 parameters and 2·64·(27 + 5) = 4096 MACs
    assert without(CONV, [3]) == Cost(528 - 33, 65536 - 4096)
    assert without(CONV, [3, 7, 9]) == Cost(528 - 99, 65536 - 3 * 4096)


def test_group_carries_what_goes_with_all_its_units():
    found = traced(CONV)
    assert group_cost(found, found.groups[0]) == Cost(528, 65536)


@pytest.mark.parametrize(
    ("text", "parameters", "macs"),
    [
        ("g (float[2,8,4,4] x) => (float[2,8,4,4] y) <float[8,1,3,3] w> { y = Conv <group=8, pads=[1,1,1,1]> (x, w) }",
         72, 2 * 16 * 8 * 9),
        ("g (float[2,8,4,4] x) => (float[2,6,4,4] y) <float[6,4,1,1] w> { y = Conv <group=2> (x, w) }",
         24, 2 * 16 * 6 * 4),
        ("g (float[2,8,4,4] x) => (float[2,6,8,8] y) <float[8,6,2,2] w> { y = ConvTranspose <strides=[2,2]> (x, w) }",
         192, 2 * 16 * 8 * 6 * 4),
        ("g (float[2,8] x) => (float[2,6] y) <float[6,8] w, float[6] b> { y = Gemm <transB=1> (x, w, b) }", 54, 96),
        ("g (float[3,2,8] x) => (float[3,2,6] y) <float[8,6] w> { y = MatMul (x, w) }", 48, 288),
        ("g (float[3,2,8] x) => (float[3,2,2] y) { t = Transpose <perm=[0,2,1]> (x) y = MatMul (x, t) }", 0, 96),
        ("g (float[2,8] x) => (float[2,8] y) <float[8] k> { y = Mul (x, k) }", 8, 0),
    ],
    ids=["depthwise", "grouped", "transposed", "gemm", "matmul", "matmul of two activations", "element-wise"],
)  # fmt: skip
def test_operator(text, parameters, macs):
    assert whole(text) == Cost(parameters, macs)


def test_integers_are_no_parameters():
    found = traced(
        "g (float[2,8] x) => (float[4,4] y) <int64[2] t={4,4}, float k={1}> { m = Mul (x, k) y = Reshape (m, t) }"
    )
    assert [is_parameter(found, name) for name in ("t", "k", "m")] == [False, True, False]
    assert cost(found, nothing(found)).parameters == 1


SHARED = (
    IMAGES
    + """<float[8,3,1,1] a, float[8,8,1,1] b, float[8] k, float[5,8,1,1] c> {
  p = Conv (x, a, k) q = Conv (p, b, k) y = Conv (q, c)
}"""
)


def test_shared_vector_counts_once():
    assert whole(SHARED).parameters == 24 + 64 + 8 + 40


def test_shared_vector_cut_alike_still_counts_once():
    # units 0 to 7 are those of the first layer, 8 to 15 those of the second
    assert without(SHARED, [0, 8]).parameters == 21 + 49 + 7 + 35


def test_shared_vector_cut_differently_counts_twice():
    assert without(SHARED, [0, 9]).parameters == 21 + 49 + 14 + 35


def test_constant_that_no_node_reads_counts_and_stays():
    text = ROWS + "<float[3,8] a, float[8,5] b, float[9] z> { h = MatMul (x, a) y = MatMul (h, b) }"
    assert whole(text).parameters == 24 + 40 + 9
    assert without(text, [0]).parameters == 21 + 35 + 9
