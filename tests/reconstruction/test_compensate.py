"""REPAIR: the twin of a unit that goes takes over its outgoing weights, or all that stay stand in for it."""

from __future__ import annotations

from importlib import import_module

import numpy as np
import pytest

from paoding_onnx.layerwise.layers import layers_of
from paoding_onnx.layerwise.weights import Candidate
from paoding_onnx.model.read import constants
from paoding_onnx.reconstruction.compensate import compensate, has_sums, merge_units
from paoding_onnx.surgery.cut import reweigh
from tests.models import model
from tests.pruning import MLP as WHOLE_MLP
from tests.pruning import is_unchanged, moved, observed_view, overrides, planted, whole_view

MLP = "g (float[N,3] x) => (float[N,2] y) <float[3,4] a, float[4,2] b> {{ p = MatMul (x, a) y = {consumer} }}"


def absorbed(subject, *merges):
    """Constants after `(unit, twin, coefficient)`, taken in order, of the model's first group."""
    view = whole_view(subject)
    return merge_units(
        view, view.trace.groups[0], [Candidate(unit, 0.0, merge_target, c) for unit, merge_target, c in merges]
    )


def test_twin_takes_over_the_weights_of_a_matmul():
    subject = model(MLP.format(consumer="MatMul (p, b)"))
    wanted = constants(subject)["b"].copy()
    wanted[2] += np.float32(0.5) * wanted[1]
    assert np.array_equal(absorbed(subject, (1, 2, 0.5))["b"], wanted)


@pytest.mark.parametrize("flag", [0, 1])
def test_twin_takes_over_the_weights_of_a_gemm(flag):
    text = MLP.format(consumer=f"Gemm <transB={flag}> (p, b)")
    subject = model(text if not flag else text.replace("float[4,2] b", "float[2,4] b"))
    wanted = constants(subject)["b"].T.copy() if flag else constants(subject)["b"].copy()
    wanted[0] += np.float32(-2.0) * wanted[3]
    found = absorbed(subject, (3, 0, -2.0))["b"]
    assert np.array_equal(found.T if flag else found, wanted)


def test_twin_that_goes_later_hands_on_what_it_took_over():
    subject = model(MLP.format(consumer="MatMul (p, b)"))
    b = constants(subject)["b"]
    found = absorbed(subject, (0, 1, 2.0), (1, 2, 3.0))["b"]
    np.testing.assert_allclose(found[2], b[2] + 3 * (b[1] + 2 * b[0]), rtol=1e-6)


def test_order_matters():
    subject = model(MLP.format(consumer="MatMul (p, b)"))
    b = constants(subject)["b"]
    found = absorbed(subject, (1, 2, 3.0), (0, 1, 2.0))["b"]
    np.testing.assert_allclose(found[2], b[2] + 3 * b[1], rtol=1e-6)


def test_weights_behind_a_flatten_are_taken_over_position_by_position():
    subject = model("""g (float[N,3,2,2] x) => (float[N,2] y) <float[4,3,1,1] a, float[16,2] b> {
      p = Conv (x, a) q = Flatten (p) y = MatMul (q, b)
    }""")
    wanted = constants(subject)["b"].copy()
    wanted[8:12] += wanted[0:4]
    assert np.array_equal(absorbed(subject, (0, 2, 1.0))["b"], wanted)


def test_kernels_are_taken_over_whole():
    subject = model("""g (float[N,3,4,4] x) => (float[N,2,2,2] y) <float[4,3,1,1] a, float[2,4,3,3] b> {
      p = Conv (x, a) y = Conv (p, b)
    }""")
    wanted = constants(subject)["b"].copy()
    wanted[:, 3] += wanted[:, 1]
    assert np.array_equal(absorbed(subject, (1, 3, 1.0))["b"], wanted)


