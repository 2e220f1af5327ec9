"""Allocation: the budget is spent where it does least harm, exactly, and the same way every time."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paoding_onnx.dependency.cost import cost, nothing
from paoding_onnx.dependency.trace import Trace
from paoding_onnx.errors import TargetError
from paoding_onnx.selection.allocation import allocate, reachable
from paoding_onnx.selection.curve import Sensitivity
from paoding_onnx.selection.meter import Meter
from tests.models import traced
from tests.pruning import CNN, MLP

STREAM = """g (float[N,8] x) => (float[N,3] y) <float[8,12] a, float[12,10] b, float[10,12] c, float[12,3] d> {
  p = MatMul (x, a) q = MatMul (p, b) r = Relu (q) s = MatMul (r, c) t = Add (p, s) y = MatMul (t, d)
}"""
TWINS = traced("""g (float[N,8] x) => (float[N,200] y, float[N,12] z)
    <float[8,16] a, float[16,12] b, float[8,16] c, float[16,200] d> {
  p = MatMul (x, a) z = MatMul (p, b) q = MatMul (x, c) y = MatMul (q, d)
}""")
"""Two groups of 16 units side by side; those of the second carry ten times as many parameters."""
TEXTS = {"mlp": MLP, "cnn": CNN, "stream": STREAM}
TRACES = {name: traced(text) for name, text in TEXTS.items()}
BUDGETS = ("units", "parameters", "macs")
every_budget = pytest.mark.parametrize("by", BUDGETS)
every_model = pytest.mark.parametrize("name", TRACES)
targets = st.fractions(Fraction(1, 50), Fraction(3, 4), max_denominator=50)


def sensitivities(trace: Trace, *scales: float) -> list[Sensitivity]:
    """Harm that grows with the square of the share lost, times the scale of each group."""
    counts = [tuple(range(1, group.n_units)) for group in trace.groups]
    return [
        Sensitivity(group.name, of, tuple(scale * (count / group.n_units) ** 2 for count in of))
        for group, of, scale in zip(trace.groups, counts, scales or (1.0,) * len(counts), strict=True)
    ]


def spent(trace: Trace, counts: tuple[int, ...], by: str) -> Fraction:
    """The share of the budget that is gone when groups have lost these many units."""
    removed = nothing(trace)
    for group, count in zip(trace.groups, counts, strict=True):
        removed[group.start : group.start + count] = True
    if by == "units":
        return Fraction(sum(counts), trace.n_units)
    before, after = (getattr(cost(trace, mask), by) for mask in (nothing(trace), removed))
    return Fraction(before - after, before)


def lose(trace: Trace, share: float, *scales: float, by: str = "parameters", round_to: int = 1) -> tuple[int, ...]:
    """What each group loses under the harm of `sensitivities`."""
    return allocate(trace, sensitivities(trace, *scales), Fraction(str(share)), by=by, round_to=round_to)


@every_model
@every_budget
@given(share=targets)
@settings(max_examples=8)
def test_target_is_met(name, by, share):
    trace = TRACES[name]
    counts = allocate(trace, sensitivities(trace), share, by=by, round_to=1)
    assert spent(trace, counts, by) >= share


def test_between_measured_counts_sensitivity_goes_as_what_consumers_lose():
    """Half of the first group does nothing: no measured count says so, but the losses do."""
    trace = traced(MLP)
    losses = [(0.0,) * 8 + tuple(np.linspace(0.1, 1, 7)), tuple(np.linspace(0.05, 0.5, 11))]
    few = [
        Sensitivity(group.name, of, tuple(loss[count - 1] for count in of), losses=loss)
        for group, of, loss in zip(trace.groups, [(2, 6, 10, 14), (2, 4, 8, 10)], losses, strict=True)
    ]
    found = allocate(trace, few, Fraction(8, 28), by="units", round_to=1)
    assert found == (8, 0)
    assert allocate(trace, [replace(one, losses=()) for one in few], Fraction(8, 28), by="units", round_to=1) != found


@every_model
@every_budget
@given(share=targets)
@settings(max_examples=8)
def test_no_group_loses_a_unit_too_many(name, by, share):
    """One unit more in any group, and the target would be missed."""
    trace = TRACES[name]
    counts = allocate(trace, sensitivities(trace), share, by=by, round_to=1)
    less = [tuple(c - (k == number) for k, c in enumerate(counts)) for number in range(len(counts)) if counts[number]]
    assert max(spent(trace, fewer, by) for fewer in less) < share


@every_model
@every_budget
def test_higher_target_saves_more(name, by):
    trace = TRACES[name]
    found = [
        spent(trace, allocate(trace, sensitivities(trace), Fraction(k, 20), by=by, round_to=1), by)
        for k in range(1, 15)
    ]
    assert found == sorted(found)


@given(shares=st.tuples(targets, targets))
@settings(max_examples=10)
def test_higher_share_of_the_units_takes_at_least_as_much_from_every_group(shares):
    trace = TRACES["mlp"]
    less, more = (allocate(trace, sensitivities(trace), share, by="units", round_to=1) for share in sorted(shares))
    assert all(a <= b for a, b in zip(less, more, strict=True))


@every_model
@every_budget
@given(share=targets)
@settings(max_examples=8)
def test_every_group_keeps_a_unit(name, by, share):
    trace = TRACES[name]
    counts = allocate(trace, sensitivities(trace, 0.0, *[1.0] * (len(trace.groups) - 1)), share, by=by, round_to=1)
    assert all(count < group.n_units for count, group in zip(counts, trace.groups, strict=True))


@every_model
@every_budget
@given(data=st.data())
@settings(max_examples=8)
def test_meter_counts_what_cost_counts(name, by, data):
    trace = TRACES[name]
    counts = tuple(data.draw(st.integers(0, group.n_units - 1)) for group in trace.groups)
    meter = Meter(trace, by)
    sizes = np.array([group.n_units for group in trace.groups], np.float64)
    gone = 1 - meter(sizes - np.array(counts)) / meter(sizes)
    assert gone == pytest.approx(float(spent(trace, counts, by)))


@every_model
@pytest.mark.parametrize("by", ["parameters", "macs"])
def test_meter_of_the_whole_model_is_its_cost(name, by):
    trace = TRACES[name]
    sizes = np.array([group.n_units for group in trace.groups], np.float64)
    assert Meter(trace, by)(sizes) == getattr(cost(trace, nothing(trace)), by)


def test_forgotten_bias_would_be_noticed():
    """The meter of the model without its biases does not count what `cost` counts."""
    bare = traced(MLP.replace("q = Add (p, ab)", "q = Neg (p)").replace(", float[16] ab", ""))
    sizes = np.array([16.0, 12.0])
    assert Meter(bare, "parameters")(sizes) != cost(TRACES["mlp"], nothing(TRACES["mlp"])).parameters


def test_meter_knows_that_layers_between_two_groups_shrink_twice():
    meter = Meter(TRACES["mlp"], "macs")
    assert meter(np.array([8.0, 6.0])) == 8 * 8 + 8 * 6 + 6 * 4


def test_group_without_harm_goes_first():
    trace = TRACES["mlp"]
    assert lose(trace, 0.2, 0.0, 1.0, by="units")[1] == 0
    assert lose(trace, 0.2, 1.0, 0.0, by="units")[0] == 0


def test_group_that_does_more_harm_loses_less():
    trace = TRACES["stream"]
    calm, touchy = lose(trace, 0.4, 1.0, 1.0, by="units"), lose(trace, 0.4, 9.0, 1.0, by="units")
    assert touchy[0] < calm[0]
    assert touchy[1] > calm[1]


def test_groups_alike_lose_alike():
    first, second = lose(TWINS, 0.4, by="units")
    assert abs(first - second) <= 1


def test_harm_counts_for_what_it_saves():
    """Both groups do the same harm, but the second has more to give."""
    small, large = lose(TWINS, 0.4, by="parameters")
    assert small < large - 3


def test_harm_that_falls_with_more_units_is_not_believed():
    trace = TRACES["mlp"]
    first, second = trace.groups
    odd = [
        Sensitivity(first.name, (4, 8, 12), (0.5, 0.1, 0.6)),
        Sensitivity(second.name, (3, 6, 9), (0.01, 0.02, 0.03)),
    ]
    assert allocate(trace, odd, Fraction(1, 10), by="units", round_to=1)[0] == 0


def test_group_that_was_not_measured_loses_all_but_one_only_if_it_must():
    trace = TRACES["mlp"]
    first, second = trace.groups
    unknown = [Sensitivity(first.name, (), ()), Sensitivity(second.name, (3, 6, 9), (0.01, 0.02, 0.03))]
    counts = allocate(trace, unknown, Fraction(1, 4), by="units", round_to=1)
    assert counts == (0, 7)


@pytest.mark.parametrize("round_to", [2, 4])
def test_kept_units_are_multiples(round_to):
    trace = TRACES["stream"]
    counts = lose(trace, 0.3, round_to=round_to)
    left = [group.n_units - count for group, count in zip(trace.groups, counts, strict=True) if count]
    assert left
    assert all(kept % round_to == 0 for kept in left)


def test_large_groups_lose_units_in_steps():
    trace = traced("""g (float[N,8] x) => (float[N,4] y) <float[8,256] a, float[256,4] b> {
      p = MatMul (x, a) y = MatMul (p, b)
    }""")
    (count,) = lose(trace, 0.5, by="units")
    assert count % (256 // 32) == 0


def test_same_input_gives_the_same_counts():
    trace = TRACES["cnn"]
    assert len({lose(trace, 0.5, 1.0, 2.0, 3.0) for _ in range(3)}) == 1


def test_harm_between_two_measured_counts_lies_on_the_line_between_them():
    """From 0 to 8 units the harm of the first grows as fast as that of the second from 0 to 2."""
    trace = TWINS
    given_harms = [Sensitivity("a", (8, 15), (0.4, 9.0)), Sensitivity("c", (2, 15), (0.1, 9.0))]
    assert allocate(trace, given_harms, Fraction(10, 32), by="units", round_to=1) == (8, 2)


@every_budget
def test_most_that_can_be_had_leaves_one_unit_in_every_group(by):
    trace = TRACES["cnn"]
    most = spent(trace, tuple(group.n_units - 1 for group in trace.groups), by)
    assert reachable(trace, by=by) == pytest.approx(float(most))


@every_budget
def test_target_out_of_reach_is_refused_with_what_is_in_reach(by):
    trace = TRACES["cnn"]
    most = float(spent(trace, tuple(group.n_units - 1 for group in trace.groups), by))
    with pytest.raises(TargetError, match=f"out of reach: the 3 prunable groups carry at most {most:.1%}"):
        lose(trace, 0.999, by=by)


def test_harm_is_not_changed():
    trace = TRACES["mlp"]
    given_harms = sensitivities(trace)
    allocate(trace, given_harms, Fraction(1, 2), by="units", round_to=1)
    assert given_harms == sensitivities(trace)
