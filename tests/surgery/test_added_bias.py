"""Biases for layers without one: they start at zero, keep names apart, and the proofs know them."""

from __future__ import annotations

import numpy as np
import pytest

from paoding_onnx.api import prune
from paoding_onnx.dependency.cost import cost
from paoding_onnx.model.naming import names_in
from paoding_onnx.model.save import write_model
from paoding_onnx.model.session import Session
from paoding_onnx.options import Options
from paoding_onnx.pipeline import shrink
from paoding_onnx.reconstruction.reconstruct import reconstruct
from paoding_onnx.shapes.observe import observe
from paoding_onnx.surgery.added_bias import open_biases, with_biases
from paoding_onnx.surgery.plan import plan_document
from paoding_onnx.verification.check import check
from tests.models import model
from tests.pruning import feeds

BARE = """g (float[N,6] x) => (float[N,4] y) <float[6,16] a, float[16] k, float[16,12] b, float[12,4] c> {
  p = Gemm (x, a, k) q = Relu (p) r = Gemm (q, b) s = Relu (r) y = Gemm (s, c)
}"""


def names(text: str, **kinds: int) -> list[str]:
    """Names of the biases that a model has room for."""
    return [bias.name for bias in open_biases(observe(model(text, **kinds)), set())]


def test_open_biases_are_those_the_file_leaves_out():
    assert names(BARE) == ["b.added_bias", "c.added_bias"]


def test_operators_that_take_no_bias_have_none_open():
    assert names(BARE.replace("r = Gemm", "r = MatMul")) == ["c.added_bias"]


def test_shift_behind_a_layer_serves_as_its_bias():
    assert names(BARE.replace("s = Relu (r)", "h = Add (r, e) s = Relu (h)").replace("<", "<float[12] e, ", 1)) == [
        "c.added_bias"
    ]


@pytest.mark.parametrize("ir", [3, 8])
def test_fresh_biases_change_nothing(ir):
    subject = model(BARE, ir=ir, opset=11)
    more = with_biases(subject, tuple(open_biases(observe(subject), set())))
    feed = feeds(subject, (5,))[0]
    assert more.proto.graph.input[0].name == "x"
    np.testing.assert_array_equal(Session(more).run(feed)["y"], Session(subject).run(feed)["y"])


def test_name_in_use_is_not_taken_again():
    taken = BARE.replace(" k,", " k, float[12] taken,")
    subject = model(taken)
    subject.proto.graph.initializer[2].name = "b.added_bias"
    assert open_names_are_free(subject)


def open_names_are_free(subject) -> bool:
    """Whether no open bias has the name of a tensor of the model."""
    used = {tensor.name for tensor in subject.proto.graph.initializer}
    return used.isdisjoint(bias.name for bias in open_biases(observe(subject), names_in(subject.proto)))


@pytest.fixture
def samples(tmp_path):
    """A file of samples for `BARE`, far from zero."""
    path = tmp_path / "x.npz"
    np.savez(path, x=np.random.default_rng(0).normal(2, 1, (256, 6)).astype(np.float32))
    return path


def test_biases_added_on_real_samples_are_counted_and_keep_the_target(samples):
    result = prune(model(BARE), options=Options(calibration=samples, by="parameters", target=0.4, round_to=4))
    assert result.run.recovery is not None
    assert result.run.recovery.n_added > 0
    assert result.sizes.after.parameters <= 0.6 * result.sizes.before.parameters


def test_check_accepts_added_biases(samples, tmp_path):
    subject = model(BARE)
    before, after = tmp_path / "before.onnx", tmp_path / "after.onnx"
    write_model(subject, before)
    result = prune(before, after, Options(calibration=samples, target=0.4, round_to=1))
    assert result.run.recovery is not None
    assert result.run.recovery.n_added > 0
    verdicts = check(before, after, plan=plan_document(result.trace, result.plan)).proofs
    assert [verdict.name for verdict in verdicts if not verdict.passed] == []
    assert any("biases were added" in verdict.detail for verdict in verdicts)


def test_made_up_inputs_add_no_bias():
    result = prune(model(BARE), options=Options(target=0.4, round_to=1))
    assert result.run.recovery is not None
    assert result.run.recovery.n_added == 0


@pytest.mark.slow
def test_steps_are_evaluated_at_their_own_cost_and_target(samples, tmp_path, monkeypatch):
    labelled = tmp_path / "labelled.npz"
    with np.load(samples) as file:
        np.savez(labelled, x=file["x"], y=np.arange(256) % 4)
    seen = []

    def noted(model, trace, plan, *given, room, **options):
        seen.append((cost(trace, plan.removed), room))
        return reconstruct(model, trace, plan, *given, room=room, **options)

    monkeypatch.setattr(shrink, "reconstruct", noted)
    options = Options(calibration=samples, by="parameters", target=0.6, step=0.05, round_to=4, eval=labelled)
    result = prune(model(BARE), options=options)
    whole = result.sizes.before.parameters
    steps = (result.run.steps[-1], *result.run.steps[:-1])
    assert len(steps) > 2
    assert [found for found, _ in seen] == [step.cost for step in steps]
    assert [room for _, room in seen] == [max(int((1 - s.share) * whole) - s.cost.parameters, 0) for s in steps]
    assert any(room > 0 for _, room in seen[1:])
