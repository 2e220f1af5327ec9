"""Sizes to try for open axes: which ones, in which order, and how they hang together."""

from __future__ import annotations

from itertools import islice
from math import prod

import numpy as np
import pytest

from paoding_onnx.errors import UsageError
from paoding_onnx.model.input_sizes import BATCH, Feeding, Fill, Given
from paoding_onnx.model.nodes import TensorSpec
from paoding_onnx.shapes.size_search import (
    alike,
    batch_of,
    coarser,
    feeding_of,
    free_sizes,
    measuring,
    relation_of,
    scaled,
    telling,
)

FLOAT, INT64 = np.dtype(np.float32), np.dtype(np.int64)


def specs(*dims, dtype=FLOAT):
    return [TensorSpec(f"x{k}", dtype, of) for k, of in enumerate(dims)]


def first(*dims, **given):
    """The shapes that are tried first."""
    return tuple(next(measuring(specs(*dims), Given(given)))[1].shapes.values())


def all_tried(*dims, dtype=FLOAT, **given):
    return [feeding for _, feeding in measuring(specs(*dims, dtype=dtype), Given(given))]


def told(*dims, dtype=FLOAT):
    """The shapes that equations are read at first, for a model that runs at the first sizes tried."""
    inputs = specs(*dims, dtype=dtype)
    relation, measured = next(measuring(inputs, Given()))
    return [tuple(feeding.shapes.values()) for _, feeding in telling(inputs, relation, measured)]


def test_fixed_sizes_stay():
    assert first((2, 3)) == ((2, 3),)


def test_one_sample_of_the_usual_size_is_tried_first():
    assert first((None, 3, None, "w")) == ((1, 3, 64, 64),)


def test_axes_that_share_a_symbol_share_a_size():
    assert first(("n", "t"), ("t", 4)) == ((1, 64), (64, 4))


def test_open_first_axes_are_one_batch_whatever_they_are_called():
    assert set(relation_of(specs(("n", 3), ("m", 3), (None, 3))).keys.values()) == {BATCH}


def test_symbol_of_a_batch_is_the_batch_elsewhere_too():
    assert first(("n", 3), (4, "n")) == ((1, 3), (4, 1))


def test_axes_without_a_symbol_have_sizes_of_their_own():
    assert relation_of(specs((2, None), (2, None))).free == ("x0[1]", "x1[1]")


def test_input_without_axes_has_an_empty_shape():
    assert first(()) == ((),)


def test_given_shape_wins():
    assert all(feeding.shapes["x0"] == (5, 3, 7) for feeding in all_tried(("n", 3, "h"), x0=(5, 3, 7)))


def test_given_shape_settles_its_symbols_for_other_inputs():
    assert first(("n", "t"), ("t", "n"), x0=(5, 7)) == ((5, 7), (7, 5))


@pytest.mark.parametrize("shape", [(5, 4), (5, 3, 1), ()])
def test_given_shape_that_contradicts_the_input_is_a_usage_error(shape):
    with pytest.raises(UsageError, match=r"input 'x0' has shape \('n', 3\)"):
        first(("n", 3), x0=shape)


def test_given_name_of_no_input_is_a_usage_error():
    with pytest.raises(UsageError, match="no input is named 'image'; the model has 'x0'"):
        first(("n", 3), image=(1, 3))


def test_sizes_that_models_take_are_among_those_that_are_tried():
    sizes = {feeding.shapes["x0"][1] for feeding in all_tried((1, "t"))}
    assert {8, 16, 32, 64, 96, 128, 140, 160, 224, 256, 512, 1120, 16000} <= sizes


@pytest.mark.parametrize("step", [5, 7])
def test_two_of_the_sizes_that_are_tried_are_multiples_of_five_or_seven(step):
    assert sum(feeding.shapes["x0"][1] % step == 0 for feeding in all_tried((1, "t"))) >= 2


def test_first_axis_may_be_a_length():
    assert (64, 8) in {feeding.shapes["x0"] for feeding in all_tried(("t", 8))}


def test_masks_that_hide_nothing_and_lengths_are_tried_for_integers():
    assert {feeding.fill for feeding in all_tried(("n", "t"), dtype=INT64)} == set(Fill)
    assert {feeding.fill for feeding in all_tried(("n", "t"))} == {Fill.BITS}


def test_one_size_is_tried_as_the_sum_of_two_others():
    tried = all_tried(("b", "new"), ("b", "past"), ("b", "all"))
    assert any(f.shapes["x2"][1] == f.shapes["x0"][1] + f.shapes["x1"][1] for f in tried)


def test_one_size_is_tried_as_one_more_than_another():
    assert any(f.shapes["x1"][1] == f.shapes["x0"][1] + 1 for f in all_tried(("b", "t"), ("b", "next")))


@pytest.mark.parametrize("dims", [(None, None, 8), (None, 3, None, None), (None, None, None, None, None)])
def test_inputs_that_would_fill_the_memory_are_not_tried(dims):
    assert max(prod(feeding.shapes["x0"]) for feeding in all_tried(dims)) <= 1 << 24


