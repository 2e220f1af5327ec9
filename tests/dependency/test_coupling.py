"""Which positions go together, and what may not go and why."""

from __future__ import annotations

import numpy as np
import pytest

from paoding_onnx.model.read import constants
from paoding_onnx.rules.binding import TensorUse
from tests.dependency.coupled import coupled, reasons, sets
from tests.models import IMAGES, ROWS, model, prune_randomly

CHAIN = (
    IMAGES
    + """<float[8,3,1,1] a, float[8] ab, float[5,8,1,1] b> {
  h = Conv (x, a, ab) r = Relu (h) y = Conv (r, b)
}"""
)


def test_producer_bias_and_consumer_share_their_units():
    found = coupled(CHAIN)
    assert sets(found, "a", 0) == sets(found, "ab", 0) == sets(found, "r", 1) == sets(found, "b", 1)
    assert len(set(sets(found, "a", 0))) == 8


def test_units_in_between_may_go():
    assert reasons(coupled(CHAIN), "b", 1) == set()


def test_graph_input_is_pinned():
    assert reasons(coupled(CHAIN), "a", 1) == {"graph input 'x'"}


def test_graph_output_is_pinned():
    assert reasons(coupled(CHAIN), "b", 0) == {"graph output 'y'"}


def test_kernel_is_pinned():
    found = coupled(CHAIN.replace("[8,3,1,1]", "[8,3,2,2]").replace("Conv (x", "Conv <pads=[1,1,0,0]> (x"))
    assert reasons(found, "a", 2) == {"slides over this axis"}


def test_residual_add_couples_both_branches():
    found = coupled(
        IMAGES
        + """<float[8,3,1,1] a, float[8,8,1,1] b, float[5,8,1,1] c> {
      p = Conv (x, a) q = Conv (p, b) s = Add (q, p) y = Conv (s, c)
    }"""
    )
    assert sets(found, "a", 0) == sets(found, "b", 0) == sets(found, "b", 1) == sets(found, "c", 1)


def test_addition_to_the_input_pins():
    found = coupled(
        IMAGES
        + """<float[3,3,1,1] a, float[5,3,1,1] c> {
      p = Conv (x, a) s = Add (p, x) y = Conv (s, c)
    }"""
    )
    assert reasons(found, "a", 0) == reasons(found, "c", 1) == {"graph input 'x'"}


def test_concat_keeps_segment_order():
    found = coupled(
        IMAGES
        + """<float[2,3,1,1] a, float[4,3,1,1] b, float[5,6,1,1] c> {
      p = Conv (x, a) q = Conv (x, b) s = Concat <axis=1> (q, p) y = Conv (s, c)
    }"""
    )
    assert sets(found, "c", 1) == sets(found, "b", 0) + sets(found, "a", 0)


def test_split_keeps_segment_order():
    found = coupled("""g (float[2,6] x) => (float[2,5] y, float[2,5] z)
        <float[6,7] a, float[3,5] b, float[4,5] c, int64[2] sizes={3,4}> {
      h = MatMul (x, a) p, q = Split <axis=1> (h, sizes) y = MatMul (p, b) z = MatMul (q, c)
    }""")
    assert sets(found, "a", 1) == sets(found, "b", 0) + sets(found, "c", 0)


def test_gate_couples_with_what_it_scales():
    found = coupled(
        IMAGES
        + """<float[8,3,1,1] a, float[8,8,1,1] b, float[5,8,1,1] c> {
      p = Conv (x, a) m = GlobalAveragePool (p) q = Conv (m, b) t = Sigmoid (q) s = Mul (p, t) y = Conv (s, c)
    }"""
    )
    assert sets(found, "a", 0) == sets(found, "b", 0) == sets(found, "b", 1) == sets(found, "c", 1)


def test_depthwise_kernel_follows_its_input():
    found = coupled(
        IMAGES
        + """<float[8,3,1,1] a, float[8,1,3,3] b, float[5,8,1,1] c> {
      p = Conv (x, a) q = Conv <group=8, pads=[1,1,1,1]> (p, b) y = Conv (q, c)
    }"""
    )
    assert sets(found, "a", 0) == sets(found, "b", 0) == sets(found, "c", 1)


def test_depthwise_kernels_of_one_channel_go_together():
    found = coupled(
        IMAGES
        + """<float[4,3,1,1] a, float[8,1,1,1] b, float[5,8,1,1] c> {
      p = Conv (x, a) q = Conv <group=4> (p, b) y = Conv (q, c)
    }"""
    )
    assert sets(found, "b", 0) == np.repeat(sets(found, "a", 0), 2).tolist()


def test_flatten_gives_each_channel_a_block_of_columns():
    found = coupled("""g (float[2,3,2,2] x) => (float[2,5] y) <float[8,3,1,1] a, float[32,5] b> {
      p = Conv (x, a) f = Flatten (p) y = MatMul (f, b)
    }""")
    assert sets(found, "b", 0) == np.repeat(sets(found, "a", 0), 4).tolist()


def test_flatten_of_channels_last_repeats_the_channels():
    found = coupled("""g (float[2,3,2,2] x) => (float[2,5] y) <float[8,3,1,1] a, float[32,5] b> {
      p = Conv (x, a) t = Transpose <perm=[0,2,3,1]> (p) f = Flatten (t) y = MatMul (f, b)
    }""")
    assert sets(found, "b", 0) == sets(found, "a", 0) * 4