def test_every_consumer_takes_over():
    subject = model("""g (float[N,3] x) => (float[N,2] y, float[N,5] z) <float[3,4] a, float[4,2] b, float[5,4] c> {
      p = MatMul (x, a) r = Relu (p) y = MatMul (r, b) z = Gemm <transB=1> (r, c)
    }""")
    before, after = constants(subject), absorbed(subject, (0, 1, 1.0))
    assert np.array_equal(after["b"][1], before["b"][1] + before["b"][0])
    assert np.array_equal(after["c"][:, 1], before["c"][:, 1] + before["c"][:, 0])


def test_only_consumers_change():
    assert set(absorbed(model(MLP.format(consumer="MatMul (p, b)")), (0, 1, 1.0))) == {"b"}


@pytest.mark.parametrize("merge", [(0, None, 1.0), (0, 1, 0.0)], ids=["no twin", "no coefficient"])
def test_unit_without_a_part_to_hand_over_changes_nothing(merge):
    assert not absorbed(model(MLP.format(consumer="MatMul (p, b)")), merge)


def test_result_is_read_only():
    found = absorbed(model(MLP.format(consumer="MatMul (p, b)")), (0, 1, 1.0))
    with pytest.raises(ValueError, match="read-only"):
        found["b"][0] = 0
    with pytest.raises(TypeError):
        found["c"] = found["b"]


def test_input_model_is_not_changed():
    subject = model(MLP.format(consumer="MatMul (p, b)"))
    proto, before = subject.proto.SerializeToString(), overrides(subject)
    absorbed(subject, (0, 1, 1.0))
    assert is_unchanged(subject, proto, before)


def test_contents_of_earlier_steps_are_built_upon():
    subject = model(MLP.format(consumer="MatMul (p, b)"))
    view = whole_view(subject)
    earlier = {"b": np.ones((4, 2), np.float32)}
    step = type(view)(view.trace, view.removed, earlier)
    found = merge_units(step, view.trace.groups[0], [Candidate(0, 0.0, 1, 1.0)])
    assert found["b"].tolist() == [[1, 1], [2, 2], [1, 1], [1, 1]]
    assert earlier["b"].tolist() == [[1, 1]] * 4


WIDE = """g (float[N,20] x) => (float[N,4] y) <float[20,8] a, float[8,4] b, float[4] k> {
  p = MatMul (x, a) q = MatMul (p, b) y = Add (q, k)
}"""
BARE = "g (float[N,20] x) => (float[N,4] y) <float[20,8] a, float[8,4] b> { p = MatMul (x, a) y = MatMul (p, b) }"


def mix(weights):
    """Units 5 and 6 are sums of others."""
    weights["a"][:, 5] = weights["a"][:, 0] - 2 * weights["a"][:, 1]
    weights["a"][:, 6] = weights["a"][:, 2] + weights["a"][:, 3]


@pytest.fixture
def sharp(monkeypatch):
    """Almost no ridge: what units can stand in for, they stand in for exactly."""
    monkeypatch.setattr(import_module("paoding_onnx.layerwise.statistics"), "COVARIANCE_RIDGE", 1e-6)


def replaced(subject, units, *, with_layers=True):
    """Constants after the others stand in for units of the model's first group."""
    view = observed_view(subject)
    layers = {layer.index: layer for layer in layers_of(view.trace.graph)} if with_layers else {}
    return compensate(view, view.trace.groups[0], units, layers)


@pytest.mark.parametrize("text", [WIDE, BARE], ids=["with an offset", "without"])
def test_sums_of_other_units_are_replaced_exactly(text, sharp):
    subject = planted(text, mix)
    assert moved(subject, reweigh(subject, replaced(subject, [5, 6]))) < 1e-3


def test_unit_that_is_no_sum_of_others_is_missed(sharp):
    subject = planted(WIDE, mix)
    assert moved(subject, reweigh(subject, replaced(subject, [5, 6, 7]))) > 0.05


def test_replaced_units_weigh_nothing():
    found = replaced(planted(WIDE, mix), [5, 6])
    assert not found["b"][[5, 6]].any()