def test_large_input_that_was_given_is_tried():
    assert first((None, 3, None, None), x0=(1, 3, 5000, 5000)) == ((1, 3, 5000, 5000),)


def test_sizes_to_read_equations_at_all_differ():
    ((shape,), *_) = told((None, 3, None, None))
    assert len({*shape, 64, 1}) == len(shape) + 2


def test_large_samples_are_compared_with_smaller_ones():
    """Those of several times their numbers would take gigabytes."""
    inputs = specs((None, 3, None, None))
    relation, measured = next(measuring(inputs, Given({"x0": (1, 3, 640, 640)})))
    first, *others = (feeding.shapes["x0"] for _, feeding in telling(inputs, relation, measured))
    assert first == (2, 3, 320, 480)
    assert any(prod(shape) > 3 * 640 * 640 for shape in others)


@pytest.mark.parametrize("sides", [(640, 427), (768, 512), (128, 128, 128), (192, 192, 192), (480, 320)], ids=str)
def test_smaller_sizes_differ_from_each_other_and_from_what_they_were(sides):
    inputs = specs((None, *(None for _ in sides), 9))
    relation, measured = next(measuring(inputs, Given({"x0": (1, *sides, 9)})))
    first = next(feeding.shapes["x0"] for _, feeding in telling(inputs, relation, measured))
    assert prod(first) < 2 * 9 * prod(sides)
    assert len({*first[1:-1], *sides}) == len(sides) + len(set(sides))


@pytest.mark.parametrize("shape", [(1, 3, 224, 64), (1, 3, 64, 64)], ids=["short side", "small"])
def test_small_samples_are_compared_with_larger_ones(shape):
    inputs = specs((None, 3, None, None))
    relation, measured = next(measuring(inputs, Given({"x0": shape})))
    first = next(feeding.shapes["x0"] for _, feeding in telling(inputs, relation, measured))
    assert prod(first) > prod(shape)


def test_one_more_sample_is_tried_before_as_many():
    batches = [shape[0] for (shape,) in told(("n", "t"))]
    assert batches[0] == 2
    assert 1 in batches


def test_all_sizes_are_multiplied_alike_where_they_cannot_all_differ():
    assert ((2, 128, 128),) in told((None, "h", "w"))


def test_axes_of_one_place_are_tried_with_one_size_though_their_symbols_differ():
    assert any(a[1] == b[1] != 64 for a, b in told(("n", "t1"), ("n", "t2")))


def test_size_that_others_make_follows_them():
    inputs = specs(("b", "new"), ("b", "past"), ("b", "all"))
    relation, measured = next((r, f) for r, f in measuring(inputs, Given()) if r.sums == {"all": ("new", "past")})
    for _, feeding in telling(inputs, relation, measured):
        assert feeding.shapes["x2"][1] == feeding.shapes["x0"][1] + feeding.shapes["x1"][1]


def test_model_of_fixed_sizes_is_told_nothing_new():
    assert told((2, 3)) == []


def test_smallest_size_that_comes_of_a_factor_is_two():
    assert scaled({"h": 3, "w": 64}, (0.1, 0.5)) == {"h": 2, "w": 32}


def test_factors_are_used_in_turns():
    assert scaled({"a": 10, "b": 10, "c": 10}, (2.0, 3.0)) == {"a": 20, "b": 30, "c": 20}


def test_coarser_relation_has_one_size_for_one_place_in_inputs_of_one_rank():
    inputs = specs(("n", "a"), ("n", "b"), ("n", "c", 4))
    assert len(coarser(inputs, relation_of(inputs)).free) == 2


def test_sizes_of_a_feeding_make_the_feeding():
    inputs = specs(("n", "t", 4), ("t", "n"))
    relation = relation_of(inputs)
    feeding = Feeding({"x0": (3, 7, 4), "x1": (7, 3)}, Fill.ONES)
    assert free_sizes(relation, feeding) == {"t": 7}
    assert batch_of(relation, feeding) == 3
    assert feeding_of(inputs, relation, 3, {"t": 7}, feeding) == feeding


def test_few_sizes_are_tried_before_unusual_ones():
    sizes = [feeding.shapes["x0"][1] for _, feeding in islice(measuring(specs((1, "t")), Given()), 4)]
    assert sizes == [64, 96, 224, 32]


def test_past_keys_with_symbols_of_their_own_are_one_size_beside_tokens_and_mask():
    past = [TensorSpec(f"past.{k}.{part}", FLOAT, ("n", 4, f"p{k}{part}", 8)) for k in (0, 1) for part in "kv"]
    inputs = [TensorSpec("ids", INT64, ("n", "s")), TensorSpec("mask", INT64, ("n", "t")), *past]
    assert len(alike(inputs, relation_of(inputs)).free) == 3


def test_likely_shape_is_tried_before_the_usual_sizes():
    likely = Given(likely={"x0": (1, 16000)})
    tried = [tuple(feeding.shapes.values()) for _, feeding in measuring(specs((None, "t"), ("t", 4)), likely)]
    assert tried[:2] == [((1, 16000), (16000, 4)), ((1, 64), (64, 4))]
