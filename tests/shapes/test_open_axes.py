"""Which axes are open and which numbers vary: by data flow, never because two runs agreed."""

from __future__ import annotations

import numpy as np
import pytest

from paoding_onnx.model.nodes import Origin, Tensor
from paoding_onnx.model.read import read_graph
from paoding_onnx.shapes.observe import observe
from paoding_onnx.shapes.open_axes import mark_open
from tests.models import model

CONSTANTS = ", ".join((
    *(f"int64[1] {name}={{{number}}}" for name, number in {
        "zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "eight": 8, "fifty": 50, "m": -1, "many": 9999,
    }.items()),
    *("int64 n0={0}", "int64 n1={1}", "int64[2] twice={2,2}", "int64[4] image={0,0,2,3}", "int64[3] flat={0,0,-1}"),
    "float half={0.5}",
))  # fmt: skip
TOKENS = f"g (float[N,T,4] x) => (float[a,b,4] y) <{CONSTANTS}> {{ s = Shape (x) t = Gather (s, one) y = Relu (x) "
IMAGES = f"g (float[N,3,H,W] x) => (float[a,3,c,d] y) <{CONSTANTS}> {{ s = Shape (x) h = Gather (s, two) " \
    "w = Gather (s, three) y = Relu (x) "  # fmt: skip


def tokens(text):
    return observe(model(TOKENS + text + " }")).tensors


def images(text):
    return observe(model(IMAGES + text + " }")).tensors


def entries(text, name="r"):
    """What a tensor of sizes holds, `None` for what varies; computed from tokens."""
    return tokens(text)[name].entries()


def test_sizes_of_open_axes_vary_and_others_do_not():
    assert tokens("")["s"].entries() == (None, None, 4)


def test_open_axes_are_marked_through_what_is_computed():
    assert tokens("")["y"].open == (True, True, False)


def test_number_that_is_capped_varies_though_both_runs_were_beyond_the_cap():
    """Both runs had more than 50 steps."""
    assert entries("r = Min (t, fifty)") == (None,)


def test_number_that_is_capped_from_below_varies_though_both_runs_were_below():
    assert entries("r = Max (t, many)") == (None,)


def test_length_of_a_capped_slice_is_open():
    found = tokens("q = Min (t, fifty) r = Slice (x, zero, q, one)")["r"]
    assert (found.shape[1], found.open) == (50, (True, True, False))


def test_number_of_windows_varies():
    assert entries("r = Div (t, many)") == (None,)


def test_remainder_varies_though_both_runs_left_none():
    """64 and 96 are multiples of 8, as usual sizes are."""
    assert entries("r = Mod (t, eight)") == (None,)


def test_what_is_missing_to_the_next_window_varies_though_nothing_was():
    found = tokens("a = Mod (t, eight) b = Sub (eight, a) r = Mod (b, eight)")
    assert found["r"].value.tolist() == [0]
    assert found["r"].entries() == (None,)


def test_aspect_varies_though_images_of_both_runs_were_wide():
    found = images("r = Greater (h, w) z = Where (r, one, two) a = Div (w, h)")
    assert (found["z"].entries(), found["a"].entries()) == ((None,), (None,))


def test_longest_side_varies():
    assert images("c = Concat <axis=0> (h, w) r = ReduceMax <axes=[0], keepdims=1> (c)")["r"].entries() == (None,)


def test_number_of_chunks_varies_though_there_was_one():
    found = tokens("q = Add (t, many) p = Div (q, many) r = Concat <axis=0> (p, four)")
    assert found["r"].value.tolist() == [1, 4]
    assert found["r"].entries() == (None, 4)


def test_number_of_chunks_that_is_computed_as_a_float_varies():
    assert entries("f = Cast <to=1> (t) g = Mul (f, half) c = Ceil (g) r = Cast <to=7> (c)") == (None,)


def test_half_of_a_fixed_size_is_known():
    assert entries("c = Gather (s, two) r = Div (c, two)") == (2,)


def test_entries_are_told_apart_where_they_are_put_together():
    assert entries("r = Concat <axis=0> (t, four, t, one)") == (None, 4, None, 1)


def test_entries_are_told_apart_where_they_are_computed_one_by_one():
    assert entries("k = Slice (s, one, three) r = Mul (k, twice)") == (None, 8)


