"""BLOCKS: residual branches go whole where narrower layers would move the outputs more, and only spare ones."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from paoding_onnx.calibration.samples import Samples
from paoding_onnx.context import Run
from paoding_onnx.model.read import constants
from paoding_onnx.options import Options
from paoding_onnx.samplers import METHODS
from paoding_onnx.selection.blocks import worthwhile
from paoding_onnx.selection.profiling import measure_profile
from paoding_onnx.selection.select import choose_from
from tests.models import model
from tests.pruning import traced_model
from tests.residuals import BLOCKS, PICKED

ROWS = np.random.default_rng(0).standard_normal((64, 6)).astype(np.float32)


def spared(weights, *, target=0.2, is_synthetic=True, text=BLOCKS, by="parameters", rows=ROWS):
    """The sums that lose their branch, once constants are scaled as `weights` says."""
    given = model(text)
    for tensor in given.proto.graph.initializer:
        if tensor.name in weights:
            values = np.frombuffer(tensor.raw_data, np.float32) * np.float32(weights[tensor.name])
            tensor.raw_data = values.tobytes()
    found = traced_model(given)
    samples = Samples(({"x": rows[:32]}, {"x": rows[32:]}), "rows", is_synthetic=is_synthetic)
    profile = measure_profile(given, found, samples, METHODS["reconstruction"].sampler, Run(), is_measured=True)
    options = Options(target=target, by=by, round_to=1)

    def planned(share):
        return choose_from(found, profile, replace(options, target=share, step=1.0)).plan

    removals = worthwhile(given, found, profile, options, planned, Run())
    return [removal.residual.total for removal in removals]


@pytest.mark.parametrize("is_synthetic", [True, False])
@pytest.mark.parametrize("by", ["parameters", "macs"])
def test_branch_that_does_next_to_nothing_goes(is_synthetic, by):
    assert spared({"b2": 1e-4}, target=0.5, is_synthetic=is_synthetic, by=by) == ["t2"]


def test_no_more_go_than_the_target_needs():
    quiet = {"b1": 1e-4, "b2": 1e-5}
    assert [len(spared(quiet, target=target)) for target in (0.4, 0.7)] == [1, 2]


def test_branches_that_tell_much_stay_however_much_is_to_go():
    assert spared({"b1": 5.0, "b2": 5.0}, target=0.6) == []


def test_branch_stays_where_narrower_layers_cost_nothing():
    """Half of the units between the first branch's layers are dead, so they can go for nothing."""
    dead = np.ones((10, 8), np.float32)
    dead[3:] = 0
    given = constants(model(BLOCKS))
    assert given["b1"].shape == dead.shape
    assert spared({"b1": dead.ravel(), "b2": 0.05}, target=0.1, is_synthetic=False) == []


def test_branches_stay_where_the_outputs_have_other_sizes_without_them():
    assert not spared({"b2": 1e-1}, text=PICKED)


def test_model_without_branches_loses_none():
    text = "g (float[N,6] x) => (float[N,3] y) <float[6,8] a, float[8,3] b> { h = MatMul (x, a) y = MatMul (h, b) }"
    assert spared({}, text=text) == []


def test_of_answers_that_synthetic_inputs_do_not_bring_out_nothing_is_made_up_for():
    """Scores of twenty classes, of which the inputs bring out a few: narrower layers look cheaper than they are."""
    many = BLOCKS.replace("float[N,3] y", "float[N,20] y").replace("float[8,3] last", "float[8,20] last")
    quiet = {"b2": 0.1, "last": 10.0}
    assert spared(quiet, target=0.4, text=many, rows=ROWS + 2, is_synthetic=False) == []
    assert spared(quiet, target=0.4, text=many, rows=ROWS + 2) == ["t2"]


@pytest.mark.parametrize(("rows", "gone"), [(ROWS, ["t2"]), (np.repeat(ROWS[:32], 2, axis=0), [])])
def test_real_inputs_with_answers_that_are_given_once_do_not_bring_out_all(rows, gone):
    """Where each answer was given twice none is taken to be unmet, and narrower layers cost what is measured."""
    many = BLOCKS.replace("float[N,3] y", "float[N,200] y").replace(
        "float[8,3] last", "float[8,200] last, float k={40}"
    )
    many = many.replace("y = MatMul (t2, last)", "z = MatMul (t2, last) y = Mul (z, k)")
    assert spared({"b2": 0.1}, target=0.1, text=many, rows=rows, is_synthetic=False) == gone


def test_detector_that_finds_nothing_has_no_answers():
    """It gives the rows that are sure enough, of which there is none: what cannot be compared spares no branch."""
    text = BLOCKS.replace("(float[N,3] y)", "(float[k,3] y)").replace(
        "float[8,3] last", "float[8,3] last, float most={1e9}"
    )
    text = text.replace(
        "[head] y = MatMul (t2, last)",
        "[head] z = MatMul (t2, last) sums = ReduceSum <keepdims=0> (z, one) over = Greater (sums, most) "
        "y = Compress <axis=0> (z, over)",
    ).replace("float[8,3] last,", "float[8,3] last, int64[1] one={1},")
    assert spared({}, text=text) == []
