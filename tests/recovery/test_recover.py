"""The smaller model taught by the original: it comes nearer, says so, and is refused where it does not."""

from __future__ import annotations

import os
import signal
from contextlib import nullcontext
from dataclasses import replace

import numpy as np
import pytest

from paoding_onnx.context import Run
from paoding_onnx.errors import ModelError
from paoding_onnx.model.compare import output_difference
from paoding_onnx.model.read import constants
from paoding_onnx.model.session import Session
from paoding_onnx.recovery import course
from paoding_onnx.recovery import recover as module
from paoding_onnx.recovery.engine import Engine
from paoding_onnx.recovery.lesson import Effort
from paoding_onnx.recovery.recover import recover
from paoding_onnx.recovery.student import Student
from paoding_onnx.recovery.together import Losses, Together
from tests.models import model
from tests.pruning import CNN, MLP, feeds, overrides
from tests.reconstruction.fitted import NORMED, STRUCTURES
from tests.recovery.lessons_for import lesson_of

EFFORT = Effort(60, 1e-2, 1e12)


def off(lesson, smaller):
    (feed,) = feeds(lesson.original, (128,), seed=99)
    return output_difference(Session(lesson.original).run(feed), Session(smaller).run(feed))


@pytest.mark.parametrize(
    "text", [MLP, CNN, STRUCTURES["residual"], STRUCTURES["tokens"]], ids=["mlp", "cnn", "sum", "tokens"]
)
def test_taught_model_is_nearer_to_the_original(text):
    lesson = lesson_of(text)
    found = recover(lesson, EFFORT, Run(), Engine)
    assert found.taught.loss_after < found.taught.loss_before
    assert off(lesson, found.model) < off(lesson, lesson.smaller)


def test_model_with_normalizations_stores_statistics_for_real_data():
    lesson = lesson_of(NORMED, uses_batch=True)
    found = recover(lesson, EFFORT, Run(), Engine)
    assert {"m", "v"} <= found.decided.keys() & found.statistics.keys()
    assert found.taught.loss_after < found.taught.loss_before


def test_only_what_is_named_is_changed():
    lesson = lesson_of(MLP)
    found = recover(lesson, EFFORT, Run(), Engine)
    old, new = overrides(lesson.smaller), constants(found.model)
    changed = {name for name in old if not np.array_equal(old[name], new[name])}
    assert changed <= found.decided.keys()
    assert all(np.array_equal(new[name], value) for name, value in found.decided.items())
    assert {k: (v.shape, v.dtype) for k, v in old.items()} == {k: (v.shape, v.dtype) for k, v in new.items()}


def test_same_lesson_gives_the_same_bytes():
    first, second = (recover(lesson_of(MLP), EFFORT, Run(), Engine) for _ in range(2))
    assert all(first.decided[name].tobytes() == second.decided[name].tobytes() for name in first.decided)


def test_model_that_comes_no_nearer_is_refused(monkeypatch):
    monkeypatch.setattr(module, "descend", lambda weights, *_: {name: value + 10 for name, value in weights.items()})
    with pytest.raises(ModelError, match="loss on inputs held back went from"):
        recover(lesson_of(MLP), EFFORT, Run(), Engine)


def test_gain_that_is_hardly_one_is_refused(monkeypatch):
    monkeypatch.setattr(module, "descend", lambda weights, *_: dict(weights))
    with pytest.raises(ModelError, match="which is no clear gain"):
        recover(lesson_of(MLP), EFFORT, Run(), Engine)


def test_hopeless_descent_is_ended_early():
    steps = []
    run = Run(progress=lambda what, _: steps.append(what) if "step" in what else None)
    with pytest.raises(ModelError, match="loss on inputs held back rose from"):
        recover(lesson_of(MLP), Effort(60, 1e4, 1e12), run, Engine)
    assert len(steps) == 21 + 14 + 9  # a third of the steps that are left, three times


def test_learning_begins_anew_more_slowly_where_the_loss_rose():
    lesson, told = lesson_of(MLP), []
    run = Run(progress=lambda what, _: told.append(what) if "step" in what else None)
    found = recover(lesson, Effort(60, 1.0, 1e12), run, Engine)
    assert (found.taught.steps, found.taught.planned, len(told)) == (60, 60, 60)
    assert [what.split(", ")[0] for what in told] == [
        f"learning from the original: step {k} of 60" for k in range(1, 61)
    ]
    assert off(lesson, found.model) < off(lesson, lesson.smaller)


