"""The branches that go are those that matter least for what they carry."""

from __future__ import annotations

import numpy as np
import pytest

from paoding_onnx.calibration.samples import Samples
from paoding_onnx.context import Run
from paoding_onnx.dependency.cost import cost, nothing
from paoding_onnx.errors import TargetError
from paoding_onnx.selection.depth import ROWS, carried_by, choose_depth, outputs_on
from paoding_onnx.surgery.shallower import deep
from tests.models import model
from tests.pruning import traced_model
from tests.residuals import BLOCKS, PICKED

SAMPLES = Samples(({"x": np.random.default_rng(0).standard_normal((32, 6)).astype(np.float32)},), "rows")


def chosen(text, count, by="parameters", weights=None):
    """What goes of the model that ONNX text describes."""
    given = model(text)
    for tensor in given.proto.graph.initializer:
        if weights and tensor.name in weights:
            values = np.frombuffer(tensor.raw_data, np.float32) * np.float32(weights[tensor.name])
            tensor.raw_data = values.tobytes()
    found = deep(given)
    outputs = outputs_on(found.study.folded, found.trace, SAMPLES, Run(), rows=ROWS)
    return choose_depth(outputs, found.residuals, by=by, count=count, run=Run())


@pytest.mark.parametrize(("quiet", "first"), [("b1", "t1"), ("b2", "t2")])
def test_branch_that_does_little_goes_first(quiet, first):
    removals = chosen(BLOCKS, 2, weights={quiet: 1e-3})
    assert removals[0].residual.total == first
    assert removals[0].cost < 1e-3 < removals[1].cost


def test_branch_that_carries_more_may_cost_more():
    wide = BLOCKS.replace("float[8,10] a2, float[10,8] b2", "float[8,400] a2, float[400,8] b2")
    for by in ("parameters", "macs"):
        (removal,) = chosen(wide, 1, by=by, weights={"b2": 0.2})
        assert removal.residual.total == "t2"


def test_branch_without_which_the_outputs_have_other_sizes_costs_more_than_can_be_told():
    assert [removal.cost for removal in chosen(PICKED, 2)] == [float("inf")] * 2


def test_more_branches_than_there_are_is_out_of_reach():
    with pytest.raises(TargetError, match="3 residual branches were to go, and the model has 2"):
        chosen(BLOCKS, 3)


def test_branches_in_others_do_not_go_with_them():
    nested = """g (float[N,6] x) => (float[N,6] z) <float[6,6] a, float[6,6] b, float[6,6] c> {
      u = MatMul (x, a) v = MatMul (u, b) w = Add (u, v) y = Add (x, w) z = MatMul (y, c) }"""
    with pytest.raises(TargetError, match="hold all others in them"):
        chosen(nested, 2, weights={"a": 1e-4})


def test_outputs_are_compared_on_no_more_rows_than_are_wanted():
    """Large samples come a few at a time, and the last of these may be more than are left to look at."""
    subject = model(BLOCKS)
    twice = Samples(({"x": SAMPLES.batches[0]["x"][:6]}, {"x": SAMPLES.batches[0]["x"][6:12]}), "rows")
    for rows, sizes in ((6, [6]), (8, [6, 2]), (12, [6, 6])):
        found = outputs_on(subject, traced_model(subject), twice, Run(), rows=rows)
        assert [len(feed["x"]) for feed in found.feeds] == sizes


def test_branches_carry_what_the_model_costs_with_them_and_not_without():
    """A model of any number of samples is looked at with two of them, and what it costs is told for one."""
    found = deep(model(BLOCKS))
    whole = cost(found.trace, nothing(found.trace))
    stem_and_head = 6 * 8 + 8 * 3
    assert sum(carried_by(found.trace, one, "macs") for one in found.residuals) == whole.macs - stem_and_head
    assert (
        sum(carried_by(found.trace, one, "parameters") for one in found.residuals) == whole.parameters - stem_and_head
    )
