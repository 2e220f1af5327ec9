"""From a model to a smaller one in memory: what it holds, and what is not kept."""

from __future__ import annotations

import pytest

from paoding_onnx.context import Run
from paoding_onnx.evaluation.dataset import ArraySamples
from paoding_onnx.options import Options
from paoding_onnx.pipeline.shrink import shrink
from paoding_onnx.pipeline.values import Job
from paoding_onnx.reconstruction import reconstruct as reconstruct_module
from paoding_onnx.surgery.cut import reweigh
from paoding_onnx.verification.written import refitted
from tests.models import model
from tests.pruning import MLP, feeds
from tests.reconstruction.fitted import NORMED


def job(labelled=None, **options):
    return Job(model(MLP), labelled, None, Options(**{"by": "units"} | options), Run())


@pytest.mark.parametrize("method", ["magnitude", "reconstruction"])
def test_smaller_model_lost_what_the_plan_says(method):
    shrunk = shrink(job(method=method, allocation="uniform"))
    assert [shrunk.plan.kept_units(group) for group in shrunk.prepared.trace.groups] == [8, 6]
    assert (shrunk.fitted.recovery is None) == (method == "magnitude")


def test_steps_have_an_accuracy_where_there_are_labelled_samples():
    (feed,) = feeds(model(MLP), sizes=(32,))
    labelled = ArraySamples(feed, feed["x"][:, 0] > 0)
    shrunk = shrink(job(labelled, step=0.25))
    assert all(0 <= step.accuracy <= 1 for step in shrunk.steps)
    assert [step.accuracy for step in shrink(job(step=0.25)).steps] == [None] * len(shrunk.steps)


@pytest.mark.recovery
def test_weights_that_do_not_help_are_not_kept_and_the_original_teaches_the_cut_ones(monkeypatch):
    """Weights that are fitted well, then turned around."""

    def turned(subject, overrides):
        return reweigh(subject, {name: -value for name, value in overrides.items()})

    monkeypatch.setattr(reconstruct_module, "reweigh", turned)
    for effort in ("fast", "normal"):
        shrunk = shrink(job(method="reconstruction", allocation="uniform", effort=effort))
        fitted = shrunk.fitted
        assert "did not help" in fitted.notes[-1]
        assert fitted.recovery.layers == ()
        assert (fitted.recovery.taught is None) == (effort == "fast")
        assert bool(refitted(fitted.model, shrunk.plain)) == bool(fitted.fits) == (effort == "normal")


def test_fit_that_shifted_a_stored_mean_is_kept():
    """The mean is levelled for the proof: what the fit added to it has to stay."""
    subject = Job(model(NORMED), None, None, Options(by="parameters"), Run())
    fitted = shrink(subject).fitted
    assert fitted.notes == ()
    assert "m" in fitted.fits
