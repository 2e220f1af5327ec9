"""The documents of `inspect`: groups with their axes, refusals with their reasons."""

from __future__ import annotations

from paoding_onnx.report.documents.inspect import inspect_document
from tests.models import traced
from tests.pruning import MLP


def test_inspect_document_names_groups_and_their_places():
    document = inspect_document(traced(MLP))
    assert document["parameters"] == 8 * 16 + 16 + 16 * 12 + 12 + 12 * 4 + 4
    assert document["macs"] == 8 * 16 + 16 * 12 + 12 * 4
    assert document["input_shapes"] == {"x": [1, 8]}
    first, second = document["groups"]
    assert (first["name"], first["units"], first["parameters"], first["macs"], first["exact"]) == (
        "MatMul_0",
        16,
        16 * (8 + 1 + 12),
        16 * (8 + 12),
        True,
    )
    assert [(p["initializer"], p["axis"], p["role"]) for p in second["axes"]] == [
        ("b", 1, "produces"),
        ("bb", 0, "produces"),
        ("c", 0, "consumes"),
    ]


def test_inspect_document_says_what_is_left_alone_and_why():
    refusals = inspect_document(traced(MLP))["refusals"]
    assert {
        "operator": "MatMul",
        "node": "MatMul_0",
        "tensor": "a",
        "axis": 0,
        "reason": "graph input 'x'",
    } in refusals
