"""The constants of a file as arrays, however it stores them."""

from __future__ import annotations

import numpy as np
import pytest

from paoding_onnx.model.stored import is_constant, stored_in
from tests.models import model

TEXT = """g (float[2] x) => (float[2] y)
    <float[2] w = {1, 2}> {
      k = Constant <value = float[2] {3, 4}> ()
      z = Add (x, w)
      y = Add (z, k)
    }"""


def test_initializers_and_constant_nodes_are_constants():
    found = stored_in(model(TEXT).proto, {})
    assert {name: value.tolist() for name, value in found.items()} == {"w": [1, 2], "k": [3, 4]}


def test_what_left_the_file_counts_in_place_of_what_is_in_it():
    assert stored_in(model(TEXT).proto, {"w": np.zeros(3)})["w"].shape == (3,)


def test_constants_are_read_only():
    with pytest.raises(ValueError, match="read-only"):
        stored_in(model(TEXT).proto, {})["k"][0] = 1


def test_a_model_reads_its_constants_once():
    subject = model(TEXT)
    assert subject.stored is subject.stored
    assert subject.stored.keys() == {"w", "k"}


def test_constant_is_told_by_operator_and_domain():
    assert [is_constant(node) for node in model(TEXT).proto.graph.node] == [True, False, False]
