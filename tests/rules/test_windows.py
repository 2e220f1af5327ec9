"""Windows that leave their padding to the reader, spelled out in numbers."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx.reference import ReferenceEvaluator

from paoding_onnx.rules.windows import cropped, is_padded_unevenly, spelled_out, taps
from tests.rules.nodes import node

RNG = np.random.default_rng(0)


@pytest.mark.parametrize(
    ("word", "pads"), [("SAME_UPPER", [0, 1, 1, 1]), ("SAME_LOWER", [1, 1, 0, 1]), ("VALID", [0, 0, 0, 0])]
)
def test_padding_by_a_word_becomes_numbers(word, pads):
    shape = "3x2" if word == "VALID" else "4x4"
    conv = node(f"Conv 1x2x8x7 3x2x3x3 -> 1x3x{shape}", auto_pad=word, strides=(2, 2))
    assert spelled_out(conv) == {"auto_pad": None, "pads": pads}


@pytest.mark.parametrize(("size", "found"), [(8, {"ceil_mode": 0}), (9, {})])
def test_rounding_up_is_dropped_where_no_window_hangs_over(size, found):
    pool = node(f"MaxPool 1x2x{size} -> 1x2x{-(-size // 2)}", ceil_mode=1, kernel_shape=(2,), strides=(2,), pads=(0, 0))
    assert spelled_out(pool) == found


def test_windows_that_spread_pad_their_output():
    spread = node("ConvTranspose 1x2x4 2x3x3 -> 1x3x8", auto_pad="SAME_LOWER", strides=(2,))
    assert spelled_out(spread) == {"auto_pad": None, "pads": [1, 0]}


def test_nodes_in_numbers_stay_as_they_are():
    assert spelled_out(node("Conv 1x2x8 3x2x3 -> 1x3x8", pads=(1, 1))) == {}
    assert spelled_out(node("Relu 1x8 -> 1x8")) == {}


@pytest.mark.parametrize("word", ["SAME_UPPER", "SAME_LOWER", "VALID"])
@pytest.mark.parametrize(("side", "width", "stride", "dilation"), [(9, 3, 2, 1), (8, 4, 3, 1), (10, 3, 1, 2)])
def test_numbers_compute_what_the_word_does(word, side, width, stride, dilation):
    x = RNG.standard_normal((1, 1, side)).astype(np.float32)
    weights = RNG.standard_normal((1, 1, width)).astype(np.float32)
    given = {"strides": (stride,), "dilations": (dilation,)}

    def run(**attributes):
        proto = onnx.helper.make_node("Conv", ["x", "w"], ["y"], **given, **attributes)
        return ReferenceEvaluator(proto, opsets={"": 20}).run(None, {"x": x, "w": weights})[0]

    reach = (width - 1) * dilation + 1
    count = (side - reach) // stride + 1 if word == "VALID" else -(-side // stride)
    conv = node(f"Conv 1x1x{side} 1x1x{width} -> 1x1x{count}", auto_pad=word, **given)
    numbers = run(pads=spelled_out(conv)["pads"])
    assert numbers.shape == (1, 1, count)
    np.testing.assert_allclose(numbers, run(auto_pad=word), rtol=1e-6)


@pytest.mark.parametrize(("side", "pads"), [(9, [0, 1]), (8, [1, 0]), (8, [0, 1])])
def test_transposed_convolution_crops_what_the_convolution_padded(side, pads):
    """The gradient of a convolution by its input is such a one; stated by its shape, it would crop both ends alike."""
    x = RNG.standard_normal((1, 1, side)).astype(np.float32)
    weights = RNG.standard_normal((1, 1, 3)).astype(np.float32)
    given = {"strides": [2], "dilations": [1], "pads": pads}

    def run(operator, values, **attributes):
        proto = onnx.helper.make_node(operator, ["x", "w"], ["y"], **attributes)
        return ReferenceEvaluator(proto, opsets={"": 20}).run(None, {"x": values, "w": weights})[0]

    y = run("Conv", x, **given)
    changed = cropped({**given, "output_shape": [side]}, (3,))
    assert changed["output_shape"] is None
    seed = RNG.standard_normal(y.shape).astype(np.float32)
    back = run("ConvTranspose", seed, **given, output_padding=changed["output_padding"])
    assert back.shape == x.shape
    assert float((y * seed).sum()) == pytest.approx(float((x * back).sum()), rel=1e-4)


def test_transposed_convolution_without_a_stated_shape_stays_as_it_is():
    assert cropped({"pads": [0, 1], "strides": [2], "dilations": [1]}, (3,)) == {}


def test_pieces_of_a_convolution_are_its_windows_place_by_place():
    found = taps(node("Conv 1x2x8x7 3x2x2x1 -> 1x3x4x7", strides=(2, 1), pads=(1, 0, 0, 0), dilations=(2, 1)))
    assert found is not None
    assert (found.pads, found.steps) == ((1, 0, 0, 0), (2, 1))
    assert (found.starts, found.ends) == (((0, 0), (2, 0)), ((7, 7), (9, 7)))


def test_windows_that_spread_are_no_pieces():
    assert taps(node("ConvTranspose 1x2x4 2x3x3 -> 1x3x6")) is None


@pytest.mark.parametrize(
    ("how", "is_uneven"),
    [({"auto_pad": "SAME_UPPER"}, True), ({"pads": (0, 0, 1, 1)}, True), ({"pads": (1, 1, 1, 1)}, False), ({}, False)],
)
def test_padding_as_tensorflow_has_it_is_told_from_even_padding(how, is_uneven):
    assert is_padded_unevenly(node("Conv 1x2x8x8 3x2x3x3 -> 1x3x4x4", strides=(2, 2), **how)) is is_uneven
