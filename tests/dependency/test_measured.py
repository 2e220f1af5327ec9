"""Sizes of factors are told apart where costs are told at other sizes than equations are read at."""

from __future__ import annotations

from paoding_onnx.dependency.measured import measured_factors
from paoding_onnx.rules.binding import bind_nodes
from paoding_onnx.shapes.observe import observe
from tests.models import model


def test_open_axes_have_two_sizes():
    graph = observe(model("g (float[N,4] x) => (float[N,2] y) <float[4,2] a> { y = MatMul (x, a) }"))
    ((index, sizes),) = measured_factors(graph, bind_nodes(graph))
    assert (index, list(sizes.values())) == (0, [1])


def test_fixed_axes_have_one():
    graph = observe(model("g (float[3,4] x) => (float[3,2] y) <float[4,2] a> { y = MatMul (x, a) }"))
    assert list(measured_factors(graph, bind_nodes(graph))) == []