TWO_LAYERS = (
    ROWS
    + """<float[8] k, float[3,8] a, float[8,8] b, float[8,5] c> {
  p = MatMul (x, a) q = Add (p, k) r = MatMul (q, b) s = Add (r, k) y = MatMul (s, c)
}"""
)


def test_vector_shared_by_two_layers_couples_nothing():
    found = coupled(TWO_LAYERS)
    uses = [use for use, _ in found.axes if use.tensor == "k"]
    assert [use.operand for use in uses] == [1, 1]
    assert set(sets(found, "a", 1)).isdisjoint(sets(found, "b", 1))


def test_matrix_shared_by_two_layers_is_one_tensor():
    found = coupled("""g (float[2,8] x) => (float[2,5] y) <float[8,8] a, float[8,5] c> {
      p = MatMul (x, a) q = Relu (p) r = MatMul (q, a) y = MatMul (r, c)
    }""")
    assert [use for use, axis in found.axes if use.tensor == "a" and axis == 0] == [TensorUse("a")]
    assert reasons(found, "c", 0) == {"graph input 'x'"}


def test_protected_node_keeps_every_axis():
    found = coupled(CHAIN.replace("h = Conv", "[first] h = Conv"), protect="first")
    assert reasons(found, "ab", 0) == reasons(found, "b", 1) == {"excluded by the user"}


def test_what_a_subgraph_reads_is_pinned():
    found = coupled("""g (bool k, float[2,3] x) => (float[2,5] y) <float[3,8] a, float[8,5] b, float[8,8] c> {
      h = MatMul (x, a)
      z = If (k) <then_branch = t () => (float[2,8] p) { p = Relu (h) },
                  else_branch = e () => (float[2,8] q) { q = Identity (h) }>
      u = MatMul (z, c) y = MatMul (u, b)
    }""")
    assert reasons(found, "a", 1) == {"its subgraph reads it"}
    assert reasons(found, "c", 0) == {"computes one of two branches that could not be taken apart"}
    assert reasons(found, "b", 0) == set()


def test_unknown_operator_pins_what_it_touches():
    found = coupled(
        ROWS
        + """<float[3,8] a, float[8,5] b> {
      h = MatMul (x, a) v = RandomNormalLike (h) y = MatMul (v, b)
    }"""
    )
    assert reasons(found, "a", 1) == reasons(found, "b", 0) == {"no rule for this operator"}


def test_integers_read_as_a_shape_are_pinned():
    found = coupled(
        ROWS
        + """<float[3,8] a, float[8,5] b, int64[2] t={2,-1}, int64[2] k={0,0}> {
      h = MatMul (x, a) s = Add (t, k) f = Reshape (h, s) y = MatMul (f, b)
    }"""
    )
    assert reasons(found, "s", 0) == {"its content is read as numbers"}
    assert reasons(found, "b", 0) == set()


def test_norm_in_training_mode_pins_its_channels():
    found = coupled(
        IMAGES
        + """<float[8,3,1,1] a, float[8] k, float[5,8,1,1] b> {
      h = Conv (x, a) r, m, v = BatchNormalization <training_mode=1> (h, k, k, k, k) y = Conv (r, b)
    }"""
    )
    assert reasons(found, "a", 0) == {"computes its statistics from the batch (training_mode=1)"}


def test_padded_channels_stand_beside_the_others():
    found = coupled(
        IMAGES
        + """<float[4,3,1,1] a, float[5,7,1,1] b,
        int64[8] pads={0,2,0,0,0,1,0,0}> {
      h = Conv (x, a) p = Pad (h, pads) y = Conv (p, b)
    }"""
    )
    assert sets(found, "b", 1)[2:6] == sets(found, "a", 0)
    assert len(set(sets(found, "b", 1))) == 7


def test_strided_slice_over_space_leaves_the_channels_free():
    found = coupled("""g (float[2,3,4,4] x) => (float[2,5,2,2] y) <float[8,3,1,1] a, float[5,8,1,1] b,
        int64[2] s={0,0}, int64[2] e={4,4}, int64[2] axes={2,3}, int64[2] steps={2,2}> {
      h = Conv (x, a) p = Slice (h, s, e, axes, steps) y = Conv (p, b)
    }""")
    assert reasons(found, "b", 1) == set()
    assert sets(found, "a", 0) == sets(found, "b", 1)


@pytest.mark.parametrize(("axis", "why"), [(1, {"normalises along this axis"}), (2, set())])
def test_softmax_pins_only_its_own_axis(axis, why):
    found = coupled(CHAIN.replace("Relu", f"Softmax <axis={axis}>"))
    assert reasons(found, "b", 1) == why


def test_vector_that_is_an_output_too_is_copied_for_the_layer():
    text = """g (float[N,4] x) => (float[N,3] y, float[8] b) <float[4,8] a, float[8] b, float[8,3] c> {
      p = Gemm (x, a, b) q = Relu (p) y = MatMul (q, c) }"""
    trial = prune_randomly(model(text))
    assert trial.verdict.passed, trial.verdict.detail
    assert trial.predicted == trial.recounted
    assert trial.trace.n_units == 8
    kept = constants(trial.pruned)
    np.testing.assert_array_equal(kept["b"], constants(trial.original)["b"])
    assert sorted(value.shape for value in kept.values() if value.ndim == 1) == [(4,), (8,)]
