"""A quantized model is fitted by way of its twin in floats, and is a quantized model afterwards."""

from __future__ import annotations

import numpy as np
import pytest

from paoding_onnx.api import inspect, prune, sensitivity
from paoding_onnx.errors import ModelError
from paoding_onnx.evaluation.evaluate import accuracy_of
from paoding_onnx.evaluation.load import read_labelled
from paoding_onnx.model.load import load
from paoding_onnx.model.read import constants
from paoding_onnx.options import Options
from paoding_onnx.pipeline import on_integers as on_module
from paoding_onnx.pipeline import prepare as preparing
from paoding_onnx.pipeline import shrink
from paoding_onnx.pipeline.on_integers import on_integers, plan_on_studied
from paoding_onnx.pipeline.prepare import prepare, with_twin
from paoding_onnx.pipeline.values import Fitted
from paoding_onnx.quantized.twin import twin
from paoding_onnx.surgery.cut import cut
from paoding_onnx.verification.check import check
from paoding_onnx.verification.verdict import Verdict
from scripts import ROOT
from tests.models import model, parse, random_plan, save
from tests.pruning import MLP, skip_latency
from tests.quantized.nets import RESIDUAL, dynamic, quantized, residual

FAST = Options(target=0.3, by="parameters", effort="fast")


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    skip_latency(monkeypatch)


@pytest.mark.parametrize("per_channel", [False, True])
def test_integers_are_fitted_and_every_proof_holds(per_channel, tmp_path):
    subject = residual(tmp_path, per_channel=per_channel)
    result = prune(subject, tmp_path / "s.onnx", FAST, documents={"plan": tmp_path / "p.json"})
    assert all(proof.passed for proof in result.proofs)
    stored = constants(result.model)
    assert {stored[name].dtype.kind for name in result.refitted} == {"i"}
    scales = {name for name, value in constants(subject).items() if value.dtype.kind == "f"}
    assert not scales & set(result.refitted)
    checked = check(tmp_path / "m.int8.onnx", tmp_path / "s.onnx", plan=tmp_path / "p.json")
    assert all(proof.passed for proof in checked.proofs)


def test_layers_that_multiply_integers_are_fitted_too(tmp_path):
    subject = dynamic(save(parse(RESIDUAL), tmp_path / "m.onnx"))
    result = prune(subject, options=FAST)
    assert all(proof.passed for proof in result.proofs)
    stored = constants(result.model)
    assert "i" in {stored[name].dtype.kind for name in result.refitted}


def test_only_a_quantized_model_whose_units_are_looked_at_has_a_twin(tmp_path):
    floats, whole = prepare(model(MLP), FAST), prepare(residual(tmp_path), FAST)
    assert with_twin(floats, FAST) is floats
    assert with_twin(whole, Options(method="magnitude")) is whole
    assert with_twin(whole, FAST).twin is not None


def test_twin_of_other_units_is_not_used(tmp_path, monkeypatch):
    whole = prepare(residual(tmp_path), FAST)
    monkeypatch.setattr(preparing, "twin", lambda *_: model(MLP))
    assert with_twin(whole, FAST) is whole


def test_model_without_a_twin_stays_as_it_was_fitted():
    floats = prepare(model(MLP), FAST)
    fitted = Fitted(floats.folded, None, ())
    plan = random_plan(floats.trace)
    assert on_integers(floats, plan, fitted) is fitted
    assert plan_on_studied(floats, plan) is plan


def test_cut_integers_stay_where_nothing_was_fitted_on_the_twin(tmp_path):
    whole = with_twin(prepare(residual(tmp_path), FAST), FAST)
    plan = random_plan(whole.trace)
    made = on_integers(whole, plan, Fitted(whole.twin.folded, None, ("why",)))
    assert made.notes == ("why",)
    assert constants(made.model).keys() == constants(cut(whole.folded, whole.trace, plan)).keys()


@pytest.mark.parametrize("reason", ["in pieces", "no help"])
def test_run_ends_well_where_fits_fail_on_the_twin(reason, tmp_path, monkeypatch):
    def fails(*_, **__):
        raise ModelError("it does not run")

    if reason == "in pieces":
        monkeypatch.setattr(shrink, "reconstruct", fails)
    else:
        monkeypatch.setattr(on_module, "check_fitting", lambda *_: Verdict("", False, "farther"))
    result = prune(residual(tmp_path), options=FAST)
    assert not result.refitted
    assert all(proof.passed for proof in result.proofs)


@pytest.mark.slow
@pytest.mark.parametrize("per_channel", [False, True])
def test_trained_network_keeps_its_accuracy(per_channel, tmp_path):
    whole = tmp_path / "m.onnx"
    whole.write_bytes((ROOT / "models" / "mnist_cnn.onnx").read_bytes())
    samples = ROOT / "models" / "mnist_cnn_test.npz"
    pixels = np.load(samples)["x"][:64].astype(np.float32) / 255
    subject = quantized(whole, pixels, per_channel=per_channel)
    labelled = read_labelled(samples, load(subject))
    result = prune(subject, options=Options(target=0.5, by="parameters", effort="fast"))
    assert accuracy_of(result.model, labelled) > accuracy_of(load(subject), labelled) - 0.02
    assert result.run.recovery.layers


def test_sensitivity_of_a_quantized_model_is_that_of_its_twin(tmp_path):
    subject = residual(tmp_path)
    curves = sensitivity(subject)
    assert [curve.group for curve in curves] == [group.name for group in inspect(subject).groups]
    made = prepare(subject, FAST).trace.graph
    floats = {curve.group: curve.values for curve in sensitivity(twin(prepare(subject, FAST).folded, made))}
    assert {curve.group: curve.values for curve in curves} == floats
