"""Sizes of factors are told apart where costs are told at other sizes than equations are read at."""

from __future__ import annotations

from paoding_onnx.dependency.cost import cost, nothing
from paoding_onnx.dependency.measured import measured_factors
from paoding_onnx.rules.binding import bind_nodes
from paoding_onnx.shapes.observe import observe
from tests.models import model, traced


def test_open_axes_have_two_sizes():
    graph = observe(model("g (float[N,4] x) => (float[N,2] y) <float[4,2] a> { y = MatMul (x, a) }"))
    ((index, sizes),) = measured_factors(graph, bind_nodes(graph))
    assert (index, list(sizes.values())) == (0, [1])


def test_fixed_axes_have_one():
    graph = observe(model("g (float[3,4] x) => (float[3,2] y) <float[4,2] a> { y = MatMul (x, a) }"))
    assert list(measured_factors(graph, bind_nodes(graph))) == []


TOKENS = """g (float[N,2,4] x) => (float[N,2,3] y)
    <float[5,2] a, int64[2] flat = {-1,4}, float[4,3] b, int64[3] deep = {-1,5,3}, float[2,5] c> {
    t = MatMul (a, x)
    rows = Reshape (t, flat)
    z = Gemm (rows, b)
    u = Reshape (z, deep)
    y = MatMul (c, u) }"""


def test_rows_that_are_samples_times_units_lose_the_units_of_each_sample():
    found = traced(TOKENS)
    (group,) = (one for one in found.groups if one.n_units == 5)
    removed = nothing(found)
    removed[group.start : group.start + 3] = True
    gemm = next(index for index, bound in enumerate(found.bound_nodes) if bound.node.first_output.name == "z")
    assert found.measured_sizes(gemm, nothing(found))["M"] == 5
    assert found.measured_sizes(gemm, removed)["M"] == 2
    assert cost(found, removed).macs == 2 * 2 * 4 + 2 * 4 * 3 + 2 * 2 * 3
