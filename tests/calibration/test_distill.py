"""Distilling: inputs move towards the stored statistics, within their bounds; what has none stays, with the reason."""

from __future__ import annotations

import numpy as np
import pytest

from paoding_onnx.api import prune
from paoding_onnx.calibration.distill import LOSS, _with_loss, distil
from paoding_onnx.calibration.samples import Samples
from paoding_onnx.context import Run
from paoding_onnx.errors import ModelError, UsageError
from paoding_onnx.layerwise.statistics import normalising
from paoding_onnx.model.load import Model
from paoding_onnx.model.session import Session
from paoding_onnx.options import Options
from tests.models import model
from tests.pruning import traced_model

NORMALISED = """g (float[N,3,6,6] x) => (float[N,2] y)
    <float[8,3,3,3] a, float[8] s, float[8] o, float[8] m, float[8] v, float[6,8,3,3] b,
     float[6] t, float[6] p, float[6] k, float[6] w, float[6,2] c, float[2] d> {
  e = Conv <pads=[1,1,1,1]> (x, a) f = BatchNormalization (e, s, o, m, v) h = Relu (f)
  i = Conv <pads=[1,1,1,1]> (h, b) j = BatchNormalization (i, t, p, k, w) l = Relu (j)
  q = GlobalAveragePool (l) r = Flatten (q) y = Gemm (r, c, d)
}"""
versions = pytest.mark.parametrize("opset", [13, 17, 18, 21])


def drawn(count: int = 64, batch: int = 32) -> Samples:
    """Random images for `NORMALISED`."""
    values = np.random.default_rng(0).normal(0, 1, (count, 3, 6, 6)).astype(np.float32)
    return Samples(tuple({"x": values[start : start + batch]} for start in range(0, count, batch)), "random")


def distilled(subject: Model, samples: Samples, steps: int = 10) -> Samples:
    """The samples after some steps."""
    return distil(subject, traced_model(subject), samples, steps, Run())


def with_loss(subject: Model, count: int) -> Model:
    """The model that computes the loss of `count` samples."""
    trace = traced_model(subject)
    measured = (trace.graph.tensors["x"].shape or (1,))[0]
    return _with_loss(subject, [trace.bound_nodes[index] for index in normalising(trace)], count / measured)


def loss(subject: Model, samples: Samples) -> float:
    """How far the samples are from the statistics stored in a model."""
    values = np.concatenate([feed["x"] for feed in samples.batches])
    scored = Session(with_loss(subject, len(values)))
    return float(scored.run({"x": values})[LOSS])


def with_statistics_of(subject: Model, values: np.ndarray) -> Model:
    """The model with the statistics stored that its channels have on some inputs, layer after layer."""
    for source, names in {"e": ("m", "v"), "i": ("k", "w")}.items():
        seen = Session(subject, watch=(source,)).run({"x": values})[source]
        for name, found in zip(names, (seen.mean((0, 2, 3)), seen.var((0, 2, 3))), strict=True):
            tensor = next(tensor for tensor in subject.proto.graph.initializer if tensor.name == name)
            tensor.raw_data = found.astype(np.float32).tobytes()
    return subject


@versions
def test_statistics_come_nearer(opset):
    subject = with_statistics_of(model(NORMALISED, opset=opset), 0.6 * drawn().batches[0]["x"] + 0.2)
    assert loss(subject, distilled(subject, drawn(), 20)) < 0.3 * loss(subject, drawn())


@versions
def test_normalisations_spelled_out_compute_the_same(opset):
    subject = model(NORMALISED, opset=opset)
    feed = drawn().batches[0]
    scored = with_loss(subject, len(feed["x"]))
    np.testing.assert_allclose(Session(scored).run(feed)["y"], Session(subject).run(feed)["y"], atol=2e-5)


def test_loss_is_zero_where_the_statistics_are_those_of_the_inputs():
    values = np.concatenate([feed["x"] for feed in drawn().batches])
    assert loss(with_statistics_of(model(NORMALISED), values), drawn()) < 1e-6


def test_numbers_stay_within_what_the_samples_had():
    subject, samples = model(NORMALISED), drawn()
    before, after = (
        np.concatenate([feed["x"] for feed in of.batches]) for of in (samples, distilled(subject, samples, 50))
    )
    assert not np.array_equal(before, after)
    assert (after >= before.min(0)).all()
    assert (after <= before.max(0)).all()


def test_samples_given_are_not_changed():
    samples = drawn()
    copies = [feed["x"].copy() for feed in samples.batches]
    distilled(model(NORMALISED), samples)
    assert all(np.array_equal(feed["x"], copy) for feed, copy in zip(samples.batches, copies, strict=True))


def test_same_samples_give_the_same_bytes():
    found = [distilled(model(NORMALISED), drawn()) for _ in range(2)]
    assert found[0].batches[1]["x"].tobytes() == found[1].batches[1]["x"].tobytes()


def test_batches_stay_as_large_as_they_were_and_the_words_say_what_was_done():
    found = distilled(model(NORMALISED), drawn(96, 16), 3)
    assert [len(feed["x"]) for feed in found.batches] == [16] * 6
    assert found.description == "random, distilled in 3 steps"


def test_one_sample_at_a_time_cannot_be_distilled():
    subject = model(NORMALISED.replace("[N,", "[1,"))
    with pytest.raises(ModelError, match="1 samples at a time"):
        distilled(subject, drawn(8, 1))


def test_input_that_holds_no_samples_is_named_as_the_reason():
    text = NORMALISED.replace("(float[N,3,6,6] x)", "(float[N,3,6,6] p0, float z)").replace(
        "> {", "> { x = Add (p0, z)"
    )
    result = prune(model(text), options=Options(distill=2, round_to=1))
    assert result.run.recovery is not None
    assert "not distilled: input 'z' does not hold one entry for each sample" in result.run.recovery.inputs


def test_half_precision_is_named_as_the_reason():
    result = prune(model(NORMALISED.replace("float[", "float16[")), options=Options(distill=2, round_to=1))
    assert result.run.recovery is not None
    assert "computes in float16, and not in float32" in result.run.recovery.inputs


def test_model_without_statistics_is_pruned_on_inputs_as_they_are():
    bare = "g (float[N,3,6,6] x) => (float[N,2,6,6] y) <float[8,3,3,3] a, float[2,8,1,1] b> {"
    subject = model(f"{bare} e = Conv <pads=[1,1,1,1]> (x, a) h = Relu (e) y = Conv (h, b) }}")
    result = prune(subject, options=Options(distill=5, round_to=1))
    assert result.run.recovery is not None
    assert "not distilled: the model stores no statistics" in result.run.recovery.inputs


def test_prune_says_that_inputs_were_distilled():
    result = prune(model(NORMALISED), options=Options(distill=2, round_to=1))
    assert result.run.recovery is not None
    assert result.run.recovery.inputs.endswith("distilled in 2 steps")
    assert all(verdict.passed for verdict in result.proofs)


def test_real_samples_are_not_to_be_distilled(tmp_path):
    with pytest.raises(UsageError, match="calibration brings real ones"):
        Options(distill=5, calibration=tmp_path)
