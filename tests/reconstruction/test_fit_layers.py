"""Fitting: layers of a smaller model compute what they did, and where that cannot be had nothing is touched."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pytest

from paoding_onnx.calibration.samples import Samples
from paoding_onnx.context import Run
from paoding_onnx.layerwise.layers import layers_of
from paoding_onnx.layerwise.ridge import solve
from paoding_onnx.layerwise.statistics import ActivationStatistics
from paoding_onnx.layerwise.weights import UnitStatistics
from paoding_onnx.model.compare import output_difference
from paoding_onnx.model.graph import Array
from paoding_onnx.model.load import Model
from paoding_onnx.model.read import constants
from paoding_onnx.model.session import Session
from paoding_onnx.reconstruction import fit_layers
from paoding_onnx.reconstruction.reconstruct import Basis, Reconstructed, reconstruct
from paoding_onnx.shapes.observe import observe, shapes_of_two
from paoding_onnx.surgery.cut import cut
from paoding_onnx.surgery.plan import Plan
from tests.models import model, random_plan
from tests.pruning import CNN, MLP, feeds, observed, plan_of, planted, traced_model

STRUCTURES = {
    "dense": MLP,
    "depthwise": CNN,
    "grouped": """g (float[N,4,6,6] x) => (float[N,3,6,6] y) <float[8,4,1,1] a, float[8,4,3,3] b, float[3,8,1,1] c> {
      p = Conv (x, a) q = Relu (p) r = Conv <group=2, pads=[1,1,1,1]> (q, b) s = Relu (r) y = Conv (s, c)
    }""",
    "transposed": """g (float[N,4,6,6] x) => (float[N,3,12,12] y)
        <float[8,4,1,1] a, float[8,6,2,2] b, float[6] k, float[3,6,1,1] c> {
      p = Conv (x, a) q = Relu (p) r = ConvTranspose <strides=[2,2]> (q, b, k) s = Relu (r) y = Conv (s, c)
    }""",
    "series": """g (float[N,4,20] x) => (float[N,3,18] y) <float[8,4,3] a, float[8] k, float[3,8,1] c> {
      p = Conv (x, a, k) q = Relu (p) y = Conv (q, c)
    }""",
    "tokens": """g (float[N,7,6] x) => (float[N,7,5] y)
        <float[6,12] a, float[12] k, float[12,16] b, float[16,5] c, float[5] h> {
      p = MatMul (x, a) n = LayerNormalization (p, k, k) q = MatMul (n, b) r = Relu (q)
      s = MatMul (r, c) y = Add (s, h)
    }""",
    "normalised": """g (float[N,3,6,6] x) => (float[N,2,6,6] y)
        <float[8,3,3,3] a, float[8] k, float[6,8,3,3] b,
         float[6] s, float[6] o, float[6] m, float[6] v, float[2,6,1,1] c> {
      p = Conv <pads=[1,1,1,1]> (x, a, k) r = Relu (p) q = Conv <pads=[1,1,1,1]> (r, b)
      n = BatchNormalization (q, s, o, m, v) t = Relu (n) y = Conv (t, c)
    }""",
    "residual": """g (float[N,3,6,6] x) => (float[N,5,6,6] y)
        <float[8,3,1,1] a, float[10,8,3,3] b, float[8,10,1,1] c, float[8] k, float[5,8,1,1] d> {
      p = Conv (x, a) q = Conv <pads=[1,1,1,1]> (p, b) r = Relu (q) s = Conv (r, c, k) t = Add (p, s) u = Relu (t)
      y = Conv (u, d)
    }""",
    "flattened": """g (float[N,3,4,4] x) => (float[N,4] y)
        <float[6,3,3,3] a, float[96,10] b, float[10] k, float[10,4] c> {
      p = Conv <pads=[1,1,1,1]> (x, a) q = Relu (p) f = Flatten (q) h = Gemm (f, b, k) r = Relu (h) y = MatMul (r, c)
    }""",
    "Einsum": """g (float[N,7,6] x) => (float[N,7,5] y) <float[6,12] a, float[12,5] b> {
      p = MatMul (x, a) q = Relu (p) y = Einsum <equation="bti,io->bto"> (q, b)
    }""",
}
every_structure = pytest.mark.parametrize("name", STRUCTURES)
SIZES = (64,) * 8


def fit(
    subject: Model,
    plan: Plan,
    *,
    unit_statistics: Mapping[tuple[int, int], UnitStatistics] | None = None,
    statistics: Mapping[str, Array] | None = None,
    sizes: Sequence[int] = SIZES,
    seed: int = 0,
    room: int = 0,
) -> tuple[Model, Reconstructed]:
    """A model cut by a plan, as it is and with its layers fitted on random inputs.

    Without moments, no unit stands in for another before the fit; without room, no layer gets a bias.
    """
    trace = traced_model(subject)
    smaller = cut(subject, trace, plan)
    batches = tuple(feeds(subject, sizes, seed=seed))
    layers = {layer.index: layer for layer in layers_of(observe(subject, shapes_of_two(subject, batches[0])))}
    seen = ActivationStatistics(unit_statistics or {}, statistics or {})
    basis = Basis(Samples(batches, "random", is_synthetic=statistics is not None), seen, layers)
    return smaller, reconstruct(subject, trace, plan, basis, Run(), room=room)


def off(before: Model, after: Model) -> float:
    """How far outputs are apart on inputs that no fit has seen."""
    return max(
        output_difference(Session(before).run(feed), Session(after).run(feed))
        for feed in feeds(before, (200,), seed=99)
    )


def fitted_names(found: Reconstructed) -> list[str]:
    """The nodes that were fitted, in order."""
    return [layer.node for layer in found.layers]


def changed(before: Model, after: Model) -> set[str]:
    """Constants that differ."""
    old, new = constants(before), constants(after)
    assert old.keys() == new.keys()
    return {name for name in old if not np.array_equal(old[name], new[name])}


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


def merge_target(weights):
    """Units 2 and 5 of the first hidden layer are equal."""
    weights["a"][:, 5], weights["ab"][5] = weights["a"][:, 2], weights["ab"][2]


def test_loss_of_a_redundant_unit_is_made_up_for():
    subject = planted(MLP, merge_target)
    seen = observed(subject, sizes=SIZES).units
    plain, found = fit(subject, plan_of(traced_model(subject), a=[5]), unit_statistics=seen)
    assert off(subject, found.model) < 1e-2 < 0.05 < off(subject, plain)


@every_structure
def test_fit_takes_up_where_the_stand_ins_leave_off(name):
    subject = model(STRUCTURES[name])
    plan = random_plan(traced_model(subject), share=0.3)
    _, bare = fit(subject, plan)
    plain, stood_in = fit(subject, plan, unit_statistics=observed(subject, sizes=SIZES).units)
    assert off(subject, stood_in.model) < min(off(subject, plain), 1.1 * off(subject, bare.model))


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
    """The last of every four batches is held back."""
    seen = []

    def look(fitted, held, *rest, **options):
        seen.append((fitted.features.shape[1], held.features.shape[1]))
        return solve(fitted, held, *rest, **options)

    monkeypatch.setattr(fit_layers, "solve", look)
    subject = model(MLP)
    fit(subject, plan_of(traced_model(subject), b=[1]), sizes=(10, 20, 30, 40, 50, 60, 70, 80))
    assert seen == [(10 + 20 + 30 + 50 + 60 + 70, 40 + 80)]


@pytest.mark.parametrize("sizes", [(40,), (1,), (20, 20), (1, 1), (5,) * 4, (3, 1, 2)])
def test_any_number_of_batches_will_do(sizes):
    subject = model(MLP)
    plain, found = fit(subject, plan_of(traced_model(subject), a=[1, 2, 3]), sizes=sizes)
    assert off(subject, found.model) < 2 * off(subject, plain)


NORMED = STRUCTURES["normalised"]


def test_shift_goes_into_the_mean_of_a_batch_normalization():
    subject = model(NORMED)
    plain, found = fit(subject, plan_of(traced_model(subject), a=[1, 4]))
    assert {"b", "m"} <= changed(plain, found.model) <= {"b", "m", "c"}


def test_stored_statistics_come_back_after_the_fit():
    subject = model(NORMED)
    seen = observed(subject, renormalise=True, sizes=SIZES).normalization
    plain, found = fit(subject, plan_of(traced_model(subject), a=[1, 4]), statistics=seen)
    assert fitted_names(found) == ["Conv_2"]
    assert changed(plain, found.model) == {"b", "m"}
    old, new = constants(plain), constants(found.model)
    assert np.abs(new["m"] - old["m"]).max() < 0.5 * np.abs(seen["m"] - old["m"]).max()


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


def test_half_precision_is_fitted_in_its_own_type():
    subject = model(MLP.replace("float[", "float16["))
    plain, found = fit(subject, plan_of(traced_model(subject), a=[1, 2, 3]))
    assert fitted_names(found) == ["Gemm_3", "MatMul_5"]
    assert {value.dtype for value in constants(found.model).values()} == {np.dtype(np.float16)}
    assert off(subject, found.model) < 0.8 * off(subject, plain)


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
