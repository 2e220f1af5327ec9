"""What is left of a target is a share of what is left of a model."""

from __future__ import annotations

import pytest

from paoding_onnx.context import Run
from paoding_onnx.dependency.cost import cost, nothing
from paoding_onnx.options import Options
from paoding_onnx.pipeline.left import share_left
from paoding_onnx.pipeline.prepare import prepare
from paoding_onnx.pipeline.values import Deeper, Job
from paoding_onnx.result import Depth
from paoding_onnx.surgery.shallower import deep
from paoding_onnx.verification.verdict import Verdict
from tests.models import model
from tests.residuals import BLOCKS


@pytest.mark.parametrize(("target", "left"), [(0.5, (0.5 * 392 - 160) / 232), (0.3, 0.0)])
def test_branches_count_for_the_target(target, left):
    given, options = model(BLOCKS), Options(target=target)
    found = deep(given)
    whole = cost(found.trace, nothing(found.trace))
    depth = Depth(("t1",), (0.0,), whole, Verdict("depth", True, ""))
    smaller = found.without(found.residuals[:1])
    job = Job(smaller, None, None, options, Run(), deeper=Deeper(given, found.study.folded, found.trace, depth))
    assert share_left(job, prepare(smaller, options).trace) == pytest.approx(left)


def test_model_with_all_branches_has_the_target_to_do():
    given = model(BLOCKS)
    assert share_left(Job(given, None, None, Options(target=0.3), Run()), deep(given).trace) == 0.3
