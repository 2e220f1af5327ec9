"""A model without residual branches comes out only if that is what was proven."""

from __future__ import annotations

import pytest

from paoding_onnx import CheckError, Options
from paoding_onnx.context import Run
from paoding_onnx.pipeline import shallower
from paoding_onnx.pipeline.values import Job
from paoding_onnx.selection.depth import Removal
from paoding_onnx.surgery.shallower import deep
from paoding_onnx.verification.verdict import Verdict
from tests.models import model
from tests.residuals import BLOCKS


def test_job_goes_on_with_the_smaller_model_and_knows_the_larger_one():
    found = deep(model(BLOCKS))
    job = Job(found.model, None, None, Options(), Run())
    after = shallower.shallower(found, [Removal(found.residuals[1], 0.5)], job)
    assert after.whole is found.model
    assert len(after.original.proto.graph.node) == len(found.model.proto.graph.node) - 3
    assert (after.deeper.depth.sums, after.deeper.depth.costs) == (("t2",), (0.5,))
    assert after.deeper.depth.proof.passed
    assert job.deeper is None


def test_nothing_comes_out_if_the_proof_fails(monkeypatch):
    monkeypatch.setattr(shallower, "check_depth", lambda *_: Verdict("branches", passed=False, detail="apart by 3"))
    found = deep(model(BLOCKS))
    with pytest.raises(CheckError, match="apart by 3"):
        shallower.shallower(found, [Removal(found.residuals[0], 0.5)], Job(found.model, None, None, Options(), Run()))
