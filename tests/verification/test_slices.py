"""SLICES: a cut model has the original's weights at the positions that stay, whether outputs show it or not."""

from __future__ import annotations

import numpy as np
import pytest

from paoding_onnx.model.read import constants
from paoding_onnx.surgery.cut import cut
from paoding_onnx.verification.equivalence import check_surgery
from paoding_onnx.verification.slices import check_cut, wrong_slices
from tests.models import model, prune_randomly
from tests.pruning import BRANCHES, CNN, MLP, SHARED, plan_of, traced_model, with_constants


def planned(text, **units):
    subject = model(text)
    trace = traced_model(subject)
    plan = plan_of(trace, **units)
    return subject, trace, plan, cut(subject, trace, plan)


@pytest.mark.parametrize("text", [MLP, CNN, BRANCHES, SHARED], ids=["mlp", "cnn", "branches", "shared"])
def test_cut_model_has_the_weights_of_the_original(text):
    trial = prune_randomly(model(text))
    assert list(wrong_slices(trial.original, trial.trace, trial.plan, trial.pruned)) == []
    assert check_cut(trial.original, trial.trace, trial.plan, trial.pruned).passed


def test_weight_that_no_output_shows_is_noticed():
    subject, trace, plan, pruned = planned(MLP, a=[0, 3])
    value = constants(pruned)["cb"].copy()
    value[1] = np.nextafter(value[1], 2)
    other = with_constants(pruned, cb=value)
    assert check_surgery(subject, trace, plan, other).passed
    verdict = check_cut(subject, trace, plan, other)
    assert (verdict.name, verdict.passed) == ("surgery exact", False)
    assert verdict.detail == "constant 'cb' is not the original's 'cb' at the positions that stay"


def test_other_computation_is_noticed_though_all_weights_are_right():
    subject, trace, plan, pruned = planned(CNN, a=[1, 5])
    pruned.proto.graph.node[1].op_type = "Abs"
    assert list(wrong_slices(subject, trace, plan, pruned)) == []
    assert not check_cut(subject, trace, plan, pruned).passed


def test_numbers_that_hold_sizes_or_positions_are_written_anew():
    text = """g (float[2,3] x) => (float[2,5] y)
        <float[3,8] a, float[4,5] b, int64[4] picks={7,0,2,5}, int64[2] flat={2,8}> {
      p = MatMul (x, a) r = Reshape (p, flat) q = Gather <axis=1> (r, picks) y = MatMul (q, b)
    }"""
    trial = prune_randomly(model(text))
    before, after = constants(trial.original), constants(trial.pruned)
    assert all(before[name].tolist() != after[name].tolist() for name in ("picks", "flat"))
    assert list(wrong_slices(trial.original, trial.trace, trial.plan, trial.pruned)) == []
