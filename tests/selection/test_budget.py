"""BUDGET: which share is gone after each step, and how many units of each group that takes."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paoding_onnx.dependency.cost import cost, nothing
from paoding_onnx.dependency.trace import Group
from paoding_onnx.errors import TargetError
from paoding_onnx.names import AUTO
from paoding_onnx.rules.devices import DEVICES
from paoding_onnx.selection.budget import quotas, round_multiple, schedule
from tests.models import traced
from tests.pruning import CNN, MLP, ONE

shares = st.fractions(Fraction(1, 100), Fraction(99, 100), max_denominator=100)


def lost(text, share, *, by="units", round_to=1):
    return quotas(traced(text), Fraction(share), by=by, round_to=round_to)


def saved(trace, counts, by):
    removed = nothing(trace)
    for group, count in zip(trace.groups, counts, strict=True):
        removed[group.start : group.start + count] = True
    before, after = (getattr(cost(trace, mask), by) for mask in (nothing(trace), removed))
    return Fraction(before - after, before)


def test_ten_steps_of_a_twentieth_are_exactly_half():
    assert schedule(Fraction("0.5"), Fraction("0.05")) == tuple(Fraction(k, 20) for k in range(1, 11))


def test_step_larger_than_the_target_is_one_step():
    assert schedule(Fraction("0.1"), Fraction(1)) == (Fraction("0.1"),)


@given(target=shares, step=shares)
def test_schedule_climbs_by_whole_steps_to_the_target(target, step):
    found = schedule(target, step)
    assert found[-1] == target
    assert found[:-1] == tuple(step * count for count in range(1, len(found)))
    assert 0 < target - step * (len(found) - 1) <= step


def test_half_of_the_units_is_exactly_half_of_each_group():
    assert lost(MLP, "0.5") == (8, 6)


@pytest.mark.parametrize(("share", "counts"), [("0.3", (4, 3)), ("0.0625", (1, 0)), ("0.06", (0, 0))])
def test_share_of_the_units_is_rounded_down(share, counts):
    assert lost(MLP, share) == counts


@pytest.mark.parametrize("by", ["units", "parameters"])
def test_at_least_one_unit_of_each_group_stays(by):
    assert lost(ONE, "0.93" if by == "parameters" else "0.99", by=by) == (15,)


@pytest.mark.parametrize(("share", "count"), [("0.5", 8), ("0.51", 9), ("0.01", 1)])
def test_share_of_the_parameters_is_reached_with_the_fewest_units(share, count):
    assert lost(ONE, share, by="parameters") == (count,)  # 12 of 192 parameters a unit


def test_parameters_that_cannot_go_count_too():
    biased = """g (float[1,8] x) => (float[1,4] y) <float[8,16] a, float[16,4] b, float[4] c> {
      p = MatMul (x, a) q = MatMul (p, b) y = Add (q, c)
    }"""
    assert lost(biased, "0.5", by="parameters") == (9,)  # 98 of 196 are to go, 12 a unit


def test_macs_are_counted_where_the_work_is():
    text = """g (float[1,1,9,9] x) => (float[1,2] y) <float[10,1,1,1] a, float[10,50] b, float[50,2] c> {
      p = Conv (x, a) q = GlobalAveragePool (p) r = Flatten (q) s = MatMul (r, b) y = MatMul (s, c)
    }"""
    half = {by: saved(traced(text), lost(text, "0.5", by=by), by) for by in ("parameters", "macs")}
    assert min(half.values()) >= Fraction(1, 2)
    assert lost(text, "0.5", by="macs") != lost(text, "0.5", by="parameters")


@pytest.mark.parametrize("text", [MLP, CNN], ids=["mlp", "cnn"])
@pytest.mark.parametrize("by", ["parameters", "macs"])
@pytest.mark.parametrize("round_to", [1, AUTO])
def test_budget_is_met_wherever_it_is_in_reach(text, by, round_to):
    trace = traced(text)
    for share in (Fraction(percent, 100) for percent in range(5, 60, 5)):
        assert saved(trace, quotas(trace, share, by=by, round_to=round_to), by) >= share


def test_target_out_of_reach_names_what_is_in_reach():
    with pytest.raises(TargetError, match=r"96\.0% of the parameters is out of reach: .* carry at most 93\.8%"):
        lost(ONE, "0.96", by="parameters")  # 15 of 16 units


def test_all_that_is_in_reach_can_be_had():
    assert lost(ONE, Fraction(15, 16), by="parameters") == (15,)


@pytest.mark.parametrize(
    ("n_units", "liked", "multiple"),
    [(100, (), 1), (7, (16,), 1), (8, (16,), 4), (64, (16,), 8), (256, (16,), 16), (64, (4, 16), 8), (256, (4,), 4)],
)
def test_auto_rounds_to_an_eighth_that_the_kernels_like(n_units, liked, multiple):
    assert round_multiple(Group("g", 0, n_units, (), True, liked), AUTO) == multiple


def test_multiple_that_is_asked_for_is_used():
    assert round_multiple(Group("g", 0, 64, (), True, (16,)), 3) == 3


@pytest.mark.parametrize(("share", "count"), [("0.25", 0), ("0.375", 8), ("0.5", 8), ("0.74", 8), ("0.99", 8)])
def test_kept_units_are_the_nearest_multiple(share, count):
    assert lost(ONE, share, round_to=8) == (count,)


def test_group_smaller_than_the_multiple_stays_whole():
    assert lost(MLP, "0.5", round_to=13) == (3, 0)


def test_rounding_of_a_budget_never_misses_it():
    assert lost(ONE, "0.3", by="parameters", round_to=4) == (8,)


WIDER = """g (float[1,3,8,8] x) => (float[1,5] y)
    <float[64,3,3,3] a, float[64,1,3,3] d, float[48,64,1,1] e, float[40,48] f, float[5,40] h> {
  p = Conv <pads=[1,1,1,1]> (x, a) r = Conv <group=64, pads=[1,1,1,1]> (p, d) s = Conv (r, e)
  u = GlobalAveragePool (s) v = Flatten (u) w = Gemm <transB=1> (v, f) z = Relu (w) y = Gemm <transB=1> (z, h)
}"""
"""64 channels through a depthwise layer, 48 channels, 40 hidden units."""


@pytest.mark.parametrize("device", DEVICES)
def test_kept_counts_are_what_the_device_likes_or_the_group_stays_whole(device):
    trace = traced(WIDER)
    for share in (Fraction(1, 4), Fraction(1, 2), Fraction(3, 4)):
        counts = quotas(trace, share, by="units", round_to=DEVICES[device])
        for group, count in zip(trace.groups, counts, strict=True):
            kept = group.n_units - count
            assert count == 0 or kept % DEVICES[device].multiple(group.channel_multiples) == 0


def test_group_that_is_smaller_than_the_multiple_stays_whole():
    trace = traced(CNN)
    assert set(quotas(trace, Fraction(1, 2), by="units", round_to=DEVICES["rknn"])) == {0}
