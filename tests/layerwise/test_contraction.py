"""Contractions: whatever the operator and its layout, features times matrix is what the node computes."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from paoding_onnx.layerwise.contraction import (
    Contraction,
    contraction,
    matrix,
    plain_features,
    targets,
    unmatrix,
    window_features,
)
from paoding_onnx.layerwise.subgraph import window_model
from paoding_onnx.model.graph import Graph
from paoding_onnx.model.input_sizes import Given, Shapes
from paoding_onnx.model.load import Model
from paoding_onnx.model.node_index import proto_nodes
from paoding_onnx.model.session import Session
from paoding_onnx.rules.binding import BoundNode, bind_nodes
from paoding_onnx.shapes.observe import observe
from tests.layerwise import test_contraction
from tests.models import model

IMAGE = "g (float[N,4,7,9] x) => (float[N,b,c,d] y) <float[{w}] w> {{ y = {node} }}"
SERIES = "g (float[N,4,9] x) => (float[N,b,c] y) <float[{w}] w> {{ y = {node} }}"
ROWS = "g (float[N,6] x) => (float[N,b] y) <float[{w}] w> {{ y = {node} }}"
TOKENS = "g (float[N,3,6] x) => (float[N,b,c] y) <float[{w}] w> {{ y = {node} }}"
HEADS = "g (float[N,3,2,4] x) => (float[N,{y}] y) <float[{w}] w> {{ y = {node} }}"

KERNELS = {
    "Conv": IMAGE.format(w="6,4,3,2", node="Conv (x, w)"),
    "Conv of single places": IMAGE.format(w="6,4,1,1", node="Conv (x, w)"),
    "Conv in strides": IMAGE.format(w="6,4,3,3", node="Conv <strides=[2,3]> (x, w)"),
    "Conv with holes": IMAGE.format(w="6,4,2,2", node="Conv <dilations=[2,3]> (x, w)"),
    "Conv with uneven pads": IMAGE.format(w="6,4,3,3", node="Conv <pads=[0,1,2,1]> (x, w)"),
    "Conv that pads by itself": IMAGE.format(w="6,4,2,2", node='Conv <auto_pad="SAME_UPPER", strides=[2,2]> (x, w)'),
    "Conv in groups": IMAGE.format(w="6,2,3,3", node="Conv <group=2> (x, w)"),
    "depthwise Conv": IMAGE.format(w="4,1,3,3", node="Conv <group=4> (x, w)"),
    "depthwise Conv of two outputs each": IMAGE.format(w="8,1,3,3", node="Conv <group=4> (x, w)"),
    "Conv of series": SERIES.format(w="5,4,3", node="Conv <strides=[2], pads=[1,1]> (x, w)"),
    "Conv of series in groups": SERIES.format(w="4,2,3", node="Conv <group=2, dilations=[2]> (x, w)"),
    "Conv of volumes": """g (float[N,2,3,4,5] x) => (float[N,b,c,d,e] y) <float[3,2,2,2,2] w> { y = Conv (x, w) }""",
    "ConvTranspose": IMAGE.format(w="4,6,3,3", node="ConvTranspose (x, w)"),
    "ConvTranspose in strides": IMAGE.format(
        w="4,6,2,2", node="ConvTranspose <strides=[2,2], output_padding=[1,0]> (x, w)"
    ),
    "ConvTranspose with pads": IMAGE.format(w="4,6,3,3", node="ConvTranspose <pads=[1,0,1,2], dilations=[1,2]> (x, w)"),
    "ConvTranspose in groups": IMAGE.format(w="4,3,3,3", node="ConvTranspose <group=2, strides=[3,1]> (x, w)"),
    "ConvTranspose of series": SERIES.format(w="4,3,4", node="ConvTranspose <strides=[2]> (x, w)"),
}
"""Contractions with a kernel."""
PLAIN = {
    "Gemm": ROWS.format(w="6,5", node="Gemm (x, w)"),
    "Gemm of a transposed weight": ROWS.format(w="5,6", node="Gemm <transB=1> (x, w)"),
    "Gemm that scales": ROWS.format(w="6,5", node="Gemm <alpha=-0.5> (x, w)"),
    "MatMul": ROWS.format(w="6,5", node="MatMul (x, w)"),
    "MatMul of tokens": TOKENS.format(w="6,5", node="MatMul (x, w)"),
    "MatMul from the left": TOKENS.format(w="5,3", node="MatMul (w, x)"),
    "MatMul of a weight for each head": HEADS.format(w="3,4,5", y="3,2,5", node="MatMul (x, w)"),
    "MatMul of a weight for all batches": TOKENS.format(w="1,6,5", node="MatMul (x, w)"),
    "Einsum": TOKENS.format(w="6,5", node='Einsum <equation="bti,io->bto"> (x, w)'),
    "Einsum that makes heads": "g (float[N,3,6] x) => (float[N,3,2,5] y) <float[2,6,5] w> "
    '{ y = Einsum <equation="bti,hio->btho"> (x, w) }',
    "Einsum that adds heads up": HEADS.format(w="2,4,5", y="3,5", node='Einsum <equation="bthi,hio->bto"> (x, w)'),
    "Einsum head by head": HEADS.format(w="2,4,5", y="2,3,5", node='Einsum <equation="bthi,hio->bhto"> (x, w)'),
    "Einsum with the weight first": HEADS.format(w="2,5,4", y="3,5", node='Einsum <equation="hoi,bthi->bto"> (w, x)'),
}
"""Contractions without."""
every_kernel = pytest.mark.parametrize("name", KERNELS)
every_contraction = pytest.mark.parametrize("name", KERNELS | PLAIN)


def two(subject: Model) -> Shapes:
    """Shapes of the inputs with two samples where their number is open."""
    return {spec.name: tuple(dim if isinstance(dim, int) else 2 for dim in spec.dims) for spec in subject.inputs}


def read(text: str) -> tuple[Model, Graph, BoundNode, Contraction]:
    """A model, its graph, its only node, and how that contracts."""
    subject = model(text)
    graph = observe(subject, Given(two(subject)))
    (bound,) = bind_nodes(graph)
    of = contraction(bound)
    assert of is not None
    return subject, graph, bound, of


def weight_of(bound: BoundNode, of: Contraction) -> NDArray[np.float32]:
    """The content of the weight."""
    tensor = bound.node.inputs[of.weight]
    assert tensor is not None
    return np.asarray(tensor.value, np.float32)


def both_sides(text: str, batch: int = 3) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
    """Features times matrix, and what the node makes of as many random inputs, `(n_rows, n_shared, n_made)`."""
    subject, graph, bound, of = read(text)
    shape = (batch, *(graph.tensors["x"].shape or ())[1:])
    value = np.random.default_rng(1).standard_normal(shape).astype(np.float32)
    made = Session(subject).run({"x": value})["y"]
    if of.kernel:
        window = window_model(subject, graph, proto_nodes(subject.proto, graph)[0], bound, of)
        features = window_features(bound, of, Session(window).run({"x": value})["y"])
    else:
        features = plain_features(bound, of, value)
    product = np.einsum("rsf,sfm->rsm", features, matrix(bound, of, weight_of(bound, of)))
    return product, targets(bound, of, made)


def difference(pair: tuple[NDArray[np.floating], NDArray[np.floating]]) -> float:
    """The largest difference between two arrays of the same shape."""
    assert pair[0].shape == pair[1].shape
    return float(np.abs(pair[0] - pair[1]).max())


@every_contraction
def test_features_times_matrix_is_the_output(name):
    assert difference(both_sides((KERNELS | PLAIN)[name])) < 1e-5


@every_contraction
def test_batch_may_have_another_size_than_the_graph_was_measured_at(name):
    text = (KERNELS | PLAIN)[name]
    first, second = (len(both_sides(text, batch)[0]) for batch in (1, 4))
    assert second == 4 * first


@every_contraction
def test_matrix_and_back_is_the_weight(name):
    _, _, bound, of = read((KERNELS | PLAIN)[name])
    weight = weight_of(bound, of)
    back = unmatrix(bound, of, matrix(bound, of, weight), weight.dtype)
    assert (back.dtype, back.shape) == (weight.dtype, weight.shape)
    np.testing.assert_allclose(back, weight, rtol=1e-6)


@every_contraction
def test_matrix_has_a_row_for_each_feature(name):
    _, _, bound, of = read((KERNELS | PLAIN)[name])
    assert matrix(bound, of, weight_of(bound, of)).shape[1] == of.n_features(bound)


@pytest.mark.parametrize("name", ["Conv in groups", "ConvTranspose in groups", "Einsum head by head"])
def test_transposed_weight_would_be_noticed(name, monkeypatch):
    text = (KERNELS | PLAIN)[name]
    right = matrix
    monkeypatch.setattr(test_contraction, "matrix", lambda *given: right(*given)[:, ::-1])
    assert difference(both_sides(text)) > 0.1


@every_kernel
def test_windows_of_two_inputs_are_the_sum_of_their_windows(name):
    subject, graph, bound, of = read(KERNELS[name])
    session = Session(window_model(subject, graph, proto_nodes(subject.proto, graph)[0], bound, of))
    a, b = np.random.default_rng(2).standard_normal((2, 2, *(graph.tensors["x"].shape or ())[1:])).astype(np.float32)
    one, two, three = (session.run({"x": value})["y"] for value in (a, b, a + b))
    np.testing.assert_allclose(one + two, three, atol=1e-5)


def test_features_of_a_convolution_are_its_inputs_and_nothing_else():
    subject, graph, bound, of = read(KERNELS["Conv with uneven pads"])
    session = Session(window_model(subject, graph, proto_nodes(subject.proto, graph)[0], bound, of))
    value = np.arange(1, 1 + 4 * 7 * 9, dtype=np.float32).reshape(1, 4, 7, 9)
    found = window_features(bound, of, session.run({"x": value})["y"])
    assert set(found.ravel().tolist()) <= {0.0, *value.ravel().tolist()}


@every_kernel
def test_no_row_has_as_many_systems_and_features_as_any(name):
    subject, graph, bound, of = read(KERNELS[name])
    session = Session(window_model(subject, graph, proto_nodes(subject.proto, graph)[0], bound, of))
    made = session.run({"x": np.ones((2, *(graph.tensors["x"].shape or ())[1:]), np.float32)})["y"]
    some, none = (window_features(bound, of, made, np.arange(n)) for n in (1, 0))
    assert (len(some), len(none)) == (1, 0)
    assert some.shape[1:] == none.shape[1:]


@pytest.mark.parametrize("name", [name for name in PLAIN if "all batches" not in name])
def test_one_sample_at_a_time_makes_no_difference(name):
    text = PLAIN[name].replace("[N,", "[1,")
    assert difference(both_sides(text, batch=1)) < 1e-5


def test_heads_are_systems_of_their_own():
    _, _, bound, of = read(PLAIN["Einsum head by head"])
    assert matrix(bound, of, weight_of(bound, of)).shape == (2, 4, 5)


def test_groups_are_systems_of_their_own():
    _, _, bound, of = read(KERNELS["Conv in groups"])
    assert matrix(bound, of, weight_of(bound, of)).shape == (2, 2 * 3 * 3, 3)


def test_rows_of_a_transposed_gemm_come_from_the_last_axis():
    subject, _, bound, of = read(
        "g (float[6,4] x) => (float[4,5] y) <float[6,5] w> { y = Gemm <transA=1, alpha=2.0> (x, w) }"
    )
    value = np.random.default_rng(1).standard_normal((6, 4)).astype(np.float32)
    product = plain_features(bound, of, value)[:, 0] @ matrix(bound, of, weight_of(bound, of))[0]
    np.testing.assert_allclose(product, Session(subject).run({"x": value})["y"], atol=1e-5)


def test_weight_goes_back_in_its_own_type():
    _, _, bound, of = read(PLAIN["MatMul"])
    assert unmatrix(bound, of, np.ones((1, 6, 5)), np.dtype(np.float16)).dtype == np.float16


MICROSOFT = '<ir_version: 8, opset_import: ["" : 17, "com.microsoft" : 1]>\n'
NEWEST = '<ir_version: 10, opset_import: ["" : 23]>\n'
STRANGERS = {
    "Conv with a computed kernel": """g (float[N,4,7,7] x) => (float[N,6,7,7] y) <float[6,4,1,1] w> {
      v = Sigmoid (w) u = Relu (v) y = Conv (x, u)
    }""",
    "MatMul of two computed tensors": "g (float[3,3] x) => (float[3,3] y) { v = Relu (x) y = MatMul (x, v) }",
    "MatMul with a vector": "g (float[N,6] x) => (float[N] y) <float[6] w> { y = MatMul (x, w) }",
    "MatMul of integers": "g (int32[N,6] x) => (int32[N,5] y) <int32[6,5] w> { y = MatMul (x, w) }",
    "MatMulInteger": "g (uint8[N,6] x) => (int32[N,5] y) <uint8[6,5] w> { y = MatMulInteger (x, w) }",
    "ConvInteger": "g (uint8[N,4,7,7] x) => (int32[N,6,7,7] y) <uint8[6,4,1,1] w> { y = ConvInteger (x, w) }",
    "Gemm of nothing": ROWS.format(w="6,5", node="Gemm <alpha=0.0> (x, w)"),
    "Einsum without a sum": "g (float[N,3] x) => (float[N,3,4] y) <float[3,4] w> "
    '{ y = Einsum <equation="bi,io->bio"> (x, w) }',
    "Mul": "g (float[N,6] x) => (float[N,6] y) <float[1,6] w> { y = Mul (x, w) }",
    "LSTM": """g (float[5,N,4] x) => (float[5,1,N,3] y) <float[1,12,4] w, float[1,12,3] r> {
      y = LSTM <hidden_size=3> (x, w, r)
    }""",
    "Attention": MICROSOFT
    + """g (float[N,3,8] x) => (float[N,3,8] y) <float[8,24] w, float[24] b> {
      y = com.microsoft.Attention <num_heads=2> (x, w, b)
    }""",
    "FusedConv with Relu": MICROSOFT
    + """g (float[N,4,7,7] x) => (float[N,6,7,7] y) <float[6,4,1,1] w> {
      y = com.microsoft.FusedConv <activation="Relu"> (x, w)
    }""",
    "FusedGemm with Relu": MICROSOFT
    + """g (float[N,6] x) => (float[N,5] y) <float[6,5] w, float[5] b> {
      y = com.microsoft.FusedGemm <activation="Relu"> (x, w, b)
    }""",
}
"""Models whose last node is no linear map of one computed tensor."""


@pytest.mark.parametrize("name", STRANGERS)
def test_what_is_no_linear_map_of_one_tensor_is_no_contraction(name):
    assert contraction(bind_nodes(observe(model(STRANGERS[name])))[-1]) is None
