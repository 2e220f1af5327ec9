"""What the nodes right behind an input tell: the first filters, the first matrix, the table of tokens."""

from __future__ import annotations

import numpy as np
import pytest

from paoding_onnx.calibration.first_layer import first_columns, first_filters, first_weights, vocabulary
from paoding_onnx.shapes.observe import observe
from tests.models import model
from tests.pruning import with_constants

CONV = "g (float[n,3,8,8] x) => (float[n,c,h,w] y) <float[4,3,1,1] w, float[4] c> { BODY }"
ROWS = "g (float[n,6] x) => (float[a,b] y) "
TOKENS = "g (int64[n,7] ids) => (float[a,b,c] y) "
ONE_HOT = "{ a = Unsqueeze (ids, last) b = Equal (a, all) y = Cast <to=1> (b) }"


def test_statistics_behind_the_first_filters_are_found():
    text = """g (float[n,8,8,3] x) => (float[n,4,8,8] z)
    <float[4,3,1,1] w, float[4] s, float[4] b, float[4] m, float[4] v> {
        t = Transpose <perm=[0,3,1,2]> (x) y = Conv (t, w) z = BatchNormalization (y, s, b, m, v) }"""
    graph = observe(model(text))
    found = first_filters(graph, "x")
    assert np.allclose(found.bias, -graph.tensors["m"].value)
    assert np.allclose(found.deviation, np.sqrt(graph.tensors["v"].value))


def test_gain_and_shift_behind_the_first_filters_belong_to_them():
    text = """g (float[n,3,8,8] x) => (float[n,4,8,8] z)
    <float[4,3,1,1] w, float[4] c, float[4,1,1] s, float[4,1,1] b> {
        y = Conv (x, w, c) a = Mul (y, s) z = Add (a, b) }"""
    graph = observe(model(text))
    found = first_filters(graph, "x")
    w, c, s, b = (graph.tensors[name].value for name in ("w", "c", "s", "b"))
    assert np.allclose(found.weights, w * s[..., None])
    assert np.allclose(found.bias, c * s.reshape(-1) + b.reshape(-1))


def test_statistics_behind_a_second_layer_are_none_of_the_first_filters():
    text = """g (float[n,3,8,8] x) => (float[n,6,8,8] z)
    <float[4,3,1,1] w, float[4] c, float[6,4,1,1] u, float[6] s, float[6] b, float[6] m, float[6] v> {
        a = Conv (x, w, c) y = Conv (a, u) z = BatchNormalization (y, s, b, m, v) }"""
    found, graph = filters_of(text)
    assert np.array_equal(found.weights, graph.tensors["w"].value)
    assert found.deviation is None


def test_statistics_of_more_than_the_first_filters_are_left_out():
    text = """g (float[n,3,8,8] x) => (float[n,8,8,8] z)
    <float[4,3,1,1] w, float[8] s, float[8] b, float[8] m, float[8] v> {
        a = Conv (x, w) y = Concat <axis=1> (a, a) z = BatchNormalization (y, s, b, m, v) }"""
    found, graph = filters_of(text)
    assert np.array_equal(found.weights, graph.tensors["w"].value)
    assert found.deviation is None


def test_filters_behind_something_unknown_are_not_taken():
    text = "g (float[n,3,8,8] x) => (float[n,4,8,8] y) <float[4,3,1,1] w> { a = Sigmoid (x) y = Conv (a, w) }"
    assert first_filters(observe(model(text)), "x") is None


def filters_of(text):
    """The first filters of a model, and its graph."""
    graph = observe(model(text))
    return first_filters(graph, "x"), graph


def test_first_filters_are_the_kernels_and_biases_of_the_first_convolution():
    found, graph = filters_of(CONV.replace("BODY", "a = Conv (x, w, c) y = Relu (a)"))
    assert np.array_equal(found.weights, graph.tensors["w"].value)
    assert np.allclose(found.bias, graph.tensors["c"].value)
    assert found.deviation is None


def test_gain_and_shift_before_the_first_filters_belong_to_them():
    text = """g (float[n,3,8,8] x) => (float[n,4,6,6] y)
    <float[4,3,3,3] w, float[4] c, float[3,1,1] s, float b> {
        a = Sub (x, s) d = Mul (a, b) y = Conv (d, w, c) }"""
    found, graph = filters_of(text)
    w, c, s, b = (graph.tensors[name].value for name in ("w", "c", "s", "b"))
    assert np.allclose(found.weights, w * b)
    assert np.allclose(found.bias, c - np.einsum("oihw,i->o", w * b, s.reshape(-1)))


