"""What a model takes with fewer units, read off a table: exact at the marks, straight between them."""

from __future__ import annotations

import numpy as np
import pytest

from paoding_onnx.errors import UsageError
from paoding_onnx.timing.estimate import Estimate, linear
from paoding_onnx.timing.table import LatencyTable, Times
from paoding_onnx.timing.widths import timed_layers
from tests.models import traced
from tests.pruning import CNN, MLP


def planted(trace, of=lambda *sizes: float(np.prod(sizes)), operators=None):
    """A table in which a layer takes what `of` says of the sizes of its factors."""
    layers = {}
    for layer in timed_layers(trace):
        grid = layer.grid()
        values = [of(*(point[name] for name in layer.factors)) for point in layer.points()]
        layers[layer.key] = Times(grid, np.array(values, np.float64).reshape([len(marks) for marks in grid]))
    whole = {"Conv": sum(float(layers[layer.key].milliseconds.flat[-1]) for layer in timed_layers(trace))}
    return LatencyTable(layers, whole if operators is None else operators)


def sizes_of(trace):
    return np.array([group.n_units for group in trace.groups], np.float64)


def test_whole_model_takes_what_its_operators_took():
    trace = traced(MLP)
    for operators in ({"MatMul": 3.0}, {"MatMul": 3.0, "Relu": 1.0, "Gemm": 0.5}):
        assert Estimate(trace, planted(trace, operators=operators))(sizes_of(trace)) == pytest.approx(
            sum(operators.values())
        )


def test_times_at_marks_are_those_of_the_table_and_between_them_straight():
    trace = traced(CNN)
    estimate = Estimate(trace, planted(trace))
    left = sizes_of(trace)
    # channels 8 (two layers of one factor, one of two), 16 channels, 10 hidden units
    assert estimate(left) == pytest.approx(8 + 8 + 8 * 16 + 16 * 10 + 10)
    assert estimate(np.array([4.0, 10.0, 5.0])) == pytest.approx(4 + 4 + 4 * 10 + 10 * 5 + 5)


def test_nothing_is_told_below_the_smallest_mark_or_above_the_largest():
    trace = traced(CNN)
    estimate = Estimate(trace, planted(trace))
    smallest = np.array([min(marks[0] for layer in timed_layers(trace) for marks in layer.grid())] * 3, np.float64)
    assert estimate(smallest * 0) == pytest.approx(estimate(smallest))


def test_step_in_a_kernel_is_seen():
    trace = traced(CNN)
    table = planted(trace, of=lambda *sizes: 10.0 if any(size % 2 for size in sizes) else 1.0, operators={"Conv": 5.0})
    estimate = Estimate(trace, table)
    assert estimate(np.array([7.0, 16.0, 10.0])) > estimate(sizes_of(trace))


def test_other_operators_take_less_as_what_they_make_gets_smaller():
    trace = traced(MLP)
    table = planted(trace, of=lambda *_: 0.0, operators={"Relu": 28.0})
    estimate = Estimate(trace, table)
    assert estimate(sizes_of(trace)) == pytest.approx(28)
    assert estimate(np.array([16.0, 6.0])) == pytest.approx(22)
    assert estimate(np.array([8.0, 6.0])) == pytest.approx(14)


def test_table_of_another_model_is_refused():
    with pytest.raises(UsageError, match="the latency table knows 0 of 3 layers, not 'MatMul"):
        Estimate(traced(MLP), planted(traced(CNN)))


def test_layer_that_cannot_run_alone_counts_nothing_of_its_own():
    trace = traced(MLP)
    table = planted(trace, operators={"MatMul": 4.0})
    first = timed_layers(trace)[0].key
    bare = LatencyTable({k: v for k, v in table.layers.items() if k != first}, table.operators, (first,))
    assert Estimate(trace, bare)(sizes_of(trace)) == pytest.approx(4.0)


def test_size_of_an_axis_is_a_number_and_what_each_unit_adds():
    trace = traced(CNN)
    start = trace.groups[1].start
    fixed, per_unit = linear(trace, np.array([-1, -1, *range(start, start + 16), *range(start, start + 16)]))
    assert (fixed, per_unit.tolist()) == (2.0, [0.0, 2.0, 0.0])
