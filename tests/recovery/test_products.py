"""What weights get, by way of windows and of pieces alike: the products of inputs with the gradients of outputs."""

from __future__ import annotations

import numpy as np
import pytest

from paoding_onnx.recovery import products
from paoding_onnx.recovery.engine import Engine
from tests.reconstruction.fitted import STRUCTURES
from tests.recovery.lessons_for import batch_of, lesson_of, student_of

CONVOLUTIONS = {
    "strided": "g (float[N,3,9,7] x) => (float[N,4] y) <float[6,3,3,2] a, float[6] b, float[4,6] c> {"
    " p = Conv <strides=[2,1], pads=[1,0,2,1]> (x, a, b) q = Relu (p) r = GlobalAveragePool (q) s = Flatten (r)"
    " y = Gemm <transB=1> (s, c) }",
    "dilated": "g (float[N,3,9,9] x) => (float[N,4] y) <float[6,3,3,3] a, float[4,6] c> {"
    " p = Conv <dilations=[2,2], pads=[2,1,2,1]> (x, a) q = Relu (p) r = GlobalAveragePool (q)"
    " s = Flatten (r) y = Gemm <transB=1> (s, c) }",
    "in line": "g (float[N,3,12] x) => (float[N,4] y) <float[6,3,5] a, float[4,6] c> {"
    ' p = Conv <strides=[3], auto_pad="SAME_LOWER"> (x, a) q = Relu (p) r = GlobalAveragePool (q) s = Flatten (r)'
    " y = Gemm <transB=1> (s, c) }",
}


def gradients(text):
    student = student_of(lesson_of(text))
    return Engine(student.network).loss_and_gradients(student.network.weights, batch_of(student)).gradients


@pytest.mark.parametrize("text", [*CONVOLUTIONS.values(), STRUCTURES["grouped"], STRUCTURES["depthwise"]])
def test_pieces_give_what_windows_give(text, monkeypatch):
    by_pieces = gradients(text)
    monkeypatch.setattr(products, "taps", lambda _: None)
    by_windows = gradients(text)
    for name, value in by_windows.items():
        np.testing.assert_allclose(by_pieces[name], value, rtol=1e-3, atol=1e-5 * np.abs(value).max(), err_msg=name)