def test_filters_are_found_behind_slices_padding_and_what_is_made_of_sizes():
    slices = "s = Shape (x) a = SpaceToDepth <blocksize=2> (x) p = Pad (a, ends)"
    text = f"""g (float[n,3,8,8] x) => (float[n,4,h,w] y, int64[4] s)
    <float[4,12,3,3] w, float[4] c, int64[8] ends={{0,0,0,0,0,0,1,1}}> {{ {slices} y = Conv (p, w, c) }}"""
    found, graph = filters_of(text)
    assert np.array_equal(found.weights, graph.tensors["w"].value)
    assert found.is_uneven


def test_filters_without_a_bias_have_zeros():
    found, _ = filters_of(CONV.replace("BODY", "y = Conv (x, w)"))
    assert found.bias.tolist() == [0] * 4


def test_nodes_beside_the_way_to_the_filters_do_not_matter():
    found, _ = filters_of(CONV.replace("BODY", "a = Conv (x, w, c) b = Sigmoid (x) d = Relu (a) y = Identity (d)"))
    assert found is not None


@pytest.mark.parametrize(
    "text",
    [
        "g (float[n,3,8,8] x) => (float[n,c,h,w] y) <float[3,4,2,2] w, float[4] c> { y = ConvTranspose (x, w, c) }",
        "g (float[n,3,8,8] x) => (float[n,c,h,w] y) <float[3,4,2,2] w> { y = ConvTranspose (x, w) }",
        "g (float[n,3,8,8] x) => (float[n,c,h,w] y) <float[3,3,2,2] w, float[3] c> { y = ConvTranspose (x, w, c) }",
        "g (float[n,3,8] x) => (float[n,c,l] y) <float[4,3,2] w> { y = Conv (x, w) }",
        "g (float[n,3,8,8] x) => (float[a,b,c,d] y) { y = MatMul (x, x) }",
        "g (float[n,3,8,8] x) => (float[n,3,8,8] y) <float[3,1,1] b> { y = Add (x, b) }",
        "g (float[n,3,8,8] x) => (float[n,3,8,8] y) { y = Identity (x) }",
        "g (float[n,3,8,8] x) => (float[n,c,h,w] y) <float[4,3,1,1] w, float[8] b> { a = Add (x, b) y = Conv (a, w) }",
    ],
    ids=[
        "transposed",
        "transposed without a bias",
        "transposed, as many out as in",
        "one side",
        "no constant",
        "shift first",
        "no filters",
        "shift along another axis",
    ],
)
def test_what_is_not_a_convolution_of_images_has_no_filters(text):
    assert filters_of(text)[0] is None


def test_what_stands_behind_stored_statistics_does_not_belong_to_the_filters():
    text = """g (float[n,3,8,8] x) => (float[n,4,8,8] y)
    <float[4,3,1,1] w, float[4] s, float[4] b, float[4] m, float[4] v, float[4,1,1] k> {
        a = Conv (x, w) d = BatchNormalization (a, s, b, m, v) y = Mul (d, k) }"""
    found, graph = filters_of(text)
    assert np.array_equal(found.weights, graph.tensors["w"].value)


@pytest.mark.parametrize(
    "text",
    [
        "<float[6,2] w> { y = MatMul (x, w) }",
        "<float[6,2] w> { a = Relu (x) y = Gemm (a, w) }",
    ],
)
def test_first_matrix_has_a_row_for_each_feature(text):
    graph = observe(model(ROWS + text))
    assert np.array_equal(first_weights(graph, "x"), graph.tensors["w"].value)


def test_transposed_matrix_is_turned_round():
    graph = observe(model(ROWS + "<float[2,6] w> { y = Gemm <transB=1> (x, w) }"))
    assert np.array_equal(first_weights(graph, "x"), graph.tensors["w"].value.T)


@pytest.mark.parametrize(
    "text",
    [
        "{ y = Relu (x) }",
        "{ a = Transpose <perm=[1,0]> (x) y = MatMul (x, a) }",
        "<float[1,6,2] w, int64[2] s={-1,2}> { a = MatMul (x, w) y = Reshape (a, s) }",
    ],
    ids=["none", "no constant", "three axes"],
)
def test_rows_that_no_matrix_is_multiplied_with_have_no_first_weights(text):
    assert first_weights(observe(model(ROWS + text)), "x") is None


def test_vocabulary_is_the_length_of_the_table():
    assert vocabulary(observe(model(TOKENS + "<float[50,4] table> { y = Gather (table, ids) }")), "ids") == 50


def test_vocabulary_of_a_quantized_table_is_its_length():
    text = "<uint8[50,4] table, float s = {0.1}> { e = Gather (table, ids) y = DequantizeLinear (e, s) }"
    assert vocabulary(observe(model(TOKENS + text)), "ids") == 50


