"""Numbers that are compared: sums of products of 8 bits are right on every processor."""

from __future__ import annotations

import numpy as np
import onnx
import pytest

from paoding_onnx.errors import ModelError
from paoding_onnx.model import exact as module
from paoding_onnx.model.exact import exact
from paoding_onnx.model.load import Model, lift
from tests.models import model, parse


def product(n_rows: int) -> Model:
    """The largest products of 8 bits there are, summed over so many rows."""
    proto = parse(f"g (uint8[1,{n_rows}] x) => (int32[1,2] y) {{ y = MatMulInteger (x, w) }}")
    proto.graph.initializer.append(onnx.numpy_helper.from_array(np.full((n_rows, 2), 127, np.int8), "w"))
    return lift(proto)


@pytest.mark.parametrize("n_rows", [8, 2048], ids=["in the model", "lent"])
def test_products_of_8_bits_are_added_without_overflow_on_every_processor(n_rows):
    subject = product(n_rows)
    assert bool(subject.weights) == (n_rows > 8)
    found = exact(subject).run({"x": np.full((1, n_rows), 255, np.uint8)})
    np.testing.assert_array_equal(found["y"], np.full((1, 2), n_rows * 255 * 127))


def test_model_that_is_not_loaded_that_way_runs_as_it_is(monkeypatch):
    def never(*_args, **_kwargs):
        raise ModelError("not this one")

    monkeypatch.setattr(module, "WideSession", never)
    assert exact(product(8)).run({"x": np.ones((1, 8), np.uint8)})["y"].tolist() == [[1016, 1016]]


def test_what_is_watched_is_returned():
    subject = model("g (float[2] x) => (float[2] y) { h = Neg (x) y = Neg (h) }")
    assert exact(subject, ["h"]).run({"x": np.ones(2, np.float32)})["h"].tolist() == [-1, -1]


def test_model_that_does_not_load_at_all_is_a_model_error():
    with pytest.raises(ModelError, match="does not load"):
        exact(model("g (float[2] x) => (float[2] y) { y = Thing (x) }"))
