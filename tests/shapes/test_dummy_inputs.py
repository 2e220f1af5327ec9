"""Contents for the inputs of a model without data: seeded, of the right type, and such that most models take them."""

from __future__ import annotations

import numpy as np
import pytest

from paoding_onnx.errors import ModelError
from paoding_onnx.model.input_sizes import Feeding, Fill
from paoding_onnx.model.nodes import TensorSpec
from paoding_onnx.shapes.dummy_inputs import is_setting, random_content, random_feeds

FLOAT, INT32, INT64 = np.dtype(np.float32), np.dtype(np.int32), np.dtype(np.int64)


def content(dtype, shape=(4, 5), seed=0):
    spec = TensorSpec("x", None if dtype is None else np.dtype(dtype), shape)
    return random_content(spec, shape, np.random.default_rng(seed))


def feeds(fill, **inputs):
    """Contents of inputs, each given as type, declared sizes and sizes to be fed."""
    specs = [TensorSpec(name, dtype, dims) for name, (dtype, dims, _) in inputs.items()]
    shapes = {name: shape for name, (_, _, shape) in inputs.items()}
    return random_feeds(specs, Feeding(shapes, fill), np.random.default_rng(0))


def decoder(fill):
    """What a decoder with two samples, five new steps and seven past ones is fed."""
    return feeds(
        fill,
        ids=(INT64, ("b", "t"), (2, 5)),
        past=(FLOAT, ("b", 4, "p", 8), (2, 4, 7, 8)),
        lengths=(INT32, ("b",), (2,)),
        total=(INT32, (), ()),
        one_total=(INT32, (1,), (1,)),
    )


@pytest.mark.parametrize("dtype", ["float32", "float16", "float64", "int64", "int32", "uint8", "bool"])
def test_contents_have_shape_and_type_of_the_input(dtype):
    values = content(dtype)
    assert (values.shape, values.dtype) == ((4, 5), np.dtype(dtype))


def test_same_seed_gives_the_same_contents():
    assert np.array_equal(content("float32"), content("float32"))
    assert not np.array_equal(content("float32"), content("float32", seed=1))


def test_integers_are_indices_that_fit_almost_everywhere():
    assert set(content("int64", (100,)).tolist()) == {0, 1}


def test_every_input_gets_contents_of_the_shape_that_is_fed():
    found = feeds(Fill.BITS, x=(FLOAT, ("n", 3), (2, 3)), ids=(INT64, ("n", "t"), (2, 9)))
    assert {name: array.shape for name, array in found.items()} == {"x": (2, 3), "ids": (2, 9)}


def test_mask_that_hides_nothing_is_all_ones():
    found = feeds(Fill.ONES, x=(FLOAT, ("n", 3), (2, 3)), mask=(INT64, ("n", "t"), (2, 9)), length=(INT64, (), ()))
    assert np.array_equal(found["mask"], np.ones((2, 9)))
    assert found["length"] == 1


@pytest.mark.parametrize("fill", Fill)
def test_floats_are_drawn_whatever_integers_hold(fill):
    assert np.array_equal(decoder(fill)["past"], decoder(Fill.BITS)["past"])


def test_lengths_are_the_steps_of_past_and_new_tokens():
    found = decoder(Fill.LENGTHS)
    assert (found["total"], found["one_total"].tolist()) == (12, [12])


def test_length_of_each_sample_is_the_index_of_its_last_step():
    assert decoder(Fill.LENGTHS)["lengths"].tolist() == [11, 11]


def test_tokens_are_ones_where_lengths_are_told():
    assert np.array_equal(decoder(Fill.LENGTHS)["ids"], np.ones((2, 5)))


def test_length_without_any_sequence_is_one():
    assert feeds(Fill.LENGTHS, x=(FLOAT, ("n", 3), (2, 3)), length=(INT64, (), ()))["length"] == 1


@pytest.mark.parametrize("dtype", [None, "complex64", object])
def test_input_that_holds_no_numbers_is_a_model_error(dtype):
    with pytest.raises(ModelError, match="input 'x' is not a tensor of numbers"):
        content(dtype)


def test_input_that_no_memory_could_hold_is_a_model_error():
    with pytest.raises(ModelError, match=r"input 'x' of shape \(.*\) does not fit into memory"):
        content("float32", (2**40, 2**40))


def test_few_floats_without_samples_set_something():
    def is_one(dtype, shape):
        return is_setting(TensorSpec("x", dtype, shape), shape)

    assert is_one(FLOAT, (1,))
    assert is_one(FLOAT, ())
    assert not is_one(FLOAT, (256,))
    assert not is_one(INT64, (1,))


def test_settings_beside_other_inputs_are_one():
    found = feeds(Fill.BITS, ids=(INT64, ("n", "t"), (2, 9)), scales=(FLOAT, (3,), (3,)), style=(FLOAT, ("n",), (2,)))
    assert found["scales"].tolist() == [1, 1, 1]
    assert found["style"].tolist() != [1, 1]
    assert feeds(Fill.BITS, x=(FLOAT, (3,), (3,)))["x"].tolist() != [1, 1, 1]


def test_what_is_called_a_length_is_as_long_as_the_longest_input():
    found = feeds(
        Fill.BITS,
        sound=(FLOAT, ("n", 80, "t"), (2, 80, 40)),
        sound_lengths=(INT64, ("n",), (2,)),
        language=(INT64, ("n",), (2,)),
    )
    assert found["sound_lengths"].tolist() == [40, 40]
    assert set(found["language"].tolist()) <= {0, 1}
