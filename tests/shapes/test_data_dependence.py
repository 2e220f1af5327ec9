"""Which tensors depend on the content of inputs: content spreads, sizes do not, unless content decides about them."""

from __future__ import annotations

import numpy as np
import pytest

from paoding_onnx.model.nodes import Origin, Tensor
from paoding_onnx.model.read import read_graph
from paoding_onnx.shapes.data_dependence import data_dependent_tensors
from paoding_onnx.shapes.observe import observe
from tests.models import model

HEAD = "g (float[N,4] x) => (float[A,B] y) <float[4,4] w, int64[2] k={2,2}, int64 one={1}> "


def dependent(text: str) -> set[str]:
    """The tensors that depend on the content of inputs, the inputs among them."""
    return set(data_dependent_tensors(observe(model(HEAD + text))))


def test_whatever_is_computed_from_an_input_depends_on_it():
    assert dependent("{ p = MatMul (x, w) y = Relu (p) }") == {"x", "p", "y"}


def test_what_is_computed_from_weights_alone_does_not():
    assert dependent("{ v = Relu (w) y = MatMul (x, v) }") == {"x", "y"}


def test_sizes_of_an_input_do_not_depend_on_its_content():
    text = "{ s = Shape (x) n = Gather (s, one) f = Cast <to=1> (s) z = Expand (f, k) y = MatMul (x, w) }"
    assert dependent(text) == {"x", "y"}


def test_tensor_made_in_the_shape_of_an_input_does_not_depend_on_its_content():
    assert dependent("{ s = Shape (x) z = ConstantOfShape (s) y = Add (x, z) }") == {"x", "y"}


def test_sizes_that_content_decides_depend_on_it():
    text = "{ i = NonZero (x) s = Shape (i) f = Cast <to=1> (s) z = Expand (f, k) y = MatMul (x, w) }"
    assert dependent(text) == {"x", "i", "s", "f", "z", "y"}


def test_sizes_that_a_computed_condition_decides_depend_on_content():
    condition = (
        "p = GreaterOrEqual (x, x) i = Cast <to=7> (p) m = ReduceMax <axes=[0], keepdims=0> (i) b = Cast <to=9> (m)"
    )
    assert "s" in dependent(f"{{ {condition} c = Compress <axis=1> (x, b) s = Shape (c) y = MatMul (x, w) }}")


def test_sizes_behind_sizes_that_content_decides_depend_on_it():
    text = "{ i = NonZero (x) t = Transpose (i) s = Shape (t) f = Cast <to=1> (s) z = Expand (f, k) y = MatMul (x, w) }"
    assert {"t", "s", "z"} <= dependent(text)


def test_sizes_that_are_content_depend_on_it():
    text = """g (float[2,4] x, int64[2] shape) => (float[2,4] y) {
      z = ConstantOfShape (shape) s = Shape (z) n = Size (x) y = Relu (x)
    }"""
    assert data_dependent_tensors(observe(model(text))) == {"x", "shape", "z", "s", "y"}


def test_size_of_what_an_unknown_operator_makes_depends_on_content():
    text = "g (float[2,4] x) => (int64[2] s) { r = Thing (x) s = Shape (r) }"
    assert data_dependent_tensors(read_graph(model(text), {})) == {"x", "r", "s"}


@pytest.mark.parametrize("reads", ["x", "w"])
def test_what_a_subgraph_reads_counts_as_read(reads):
    text = f"""g (float[4,4] x) => (float[4,4] y) <bool c, float[4,4] w> {{
      p = If (c) <then_branch = t () => (float[4,4] u) {{ u = Relu ({reads}) }},
                  else_branch = e () => (float[4,4] v) {{ v = Neg ({reads}) }}>
      y = Add (x, p)
    }}"""
    assert ("p" in data_dependent_tensors(observe(model(text)))) == (reads == "x")


def test_what_an_input_happened_to_hold_makes_no_difference():
    """Seen once with a shape in it, an input still holds whatever it is given the next time."""
    text = "g (float[2,4] x, int64[2] shape) => (int64[2] s) { r = Reshape (x, shape) s = Shape (r) }"
    int64, float32 = np.dtype(np.int64), np.dtype(np.float32)
    measured = {
        "x": Tensor("x", Origin.INPUT, (2, 4), float32),
        "shape": Tensor("shape", Origin.INPUT, (2,), int64, np.array([4, 2]), np.zeros(2, bool)),
        "r": Tensor("r", Origin.COMPUTED, (4, 2), float32),
        "s": Tensor("s", Origin.COMPUTED, (2,), int64, np.array([4, 2]), np.zeros(2, bool)),
    }
    assert "s" in data_dependent_tensors(read_graph(model(text), measured))
