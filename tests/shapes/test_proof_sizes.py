"""Sizes to prove a cut at: several kinds, and none that was seen before."""

from __future__ import annotations

import numpy as np

from paoding_onnx.model.input_sizes import Feeding, Fill, Given, InputSizes, Relation
from paoding_onnx.model.nodes import TensorSpec
from paoding_onnx.shapes.proof_sizes import proving
from paoding_onnx.shapes.size_search import measuring, telling

FLOAT, INT64 = np.dtype(np.float32), np.dtype(np.int64)


def proved(inputs, sums=None):
    """Shapes to prove at, kind by kind, for a model that runs at the first sizes tried."""
    relation, measured = next(measuring(inputs, Given()))
    if sums:
        relation = Relation(relation.keys, sums)
    relation, traced = next(telling(inputs, relation, measured), (relation, measured))
    return [
        [feeding.shapes for feeding in kind] for kind in proving(inputs, InputSizes(measured, traced, {}, relation))
    ]


def spec(*dims, dtype=FLOAT, name="x"):
    return TensorSpec(name, dtype, dims)


def first_of_each(*inputs, **how):
    return [kind[0] for kind in proved(inputs, **how)]


def test_three_samples_one_and_two_are_proved():
    assert [shapes["x"][0] for shapes in first_of_each(spec("n", 3, "h", "w"))] == [3, 1, 2]


def test_no_size_is_one_that_was_seen_before():
    inputs = (spec("n", "t", 4),)
    relation, measured = next(measuring(inputs, Given()))
    relation, traced = next(telling(inputs, relation, measured))
    found = [feeding for kind in proving(inputs, InputSizes(measured, traced, {}, relation)) for feeding in kind]
    assert measured not in found
    assert traced not in found


def test_open_axes_have_sizes_of_their_own():
    shapes = [shapes["x"] for shapes in first_of_each(spec("n", 3, "h", "w"))]
    assert all(height != width for _, _, height, width in shapes)


def test_sizes_as_in_use_are_told_by_what_an_axis_counts():
    def in_use(*dims, dtype=FLOAT):
        return first_of_each(spec(*dims, dtype=dtype))[1]["x"]

    assert in_use("n", 3, "h", "w") == (1, 3, 224, 320)
    assert in_use("n", 3, "f", "h", "w") == (1, 3, 16, 224, 320)
    assert in_use("n", "t", dtype=INT64) == (1, 600)
    assert in_use("n", "t", 80) == (1, 600, 80)
    assert in_use("n", "samples") == (1, 16000)


def test_past_is_short_and_may_be_none():
    ids = spec("b", "t", dtype=INT64, name="ids")
    kinds = first_of_each(ids, spec("b", 2, "p", 8, name="past"))
    assert kinds[1]["past"][2] == 7
    assert kinds[-1]["past"][2] == 0
    assert kinds[-1]["ids"][1] == 5


def test_more_modest_sizes_follow_where_a_model_does_not_take_the_first():
    sizes = [shapes["x"][1] for shapes in proved((spec("n", "t", 4),))[1]]
    assert sizes == [600, 300, 150]


def test_odd_sizes_are_among_them():
    assert all(shapes["x"][1] % 2 for shapes in proved((spec("n", "t", 4),))[2])


def test_model_with_an_open_batch_alone_is_proved_at_three_samples():
    (kind,) = proved((spec("n", 3),))
    assert all(shapes == {"x": (3, 3)} for shapes in kind)


def test_model_of_fixed_sizes_has_nothing_to_be_proved_at():
    assert proved((spec(2, 3),)) == [[]]


def test_size_that_others_make_follows_them():
    inputs = (
        spec("b", "t", dtype=INT64, name="ids"),
        spec("b", 2, "p", 8, name="past"),
        spec("b", "all", dtype=INT64, name="mask"),
    )
    for kind in proved(inputs, sums={"all": ("t", "p")}):
        for shapes in kind:
            assert shapes["mask"][1] == shapes["ids"][1] + shapes["past"][2]


def test_integers_hold_what_they_held_when_the_model_was_measured():
    inputs = (spec("n", "t", dtype=INT64),)
    relation, measured = next(measuring(inputs, Given()))
    sizes = InputSizes(Feeding(measured.shapes, Fill.ONES), measured, {}, relation)
    assert {feeding.fill for kind in proving(inputs, sizes) for feeding in kind} == {Fill.ONES}
