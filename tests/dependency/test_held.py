"""What holds parameters: counted as what would go besides, were it not for the reason."""

from __future__ import annotations

import pytest

from paoding_onnx.dependency.cost import cost
from paoding_onnx.dependency.held import TIED, half_of, least_at_half, reasons_of
from tests.models import traced

NET = """g (float[N,8] x) => (float[N,6] y) <float[8,16] a, float[16,10] b, float[10,6] c> {{
  p = MatMul (x, a) {inner} r = MatMul (q, b) s = Relu (r) y = MatMul (s, c) }}"""


def told(text):
    """Reasons with what they hold."""
    found = traced(text)
    return {(one.operator, one.reason): one.parameters for one in reasons_of(found, half_of(found))}


def test_inputs_and_outputs_hold_half_of_what_touches_them():
    assert told(NET.format(inner="q = Relu (p)")) == {
        ("", "graph input 'x'"): 8 * 8 // 2,
        ("", "graph output 'y'"): 5 * 6 // 2,
    }


def test_what_pins_a_layer_holds_what_is_left_on_both_sides():
    found = told(NET.format(inner="q = Softmax (p)"))
    assert found["Softmax", "normalises along this axis"] == 8 * 16 // 2 + 16 * 5 // 2


def test_largest_reason_comes_first_with_its_nodes():
    found = traced(NET.format(inner="[sums] q = Softmax (p)"))
    first = reasons_of(found, half_of(found))[0]
    assert (first.operator, first.nodes) == ("Softmax", ("sums",))


def test_kernels_hold_nothing():
    text = """g (float[1,3,8,8] x) => (float[1,5,6,6] y) <float[8,3,3,3] a, float[5,8,1,1] b> {
      p = Conv (x, a) y = Conv (p, b) }"""
    assert {reason for _, reason in told(text)} == {"graph input 'x'", "graph output 'y'"}


def test_rows_of_tables_are_held_by_what_picks_them():
    text = """g (int64[N,3] x) => (float[N,3,5] y) <float[40,8] e, float[8,5] a> {
      p = Gather (e, x) y = MatMul (p, a) }"""
    assert told(text)["Gather", "picks entries by index along this axis"] == 40 * 4 // 2


@pytest.mark.parametrize("inner", ["q = Relu (p)", "q = Softmax (p)"])
def test_half_is_half_of_every_group(inner):
    found = traced(NET.format(inner=inner))
    removed = half_of(found)
    assert removed.sum() == sum(group.n_units // 2 for group in found.groups)
    assert cost(found, removed).parameters < 8 * 16 + 16 * 10 + 10 * 6


@pytest.mark.parametrize(("inner", "share"), [("q = Relu (p)", 0.25), ("q = Softmax (p)", 0.25)])
def test_least_does_not_ask_what_holds_inner_layers(inner, share):
    assert least_at_half(traced(NET.format(inner=inner))) == 8 * 16 // 2 + 16 * 10 * share + 10 * 6 // 2


def test_rows_of_tables_are_given():
    text = """g (int64[N,3] x) => (float[N,3,5] y) <float[40,8] e, float[8,5] a> {
      p = Gather (e, x) y = MatMul (p, a) }"""
    assert least_at_half(traced(text)) == 40 * 4 + 4 * 5


def test_kernels_and_positions_are_given():
    text = """g (float[1,3,8,8] x) => (float[1,8,36] y)
        <float[8,3,3,3] a, int64[3] s={1,8,36}, float[36,36] b, float[8,36] c, float[8,8] d> {
      p = Conv (x, a) q = Reshape (p, s) r = MatMul (q, b) t = Add (r, c) u = MatMul (d, t) y = Softmax (u) }"""
    assert least_at_half(traced(text)) == 4 * 27 + 36 * 36 + 4 * 36 + 8 * 4


def test_masks_beside_scores_are_given():
    text = """g (float[6,5] x) => (float[6,6] y) <float[5,8] a, float[5,8] b, float[6,6] m> {
      q = MatMul (x, a) k = MatMul (x, b) t = Transpose (k) s = MatMul (q, t) p = Add (s, m) w = Softmax (p)
      y = Relu (w) }"""
    assert least_at_half(traced(text)) == 5 * 4 + 5 * 4 + 36


def test_positions_that_are_tied_into_one_unit_are_told():
    """Two shuffles of four channels leave a unit of all of them."""
    text = """g (float[1,3,4,4] x) => (float[1,5,4,4] y) <float[4,3,1,1] a, float[5,4,1,1] c, int64[5] s={0,2,2,4,4},
        int64[4] t={0,4,4,4}> {
      p = Conv (x, a) q = Reshape (p, s) r = Transpose <perm=[0,2,1,3,4]> (q) u = Reshape (r, t) v = Add (p, u)
      y = Conv (v, c) }"""
    found = traced(text)
    assert found.groups == ()
    assert {held.why.reason for held in found.held if held.use.tensor == "c"} == {TIED.words, "graph output 'y'"}
    assert (TIED.words, 1.0) in {(held.why.reason, held.share) for held in found.held}
