"""The fitted model taught by the original: kept if it helps, with the reason if not; all proofs hold."""

from __future__ import annotations

import numpy as np
import pytest

from paoding_onnx.api import prune
from paoding_onnx.calibration.load import load_samples
from paoding_onnx.calibration.preprocess import Preprocess
from paoding_onnx.calibration.samples import InputOptions, Request, Samples
from paoding_onnx.context import Run
from paoding_onnx.errors import ModelError
from paoding_onnx.options import Options
from paoding_onnx.pipeline import teach
from paoding_onnx.pipeline.prepare import prepare
from paoding_onnx.report.save import save
from paoding_onnx.result import Pruned
from paoding_onnx.verification.check import check
from paoding_onnx.verification.verdict import Verdict
from tests.models import model
from tests.pruning import MLP, skip_latency
from tests.reconstruction.fitted import NORMED

pytestmark = pytest.mark.recovery


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    skip_latency(monkeypatch)


def pruned(text: str, **options) -> Pruned:
    return prune(model(text), options=Options(by="parameters", **options))


def test_model_is_taught_by_default_and_not_with_fast():
    assert pruned(MLP).run.recovery.taught.steps == 2000
    fast = pruned(MLP, effort="fast").run.recovery
    assert (fast.taught, fast.untaught) == (None, "")


@pytest.mark.parametrize("text", [MLP, NORMED], ids=["mlp", "normalised"])
def test_taught_model_passes_all_proofs(text):
    found = pruned(text, recover=400)
    assert found.run.notes == ()
    assert found.run.recovery.taught.steps == 400
    assert all(proof.passed for proof in found.proofs)
    assert found.refitted


def test_check_accepts_what_was_taught(tmp_path):
    original, smaller, plan = (tmp_path / name for name in ("a.onnx", "b.onnx", "plan.json"))
    save(model(NORMED), original)
    options = Options(by="parameters", recover=120)
    prune(original, smaller, options, documents={"plan": plan})
    assert [proof for proof in check(original, smaller, plan=plan).proofs if not proof.passed] == []


def test_lesson_that_cannot_be_had_leaves_the_reason(monkeypatch):
    def refuse(*_):
        raise ModelError("no exact gradient: Strange 'node'")

    monkeypatch.setattr(teach, "recover", refuse)
    found = pruned(MLP).run
    assert (found.recovery.taught, found.recovery.untaught) == (None, "no exact gradient: Strange 'node'")
    assert found.notes == ()


def test_lesson_that_leads_far_from_what_was_fitted_is_dropped(monkeypatch):
    refused = Verdict("fitted weights help", False, "outputs were off by 0.1 before, and by 0.5 after")
    monkeypatch.setattr(teach, "check_lesson", lambda *_: refused)
    found = pruned(MLP).run
    assert (found.recovery.taught, found.recovery.untaught) == (None, refused.detail)


def test_methods_that_look_at_no_inputs_learn_nothing():
    found = pruned(MLP, method="magnitude")
    assert found.run.recovery is None


SMALL_IMAGES = """g (float[N,3,16,16] x) => (float[N,4] y)
    <float[8,3,3,3] a, float[8] ab, float[8,8,3,3] b, float[8] bb, float[4,8] c, float[4] cb> {
  p = Conv <pads=[1,1,1,1]> (x, a, ab) q = Relu (p) r = Conv <strides=[2,2]> (q, b, bb) s = Relu (r)
  t = GlobalAveragePool (s) u = Flatten (t) y = Gemm <transB=1> (u, c, cb)
}"""


def test_more_images_are_synthesized_to_learn_from(monkeypatch):
    monkeypatch.setattr(teach, "MORE", 600)
    monkeypatch.setattr(teach, "RATE", 0.01)
    found = pruned(SMALL_IMAGES, recover=100, preprocess=Preprocess(scale=255.0))
    assert found.run.recovery.n_samples < found.run.recovery.taught.n_inputs
    assert found.run.recovery.taught.steps == 100
    assert all(proof.passed for proof in found.proofs)


def test_images_to_learn_from_take_no_more_memory_than_is_allowed(monkeypatch):
    text = """g (float[n,3,512,512] x) => (float[n,4,8,8] z) <float[6,3,1,1] a, float[4,6,1,1] b> {
        y = Conv <strides = [64, 64]> (x, a)
        z = Conv (y, b) }"""
    asked = []
    monkeypatch.setattr(teach, "kept_samples", lambda _model, _graph, request, _options: asked.append(request) or few)
    few = Samples(({"x": np.zeros((2, 3, 512, 512), np.float32)},), "zeros")
    options = Options(memory=1 << 24)
    found = teach._more(prepare(model(text), options), few, options, Run())
    assert [request.n_samples for request in asked] == [(1 << 24) // (3 * 512 * 512 * 4) - 2]
    assert len(found.batches) == 2


def _of_many(monkeypatch, path, most):
    """What is learned from, where fits take 32 of 400 real images and learning may have `most`."""
    monkeypatch.setattr(teach, "MORE", most)
    monkeypatch.setattr(teach, "MANY", 150)
    np.save(path, np.random.default_rng(0).random((400, 3, 16, 16), np.float32))
    prepared = prepare(model(SMALL_IMAGES), Options())
    samples = load_samples(path, prepared.folded, prepared.trace.graph, Request(32, 0, InputOptions()))
    return samples, teach._more(prepared, samples, Options(calibration=path), Run())


def test_real_samples_that_fits_had_no_need_of_are_learned_from(monkeypatch, tmp_path):
    samples, found = _of_many(monkeypatch, tmp_path / "images.npy", 4096)
    assert (samples.n_samples, found.n_samples, found.is_synthetic) == (32, 320, False)  # a fifth is held back
    assert found.parted()[1] is None
    np.testing.assert_array_equal(found.arrays["x"][:32], samples.arrays["x"])


def test_no_more_real_samples_are_learned_from_than_is_cheap(monkeypatch, tmp_path):
    assert _of_many(monkeypatch, tmp_path / "images.npy", 200)[1].n_samples == 200