def test_vocabulary_is_found_behind_a_cast():
    text = "<float[50,4] table> { a = Cast <to=6> (ids) y = Gather (table, a) }"
    assert vocabulary(observe(model(TOKENS + text)), "ids") == 50


def test_vocabulary_is_the_number_of_classes_that_tokens_are_compared_with():
    counted = ",".join(map(str, range(12)))
    text = f"<int64[12] all={{{counted}}}, int64[1] last={{2}}> {ONE_HOT}"
    assert vocabulary(observe(model(TOKENS + text)), "ids") == 12


def test_few_numbers_in_a_row_are_not_a_vocabulary():
    text = f"<int64[3] all={{0,1,2}}, int64[1] last={{2}}> {ONE_HOT}"
    assert vocabulary(observe(model(TOKENS + text)), "ids") == 2


def test_table_of_positions_behind_the_length_is_not_the_vocabulary():
    text = """g (int64[n,t] ids) => (float[n,t,4] y)
        <float[50,4] words, float[64,4] places, int64[1,64] numbers, int64[1] zero={0}, int64[1] one={1}> {
      s = Shape (ids) length = Gather (s, one) p = Slice (numbers, zero, length, one) b = Gather (places, p)
      a = Gather (words, ids) y = Add (a, b)
    }"""
    assert vocabulary(observe(with_numbers(text)), "ids") == 50


def with_numbers(text):
    """The model with 0, 1, 2, ... in its positions."""
    found = model(text)
    return with_constants(found, numbers=np.arange(64, dtype=np.int64)[None])


def columns_of(body, *, head="(float[n,2] x) => (float[n,3] y)", opset=17):
    """What is read off the nodes between an input and the first weights."""
    text = f'<ir_version: 8, opset_import: ["" : {opset}, "ai.onnx.ml" : 3]> g {head} <float[2,3] w> {{ {body} }}'
    return first_columns(observe(model(text)), "x")


MEAN, DEVIATION = "m = Constant <value_floats=[10.0, -2.0]> ()", "d = Constant <value_floats=[4.0, 0.5]> ()"
NORM = """z = Constant <value_floats=[0.0, 0.0]> () o = Constant <value_floats=[1.0, 1.0]> ()
v = Constant <value_floats=[16.0, 0.25]> () s = BatchNormalization (x, o, z, m, v)"""
TELLING_COLUMNS = {
    "subtracted and divided": f"{MEAN} {DEVIATION} a = Sub (x, m) s = Div (a, d) y = MatMul (s, w)",
    "after a cast": f"{MEAN} {DEVIATION} c = Cast <to=1> (x) a = Sub (c, m) s = Div (a, d) y = MatMul (s, w)",
    "scikit-learn's": "s = ai.onnx.ml.Scaler <offset=[10.0,-2.0], scale=[0.25,2.0]> (x) y = MatMul (s, w)",
    "statistics": f"{MEAN} {NORM} y = MatMul (s, w)",
}


@pytest.mark.parametrize("body", TELLING_COLUMNS.values(), ids=TELLING_COLUMNS)
def test_what_a_model_takes_out_of_its_columns_is_read_off_its_first_nodes(body):
    found = columns_of(body)
    assert np.allclose(found.mean, [10, -2])
    assert np.allclose(found.deviation, [4, 0.5])


def test_one_number_for_all_columns_tells_them_all():
    found = columns_of("d = Constant <value_float=255.0> () s = Div (x, d) y = MatMul (s, w)")
    assert np.allclose(found.deviation, 255)


@pytest.mark.parametrize(
    "body",
    [
        "y = MatMul (x, w)",
        f"{MEAN} a = MatMul (x, w) b = Constant <value_float=2.0> () y = Mul (a, b)",
        f"{MEAN} a = Relu (x) b = Sub (a, m) y = MatMul (b, w)",
        "z = Constant <value_floats=[0.0, 1.0]> () a = Mul (x, z) y = MatMul (a, w)",
    ],
    ids=["no nodes", "behind the weights", "behind an activation", "a column that is dropped"],
)
def test_columns_that_nothing_is_taken_out_of_tell_nothing(body):
    assert columns_of(body) is None


def test_table_that_is_quantized_and_scaled_row_by_row_tells_how_many_tokens_there_are():
    text = (
        TOKENS
        + """<int8[60,4] table, float[60,1] scale> {
        a = Cast <to=1> (table) b = Mul (a, scale) y = Gather (b, ids) }"""
    )
    assert vocabulary(observe(model(text)), "ids") == 60


def test_table_that_is_computed_from_another_input_tells_nothing():
    text = """g (int64[n,7] ids, float[50,4] made) => (float[a,b,c] y) { t = Relu (made) y = Gather (t, ids) }"""
    assert vocabulary(observe(model(text)), "ids") == 2
