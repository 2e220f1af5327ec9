"""RECONSTRUCT: the smaller model with its layers fitted: what stays, what comes back, what may be added."""

from __future__ import annotations

import numpy as np

from paoding_onnx.model.read import constants
from paoding_onnx.reconstruction import reconstruct
from paoding_onnx.surgery.cut import cut
from tests.models import model, random_plan
from tests.pruning import CNN, observed, plan_of, traced_model
from tests.reconstruction.fitted import NORMED, SIZES, STRUCTURES, changed, every_structure, fit, fitted_names, off


@every_structure
def test_shapes_and_types_stay(name):
    subject = model(STRUCTURES[name])
    plain, found = fit(subject, random_plan(traced_model(subject)))
    old, new = constants(plain), constants(found.model)
    assert {k: (v.shape, v.dtype) for k, v in old.items()} == {k: (v.shape, v.dtype) for k, v in new.items()}


@every_structure
def test_nothing_happens_where_nothing_was_lost(name):
    subject = model(STRUCTURES[name])
    trace = traced_model(subject)
    plain, found = fit(subject, plan_of(trace))
    assert not found.layers
    assert changed(plain, found.model) == set()


@every_structure
def test_fit_takes_up_where_the_stand_ins_leave_off(name):
    subject = model(STRUCTURES[name])
    plan = random_plan(traced_model(subject), share=0.3)
    _, bare = fit(subject, plan)
    plain, stood_in = fit(subject, plan, unit_statistics=observed(subject, sizes=SIZES).units)
    assert off(subject, stood_in.model) < min(off(subject, plain), 1.1 * off(subject, bare.model))


def test_stand_ins_that_lead_away_are_dropped(monkeypatch):
    subject = model(CNN)
    plan = random_plan(traced_model(subject), share=0.3)
    seen = observed(subject, sizes=SIZES).units
    _, bare = fit(subject, plan)
    assert fit(subject, plan, unit_statistics=seen)[1].compensated
    right = reconstruct.compensate
    monkeypatch.setattr(reconstruct, "compensate", lambda *given: {k: -4 * v for k, v in right(*given).items()})
    _, found = fit(subject, plan, unit_statistics=seen)
    assert found.compensated == {}
    assert changed(bare.model, found.model) == set()


def test_stored_statistics_come_back_after_the_fit():
    subject = model(NORMED)
    seen = observed(subject, renormalise=True, sizes=SIZES).normalization
    plain, found = fit(subject, plan_of(traced_model(subject), a=[1, 4]), statistics=seen)
    assert fitted_names(found) == ["Conv_2"]
    assert changed(plain, found.model) == {"b", "m"}
    old, new = constants(plain), constants(found.model)
    assert np.abs(new["m"] - old["m"]).max() < 0.5 * np.abs(seen["m"] - old["m"]).max()


def test_same_inputs_and_seed_give_the_same_bytes():
    subject = model(CNN)
    plan = random_plan(traced_model(subject))
    first, second = (constants(fit(subject, plan)[1].model) for _ in range(2))
    assert all(first[name].tobytes() == second[name].tobytes() for name in first)


def test_neither_model_is_changed():
    subject = model(CNN)
    before = {name: value.copy() for name, value in constants(subject).items()}
    plan = random_plan(traced_model(subject))
    plain, _ = fit(subject, plan)
    again = cut(subject, traced_model(subject), plan)
    assert all(np.array_equal(before[name], value) for name, value in constants(subject).items())
    assert changed(again, plain) == set()


BARE = """g (float[N,3,6,6] x) => (float[N,2,6,6] y)
    <float[8,3,3,3] a, float[8] k, float[6,8,3,3] b, float[2,6,1,1] c> {
  p = Conv <pads=[1,1,1,1]> (x, a, k) r = Relu (p) q = Conv <pads=[1,1,1,1]> (r, b) t = Relu (q) y = Conv (t, c)
}"""
"""Two of three layers have no bias."""


def test_layers_without_a_bias_get_one_where_there_is_room():
    subject = model(BARE)
    plan = random_plan(traced_model(subject), share=0.3)
    plain, found = fit(subject, plan, room=1000)
    added = constants(found.model).keys() - constants(plain).keys()
    assert added == {"b.added_bias", "c.added_bias"}
    assert found.n_added == sum(constants(found.model)[name].size for name in added)
    assert off(subject, found.model) < off(subject, fit(subject, plan)[1].model)


def test_added_biases_never_exceed_the_room():
    subject = model(BARE)
    plan = random_plan(traced_model(subject), share=0.3)
    n_first = constants(fit(subject, plan, room=1000)[1].model)["b.added_bias"].size
    plain, found = fit(subject, plan, room=n_first)
    assert constants(found.model).keys() - constants(plain).keys() == {"b.added_bias"}
    assert fit(subject, plan, room=0)[1].n_added == 0


def test_layers_that_something_else_shifts_get_no_bias():
    subject = model(STRUCTURES["normalised"])
    _, found = fit(subject, random_plan(traced_model(subject), share=0.3), room=1000)
    assert "b.added_bias" not in constants(found.model)
