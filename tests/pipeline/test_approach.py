"""A target met by measuring: few trials, near the target, whatever the table's error is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paoding_onnx.errors import TargetError
from paoding_onnx.pipeline.approach import CLOSE, GOOD, TRIALS, Attempt, approach


def found(target, truth, most=0.95):
    told = []
    tried = approach(target, most, lambda share: Attempt(share, truth(share), share), told.append)
    assert told == list(range(len(tried)))
    return tried


@pytest.mark.parametrize("target", [0.1, 0.25, 0.5, 0.7])
@pytest.mark.parametrize("truth", [lambda s: s, lambda s: 0.6 * s + 0.2 * s * s, lambda s: s**1.5, lambda s: s**0.7])
def test_target_is_met_though_the_table_is_wrong(target, truth):
    best, *others = found(target, truth)
    assert abs(best.saved - target) <= (CLOSE if truth(0.95) >= target else 1)
    assert all(abs(best.saved - target) <= abs(other.saved - target) for other in others)


@given(target=st.floats(0.05, 0.8), bend=st.floats(0.5, 2.0), most=st.floats(0.85, 0.99))
def test_few_trials_of_different_shares_that_can_go(target, bend, most):
    tried = found(target, lambda share: share**bend, most)
    assert len(tried) <= TRIALS
    assert all(0 < attempt.share <= most for attempt in tried)
    assert len({round(attempt.share, 3) for attempt in tried}) == len(tried) or len(tried) == 2


def test_first_trial_that_is_near_enough_is_the_last():
    assert len(found(0.5, lambda share: share + GOOD / 2)) == 1


def test_what_cannot_be_told_is_not_corrected():
    (only,) = found(0.5, lambda share: None)
    assert (only.share, only.saved) == (0.5, None)


def test_model_that_gets_slower_first_is_pruned_further():
    best = found(0.3, lambda share: share * 1.5 - 0.6)[0]
    assert best.saved == pytest.approx(0.3, abs=CLOSE)


def test_share_that_cannot_be_had_is_approached_from_below():
    def make(share):
        if share > 0.6:
            raise TargetError("too much")
        return Attempt(share, share / 2, share)

    best = approach(0.28, 0.9, make, lambda _: None)[0]
    assert best.saved == pytest.approx(0.28, abs=GOOD)
    nearest = approach(0.4, 0.9, make, lambda _: None)[0]
    assert 0.25 < nearest.saved <= 0.3
    with pytest.raises(TargetError, match="too much"):
        approach(0.7, 0.9, make, lambda _: None)
