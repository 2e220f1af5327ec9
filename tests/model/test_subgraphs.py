"""What nodes with subgraphs read from outside, and versions of operators."""

from __future__ import annotations

from paoding_onnx.model.subgraphs import captures, schema_version
from tests.bodies import TEXTS
from tests.models import parse


def test_subgraphs_capture_what_they_do_not_make():
    nodes = {node.op_type: node for node in parse(TEXTS["nested"]).graph.node}
    assert captures(nodes["Loop"]) == {"w", "v", "r", "two", "go"}
    assert captures(nodes["MatMul"]) == set()


def test_version_is_the_one_in_which_the_schema_appeared():
    assert schema_version("Relu", "", 20) == 14
    assert schema_version("Gelu", "com.microsoft", 1) == 1
    assert schema_version("NoSuchThing", "", 20) == 0
