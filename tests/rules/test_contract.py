"""Every registered operator survives a random pruning: the smaller model equals the zeroed one, costs as predicted."""

from __future__ import annotations

import numpy as np
import pytest

from paoding_onnx.model.session import Session
from paoding_onnx.rules.rule import operators
from tests.models import model, prune_randomly
from tests.rules.contract import CONTRACT, Case
from tests.rules.contract_others import OTHERS

CASES = [*CONTRACT, *OTHERS]
every_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.label)


@every_case
def test_operator_is_pruned_exactly(case: Case):
    trial = prune_randomly(model(case.text, opset=case.opset, ir=case.ir))
    nodes = [bound.node for bound in trial.trace.bound_nodes if bound.has_rule]
    assert case.domain_and_operator in {(node.domain, node.operator) for node in nodes}
    assert trial.verdict.passed, trial.verdict.detail
    assert trial.predicted == trial.recounted
    assert trial.trace.n_units == case.units
    assert trial.n_removed >= case.units // 2


@every_case
def test_contract_model_says_something(case: Case):
    """An output of zeros or NaN would satisfy any oracle."""
    subject = model(case.text, opset=case.opset, ir=case.ir)
    feeds = {"x": np.random.default_rng(0).standard_normal((2, 3, 8, 8)).astype(np.float32)}
    y = Session(subject).run(feeds)["y"]
    assert np.isfinite(y).all()
    assert y.std() > 1e-4


def test_contract_covers_every_registered_operator():
    assert {case.domain_and_operator for case in CASES} == {(entry.domain, entry.operator) for entry in operators()}
