"""The document of `sensitivity`: for each group a value at each count of units."""

from __future__ import annotations

from paoding_onnx.report.documents.sensitivity import sensitivity_document
from paoding_onnx.selection.curve import Sensitivity


def test_groups_have_a_value_at_each_count_and_null_where_it_is_infinite():
    document = sensitivity_document((Sensitivity("first", (2, 4), (0.5, float("inf"))),))
    assert document["sensitivities"] == [{"group": "first", "counts": [2, 4], "values": [0.5, None]}]