def test_entries_are_told_apart_where_one_is_chosen():
    assert entries("c = Concat <axis=0> (t, four) r = Gather (c, one)") == (4,)
    assert entries("c = Concat <axis=0> (t, four) r = Gather (c, zero)") == (None,)


def test_entries_are_told_apart_where_they_are_cut_out():
    assert entries("r = Slice (s, one, three)") == (None, 4)
    assert entries("r = Slice (s, two, three)") == (4,)


def test_product_varies_with_any_of_its_factors():
    assert entries("r = ReduceProd <axes=[0], keepdims=1> (s)") == (None,)


def test_number_stays_known_through_squeezes():
    assert entries("c = Gather (s, two) q = Squeeze (c, zero) r = Unsqueeze (q, zero)") == (4,)
    assert entries("q = Squeeze (t, zero) r = Unsqueeze (q, zero)") == (None,)


def test_choice_by_a_number_that_varies_varies():
    assert entries("c = Less (t, fifty) r = Where (c, one, two)") == (None,)


def test_length_of_a_range_up_to_an_open_size_is_open():
    assert tokens("q = Squeeze (t, zero) r = Range (n0, q, n1)")["r"].open == (True,)


def test_tensor_of_a_shape_that_varies_is_open_along_what_varies():
    assert tokens("c = Concat <axis=0> (t, four) r = ConstantOfShape (c)")["r"].open == (True, False)


def test_axis_that_is_repeated_up_to_an_open_size_is_open():
    assert tokens("c = Concat <axis=0> (two, t) r = Expand (half, c)")["r"].open == (False, True)


def test_axis_that_is_tiled_as_often_as_an_open_size_says_is_open():
    assert tokens("d = Div (t, many) p = Max (d, one) c = Concat <axis=0> (one, one, p) r = Tile (x, c)")["r"].open[2]


def test_pads_that_vary_make_an_axis_open():
    found = tokens("a = Mod (t, eight) c = Concat <axis=0> (zero, zero, zero, zero, zero, a) r = Pad (x, c)")
    assert found["r"].open == (True, True, True)


def test_resized_image_is_open_along_what_varies():
    found = images('g = Add (h, one) z = Gather (s, zero) c = Concat <axis=0> (z, three, g, eight) '
                   'r = Resize <mode="nearest"> (x, , , c)')["r"]  # fmt: skip
    assert found.shape[1:] == (3, 97, 8)
    assert found.open[2]


def test_flattened_axis_is_open_if_a_part_of_it_is():
    assert tokens("r = Reshape (x, flat)")["r"].open == (True, True, False)
    assert tokens("f = Flatten <axis=2> (x) r = Flatten <axis=1> (x)")["r"].open == (True, True)


def test_axis_that_is_folded_into_the_batch_keeps_it_open():
    found = tokens("p = Mul (t, two) z = Gather (s, zero) c = Concat <axis=0> (z, m, two, two) r = Reshape (x, c)")
    assert found["r"].open == (True, True, False, False)


def test_sum_over_an_open_axis_is_not_open():
    assert tokens("r = ReduceMean <axes=[1], keepdims=0> (x)")["r"].open == (True, False)


def test_product_of_open_axes_is_open_along_both():
    assert tokens("q = Transpose <perm=[0,2,1]> (x) r = MatMul (x, q)")["r"].open == (True, True, True)


def test_content_of_data_varies_and_is_not_kept():
    assert tokens("r = ReduceMean <axes=[0,1,2], keepdims=0> (x)")["r"].value is None


def test_rows_that_content_decides_are_open():
    assert tokens("r = NonZero (x)")["r"].open[-1]


def test_number_that_another_run_shows_to_differ_varies_whatever_the_flow_says():
    subject = model("g (float[2,4] x) => (int64[2] s) { s = Shape (x) }")
    int64 = np.dtype(np.int64)
    measured = {
        "x": Tensor("x", Origin.INPUT, (2, 4), np.dtype(np.float32)),
        "s": Tensor("s", Origin.COMPUTED, (2,), int64, np.array([2, 4])),
    }
    seen = {"s": Tensor("s", Origin.COMPUTED, (2,), int64, np.array([2, 5]))}
    found = mark_open(read_graph(subject, measured), {"x": (False, False)}, seen)
    assert found["s"].entries() == (2, None)


@pytest.mark.parametrize("text", ["r = Mul (one, two)", "r = Concat <axis=0> (four, two)", "r = Shape (half)"])
def test_number_that_no_open_axis_reaches_is_known(text):
    assert None not in entries(text)
