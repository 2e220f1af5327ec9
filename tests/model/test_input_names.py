"""What an input beside the main one holds is read off its name and type."""

from __future__ import annotations

import numpy as np
import pytest

from paoding_onnx.model.input_names import Companion, companion_of, is_past
from paoding_onnx.model.nodes import TensorSpec


def spec(name, dtype="int64", dims=("n",)):
    return TensorSpec(name, np.dtype(dtype), dims)


@pytest.mark.parametrize(
    ("name", "dtype", "dims", "wanted"),
    [
        ("attention_mask", "int64", ("n", "t"), Companion.ONES),
        ("keep", "bool", ("n", "t"), Companion.ONES),
        ("token_type_ids", "int64", ("n", "t"), Companion.ZEROS),
        ("position_ids", "int64", ("n", "t"), Companion.POSITIONS),
        ("input_lengths", "int64", ("n",), Companion.LENGTHS),
        ("audio.lens", "int32", ("n",), Companion.LENGTHS),
        ("x_len", "int64", ("n",), Companion.LENGTHS),
        ("seqlens_k", "int32", ("n",), Companion.LENGTHS),
        ("sr", "int64", (), Companion.RATE),
        ("sample_rate", "float32", (1,), Companion.RATE),
        ("fmin", "float32", (), Companion.LOWEST),
        ("f0_max", "float32", (1,), Companion.HIGHEST),
        ("fmax", "float32", ("n", "t"), None),
        ("iou_threshold", "float32", (1,), Companion.HALVES),
        ("past_key_values.0.key", "float32", ("n", 4, "p", 8), Companion.PAST),
        ("encoder.cache", "float32", (1, 4, 8), Companion.PAST),
        ("h", "float32", (1, 1, 64), Companion.PAST),
        ("input_ids", "int64", ("n", "t"), None),
        ("image", "float32", ("n", 3, 8, 8), None),
        ("keypoints", "float32", ("n", 17, 2), None),
        ("lens_type_rate", "float32", ("n", 4), None),
    ],
)
def test_companion_is_told_by_name_and_type(name, dtype, dims, wanted):
    assert companion_of(spec(name, dtype, dims)) is wanted


def test_integers_are_remembered_too():
    assert is_past(spec("past_tokens"))
    assert not is_past(spec("tokens"))
