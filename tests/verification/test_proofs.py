"""PROOFS of the plan and of the checker's word: they hold for what the surgery made, and fail on each planted fault."""

from __future__ import annotations

import numpy as np
import onnx

from paoding_onnx.model.save import write_model
from paoding_onnx.verification.proofs import Asked, added_biases, check_file
from tests.models import model
from tests.pruning import MLP, edited


def test_fault_that_the_original_has_too_is_found_in_models_with_large_weights(tmp_path):
    def contradict(proto):
        proto.graph.value_info.append(onnx.helper.make_tensor_value_info("t", onnx.TensorProto.FLOAT, [1, 99, 3]))

    sound = model(MLP.replace("16", "64"))
    faulty = edited(sound, contradict)
    assert sound.weights
    write_model(faulty, tmp_path / "m.onnx")
    assert check_file(faulty, tmp_path / "m.onnx", Asked())[0].passed
    assert not check_file(sound, tmp_path / "m.onnx", Asked())[0].passed


def test_added_biases_are_told_by_their_name():
    before = {"a": np.ones(2), "old.added_bias": np.ones(2)}
    after = before | {"a.added_bias": np.zeros(2), "more": np.ones(1)}
    assert added_biases(before, after).keys() == {"a.added_bias"}