def test_constant_unit_goes_into_the_offset():
    def plant(weights):
        weights["a"][:, 5], weights["ab"][5] = 0, 3

    subject = planted(WHOLE_MLP, plant)
    found = replaced(subject, [5])
    assert set(found) == {"b", "bb"}
    np.testing.assert_allclose(found["bb"] - constants(subject)["bb"], 3 * constants(subject)["b"][5], rtol=1e-3)
    assert moved(subject, reweigh(subject, found)) < 1e-4


def test_offset_of_a_batch_normalization_is_its_mean():
    def plant(weights):
        weights["a"][5], weights["ab"][5] = 0, 3

    subject = planted(
        """g (float[N,3,6,6] x) => (float[N,2,6,6] y)
        <float[8,3,1,1] a, float[8] ab, float[2,8,1,1] b, float[2] s, float[2] o, float[2] m, float[2] v> {
      p = Conv (x, a, ab) r = Relu (p) q = Conv (r, b) y = BatchNormalization (q, s, o, m, v)
    }""",
        plant,
    )
    found = replaced(subject, [5])
    assert set(found) == {"b", "m"}
    assert moved(subject, reweigh(subject, found)) < 1e-4


def test_without_an_offset_units_stand_in_for_the_mean_as_well_as_they_can():
    def plant(weights):
        weights["a"][:, 5], weights["ab"][5] = 0, 3

    subject = planted(WHOLE_MLP, plant)
    found = replaced(subject, [5], with_layers=False)
    assert set(found) == {"b"}
    cut_off = constants(subject)["b"].copy()
    cut_off[5] = 0
    assert moved(subject, reweigh(subject, found)) < moved(subject, reweigh(subject, {"b": cut_off}))


def test_channels_under_a_kernel_are_replaced_exactly(sharp):
    def plant(weights):
        weights["a"][5] = weights["a"][0] - 2 * weights["a"][1]

    subject = planted(
        """g (float[N,9,6,6] x) => (float[N,2,6,6] y) <float[8,9,1,1] a, float[2,8,3,3] b> {
      p = Conv (x, a) y = Conv <pads=[1,1,1,1]> (p, b)
    }""",
        plant,
    )
    assert moved(subject, reweigh(subject, replaced(subject, [5]))) < 1e-3


def test_channels_behind_a_flatten_are_replaced_position_by_position(sharp):
    def plant(weights):
        weights["a"][5] = weights["a"][0] - 2 * weights["a"][1]

    subject = planted(
        """g (float[N,9,3,3] x) => (float[N,2] y) <float[8,9,1,1] a, float[72,2] b> {
      p = Conv (x, a) f = Flatten (p) y = MatMul (f, b)
    }""",
        plant,
    )
    assert moved(subject, reweigh(subject, replaced(subject, [5]))) < 1e-3


def test_units_are_replaced_in_every_consumer(sharp):
    subject = planted(
        """g (float[N,20] x) => (float[N,4] y, float[N,3] z) <float[20,8] a, float[8,4] b, float[3,8] c> {
      p = MatMul (x, a) y = MatMul (p, b) z = Gemm <transB=1> (p, c)
    }""",
        mix,
    )
    found = replaced(subject, [5, 6])
    assert set(found) == {"b", "c"}
    assert moved(subject, reweigh(subject, found)) < 1e-3


def test_consumers_that_were_not_observed_stay():
    view = whole_view(model(BARE))
    assert not compensate(view, view.trace.groups[0], [5, 6])


def test_standing_in_does_not_change_the_model():
    subject = planted(WIDE, mix)
    proto, before = subject.proto.SerializeToString(), overrides(subject)
    replaced(subject, [5, 6])
    assert is_unchanged(subject, proto, before)


def test_units_are_looked_over_for_sums_only_where_there_may_be_some():
    rows = np.random.default_rng(0).standard_normal((100, 6))
    assert not has_sums(rows.T @ rows)
    rows[:, 5] = 0  # a silent unit is no reason
    assert not has_sums(rows.T @ rows)
    rows[:, 4] = rows[:, 0] - 2 * rows[:, 3]
    assert has_sums(rows.T @ rows)
