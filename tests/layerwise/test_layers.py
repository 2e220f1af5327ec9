"""Layers: which weights can be fitted, at which tensor to compare, and which constant shifts it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

from paoding_onnx.layerwise.contraction import matrix, targets, unmatrix
from paoding_onnx.layerwise.layers import Layer, Offset, layers_of
from paoding_onnx.layerwise.ridge import Clamp
from paoding_onnx.model.load import Model
from paoding_onnx.model.nodes import Array
from paoding_onnx.model.read import constants
from paoding_onnx.model.session import Session
from paoding_onnx.shapes.observe import observe
from paoding_onnx.surgery.cut import reweigh
from tests.models import model

IMAGES = "g (float[2,3,5,5] x) => (float[2,4,5,5] y) <float[4,3,1,1] w, {constants}> {{ {nodes} }}"
ROWS = "g (float[2,3] x) => (float[2,4] y) <float[3,4] w, {constants}> {{ {nodes} }}"
NORM = "float[4] s, float[4] b, float[4] m, float[4] v"
OFFSETS = {
    "the bias of a Conv": (
        IMAGES.format(constants="float[4] k", nodes="p = Conv (x, w, k) y = Relu (p)"),
        Offset("k", 1.0),
    ),
    "the bias of a Gemm": (ROWS.format(constants="float[4] k", nodes="y = Gemm (x, w, k)"), Offset("k", 1.0)),
    "a scaled bias": (
        ROWS.format(constants="float[1,4] k", nodes="y = Gemm <beta=4.0, alpha=3.0> (x, w, k)"),
        Offset("k", 0.25),
    ),
    "the mean of a BatchNormalization": (
        IMAGES.format(constants=NORM, nodes="p = Conv (x, w) y = BatchNormalization (p, s, b, m, v)"),
        Offset("m", -1.0),
    ),
    "what a following Add adds": (
        ROWS.format(constants="float[4] k", nodes="p = MatMul (x, w) y = Add (p, k)"),
        Offset("k", 1.0),
    ),
    "what is added from the left": (
        ROWS.format(constants="float[4] k", nodes="p = MatMul (x, w) y = Add (k, p)"),
        Offset("k", 1.0),
    ),
    "what a following Sub takes away": (
        ROWS.format(constants="float[4] k", nodes="p = MatMul (x, w) y = Sub (p, k)"),
        Offset("k", -1.0),
    ),
    "what the output is taken from": (
        ROWS.format(constants="float[4] k", nodes="p = MatMul (x, w) y = Sub (k, p)"),
        Offset("k", -1.0),
    ),
    "a constant with an axis for each of the output's": (
        IMAGES.format(constants="float[1,4,1,1] k", nodes="p = Conv (x, w) y = Add (p, k)"),
        Offset("k", 1.0),
    ),
    "the bias before a BatchNormalization": (
        IMAGES.format(
            constants=f"float[4] k, {NORM}", nodes="p = Conv (x, w, k) y = BatchNormalization (p, s, b, m, v)"
        ),
        Offset("k", 1.0),
    ),
}
"""Models of one layer, and what shifts its output."""
every_offset = pytest.mark.parametrize("name", OFFSETS)


def layers(text: str) -> list[Layer]:
    """The layers of the model that ONNX text describes."""
    return list(layers_of(observe(model(text))))


def layer(text: str) -> Layer:
    """Its only layer."""
    (found,) = layers(text)
    return found


def comparison_point(subject: Model, of: Layer, overrides: Mapping[str, Array]) -> Array:
    """What a layer leads to with these constants, on random inputs, `(n_rows, n_shared, n_made)`."""
    x = np.random.default_rng(1).standard_normal(observe(subject).tensors["x"].shape or ()).astype(np.float32)
    found = Session(reweigh(subject, overrides), watch=[of.comparison_point]).run({"x": x})[of.comparison_point]
    return targets(of.bound, of.of, found)


@every_offset
def test_offset_is(name):
    text, wanted = OFFSETS[name]
    assert layer(text).offset == wanted


@every_offset
def test_shifting_the_offset_shifts_the_joint_by_the_gain(name):
    subject = model(OFFSETS[name][0])
    of = layer(OFFSETS[name][0])
    old = constants(subject)[of.offset.tensor]
    shift = np.random.default_rng(2).standard_normal(4)
    now = (old + of.offset.scale * shift.reshape(old.shape)).astype(np.float32)
    moved = comparison_point(subject, of, {of.offset.tensor: now}) - comparison_point(subject, of, {})
    np.testing.assert_allclose(moved, np.broadcast_to(of.gain * shift, moved.shape), atol=1e-5)


@every_offset
def test_doubling_the_weight_adds_the_product_times_the_gain_at_the_joint(name):
    subject = model(OFFSETS[name][0])
    of = layer(OFFSETS[name][0])
    old = constants(subject)[of.weight]
    twice = unmatrix(of.bound, of.of, 2 * matrix(of.bound, of.of, old), old.dtype)
    nothing, once, both = (comparison_point(subject, of, {of.weight: value}) for value in (0 * old, old, twice))
    np.testing.assert_allclose(both - once, once - nothing, atol=1e-5)
    assert np.abs(once - nothing).max() > 0.1


def test_wrong_sign_of_an_offset_would_be_noticed(monkeypatch):
    text = OFFSETS["what a following Sub takes away"][0]
    monkeypatch.setitem(OFFSETS, "planted", (text, Offset("k", 1.0)))
    with pytest.raises(AssertionError):
        test_offset_is("planted")


@pytest.mark.parametrize(
    ("constants", "nodes"),
    [
        ("float[4] k", "p = MatMul (x, w) q = Relu (p) y = Add (q, k)"),
        ("float[4] k", "p = MatMul (x, w) q = Add (p, k) y = Mul (q, k)"),
        ("float[1] k", "y = Gemm (x, w, k)"),
        ("float[4] k", "p = MatMul (x, w) q = Add (p, k) y = Add (q, p)"),
        ("float[4] k", "p = MatMul (x, w) y = Mul (p, k)"),
        ("float[1] k", "p = MatMul (x, w) y = Add (p, k)"),
        ("float[2,1] k", "p = MatMul (x, w) y = Add (p, k)"),
        ("float[4] k", "y = Gemm <beta=0.0> (x, w, k)"),
    ],
    ids=[
        "behind an activation",
        "read twice",
        "one number as bias",
        "of an output read twice",
        "a factor",
        "one number",
        "of rows",
        "that is not used",
    ],
)
def test_no_offset_is_a_constant(constants, nodes):
    assert layer(ROWS.format(constants=constants, nodes=nodes)).offset is None


@pytest.mark.parametrize(
    "text",
    [
        "g (float[2,4,3] x) => (float[2,4,4] y) <float[3,4] w, float[4,1] k> { p = MatMul (x, w) y = Add (p, k) }",
        "g (float[4,3] x) => (float[4,4] y) <float[3,4] w, float[4,1] k> { y = Gemm (x, w, k) }",
    ],
    ids=["added", "bias"],
)
def test_constant_along_another_axis_of_the_same_size_is_no_offset(text):
    assert layer(text).offset is None


def test_joint_is_the_output_where_an_activation_follows():
    found = layer(ROWS.format(constants="float[4] k", nodes="p = Gemm (x, w, k) q = Relu (p) y = Add (q, k)"))
    assert (found.comparison_point, found.last) == ("p", 0)


def test_joint_lies_behind_a_batch_normalization():
    found = layer(
        IMAGES.format(constants=NORM, nodes="p = Conv (x, w) q = BatchNormalization (p, s, b, m, v) y = Relu (q)")
    )
    assert (found.comparison_point, found.last) == ("q", 1)


def test_gain_is_that_of_the_batch_normalization():
    text = IMAGES.format(constants=NORM, nodes="p = Conv (x, w) y = BatchNormalization <epsilon=0.1> (p, s, b, m, v)")
    held = constants(model(text))
    np.testing.assert_allclose(layer(text).gain, held["s"] / np.sqrt(held["v"] + 0.1), rtol=1e-6)


def test_gains_on_the_way_multiply():
    text = ROWS.format(constants="float[4] k, float[4] h", nodes="p = MatMul (x, w) q = Mul (p, k) y = Div (q, h)")
    held = constants(model(text))
    np.testing.assert_allclose(layer(text).gain, held["k"] / held["h"], rtol=1e-6)


def test_joint_ends_before_a_factor_for_each_place():
    text = "g (float[2,4,3] x) => (float[2,4,4] y) <float[3,4] w, float[4,1] k> { p = MatMul (x, w) y = Mul (p, k) }"
    assert layer(text).comparison_point == "p"


def test_joint_ends_before_a_factor_of_zero():
    text = ROWS.format(constants="float[1] k = {0}", nodes="p = MatMul (x, w) y = Mul (p, k)")
    assert layer(text).comparison_point == "p"


RESIDUAL = """g (float[2,3,5,5] x) => (float[2,4,5,5] y)
    <float[4,3,1,1] a, float[4,4,3,3] b, float[4] s, float[4,4,1,1] c> {
  p = Conv (x, a) r = Relu (p) q = Conv <pads=[1,1,1,1]> (r, b) n = BatchNormalization (q, s, s, s, s)
  t = Add (r, n) u = Relu (t) y = Conv (u, c)
}"""


def test_joint_lies_behind_a_residual_sum():
    assert [found.comparison_point for found in layers(RESIDUAL)] == ["p", "t", "y"]


def test_branch_that_is_read_twice_ends_there():
    text = RESIDUAL.replace("Add (r, n)", "Add (n, n)")
    assert [found.comparison_point for found in layers(text)] == ["p", "n", "y"]


def test_joint_lies_behind_a_sum_of_three():
    text = RESIDUAL.replace("Add (r, n)", "Sum (r, n, r)")
    assert [found.comparison_point for found in layers(text)] == ["p", "t", "y"]


@pytest.mark.parametrize("operator", ["Sub", "Mul", "Max"])
def test_joint_ends_before_other_operators_of_two_tensors(operator):
    text = RESIDUAL.replace("Add (r, n)", f"{operator} (r, n)")
    assert [found.comparison_point for found in layers(text)] == ["p", "n", "y"]


def test_joint_ends_before_a_sum_that_spreads_the_output():
    text = """g (float[2,3] x, float[5,2,4] z) => (float[5,2,4] y) <float[3,4] w> {
      p = MatMul (x, w) y = Add (z, p)
    }"""
    assert layer(text).comparison_point == "p"


def test_joint_ends_at_an_output_of_the_model():
    text = """g (float[2,3] x) => (float[2,4] p, float[2,4] y) <float[3,4] w, float[4] k> {
      p = MatMul (x, w) y = Add (p, k)
    }"""
    assert layer(text).comparison_point == "p"


@pytest.mark.parametrize(
    ("node", "wanted"),
    [
        ("Relu (p)", Clamp(low=0.0)),
        ("Clip (p, low, high)", Clamp(0.0, 6.0)),
        ("Clip (p, low)", Clamp(low=0.0)),
        ("Clip (p, , high)", Clamp(high=6.0)),
        ("Sigmoid (p)", Clamp()),
        ("LeakyRelu (p)", Clamp()),
    ],
    ids=["Relu", "Clip", "from below", "from above", "Sigmoid", "LeakyRelu"],
)
def test_numbers_make_no_difference_beyond_what_the_reader_clamps(node, wanted):
    text = ROWS.format(constants="float low = {0}, float high = {6}", nodes=f"p = MatMul (x, w) y = {node}")
    assert layer(text).clamp == wanted


def test_bounds_of_an_old_clip_are_attributes():
    text = ROWS.format(constants="float k", nodes="p = MatMul (x, w) y = Clip <min=0.0, max=6.0> (p)")
    (found,) = layers_of(observe(model(text, opset=6)))
    assert found.clamp == Clamp(0.0, 6.0)


def test_computed_bounds_are_no_clamp():
    text = """g (float[2,3] x, float k) => (float[2,4] y) <float[3,4] w> { p = MatMul (x, w) y = Clip (p, k) }"""
    assert layer(text).clamp == Clamp()


def test_clamp_is_that_behind_the_joint():
    found = layers(RESIDUAL)[1]
    assert (found.comparison_point, found.clamp) == ("t", Clamp(low=0.0))


def test_clamp_counts_only_where_nothing_else_reads_the_joint():
    text = """g (float[2,3] x) => (float[2,4] y, float[2,4] z) <float[3,4] w> {
      p = MatMul (x, w) y = Relu (p) z = Neg (p)
    }"""
    assert layer(text).clamp == Clamp()


def test_last_is_the_layer_that_no_other_depends_on():
    assert [found.is_last for found in layers(RESIDUAL)] == [False, False, True]


def test_every_head_is_last():
    text = """g (float[2,3] x) => (float[2,4] y, float[2,5] z) <float[3,4] a, float[4,4] b, float[4,5] c> {
      p = MatMul (x, a) q = Relu (p) r = MatMul (q, b) y = Relu (r) z = MatMul (q, c)
    }"""
    assert [found.is_last for found in layers(text)] == [False, True, True]


def test_weights_that_two_nodes_read_make_no_layer():
    text = """g (float[2,3] x) => (float[2,5] y) <float[3,3] a, float[3,5] b> {
      p = MatMul (x, a) q = Relu (p) r = MatMul (q, a) y = MatMul (r, b)
    }"""
    assert [found.weight for found in layers(text)] == ["b"]


def test_weight_that_is_an_output_makes_no_layer():
    text = "g (float[2,3] x) => (float[2,4] y, float[3,4] w) <float[3,4] w> { y = MatMul (x, w) }"
    assert layers(text) == []


def test_weight_that_a_subgraph_reads_makes_no_layer():
    text = """g (float[2,3] x, bool c) => (float[2,4] y, float[3,4] z) <float[3,4] w> {
      y = MatMul (x, w)
      z = If (c) <then_branch = t () => (float[3,4] u) { u = Neg (w) },
                  else_branch = e () => (float[3,4] v) { v = Identity (w) }>
    }"""
    assert [found.weight for found in layers(text)] == []


def test_layer_whose_output_a_subgraph_contracts_is_not_last():
    text = """g (float[2,3] x, bool c) => (float[2,5] y) <float[3,4] w, float[4,5] h> {
      p = MatMul (x, w)
      y = If (c) <then_branch = t () => (float[2,5] u) { u = MatMul (p, h) },
                  else_branch = e () => (float[2,5] v) { q = Relu (p) v = MatMul (q, h) }>
    }"""
    assert [found.is_last for found in layers(text)] == [False]


@pytest.mark.parametrize("dtype", ["float16", "double"])
def test_weights_may_be_of_any_float(dtype):
    text = ROWS.format(constants="float[4] k", nodes="y = Gemm (x, w, k)").replace("float[", f"{dtype}[")
    assert layer(text).offset == Offset("k", 1.0)


def test_output_with_units_on_two_axes_has_no_offset():
    text = """g (float[2,3,6] x) => (float[2,3,2,5] y) <float[2,6,5] w, float[5] k> {
      p = Einsum <equation="bti,hio->btho"> (x, w) y = Add (p, k)
    }"""
    assert layer(text).offset is None
