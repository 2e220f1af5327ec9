"""The proof on removed branches holds for the right model alone."""

from __future__ import annotations

import numpy as np

from paoding_onnx.surgery.cut import reweigh
from paoding_onnx.surgery.shallower import deep
from paoding_onnx.verification.depth import check_depth
from tests.models import model
from tests.residuals import BLOCKS


def test_removed_branch_is_as_good_as_zeros():
    given = model(BLOCKS)
    found = deep(given)
    verdict = check_depth(given, found.trace, found.residuals, found.without(found.residuals))
    assert verdict.passed, verdict.detail
    assert verdict.detail.startswith("2 residual branches gone, as if times zero")


def test_another_branch_is_noticed():
    given = model(BLOCKS)
    found = deep(given)
    verdict = check_depth(given, found.trace, found.residuals[:1], found.without(found.residuals[1:]))
    assert not verdict.passed


def test_changed_weight_is_noticed():
    given = model(BLOCKS)
    found = deep(given)
    made = found.without(found.residuals[:1])
    wrong = reweigh(made, {"last": np.ones((8, 3), np.float32)})
    assert not check_depth(given, found.trace, found.residuals[:1], wrong).passed
