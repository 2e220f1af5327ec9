"""Residual branches that can be spared, on the way through `prune`."""

from __future__ import annotations

import numpy as np
import pytest

from paoding_onnx import Options, prune
from paoding_onnx.errors import ModelError
from paoding_onnx.pipeline import blocks
from paoding_onnx.report.pruning import prune_lines
from tests.models import parse, save
from tests.residuals import BLOCKS


@pytest.fixture
def path(tmp_path):
    """A model of which the second branch does next to nothing."""
    proto = parse(BLOCKS)
    for tensor in proto.graph.initializer:
        if tensor.name == "b2":
            tensor.raw_data = (np.frombuffer(tensor.raw_data, np.float32) * np.float32(1e-4)).tobytes()
    save(proto, tmp_path / "m.onnx")
    return tmp_path / "m.onnx"


def options(**given):
    """Options that leave it open how many branches go."""
    return Options(**{"target": 0.2, "latency": False, **given})


def gone(result):
    """The sums that lost their branch."""
    return None if result.depth is None else result.depth.sums


def test_spare_branch_goes_first(path):
    result = prune(path, None, options(target=0.4))
    assert gone(result) == ("t2",)
    assert result.proofs[0].name == "branches removed exactly"
    assert result.measured.output_error < 1e-2


def test_widths_do_the_rest(path):
    result = prune(path, None, options(target=0.6))
    assert gone(result) == ("t2",)
    assert result.plan.removed.sum() > 0
    assert result.sizes.after.parameters <= 0.4 * result.sizes.before.parameters


def test_same_inputs_serve_before_and_after_a_branch_went(path, monkeypatch):
    calls, original = [], blocks.measure_profile

    def measure(*given, **how):
        calls.append(given[2])
        return original(*given, **how)

    monkeypatch.setattr(blocks, "measure_profile", measure)
    result = prune(path, None, options(target=0.6))
    (samples,) = calls
    assert samples.description == result.run.recovery.inputs


def test_report_says_why(path):
    said = [line for line in prune_lines(prune(path, None, options())) if isinstance(line, str)]
    assert any("--depth 0 leaves all branches" in line for line in said)
    told = [line for line in prune_lines(prune(path, None, options(depth=1))) if isinstance(line, str)]
    assert not any("--depth 0" in line for line in told)


@pytest.mark.parametrize(
    "more",
    [
        {"depth": 0},
        {"exclude": ("b1",)},
        {"only": ("a1", "a2", "b1")},
        {"exact_only": True},
        {"method": "magnitude"},
        {"allocation": "uniform"},
        {"by": "units"},
    ],
    ids=str,
)
def test_branches_stay_where_something_else_is_asked_for(path, more):
    assert gone(prune(path, None, options(**more))) is None


def test_model_that_does_not_run_in_pieces_keeps_its_branches(path, monkeypatch):
    def refuse(*_, **__):
        raise ModelError("too tough")

    monkeypatch.setattr(blocks, "profile_for", refuse)
    assert gone(prune(path, None, options())) is None
