"""Options are checked where they are made, once, with words that say what would be right."""

from __future__ import annotations

from dataclasses import FrozenInstanceError

import pytest

from paoding_onnx.errors import UsageError
from paoding_onnx.options import Options
from paoding_onnx.rules.devices import DEVICES


@pytest.mark.parametrize("target", [0, 1, -1, 1.5, float("nan"), float("inf")])
def test_target_lies_between_zero_and_one(target):
    with pytest.raises(UsageError, match=rf"target {target} is not between 0 and 1: .*such as 0\.5"):
        Options(target=target)


@pytest.mark.parametrize("step", [0, -0.05, 1.01, float("nan")])
def test_step_is_a_positive_share(step):
    with pytest.raises(UsageError, match=rf"step {step} is not in \[0.001, 1\]"):
        Options(step=step)


def test_one_step_may_do_all():
    assert Options(step=1).step == 1


def test_budget_is_one_that_the_plan_knows():
    with pytest.raises(UsageError, match="'layers' is none of units, parameters, bytes, macs, latency"):
        Options(by="layers")


def test_method_is_one_that_is_registered():
    with pytest.raises(UsageError, match="'l1' is none of reconstruction, paoding, magnitude, random"):
        Options(method="l1")


@pytest.mark.parametrize("option", ["round_to", "seed"])
def test_counts_are_not_negative(option):
    with pytest.raises(UsageError, match="must not be negative"):
        Options(**{option: -1})


def test_defaults_are_half_of_the_parameters_by_reconstruction_where_it_does_least_harm():
    options = Options()
    assert (options.target, options.budget, options.method, options.allocation) == (
        0.5,
        "parameters",
        "reconstruction",
        "measured",
    )


@pytest.mark.parametrize("method", ["paoding", "magnitude", "random"])
def test_target_of_other_methods_is_a_share_of_the_units_unless_said(method):
    assert Options(method=method).budget == "units"
    assert Options(method=method, by="macs").budget == "macs"


def test_step_is_a_twentieth_by_default():
    assert Options().step == 0.05


def test_allocation_is_one_that_is_known():
    with pytest.raises(UsageError, match="'even' is none of measured, uniform"):
        Options(allocation="even")


@pytest.mark.parametrize("memory", [0, -1, (1 << 24) - 1])
def test_memory_suffices_to_work_with(memory):
    with pytest.raises(UsageError, match=rf"memory {memory} is less than 16777216 bytes \(16 MB\)"):
        Options(memory=memory)


def test_least_memory_is_enough():
    assert Options(memory=1 << 24).memory == 1 << 24


def test_options_do_not_change():
    with pytest.raises(FrozenInstanceError):
        Options().target = 0.3


def test_device_is_one_that_is_known_and_says_alone_how_to_round():
    with pytest.raises(UsageError, match="'toaster' is none of onnxruntime-x86"):
        Options(device="toaster")
    with pytest.raises(UsageError, match="both say how to round"):
        Options(device="rknn", round_to=8)
    assert Options(device="rknn").rounding == DEVICES["rknn"]
    assert Options(round_to=8).rounding == 8
