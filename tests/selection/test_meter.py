"""What a target counts, as a function of the units that are left."""

from __future__ import annotations

import numpy as np
import pytest

from paoding_onnx.dependency.cost import cost, nothing
from paoding_onnx.selection.meter import Meter, count_of, whole_of
from tests.models import traced
from tests.pruning import MLP

HALF = """g (float16[1,4] x) => (float[1,2] y) <float16[4,6] a, float[6,2] b> {
  p = MatMul (x, a) q = Cast <to=1> (p) y = MatMul (q, b)
}"""


def test_bytes_are_parameters_times_what_each_of_them_takes():
    trace = traced(HALF)
    sizes = np.array([6.0])
    assert Meter(trace, "parameters")(sizes) == 4 * 6 + 6 * 2
    assert Meter(trace, "bytes")(sizes) == 2 * 4 * 6 + 4 * 6 * 2
    assert Meter(trace, "bytes")(sizes / 2) == Meter(trace, "bytes")(sizes) / 2


def test_latency_is_counted_by_times_that_are_given():
    trace = traced(MLP)
    assert count_of(trace, "latency", lambda left: float(left.sum()))(np.array([3.0, 4.0])) == 7.0
    with pytest.raises(ValueError, match="give them"):
        count_of(trace, "latency")


UNREAD = """g (float[2,3,4] x) => (float[2,3,5] y) <float[9,4] e, int64[3] i = {7, 2, 2}, float[4,6] a, float[6,5] b> {
  p = Gather (e, i) q = Add (x, p) r = MatMul (q, a) s = Relu (r) y = MatMul (s, b)
}"""
"""Seven of nine rows are never read."""


@pytest.mark.parametrize("text", [MLP, HALF, UNREAD])
def test_all_there_is_counts_with_what_no_node_reads(text):
    trace = traced(text)
    spent = cost(trace, nothing(trace))
    assert whole_of(trace, "parameters") == spent.parameters
    assert whole_of(trace, "macs") == spent.macs
