"""Measured shapes and shape arithmetic: what a run shows, and what depends on open axes."""

from __future__ import annotations

import numpy as np
import pytest

from paoding_onnx.errors import ModelError, UsageError
from paoding_onnx.model.graph import Origin
from paoding_onnx.model.load import lift
from paoding_onnx.shapes.observe import SMALL, observe, other_shapes, runnable_shapes, shapes_of_two
from tests.models import model, parse

OPEN = """g (float[N,3,H,W] x) => (float[a,b] y) <int64[1] i={1}, int64[1] m={-1}, int64[1] four={4}> {
  s = Shape (x)
  c = Gather (s, i)
  t = Concat <axis=0> (m, four)
  f = Concat <axis=0> (c, m)
  y = Reshape (x, f)
}"""


def measured(text, **given):
    return observe(model(text), given or None).tensors


def test_every_computed_tensor_has_a_shape():
    tensors = measured("g (float[2,3] x) => (float[3,2] y) { h = Relu (x) y = Transpose (h) }")
    assert {name: tensor.shape for name, tensor in tensors.items()} == {"x": (2, 3), "h": (2, 3), "y": (3, 2)}
    assert tensors["h"].dtype == np.float32


def test_input_keeps_its_origin():
    assert measured("g (float[2,3] x) => (float[2,3] y) { y = Relu (x) }")["x"].origin is Origin.INPUT


def test_shape_arithmetic_keeps_its_content():
    assert measured(OPEN)["t"].entries() == (-1, 4)


def test_entries_that_depend_on_open_axes_vary():
    assert measured(OPEN)["s"].entries() == (None, 3, None, None)


def test_nothing_varies_without_open_axes():
    assert measured(OPEN.replace("N,3,H,W", "2,3,4,5"))["s"].entries() == (2, 3, 4, 5)


def test_only_the_open_batch_varies():
    assert measured(OPEN.replace("N,3,H,W", "N,3,4,5"))["s"].entries() == (None, 3, 4, 5)


def test_content_of_large_integer_tensors_is_not_kept():
    outputs = f"float[2] y, int64[{SMALL}] c, int64[{SMALL + 1}] d"
    constants = f"int64[{SMALL}] a, int64[{SMALL + 1}] b"
    tensors = measured(f"g (float[2] x) => ({outputs}) <{constants}> {{ y = Relu (x) c = Neg (a) d = Neg (b) }}")
    assert tensors["c"].entries() is not None
    assert tensors["d"].entries() is None


def test_content_of_inputs_and_what_is_computed_from_it_is_not_kept():
    tensors = measured("g (int64[1,4] x) => (int64[1,4] y) { y = Neg (x) }")
    assert tensors["x"].value is tensors["y"].value is None


def test_sizes_that_the_content_of_an_input_decides_are_not_kept():
    tensors = measured("g (float[2,4] x) => (int64[2] y, int64[2] z) { n = NonZero (x) y = Shape (n) z = Shape (x) }")
    assert tensors["y"].value is None
    assert tensors["z"].entries() == (2, 4)


def test_content_that_no_input_reaches_does_not_vary():
    tensors = measured("g (float[N,16] x) => (float[N,16] y) <int64[1] k={3}> { j = Neg (k) y = Relu (x) }")
    assert tensors["j"].entries() == (-3,)


def test_axis_that_takes_one_size_alone_does_not_vary():
    graph = observe(model("g (float[N,T] x) => (float[N,5] y) <float[96,5] w> { s = Shape (x) y = MatMul (x, w) }"))
    assert graph.tensors["s"].entries() == (None, 96)


def test_content_of_large_tensors_is_not_kept():
    assert measured("g (float[300] x) => (float[300] y) { y = Relu (x) }")["y"].value is None


def test_sizes_are_tried_until_the_model_runs():
    graph = observe(model("g (float[1,T] x) => (float[1,5] y) <float[96,5] w> { y = MatMul (x, w) }"))
    assert graph.tensors["x"].shape == (1, 96)


def test_model_that_runs_at_no_size_is_a_model_error():
    with pytest.raises(ModelError, match="does not run the model"):
        observe(model("g (float[1,T] x) => (float[1,5] y) <float[77,5] w> { y = MatMul (x, w) }"))


def test_given_shape_is_the_one_measured():
    text = "g (float[1,T] x) => (float[1,5] y) <float[77,5] w> { y = MatMul (x, w) }"
    subject = model(text)
    graph = observe(subject, {"x": (1, 77)})
    assert runnable_shapes(graph) == {"x": (1, 77)}


def test_given_shape_that_does_not_fit_is_a_usage_error():
    with pytest.raises(UsageError, match="has shape"):
        observe(model(OPEN), {"x": (1, 4, 8, 8)})


def test_omitted_output_is_not_measured():
    proto = parse("g (float[1,2,4] x) => (float[1,2,2] y) { y = MaxPool <kernel_shape=[3]> (x) }")
    proto.graph.node[0].output.append("")
    assert set(observe(lift(proto)).tensors) == {"x", "y"}


def test_sequence_has_no_shape():
    tensors = measured("g (float[2,4] x) => (float[2,4] y) { s = SequenceConstruct (x, x) "
                       "y = ConcatFromSequence <axis=1> (s) }")  # fmt: skip
    assert "s" not in tensors
    assert tensors["y"].shape == (2, 8)


def test_model_is_left_as_it_was():
    subject = model(OPEN)
    before = subject.proto.SerializeToString()
    observe(subject)
    assert subject.proto.SerializeToString() == before


def test_feed_of_many_samples_is_measured_at_two():
    subject = model("g (float[N,3] x, float[5,3] z, float[N] s) => (float[a,3] y) { y = Relu (x) }")
    sizes = {"x": (7, 3), "z": (5, 3), "s": (1,)}
    feed = {name: np.zeros(shape, np.float32) for name, shape in sizes.items()}
    assert shapes_of_two(subject, feed) == {"x": (2, 3), "z": (5, 3), "s": (1,)}


def test_other_shapes_have_no_size_of_those_that_were_measured():
    subject = model("g (float[N,3,H] x) => (float[N,3,H] y) { y = Relu (x) }")
    graph = observe(subject)
    measured = set(runnable_shapes(graph)["x"])
    found = [shapes["x"] for shapes in other_shapes(subject, graph)]
    assert found
    assert all((batch, width) == (2, 3) and height not in measured for batch, width, height in found)


def test_model_without_open_axes_has_no_other_shapes():
    subject = model("g (float[2,3] x) => (float[2,3] y) { y = Relu (x) }")
    assert list(other_shapes(subject, observe(subject))) == []
