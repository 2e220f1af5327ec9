"""Fewer residual branches on the way through `prune`, `apply` and `check`."""

from __future__ import annotations

import json

import pytest

from paoding_onnx import Options, TargetError, UsageError, apply, check, load, prune
from paoding_onnx.model.read import constants
from paoding_onnx.report.documents.prune import prune_document
from paoding_onnx.report.pruning import prune_lines
from tests.models import parse, save
from tests.residuals import BLOCKS

PARAMETERS = 6 * 8 + 4 * 80 + 8 * 3


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with a model."""
    monkeypatch.chdir(tmp_path)
    save(parse(BLOCKS), tmp_path / "m.onnx")
    return tmp_path


def options(**given):
    """Options with one branch to go."""
    return Options(**{"depth": 1, "latency": False, **given})


def test_branch_goes_alone_at_a_target_of_nothing(folder):
    result = prune("m.onnx", "small.onnx", options(target=0.0))
    assert result.sizes.before.parameters == PARAMETERS
    assert result.sizes.after.parameters == PARAMETERS - 160
    assert result.depth is not None
    assert result.proofs[0].name == "branches removed exactly"
    assert len(load("small.onnx").proto.graph.node) == len(load("m.onnx").proto.graph.node) - 3


def test_widths_do_the_rest_of_the_target(folder):
    result = prune("m.onnx", None, options(target=0.6))
    left = result.sizes.after.parameters / PARAMETERS
    assert left <= 0.4
    assert 0 < result.plan.removed.sum() < result.trace.n_units
    assert result.measured.output_error > 0


def test_target_that_the_branch_meets_leaves_widths_alone(folder):
    result = prune("m.onnx", None, options(target=0.2))
    assert result.plan.removed.sum() == 0
    assert result.sizes.after.parameters == PARAMETERS - 160


def test_result_is_measured_by_the_model_with_all_branches(folder):
    assert prune("m.onnx", None, options(target=0.0)).measured.output_error > 0.01


def test_plan_names_what_went_and_cuts_another_copy(folder):
    prune("m.onnx", "small.onnx", options(target=0.6), documents={"plan": "plan.json"})
    (name,) = json.loads((folder / "plan.json").read_text())["depth"]
    assert name in ("t1", "t2")
    assert all(proof.passed for proof in check("m.onnx", "small.onnx", plan="plan.json").proofs)
    save(parse(BLOCKS, seed=3), folder / "tuned.onnx")
    applied = apply("plan.json", "tuned.onnx", "again.onnx", Options(latency=False))
    assert applied.sizes.after.parameters == sum(value.size for value in constants(load("small.onnx")).values())


def test_report_tells_what_went(folder):
    result = prune("m.onnx", None, options(target=0.0))
    removed = prune_document(result)["depth"]["removed"]
    assert [one["sum"] for one in removed] == list(result.depth.sums)
    assert removed[0]["sensitivity"] > 0
    said = [line for line in prune_lines(result) if isinstance(line, str)]
    assert any(line.startswith("1 residual branch gone whole") for line in said)


def test_never_without_the_option(folder):
    assert prune("m.onnx", None, Options(target=0.3, latency=False)).depth is None


def test_more_branches_than_there_are(folder):
    with pytest.raises(TargetError, match="the model has 2"):
        prune("m.onnx", None, options(depth=5))


@pytest.mark.parametrize("given", [{"keep_answers": 0.9}, {"by": "latency", "latency": True}])
def test_what_does_not_go_with_it_is_refused(given):
    with pytest.raises(UsageError, match="depth goes with a target of"):
        options(**given)