def test_outputs_that_are_farther_off_are_refused_though_the_loss_fell(monkeypatch):
    off = iter([0.1, 0.2])
    monkeypatch.setattr(Student, "off", lambda *_: next(off))
    lesson = lesson_of(MLP)
    with pytest.raises(ModelError, match=r"held back were off by 0\.1 before, and by 0\.2 after"):
        recover(replace(lesson, samples=replace(lesson.samples, is_synthetic=True)), EFFORT, Run(), Engine)


@pytest.mark.parametrize(("real_loss", "off"), [(0.4, 0.2), (0.6, 0.1), (0.6, 0.2)])
def test_of_real_inputs_either_measure_will_do(monkeypatch, real_loss, off):
    losses, outputs = iter([Losses(1.0, 0.5), Losses(0.9, 0.4), Losses(0.8, real_loss)]), iter([0.15, off])
    monkeypatch.setattr(Together, "held_back", lambda *_: next(losses))
    monkeypatch.setattr(Student, "off", lambda *_: next(outputs))
    lesson = lesson_of(MLP)
    assert not lesson.samples.is_synthetic
    refused = pytest.raises(ModelError, match=r"were off by 0\.15 before, and by 0\.2 after")
    with refused if real_loss > 0.5 and off > 0.15 else nullcontext():
        recover(lesson, EFFORT, Run(), Engine)


def test_too_much_work_is_refused_before_any_is_done():
    with pytest.raises(ModelError, match="as much work and memory as the effort allows"):
        recover(lesson_of(MLP), Effort(60, 1e-2, 1e3), Run(), Engine)


def test_less_is_trained_where_that_is_all_that_the_effort_allows(monkeypatch):
    monkeypatch.setattr(course, "_n_inputs", lambda *_: 640)
    lesson = lesson_of(CNN)
    whole = recover(lesson, EFFORT, Run(), Engine).taught
    part = recover(lesson, Effort(60, 5e-2, 60 * 64 * 3 * 2000.0), Run(), Engine).taught
    assert part.n_parameters < whole.n_parameters


def test_few_inputs_are_refused():
    with pytest.raises(ModelError, match="too few to learn from"):
        recover(lesson_of(MLP, n_batches=1), EFFORT, Run(), Engine)


def test_progress_tells_steps_loss_and_time():
    told = []
    recover(lesson_of(MLP), EFFORT, Run(progress=lambda what, share: told.append((what, share))), Engine)
    assert "step 60 of 60, loss" in told[-1][0]
    assert "0 s left" in told[-1][0]
    assert told[-1][1] == pytest.approx(1)


def test_half_precision_is_trained_in_single():
    text = MLP.replace("float[", "float16[")
    lesson = lesson_of(text)
    found = recover(lesson, EFFORT, Run(), Engine)
    assert found.taught.loss_after < found.taught.loss_before
    assert {value.dtype for value in found.decided.values()} == {np.dtype(np.float16)}
    assert model(text).inputs[0].dtype == np.float16


def test_quantized_weights_are_left_to_the_quantizer():
    text = """g (float[N,6] x) => (float[N,3] y)
        <int8[6,8] a, float s={0.02}, float[8] k, int8[8,3] b, float t={0.02}> {
      v = DequantizeLinear (a, s) p = MatMul (x, v) q = Add (p, k) r = Relu (q)
      w = DequantizeLinear (b, t) y = MatMul (r, w) }"""
    with pytest.raises(ModelError, match="no layer has weights of its own"):
        recover(lesson_of(text), EFFORT, Run(), Engine)


def test_interrupted_learning_keeps_what_was_learned_by_then():
    steps = []

    def progress(what, _):
        steps.append(what)
        if "step 40 of" in what:
            os.kill(os.getpid(), signal.SIGINT)

    effort = replace(EFFORT, steps=400, keeps_best=True)
    found = recover(lesson_of(MLP), effort, Run(progress=progress), Engine)
    assert (found.taught.steps, found.taught.planned) == (40, 400)
    assert found.taught.loss_after < found.taught.loss_before


@pytest.mark.parametrize(("text", "uses_batch"), [(CNN, False), (NORMED, True)], ids=["plain", "normed"])
def test_few_real_inputs_are_learned_from_beside_synthetic_ones(text, uses_batch):
    lesson = lesson_of(text, uses_batch=uses_batch)
    real = replace(lesson.samples, batches=lesson.samples.batches[:1], is_synthetic=False)
    others = replace(lesson.samples, batches=lesson.samples.batches[1:])
    found = recover(replace(lesson, samples=real, beside=others), EFFORT, Run(), Engine)
    assert found.taught.loss_after < found.taught.loss_before
    assert off(lesson, found.model) < off(lesson, lesson.smaller)
    assert ({"m", "v"} <= found.decided.keys()) is uses_batch
