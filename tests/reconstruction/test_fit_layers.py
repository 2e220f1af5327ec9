"""Fitting: layers of a smaller model compute what they did, and where that cannot be had nothing is touched."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from paoding_onnx.api import prune
from paoding_onnx.layerwise.ridge import solve
from paoding_onnx.model.read import constants
from paoding_onnx.model.session import Session
from paoding_onnx.reconstruction import fit_layers
from tests.models import model, random_plan
from tests.pruning import CNN, MLP, by_units, feeds, observed, plan_of, planted, traced_model
from tests.reconstruction.fitted import NORMED, SIZES, STRUCTURES, changed, every_structure, fit, fitted_names, off


@every_structure
def test_outputs_are_nearer_to_the_original_on_inputs_that_the_fit_never_saw(name):
    subject = model(STRUCTURES[name])
    plain, found = fit(subject, random_plan(traced_model(subject), share=0.3))
    assert found.layers
    assert off(subject, found.model) < 0.95 * off(subject, plain)


@every_structure
@pytest.mark.parametrize("seed", range(3))
def test_no_layer_is_farther_from_the_original_than_before(name, seed):
    subject = model(STRUCTURES[name], seed)
    _, found = fit(subject, random_plan(traced_model(subject), seed))
    assert all(layer.after < layer.before for layer in found.layers)


def merge_target(weights):
    """Units 2 and 5 of the first hidden layer are equal."""
    weights["a"][:, 5], weights["ab"][5] = weights["a"][:, 2], weights["ab"][2]


def test_loss_of_a_redundant_unit_is_made_up_for():
    subject = planted(MLP, merge_target)
    seen = observed(subject, sizes=SIZES).units
    plain, found = fit(subject, plan_of(traced_model(subject), a=[5]), unit_statistics=seen)
    assert off(subject, found.model) < 1e-2 < 0.05 < off(subject, plain)


def test_loss_of_a_unit_that_is_missed_is_not():
    subject = model(MLP)
    _, found = fit(subject, plan_of(traced_model(subject), a=[5]))
    assert off(subject, found.model) > 5e-3


def test_constant_unit_goes_into_the_offset():
    def plant(weights):
        weights["a"][:, 5], weights["ab"][5] = 0, 2

    subject = planted(MLP, plant)
    plain, found = fit(subject, plan_of(traced_model(subject), a=[5]))
    assert "bb" in changed(plain, found.model)
    assert off(subject, found.model) < 1e-4 < off(subject, plain)


def test_layer_before_the_loss_is_left_alone():
    subject = model(MLP)
    plain, found = fit(subject, plan_of(traced_model(subject), b=[1, 2, 3]))
    assert changed(plain, found.model) == {"c", "cb"}


def test_every_layer_behind_the_loss_makes_up_for_it():
    subject = model(MLP)
    plain, found = fit(subject, plan_of(traced_model(subject), a=[1, 2, 3]))
    assert fitted_names(found) == ["Gemm_3", "MatMul_5"]
    assert changed(plain, found.model) == {"b", "bb", "c", "cb"}


def test_last_layer_is_spared_on_made_up_inputs_if_it_lost_nothing():
    subject = model(MLP)
    _, found = fit(subject, plan_of(traced_model(subject), a=[1, 2, 3]), statistics={})
    assert fitted_names(found) == ["Gemm_3"]


def test_last_layer_is_fitted_on_made_up_inputs_if_it_lost_inputs():
    subject = model(MLP)
    _, found = fit(subject, plan_of(traced_model(subject), b=[1, 2, 3]), statistics={})
    assert fitted_names(found) == ["MatMul_5"]


def test_channel_by_channel_layer_with_nothing_lost_stays():
    subject = model(CNN)
    plain, found = fit(subject, plan_of(traced_model(subject), e=[1, 2, 3]))
    assert changed(plain, found.model) == {"f", "h"}


LEFT = {
    "shared": """g (float[N,8] x) => (float[N,8] y) <float[8,12] a, float[12,8] b> {
      p = MatMul (x, a) q = Relu (p) r = MatMul (q, b) s = MatMul (r, a) t = Relu (s) y = MatMul (t, b)
    }""",
    "recurrent": """g (float[5,2,6] x) => (float[5,1,2,3] y) <float[6,8] a, float[1,12,8] w, float[1,12,3] r> {
      p = MatMul (x, a) q = Relu (p) y = LSTM <hidden_size=3> (q, w, r)
    }""",
    "gated": """g (float[N,6] x) => (float[N,6] y) <float[6,8] a, float[6,8] b, float[8,6] c> {
      p = MatMul (x, a) q = MatMul (x, b) r = Mul (p, q) s = Relu (r) d = Neg (c) y = MatMul (s, d)
    }""",
}


@pytest.mark.parametrize("name", LEFT)
def test_what_cannot_be_fitted_is_left_alone(name):
    subject = model(LEFT[name])
    plain, found = fit(subject, random_plan(traced_model(subject)))
    assert not found.layers
    assert changed(plain, found.model) == set()


def test_integer_weights_are_left_alone():
    subject = model("""g (float[N,8] x) => (float[N,3] y)
        <float[8,12] a, int8[12,10] b, float sb = {0.01}, int8 zb = {0}, float[10,3] c> {
      p = MatMul (x, a) q = Relu (p) w = DequantizeLinear (b, sb, zb) r = MatMul (q, w) s = Relu (r) y = MatMul (s, c)
    }""")
    plain, found = fit(subject, plan_of(traced_model(subject), a=[1, 2, 3]))
    assert changed(plain, found.model) == {"c"}


def test_input_that_is_not_finite_is_left_alone():
    subject = model("""g (float[N,8] x) => (float[N,3] y) <float[8,12] a, float[12,10] b, float[10,3] c> {
      p = MatMul (x, a) l = Log (p) r = MatMul (l, b) s = Relu (r) y = MatMul (s, c)
    }""")
    plain, found = fit(subject, plan_of(traced_model(subject), a=[1, 2, 3]))
    assert changed(plain, found.model) == set()


def test_fit_that_does_not_hold_on_other_inputs_is_not_made(monkeypatch):
    monkeypatch.setattr(fit_layers, "solve", lambda *_, **__: None)
    subject = model(MLP)
    plain, found = fit(subject, plan_of(traced_model(subject), a=[1, 2, 3]))
    assert not found.layers
    assert changed(plain, found.model) == set()


def test_fit_is_judged_on_batches_that_take_no_part_in_it(monkeypatch):
    """The last of every eight batches is held back."""
    seen = []

    def look(fitted, held, *rest, **options):
        seen.append((fitted.features.shape[1], held.features.shape[1]))
        return solve(fitted, held, *rest, **options)

    monkeypatch.setattr(fit_layers, "solve", look)
    subject = model(MLP)
    fit(subject, plan_of(traced_model(subject), b=[1]), sizes=(10, 20, 30, 40, 50, 60, 70, 80))
    assert seen == [(10 + 20 + 30 + 40 + 50 + 60 + 70, 80)]


@pytest.mark.parametrize("sizes", [(40,), (1,), (20, 20), (1, 1), (5,) * 4, (3, 1, 2)])
def test_any_number_of_batches_will_do(sizes):
    subject = model(MLP)
    plain, found = fit(subject, plan_of(traced_model(subject), a=[1, 2, 3]), sizes=sizes)
    assert off(subject, found.model) < 2 * off(subject, plain)


def test_shift_goes_into_the_mean_of_a_batch_normalization():
    subject = model(NORMED)
    plain, found = fit(subject, plan_of(traced_model(subject), a=[1, 4]))
    assert {"b", "m"} <= changed(plain, found.model) <= {"b", "m", "c"}


def test_unit_that_hardly_reaches_the_joint_is_not_driven_wild():
    def plant(weights):
        weights["s"][2] = 1e-9

    subject = planted(NORMED, plant)
    plain, found = fit(subject, plan_of(traced_model(subject), a=[1, 4]))
    assert np.array_equal(constants(plain)["b"][2], constants(found.model)["b"][2])


def test_gains_are_undone():
    """The same network with its channels scaled up before a BatchNormalization is fitted to the same outputs."""

    def plant(weights):
        weights["b"] *= 50
        weights["m"] *= 50
        weights["s"] /= 50

    first, second = (planted(NORMED, solution) for solution in (lambda _: None, plant))
    plan = plan_of(traced_model(first), a=[1, 4])
    results = [off(subject, fit(subject, plan)[1].model) for subject in (first, second)]
    assert results[0] == pytest.approx(results[1], rel=0.05)


def test_half_precision_is_fitted_in_its_own_type():
    subject = model(MLP.replace("float[", "float16["))
    plain, found = fit(subject, plan_of(traced_model(subject), a=[1, 2, 3]))
    assert fitted_names(found) == ["Gemm_3", "MatMul_5"]
    assert {value.dtype for value in constants(found.model).values()} == {np.dtype(np.float16)}
    assert off(subject, found.model) < 0.8 * off(subject, plain)


def negated(solution):
    return replace(solution, weight=-solution.weight, shift=-solution.shift)


@pytest.mark.parametrize("wrong", [negated, lambda found: replace(found, weight=10 * found.weight)])
def test_fit_whose_gain_is_not_seen_with_its_weights_in_place_is_taken_back(wrong, monkeypatch):
    monkeypatch.setattr(fit_layers, "solve", lambda *given, **options: wrong(solve(*given, **options)))
    subject = model(MLP)
    plain, found = fit(subject, plan_of(traced_model(subject), a=[5]))
    assert found.layers == ()
    assert changed(plain, found.model) == set()


def test_what_the_first_batch_leads_to_is_kept_to_compare_the_fitted_model_with():
    subject = model(MLP)
    _, found = fit(subject, plan_of(traced_model(subject), a=[5]))
    (name,) = found.reached
    seen = Session(found.model, watch=[name]).run(feeds(subject, SIZES, seed=0)[0])[name]
    np.testing.assert_allclose(seen, found.reached[name], rtol=1e-4, atol=1e-4)


OWN_LENGTH = """g (float[n,16] x) => (float[m,8] y) <float[16,64] a, float[64,1] b, float[16,48] c, float[48,48] d,
    float[48,8] e, float[1] least = {0.05}, int64[1] flat = {-1}> {
  h = MatMul (x, a) r = Relu (h) s = MatMul (r, b) scores = Reshape (s, flat) chosen = Greater (scores, least)
  z = Compress <axis=0> (x, chosen) p = MatMul (z, c) q = Relu (p) u = MatMul (q, d) v = Relu (u) y = MatMul (v, e)
}"""


def test_models_that_make_other_numbers_of_rows_than_each_other_end_in_no_error():
    found = prune(model(OWN_LENGTH), options=by_units(latency=False, effort="fast"))
    assert all(proof.passed for proof in found.proofs)
    assert found.measured.apart == ("y",)
