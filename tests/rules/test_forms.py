"""Operators are written in the form that an opset asks for."""

from __future__ import annotations

import numpy as np
import onnx
import pytest

from paoding_onnx.model.load import lift
from paoding_onnx.model.session import Session
from paoding_onnx.rules.forms import (
    SEED_ATTRIBUTE,
    TYPE_ATTRIBUTES,
    can_choose,
    finds_extremes,
    hands_on,
    is_equality,
    sum_over,
)


@pytest.mark.parametrize("opset", [11, 12, 13, 17, 20])
@pytest.mark.parametrize("keeps_axes", [True, False])
def test_sum_runs_at_every_opset(opset, keeps_axes):
    form = sum_over([0, 2], opset, keeps_axes=keeps_axes)
    x = np.random.default_rng(0).standard_normal((2, 3, 4)).astype(np.float32)
    inputs = ["x"] if form.integers is None else ["x", "axes"]
    node = onnx.helper.make_node("ReduceSum", inputs, ["y"], **form.attributes)
    stored = [onnx.numpy_helper.from_array(x, "x"), onnx.numpy_helper.from_array(np.array([0, 2]), "axes")]
    graph = onnx.helper.make_graph([node], "g", [], [onnx.ValueInfoProto(name="y")], stored[: len(inputs)])
    proto = onnx.helper.make_model(graph, ir_version=8, opset_imports=[onnx.helper.make_opsetid("", opset)])
    found = Session(lift(proto)).run({})["y"]
    np.testing.assert_allclose(found, x.sum((0, 2), keepdims=keeps_axes), rtol=1e-5)


@pytest.mark.parametrize("opset", [8, 9, 20])
def test_choice_is_there_when_its_schema_is(opset):
    versions = [s.since_version for s in onnx.defs.get_all_schemas_with_history() if s.name == "Where"]
    assert can_choose(opset) == (min(versions) <= opset)


def test_shared_attributes_are_those_of_schemas():
    schemas = [schema for schema in onnx.defs.get_all_schemas() if schema.domain == ""]
    known = {name for schema in schemas for name in schema.attributes}
    assert {SEED_ATTRIBUTE, *TYPE_ATTRIBUTES} <= known


@pytest.mark.parametrize(
    ("operator", "said"),
    [
        ("Reshape", (True, False, False)),
        ("Equal", (False, True, False)),
        ("ArgMax", (False, False, True)),
        ("Add", (False, False, False)),
    ],
)
def test_what_operators_do_with_numbers_that_are_names(operator, said):
    assert (hands_on(operator), is_equality(operator), finds_extremes(operator)) == said
