"""PROOFS of the plan and of the checker's word: they hold for what the surgery made, and fail on each planted fault."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from paoding_onnx.model.read import constants
from paoding_onnx.model.save import write_model
from paoding_onnx.surgery.cut import cut
from paoding_onnx.verification.proofs import added_biases, check_file, check_plan
from tests.models import model
from tests.pruning import MLP, edited, plan_of, traced_model, with_constants


def planned(faulty=lambda pruned: pruned, **units):
    subject = model(MLP)
    trace = traced_model(subject)
    pruned = cut(subject, trace, plan_of(trace, a=[0, 3]))
    return check_plan(subject, trace, plan_of(trace, **units), faulty(pruned))


def test_plan_holds_for_the_file_that_was_made_by_it():
    verdict = planned(a=[0, 3])
    assert verdict.passed
    assert verdict.detail == "6 constants have the planned shapes; 0 have other weights"


def test_plan_counts_what_was_weighted_anew():
    verdict = planned(lambda pruned: with_constants(pruned, b=constants(pruned)["b"] * 2), a=[0, 3])
    assert verdict.passed
    assert verdict.detail.endswith("1 have other weights")


@pytest.mark.parametrize("units", [{"a": [0]}, {"b": [1]}, {"a": [0, 3], "b": [1]}])
def test_plan_fails_on_a_file_that_was_made_by_another(units):
    assert not planned(**units).passed


def test_plan_fails_on_a_file_with_more_constants():
    def add(proto):
        proto.graph.initializer.append(numpy_helper.from_array(np.ones(1, np.float32), "more"))

    assert not planned(lambda pruned: edited(pruned, add), a=[0, 3]).passed


def test_fault_that_the_original_has_too_is_found_in_models_with_large_weights(tmp_path):
    def contradict(proto):
        proto.graph.value_info.append(onnx.helper.make_tensor_value_info("t", onnx.TensorProto.FLOAT, [1, 99, 3]))

    sound = model(MLP.replace("16", "64"))
    faulty = edited(sound, contradict)
    assert sound.weights
    write_model(faulty, tmp_path / "m.onnx")
    assert check_file(faulty, tmp_path / "m.onnx", None, None)[0].passed
    assert not check_file(sound, tmp_path / "m.onnx", None, None)[0].passed


def test_added_biases_are_told_by_their_name():
    before = {"a": np.ones(2), "old.added_bias": np.ones(2)}
    after = before | {"a.added_bias": np.zeros(2), "more": np.ones(1)}
    assert added_biases(before, after).keys() == {"a.added_bias"}


@pytest.mark.parametrize(("name", "passed"), [("c.added_bias", True), ("c.more", False)])
def test_plan_holds_though_a_layer_got_a_bias(name, passed):
    def add(proto):
        proto.graph.initializer.append(numpy_helper.from_array(np.zeros(4, np.float32), name))

    subject = model(MLP)
    trace = traced_model(subject)
    plan = plan_of(trace, a=[0, 3])
    verdict = check_plan(subject, trace, plan, edited(cut(subject, trace, plan), add))
    assert verdict.passed is passed
    assert ("1 biases were added" in verdict.detail) is passed
