"""As far as it holds: the largest share for which a question is answered with yes, found by few trials."""

from __future__ import annotations

from dataclasses import replace

import pytest

from paoding_onnx.context import Run
from paoding_onnx.errors import TargetError, UsageError
from paoding_onnx.evaluation.dataset import ArraySamples
from paoding_onnx.evaluation.measured import Kept
from paoding_onnx.model.session import Session
from paoding_onnx.options import Options
from paoding_onnx.pipeline import shrink as shrink_module
from paoding_onnx.pipeline.keep import TRIALS
from paoding_onnx.pipeline.shrink import NOT_TAUGHT, shrink_as_far
from paoding_onnx.pipeline.values import Job
from tests.models import model
from tests.pruning import MLP, feeds

CLASSIFIER = MLP.replace("y = Add (u, cb)", "z = Add (u, cb) y = Softmax (z)")


def job(labelled=None, **options):
    given = {"by": "units", "method": "magnitude", "keep_answers": 0.5, "round_to": 1}
    return Job(model(CLASSIFIER), labelled, None, Options(**(given | options)), Run())


def asked(monkeypatch, most):
    """Lets candidates hold that have lost at most so many units of 28; returns how many each of them had lost."""
    seen = []

    def question(*_):
        def ask(candidate):
            lost = 28 - _hidden(candidate)
            seen.append(lost)
            return Kept("units", lost, lost, lost <= most)

        return ask

    monkeypatch.setattr(shrink_module, "question_for", question)
    return seen


def _hidden(candidate):
    shapes = {tensor.name: tuple(tensor.dims) for tensor in candidate.proto.graph.initializer}
    return shapes["a"][1] + shapes["c"][0]


@pytest.mark.parametrize("method", ["magnitude", pytest.param("reconstruction", marks=pytest.mark.slow)])
@pytest.mark.parametrize("most", [3, 14, 22])
def test_largest_share_that_holds_is_found(method, most, monkeypatch):
    seen = asked(monkeypatch, most)
    found, shrunk = shrink_as_far(job(method=method))
    lost = int(shrunk.plan.removed.sum())
    assert most - 2 <= lost <= most
    assert len(seen) <= TRIALS
    assert found.options.target == max(trial.share for trial in shrunk.trials if trial.kept.holds)
    assert [trial.share for trial in shrunk.trials] == sorted(trial.share for trial in shrunk.trials)


def test_nothing_that_holds_is_an_error(monkeypatch):
    asked(monkeypatch, -1)
    with pytest.raises(TargetError, match="nothing can go: at a target of"):
        shrink_as_far(job())


@pytest.mark.slow
def test_inputs_are_looked_at_once(monkeypatch):
    asked(monkeypatch, 10)
    said = []
    subject = job(method="reconstruction")
    shrink_as_far(replace(subject, run=Run(progress=lambda what, _: said.append(what))))
    assert [what for what in said if what == "observing units"] == ["observing units"]
    assert said.index("trial 1 of 6") > said.index("observing units")


def test_taught_model_that_keeps_less_is_left_out(monkeypatch):
    monkeypatch.setattr(
        shrink_module,
        "taught",
        lambda prepared, plan, profile, fitted, options, run: replace(fitted, model=prepared.folded),
    )
    verdicts = iter([True] * TRIALS + [False])
    monkeypatch.setattr(shrink_module, "question_for", lambda *_: lambda _: Kept("any", 0, 0, next(verdicts)))
    assert shrink_as_far(job())[1].fitted.notes[-1] == NOT_TAUGHT


def test_accuracy_on_labelled_samples_decides():
    (feed,) = feeds(model(CLASSIFIER), sizes=(400,))
    labels = Session(model(CLASSIFIER)).run(feed)["y"].argmax(1)
    subject = job(ArraySamples(feed, labels), keep_answers=None, keep_accuracy=0.3, eval="there")
    _, shrunk = shrink_as_far(subject)
    (best,) = [trial for trial in shrunk.trials if trial.share == max(t.share for t in shrunk.trials if t.kept.holds)]
    assert best.kept.bound <= 0.3
    assert shrunk.steps[-1].accuracy == pytest.approx(1 - best.kept.value)


def test_answers_on_synthetic_inputs_decide():
    _, shrunk = shrink_as_far(job(keep_answers=0.6))
    assert all(trial.kept.holds == (trial.kept.bound >= 0.6) for trial in shrunk.trials)
    assert any(trial.kept.holds for trial in shrunk.trials)


@pytest.mark.parametrize(
    "given",
    [
        {"keep_answers": 1.5},
        {"keep_answers": float("nan")},
        {"keep_accuracy": 0.01},
        {"keep_accuracy": 0.01, "keep_answers": 0.9, "eval": "x"},
    ],
)
def test_what_cannot_be_kept_is_refused(given):
    with pytest.raises(UsageError):
        Options(**given)


def test_options_know_whether_the_target_is_to_be_found():
    assert Options(keep_answers=0.9).keeps
    assert not Options().keeps
