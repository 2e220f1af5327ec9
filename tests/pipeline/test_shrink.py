"""From a model to a smaller one in memory: what it holds, and that a wrong cut goes no further."""

from __future__ import annotations

import pytest

from paoding_onnx.context import Run
from paoding_onnx.errors import CheckError
from paoding_onnx.evaluation.dataset import ArraySamples
from paoding_onnx.options import Options
from paoding_onnx.pipeline import shrink as shrink_module
from paoding_onnx.pipeline.shrink import shrink
from paoding_onnx.pipeline.values import Job
from tests.models import model
from tests.pruning import MLP, feeds


def job(labelled=None, **options):
    return Job(model(MLP), labelled, None, Options(**options), Run())


@pytest.mark.parametrize("method", ["magnitude", "reconstruction"])
def test_smaller_model_is_proven_and_lost_what_the_plan_says(method):
    shrunk = shrink(job(method=method, allocation="uniform"))
    assert shrunk.surgery.passed
    assert [shrunk.plan.kept_units(group) for group in shrunk.trace.groups] == [8, 6]
    assert (shrunk.fitted.recovery is None) == (method == "magnitude")


def test_steps_have_an_accuracy_where_there_are_labelled_samples():
    (feed,) = feeds(model(MLP), sizes=(32,))
    labelled = ArraySamples(feed, feed["x"][:, 0] > 0)
    shrunk = shrink(job(labelled, step=0.25))
    assert all(0 <= step.accuracy <= 1 for step in shrunk.steps)
    assert [step.accuracy for step in shrink(job(step=0.25)).steps] == [None] * len(shrunk.steps)


def test_wrong_cut_goes_no_further(monkeypatch):
    monkeypatch.setattr(shrink_module, "cut", lambda subject, *_: subject)
    with pytest.raises(CheckError, match="the surgery failed its proof, nothing was written"):
        shrink(job(method="magnitude"))
