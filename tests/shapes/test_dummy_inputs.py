"""Inputs for a model without data: sizes for open axes, seeded contents."""

from __future__ import annotations

import numpy as np
import pytest

from paoding_onnx.errors import ModelError, UsageError
from paoding_onnx.model.load import TensorSpec
from paoding_onnx.shapes.dummy_inputs import choose_shapes, random_feeds

FLOAT = np.dtype(np.float32)


def shapes(*dims, batch=1, size=32, **given):
    specs = [TensorSpec(f"x{k}", FLOAT, of) for k, of in enumerate(dims)]
    return tuple(choose_shapes(specs, batch=batch, size=size, given=given).values())


def content(dtype, shape=(4, 5), seed=0):
    spec = TensorSpec("x", None if dtype is None else np.dtype(dtype), shape)
    return random_feeds([spec], {"x": shape}, np.random.default_rng(seed))["x"]


def test_fixed_sizes_stay():
    assert shapes((2, 3)) == ((2, 3),)


def test_open_first_axis_is_the_batch_and_others_get_the_size():
    assert shapes((None, 3, None, "w"), batch=2) == ((2, 3, 32, 32),)


def test_axes_that_share_a_symbol_share_a_size():
    assert shapes(("n", 3), (4, "n"), batch=2) == ((2, 3), (4, 2))


def test_given_shape_wins():
    assert shapes(("n", 3, "h"), x0=(5, 3, 7)) == ((5, 3, 7),)


def test_given_shape_settles_its_symbols_for_other_inputs():
    assert shapes(("n", "t"), ("t", "n"), x0=(5, 7)) == ((5, 7), (7, 5))


def test_input_without_axes_has_an_empty_shape():
    assert shapes(()) == ((),)


@pytest.mark.parametrize("shape", [(5, 4), (5, 3, 1), ()])
def test_given_shape_that_contradicts_the_input_is_a_usage_error(shape):
    with pytest.raises(UsageError, match=r"input 'x0' has shape \('n', 3\)"):
        shapes(("n", 3), x0=shape)


def test_given_name_of_no_input_is_a_usage_error():
    with pytest.raises(UsageError, match="no input is named 'image'; the model has 'x0'"):
        shapes(("n", 3), image=(1, 3))


@pytest.mark.parametrize("dtype", ["float32", "float16", "float64", "int64", "int32", "uint8", "bool"])
def test_contents_have_shape_and_type_of_the_input(dtype):
    values = content(dtype)
    assert (values.shape, values.dtype) == ((4, 5), np.dtype(dtype))


def test_same_seed_gives_the_same_contents():
    assert np.array_equal(content("float32"), content("float32"))
    assert not np.array_equal(content("float32"), content("float32", seed=1))


def test_integers_are_indices_that_fit_almost_everywhere():
    assert set(content("int64", (100,)).tolist()) == {0, 1}


@pytest.mark.parametrize("dtype", [None, "complex64", object])
def test_input_that_holds_no_numbers_is_a_model_error(dtype):
    with pytest.raises(ModelError, match="input 'x' is not a tensor of numbers"):
        content(dtype)
