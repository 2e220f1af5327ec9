"""CHECK: two files are compared and proven, with the plan where there is one."""

from __future__ import annotations

import math

import pytest

from paoding_onnx.api import prune
from paoding_onnx.errors import ModelError, UsageError
from paoding_onnx.model.save import save_model
from paoding_onnx.surgery.plan import plan_document
from paoding_onnx.verification.check import check
from tests.models import model, parse
from tests.pruning import CNN, MLP, edited, skip_latency
from tests.verification.faults import rename_output


@pytest.fixture
def pair(tmp_path, monkeypatch):
    """Files of a model and of what half of its units leave, and the plan."""
    skip_latency(monkeypatch)
    (tmp_path / "m.onnx").write_bytes(parse(MLP).SerializeToString())
    result = prune(tmp_path / "m.onnx", tmp_path / "small.onnx")
    return tmp_path / "m.onnx", tmp_path / "small.onnx", plan_document(result.trace, result.plan)


def test_two_files_are_compared(pair):
    original, small, plan = pair
    plain, proven = check(original, small), check(original, small, plan=plan)
    assert all(verdict.passed for verdict in proven.proofs)
    assert [v.name for v in plain.proofs] == ["valid ONNX", "interface unchanged", "runs in onnxruntime"]
    assert [v.name for v in proven.proofs] == [
        "as planned",
        "surgery exact",
        "fitted weights help",
        *[v.name for v in plain.proofs],
        "cost as predicted",
    ]
    assert 0 < plain.output_error == proven.output_error < 1


def test_model_against_itself_does_not_differ(pair):
    assert check(pair[0], pair[0]).output_error == 0


def test_models_with_other_outputs_have_no_difference(pair, tmp_path):
    save_model(edited(model(MLP), rename_output), tmp_path / "other.onnx")
    result = check(pair[0], tmp_path / "other.onnx")
    assert not all(verdict.passed for verdict in result.proofs)
    assert math.isnan(result.output_error)


def test_plan_of_another_model_is_refused(pair, tmp_path):
    save_model(model(CNN), tmp_path / "cnn.onnx")
    with pytest.raises(UsageError, match="does not fit the model"):
        check(tmp_path / "cnn.onnx", pair[1], plan=pair[2])


def test_file_that_is_missing_is_refused(pair, tmp_path):
    with pytest.raises(ModelError, match="cannot read"):
        check(pair[0], tmp_path / "none.onnx")
